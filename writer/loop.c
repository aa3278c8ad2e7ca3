/* loop.c - one thread, one poll; see loop.h.
 *
 * Memory is bounded by HELD_MAX: with that much in hand nothing more is received, the results
 * link fills, and the fetchers wait.
 */
#include "writer/loop.h"

#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/take.h"

enum {
    HELD_MAX = 12 << 20,  /* bytes of messages in the queue and in all lanes */
    TURN_MAX = 1 << 20,   /* bytes received before the lanes get their turn */
    WAIT_MAX_MS = 250,    /* longest sleep: signals that slip between are seen by then */
    STOP_RECEIVE_MS = 2000, /* after a stop signal, how long what is on its way is still taken */
    LINGER_COMPACT_MS = 1000,
};

struct loop {
    const struct loop_options *o;
    struct lane_shared *shared;
    struct lane **lanes; /* owned; o->connections of them, none for text */
    size_t n_lanes;
    struct pollfd *fds;  /* owned */
    struct refusals refusals;
    bool ended;          /* no more input */
    bool given_up;       /* a range came that was given up */
    bool broken;         /* the input is not what it should be */
    int64_t stopped_ms;  /* when the first stop signal was seen; 0: not */
    uint64_t text_rows;
};

/* --- receiving --- */

static void
print_item(struct loop *loop, struct item *item)
{
    const struct wire *w = &item->wire;
    uint64_t rows = 0;

    if (w->kind == WIRE_ROWS) {
        loop->text_rows += w->rows;
        if (!text_rows(loop->o->text, tables[item->table], w->data)) {
            warn("%s", loop->o->text->error);
            loop->shared->fatal = EXIT_USAGE;
        }
    } else if (w->kind == WIRE_DOUBTED) {
        warn("endpoint \"%.*s\" left logs out: of what it had answered rows may be missing", SPAN_ARG(w->endpoint));
        loop->shared->some_lost = true;
        tell_lost(&loop->shared->tell, w, NULL);
    } else {
        for (size_t t = 0; t < TABLES_MAX; t++)
            rows += item->rows[t];
        tell_committed(&loop->shared->tell, w, rows);
    }
    link_message_free(&item->message);
}

static void
take(struct loop *loop, struct link_message *m, int64_t now_ms)
{
    struct item item;

    switch (take_message(m, loop->shared->partial, &loop->shared->store, &loop->refusals, &item)) {
    case TAKE_REFUSED:
        loop->broken |= link_is_pipe(loop->o->results);
        link_message_free(m);
        return;
    case TAKE_LOST:
        tell_lost(&loop->shared->tell, &item.wire, item.lost);
        loop->shared->some_lost = true;
        if (link_is_pipe(loop->o->results))
            warn("task %" PRIu64 ": some of its rows are missing, not recorded as covered", item.wire.task);
        free(item.lost);
        link_message_free(m);
        return;
    case TAKE_FINE:
        break;
    }
    if (item.wire.kind == WIRE_GIVEN_UP)
        loop->given_up = true;
    if (loop->o->text)
        print_item(loop, &item);
    else
        batch_add(&loop->shared->queue, &item, now_ms);
}

static size_t
held(const struct loop *loop)
{
    size_t bytes = loop->shared->queue.bytes;

    for (size_t i = 0; i < loop->n_lanes; i++)
        bytes += lane_bytes(loop->lanes[i]);
    return bytes;
}

/* True when the turn's share was used up and more may be there. */
static bool
receive(struct loop *loop, int64_t now_ms)
{
    size_t bytes = held(loop), turn = 0;
    struct link_message m;

    while (!loop->ended && bytes < HELD_MAX && turn < TURN_MAX && !loop->shared->fatal) {
        int got = link_recv(loop->o->results, &m);
        if (got < 0) {
            const char *error = link_error(loop->o->results);
            if (error)
                warn("results: %s", error);
            loop->broken |= error != NULL;
            loop->ended = true;
        }
        if (got == 0 && loop->stopped_ms)
            loop->ended = true; /* what was on its way has come */
        if (got <= 0)
            return false;
        bytes += m.size + ITEM_BYTES;
        turn += m.size + 1024;
        take(loop, &m, now_ms);
    }
    return turn >= TURN_MAX;
}

/* --- waiting --- */

static void
wait_for_events(struct loop *loop, bool more, int64_t now_ms)
{
    size_t n = loop->n_lanes;
    int64_t wake = now_ms + WAIT_MAX_MS;

    for (size_t i = 0; i < n; i++) {
        int64_t at = lane_wake_at(loop->lanes[i]);
        lane_pollfd(loop->lanes[i], &loop->fds[i]);
        if (at < wake)
            wake = at;
    }
    loop->fds[n] = loop->fds[n + 1] = (struct pollfd){.fd = -1};
    if (!loop->ended && held(loop) < HELD_MAX)
        link_pollfd(loop->o->results, &loop->fds[n]);
    if (loop->shared->tell.n)
        link_pollfd(loop->shared->tell.link, &loop->fds[n + 1]);
    poll(loop->fds, n + 2, more || wake <= now_ms ? 0 : (int)(wake - now_ms));
}

/* --- one turn --- */

static void
step_lanes(struct loop *loop, int64_t now_ms)
{
    struct lane_shared *s = loop->shared;
    size_t idle = 0;

    for (size_t i = 0; i < loop->n_lanes; i++) {
        lane_step(loop->lanes[i], loop->fds[i].revents, now_ms);
        loop->fds[i].revents = 0;
        if (!lane_idle(loop->lanes[i]))
            continue;
        if (++idle > s->limits.max_idle) {
            lane_close_idle(loop->lanes[i]);
            idle--;
        }
    }
    s->idle = idle;
}

