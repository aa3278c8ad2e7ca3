/* lane.h - one connection's worth of writing: the batch in the database.
 *
 *   closed -> connecting -> idle -> preparing -> writing -> idle      (or back to closed: retry)
 *                             \--> compacting ---------------^
 *
 * A batch is one transaction, from BEGIN over a COPY for each table and the coverage of what it
 * completes to COMMIT, and one string of SQL where all is copied. It is
 * kept until COMMIT has been confirmed, and written again after any failure; if a COMMIT's
 * confirmation was lost, the second time finds its keys there and changes nothing.
 *
 * Keys that are there already make the COPY fail; the batch then goes by INSERT ... ON CONFLICT DO UPDATE, and so do
 * the next ones while they meet such keys (staging.h). Its rows go along with a prepared statement, as one value
 * (array.h), or, where they are many, by a temporary table: to fill, sort and empty that would be a fifth of the
 * database's work on a thousand rows.
 *
 * A `doubted` waits until no lane has a batch, and then nothing else is taken until what it is about is not
 * covered any more and the producer will hear of it: so it counts for all that came before it, and for nothing
 * after it. Its lines are told by endpoint and time, since this writer began: what the endpoint had answered before
 * the writer was restarted stays covered, and a line that was joined with others' goes as a whole.
 *
 * All lanes take from one queue. Rows of one task may be with several at a time; its end waits in
 * the queue until the other lanes have written theirs: an end never overtakes its rows.
 */
#ifndef SLUICE_WRITER_LANE_H
#define SLUICE_WRITER_LANE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer/batch.h"
#include "writer/compaction.h"
#include "writer/partial.h"
#include "writer/pg.h"
#include "writer/sizer.h"
#include "writer/store.h"
#include "writer/tell.h"
#include "writer/trouble.h"

struct lane_limits {
    struct batch_limits batch; /* its rows: by sizer */
    uint64_t max_idle;        /* connections that may stay open without work */
    int64_t max_lifetime_ms;  /* 0: for ever */
    int64_t max_idle_time_ms; /* 0: for ever */
};

/* What the lanes of a writer share. */
struct lane_shared {
    const char *uri; /* NULL: the environment */
    struct lane_limits limits;
    struct batch queue;      /* of what no lane has yet */
    int64_t waiting_ms;      /* it is due since, but all lanes are busy; 0: not */
    struct lane *const *lanes; /* all of them */
    size_t n_lanes;
    struct sizer sizer;
    struct store store;
    struct compaction compaction;
    struct partial *partial;
    struct tell tell;
    struct trouble trouble;
    uint64_t serial;         /* the last one given to what is prepared on a connection */
    bool pooled;             /* a pooler may give each transaction another server process: nothing is prepared */
    bool draining;           /* write what is held, whatever its age */
    bool full;               /* the same, since nothing more is received until some is written */
    int fatal;               /* exit status, once nothing can help; 0: none */
    bool some_lost;
    uint64_t rows, batches, staged, ends;
    /* the pool: */
    size_t open, idle;
    bool fewer_said;         /* the server gives fewer than wanted */
    uint64_t waits, closed_idle, closed_lifetime;
    int64_t waited_ms;
};

struct lane; /* opaque */

struct lane *lane_new(struct lane_shared *shared, struct pg *pg); /* owns pg, connected or not */
void lane_free(struct lane *l);

size_t lane_bytes(const struct lane *l);  /* held */
bool lane_busy(const struct lane *l);     /* holds anything, or is compacting */
/* Goes as far as it can without waiting. revents: what poll found. */
void lane_step(struct lane *l, short revents, int64_t now_ms);
void lane_pollfd(const struct lane *l, struct pollfd *out);
int64_t lane_wake_at(const struct lane *l); /* when to step without an event; INT64_MAX: never */
bool lane_idle(const struct lane *l);       /* an open connection without work */
void lane_close_idle(struct lane *l);
/* A lane that has a batch and cannot connect takes over the connection of one that has none. Does
 * nothing if that is not how things stand. */
void lane_lend(struct lane *to, struct lane *from);

#endif
