/* dispatch.h - what to do next: the rules that join plan, ledger and crew.
 *
 * Takes in control lines and says which task line to push. All of delivery is decided here: credit,
 * re-issue, another endpoint for what failed, copies at the end (hedging), giving up. Pure: no
 * sockets, no clock, no talk; loop.c does those.
 *
 *   push order: what is pending again, then the plan, then what was uncovered, then copies
 *   avoid=      endpoints where it failed, or that left logs out of it, while another one is ready, and for
 *               AVOID_MS at most
 *   the end     who would be the last to finish takes no more for a while (finish.h)
 *   given up    after `attempts` failures, or when every endpoint refused it
 */
#ifndef SLUICE_DISPATCH_H
#define SLUICE_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/control.h"
#include "producer/crew.h"
#include "producer/failures.h"
#include "producer/hashes.h"
#include "producer/ledger.h"
#include "producer/plan.h"
#include "producer/taskline.h"

struct dispatch_options {
    struct taskline task;
    size_t hashes;        /* in a task */
    int64_t lease_ms;
    unsigned attempts;    /* 1 to 255 */
    bool fail_fast;
    bool tell_failures;   /* somebody records them */
};

enum dispatch_news {
    DISPATCH_NOTHING,
    DISPATCH_COMMITTED, /* a task or a part of one */
    DISPATCH_GAVE_UP,
    DISPATCH_FOREIGN,   /* an endpoint turned out to serve another chain */
    DISPATCH_UNCOVERED, /* blocks that were committed are wanted again */
};

struct dispatch_event {
    enum dispatch_news news;
    uint64_t task;
    bool by_hash;
    uint64_t from, to;    /* by hash unused */
    uint64_t blocks;      /* that this ended for the first time; uncovered: that are wanted again */
    uint64_t hashes;
    bool halved;          /* a batch of hashes failed, and is two now */
    uint64_t rows;
    struct span endpoint; /* points into the line */
};

struct dispatch;

/* Options and plan are used, not owned. */
struct dispatch *dispatch_new(const struct dispatch_options *o, struct plan *plan, int64_t now_ms);
void dispatch_free(struct dispatch *d);

void dispatch_hear(struct dispatch *d, const struct control *line, int64_t now_ms,
                   struct dispatch_event *out);
/* What time alone brings about. Call before dispatch_push. */
void dispatch_tick(struct dispatch *d, int64_t now_ms);
/* The next task line, into *line (emptied first); false: nothing to push now. When it was taken:
 * dispatch_pushed; until then the same one is offered again. */
bool dispatch_push(struct dispatch *d, int64_t now_ms, struct buf *line);
void dispatch_pushed(struct dispatch *d, int64_t now_ms);
/* How many tasks the next message may carry, going by whose turn it is (rota.h); 0: it passes somebody over. */
size_t dispatch_room(const struct dispatch *d);
void dispatch_turn(struct dispatch *d); /* that message is complete */
void dispatch_stop(struct dispatch *d); /* hand out nothing more */

bool dispatch_hungry(const struct dispatch *d); /* the plan needs input now */
void dispatch_fed(struct dispatch *d);          /* it got some, or its end */
bool dispatch_bad(const struct dispatch *d);    /* the plan met a bad line */
bool dispatch_empty(const struct dispatch *d);  /* the plan ended before its first piece */
bool dispatch_complete(const struct dispatch *d); /* all is committed or given up */
uint64_t dispatch_dropped(const struct dispatch *d); /* blocks that were uncovered and found no room */
bool dispatch_done(const struct dispatch *d); /* that; or stopped, and nobody works on anything */
bool dispatch_recording(const struct dispatch *d); /* only the writer has something to do: failures */
size_t dispatch_working(const struct dispatch *d); /* tasks that somebody has */
/* When dispatch_tick or dispatch_push will find something by themselves; -1: not. */
int64_t dispatch_due_ms(const struct dispatch *d, int64_t now_ms);
/* For how long: no endpoint has worked; nothing was committed. */
int64_t dispatch_down_ms(const struct dispatch *d, int64_t now_ms);
int64_t dispatch_idle_ms(const struct dispatch *d, int64_t now_ms);
/* For how long only blocks have been wanted that no endpoint has yet, and *block, the first of them;
 * 0: somebody works on something. */
int64_t dispatch_beyond_ms(const struct dispatch *d, int64_t now_ms, uint64_t *block);

const struct crew *dispatch_crew(const struct dispatch *d);
struct failures *dispatch_failures(const struct dispatch *d);

#endif
