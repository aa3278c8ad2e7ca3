/* lane_connect.c - a lane's connection: opened, lent, closed when it is old or idle; see lane.h. */
#include <string.h>

#include "common/talk.h"
#include "writer/lane_inside.h"

void
lane_unprepare(struct lane *l)
{
    memset(l->prepared, 0, sizeof l->prepared);
}

void
lane_disconnect(struct lane *l)
{
    if (l->state != CLOSED && l->state != CONNECTING)
        l->shared->open--;
    pg_close(l->pg);
    lane_unprepare(l);
    l->state = CLOSED;
}

void
lane_close_idle(struct lane *l)
{
    l->shared->closed_idle++;
    lane_disconnect(l);
}

void
lane_close_old(struct lane *l, int64_t now_ms)
{
    const struct lane_limits *limits = &l->shared->limits;

    if (limits->max_lifetime_ms && now_ms - l->opened_ms >= limits->max_lifetime_ms) {
        l->shared->closed_lifetime++;
        lane_disconnect(l);
    } else if (!l->busy.n && !l->shared->queue.n && limits->max_idle_time_ms &&
               now_ms - l->used_ms >= limits->max_idle_time_ms) {
        lane_close_idle(l);
    }
}

static void
go_on_with_fewer(struct lane *l, int64_t now_ms)
{
    if (!l->shared->fewer_said)
        say("database: %s, going on with %zu", pg_error(l->pg), l->shared->open);
    l->shared->fewer_said = true;
    l->backoff_ms = LANE_BACKOFF_MAX_MS;
    l->retry_ms = now_ms + l->backoff_ms;
}

void
lane_lend(struct lane *to, struct lane *from)
{
    struct pg *closed = to->pg;

    if (to->state != CLOSED || to->busy.n == 0 || to->backoff_ms == 0 || from->state != IDLE || from->busy.n > 0)
        return;
    to->pg = from->pg;
    to->opened_ms = from->opened_ms;
    to->state = IDLE;
    to->retry_ms = 0;
    from->pg = closed;
    lane_unprepare(from);
    lane_unprepare(to);
    from->state = CLOSED;
}

void
lane_connecting(struct lane *l, int64_t now_ms)
{
    enum pg_event event = pg_connecting(l->pg, now_ms);

    if (event == PG_WAIT)
        return;
    if (event == PG_DONE) {
        l->state = IDLE;
        l->opened_ms = l->used_ms = now_ms;
        l->shared->open++;
        return;
    }
    l->state = CLOSED;
    if (pg_class(l->pg) == PG_AGAIN && l->shared->open > 0) /* the server has no more to give */
        go_on_with_fewer(l, now_ms);
    else
        lane_retry_later(l, pg_error(l->pg), now_ms);
}

bool
lane_lends(const struct lane *l)
{
    const struct lane_shared *s = l->shared;

    for (size_t i = 0; i < s->n_lanes && l->state == IDLE; i++)
        if (s->lanes[i]->state == CLOSED && s->lanes[i]->busy.n && s->lanes[i]->backoff_ms)
            return true;
    return false;
}