static void
share_connections(struct loop *loop)
{
    for (size_t i = 0; i < loop->n_lanes; i++)
        for (size_t k = 0; k < loop->n_lanes; k++)
            lane_lend(loop->lanes[i], loop->lanes[k]);
}

static bool
all_written(const struct loop *loop)
{
    if (loop->shared->queue.n)
        return false;
    for (size_t i = 0; i < loop->n_lanes; i++)
        if (lane_busy(loop->lanes[i]))
            return false;
    return true;
}

static void
heed_signals(struct loop *loop, int64_t now_ms)
{
    if (talk_stop_count() && !loop->stopped_ms)
        loop->stopped_ms = now_ms;
    if (loop->stopped_ms && now_ms - loop->stopped_ms > STOP_RECEIVE_MS)
        loop->ended = true;
    loop->shared->draining = loop->ended;
}

static bool
out_of_patience(const struct loop *loop, int64_t now_ms)
{
    const struct trouble *t = &loop->shared->trouble;

    if (!loop->o->give_up_ms || !t->on || now_ms - t->since_ms < loop->o->give_up_ms)
        return false;
    warn("database: giving up after %.0f s: %s", (double)(now_ms - t->since_ms) / 1000, t->text);
    return true;
}

/* The last compaction: of what this run added, if that takes no time to speak of. */
static void
compact_at_end(struct loop *loop)
{
    int64_t end = clock_ms() + LINGER_COMPACT_MS;
    struct lane_shared *s = loop->shared;

    compaction_hurry(&s->compaction);
    s->draining = false; /* nothing is left to be drained */
    while ((compaction_due(&s->compaction) || s->compaction.running) && s->idle + s->compaction.running > 0 &&
           clock_ms() < end && talk_stop_count() < 2) {
        step_lanes(loop, clock_ms());
        if (s->compaction.running)
            wait_for_events(loop, false, clock_ms());
    }
}

static int
collect(struct loop *loop)
{
    struct lane_shared *s = loop->shared;

    for (;;) {
        int64_t now_ms = clock_ms();
        if (talk_stop_count() > 1)
            return EXIT_INTERRUPTED;
        heed_signals(loop, now_ms);
        step_lanes(loop, now_ms); /* first: the database waits for them */
        bool more = receive(loop, now_ms);
        s->draining = loop->ended;
        s->full = held(loop) >= HELD_MAX;
        step_lanes(loop, now_ms);
        share_connections(loop);
        tell_flush(&s->tell);
        if (s->fatal)
            return s->fatal;
        if (out_of_patience(loop, now_ms))
            return EXIT_UNAVAILABLE;
        if (loop->ended && all_written(loop))
            return EXIT_COMPLETE;
        wait_for_events(loop, more, now_ms);
    }
}

static int
status_of(const struct loop *loop, int status)
{
    bool pipe = link_is_pipe(loop->o->results);

    if (status != EXIT_COMPLETE)
        return status;
    if (loop->broken)
        return EXIT_USAGE;
    if (pipe && loop->stopped_ms)
        return EXIT_INTERRUPTED;
    if (pipe && (loop->given_up || loop->shared->some_lost))
        return EXIT_SOME_FAILED;
    return EXIT_COMPLETE;
}

static void
say_statistics(const struct loop *loop, double seconds)
{
    const struct lane_shared *s = loop->shared;

    if (s->rows == 0 && s->ends == 0)
        return;
    say("%" PRIu64 " row%s and %" PRIu64 " range%s in %" PRIu64 " batch%s (%" PRIu64 " by merging), %.1f s, batch size now %" PRIu64,
        s->rows, s->rows == 1 ? "" : "s", s->ends, s->ends == 1 ? "" : "s", s->batches, s->batches == 1 ? "" : "es",
        s->staged, seconds, s->sizer.rows);
    say("database connections: max open=%zu open=%zu in use=%zu idle=%zu closed by lifetime=%" PRIu64 " closed by idle=%" PRIu64
        "; batches that waited for one: wait count=%" PRIu64 " wait time=%.3fs",
        loop->n_lanes, s->open, s->open - s->idle, s->idle, s->closed_lifetime, s->closed_idle,
        s->waits, (double)s->waited_ms / 1000);
}

int
loop_run(const struct loop_options *o)
{
    struct loop loop = {.o = o, .shared = o->shared, .n_lanes = o->text ? 0 : o->connections};
    int64_t start = clock_ms();

    loop.lanes = xcalloc(loop.n_lanes, sizeof(struct lane *));
    loop.fds = xcalloc(loop.n_lanes + 2, sizeof *loop.fds);
    for (size_t i = 0; i < loop.n_lanes; i++)
        loop.lanes[i] = lane_new(o->shared, i == 0 ? o->first : pg_new(o->shared->uri));
    o->shared->lanes = loop.lanes;
    o->shared->n_lanes = loop.n_lanes;

    tell_hello(&o->shared->tell);
    int status = collect(&loop);
    tell_flush(&o->shared->tell);
    if (status == EXIT_COMPLETE)
        compact_at_end(&loop);
    refusals_end(&loop.refusals);
    say_statistics(&loop, (double)(clock_ms() - start) / 1000);
    status = status_of(&loop, status);

    for (size_t i = 0; i < loop.n_lanes; i++)
        lane_free(loop.lanes[i]);
    batch_free(&o->shared->queue);
    free(loop.lanes);
    free(loop.fds);
    return status;
}
