/* lane.c - what a lane does next; see lane.h. Its attempts are in lane_write.c and lane_failed.c, its
 * connection in lane_connect.c. */
#include "writer/lane.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/num.h"
#include "writer/lane_inside.h"

enum { WAITS_MS = 5 /* what waits for another lane is not looked at again before, however young batches leave */ };

struct lane *
lane_new(struct lane_shared *shared, struct pg *pg)
{
    struct lane *l = xcalloc(1, sizeof *l);

    l->shared = shared;
    l->pg = pg;
    if (pg_connected(pg)) {
        l->state = IDLE;
        l->opened_ms = l->used_ms = clock_ms();
        shared->open++;
    }
    return l;
}

void
lane_free(struct lane *l)
{
    if (!l)
        return;
    pg_free(l->pg);
    batch_free(&l->busy);
    begun_free(&l->begun);
    plan_free(&l->plan);
    script_free(&l->script);
    free(l->doubted.ranges);
    free(l);
}

size_t
lane_bytes(const struct lane *l)
{
    return l->busy.bytes;
}

bool
lane_busy(const struct lane *l)
{
    return l->busy.n || l->state == COMPACTING;
}

bool
lane_idle(const struct lane *l)
{
    return l->state == IDLE && l->shared->queue.n == 0 && l->busy.n == 0;
}

/* Are rows of its attempt with a lane? (Not with the one that takes, which has none.) */
static bool
end_waits(const struct wire *end, void *context)
{
    const struct lane_shared *s = context;

    for (size_t i = 0; i < s->n_lanes; i++)
        if (s->lanes[i]->busy.n && begun_has(&s->lanes[i]->begun, &s->lanes[i]->busy, end))
            return true;
    return false;
}

/* A `doubted` is next and waits for others, or is at work. */
static bool
doubt_waits(const struct lane_shared *s)
{
    for (size_t i = 0; i < s->n_lanes; i++)
        if (s->lanes[i]->busy.n && (batch_doubted(&s->queue) || batch_doubted(&s->lanes[i]->busy)))
            return true;
    return false;
}

static void
take_batch(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;

    if (doubt_waits(s)) {
        s->queue.since_ms = now_ms + WAITS_MS;
        return;
    }
    l->begun.n = 0; /* told of its last batch, whose messages are gone */
    batch_take(&s->queue, &l->busy, &s->limits.batch, end_waits, s);
    s->queue.since_ms = l->busy.n ? now_ms : now_ms + WAITS_MS; /* what is left is newer, or waits for a lane */
    begun_find(&l->begun, &l->busy);
    parts_all(&l->parts, l->busy.n);
    l->strange = 0;
    store_trim(&s->store);
    if (s->waiting_ms && now_ms > s->waiting_ms) {
        s->waits++;
        s->waited_ms += now_ms - s->waiting_ms;
    }
    s->waiting_ms = 0;
}

static bool
queue_due(const struct lane_shared *s, int64_t now_ms)
{
    return s->queue.n && (s->draining || s->full || batch_due(&s->queue, &s->limits.batch, now_ms));
}

static bool
compacts(struct lane *l, bool due, int64_t now_ms)
{
    if (!due || l->state != IDLE || l->busy.n || l->shared->draining)
        return false;
    lane_compact(l, now_ms);
    return true;
}

/* One transition. False: there is nothing to do but wait. */
static bool
turn(struct lane *l, int64_t now_ms)
{
    enum state before = l->state;

    switch (l->state) {
    case CONNECTING:
        lane_connecting(l, now_ms);
        return l->state != before && l->state != CLOSED;
    case PREPARING:
    case WRITING:
    case COMPACTING:
        return lane_pump(l, now_ms) && l->shared->fatal == 0;
    case IDLE:
    case CLOSED:
        break;
    }
    if (compacts(l, compaction_urgent(&l->shared->compaction), now_ms))
        return true;
    if (l->busy.n == 0 && queue_due(l->shared, now_ms) && !lane_lends(l))
        take_batch(l, now_ms);
    if (l->state == IDLE)
        lane_close_old(l, now_ms);
    if (compacts(l, compaction_due(&l->shared->compaction), now_ms))
        return true;
    if (l->busy.n == 0 || now_ms < l->retry_ms || lane_doubted_waits(l, now_ms))
        return false;
    if (l->state == CLOSED) {
        pg_begin(l->pg, now_ms);
        l->state = CONNECTING;
    } else {
        lane_begin_attempt(l, now_ms);
    }
    return true;
}

void
lane_step(struct lane *l, short revents, int64_t now_ms)
{
    if (!pg_ready(l->pg, revents) && l->state == IDLE)
        lane_disconnect(l); /* the server closed it; the next batch opens another */
    while (l->shared->fatal == 0 && turn(l, now_ms))
        ;
    if (l->shared->waiting_ms == 0 && l->busy.n && queue_due(l->shared, now_ms))
        l->shared->waiting_ms = now_ms;
}

void
lane_pollfd(const struct lane *l, struct pollfd *out)
{
    *out = (struct pollfd){.fd = -1};
    if (l->state != CLOSED)
        pg_pollfd(l->pg, out);
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t
lane_wake_at(const struct lane *l)
{
    const struct lane_limits *limits = &l->shared->limits;
    int64_t at = INT64_MAX;

    if (l->state != IDLE && l->state != CLOSED)
        return at;
    if (l->busy.n)
        return l->retry_ms;
    at = batch_due_at(&l->shared->queue, &limits->batch);
    if (lane_idle(l) && limits->max_idle_time_ms)
        at = sooner(at, l->used_ms + limits->max_idle_time_ms);
    if (l->state == IDLE && limits->max_lifetime_ms)
        at = sooner(at, l->opened_ms + limits->max_lifetime_ms);
    return at;
}
