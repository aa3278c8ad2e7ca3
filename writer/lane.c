/* lane.c - batches into the database; see lane.h. */
#include "writer/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/coverage.h"
#include "writer/lane_inside.h"
#include "writer/script.h"

enum {
    PREPARES_MAX = 3,      /* of one part, in a row */
    COMPACT_ENDS = 10000,  /* ends between compactions */
};

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

void
lane_disconnect(struct lane *l)
{
    if (l->state != CLOSED && l->state != CONNECTING)
        l->shared->open--;
    pg_close(l->pg);
    l->state = CLOSED;
}

void
lane_close_idle(struct lane *l)
{
    l->shared->closed_idle++;
    lane_disconnect(l);
}

/* --- attempts --- */

static bool
send_sql(struct lane *l, struct buf *sql, enum state state, int64_t now_ms)
{
    struct buf whole = {0};

    if (pg_in_transaction(l->pg))
        buf_adds(&whole, "ROLLBACK;\n"); /* what is left of a failed one */
    buf_add(&whole, sql->p, sql->n);
    buf_addc(&whole, '\0');
    l->state = state;
    l->class = PG_FINE;
    l->met = false;
    l->used_ms = l->began_ms = now_ms;
    bool sent = pg_query(l->pg, whole.p);
    buf_free(&whole);
    if (!sent && state == COMPACTING) {
        lane_disconnect(l); /* nobody's loss */
    } else if (!sent) {
        l->class = pg_class(l->pg);
        snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
        lane_failed(l, now_ms);
    }
    return sent;
}

static struct part
next_part(const struct lane *l)
{
    size_t next = l->parts.n - 1;
    return (struct part){&l->busy, l->parts.part[next].from, l->parts.part[next].to};
}

static void
write_part(struct lane *l, struct part part, struct buf *sql, int64_t now_ms)
{
    uint32_t staged = 0;

    for (size_t t = 0; tables[t]; t++)
        if (l->staging.on || tables[t]->newest)
            staged |= UINT32_C(1) << t;
    batch_plan(&l->busy, part.from, part.to, staged, &l->plan);
    feed_begin(&l->feed, &l->busy, &l->plan);
    script_write(sql, &l->shared->store, part, &l->plan, staged, l->conflicts > 0);
    send_sql(l, sql, WRITING, now_ms);
}

static void
begin_attempt(struct lane *l, int64_t now_ms)
{
    struct buf sql = {0};
    struct part part = next_part(l);

    script_prepare(&sql, &l->shared->store, part);
    if (sql.n == 0) {
        write_part(l, part, &sql, now_ms);
    } else if (l->prepares++ < PREPARES_MAX) {
        send_sql(l, &sql, PREPARING, now_ms);
    } else {
        l->prepares = 0;
        lane_retry_later(l, "tables or jobs that were made are not there", now_ms);
    }
    buf_free(&sql);
}

static bool
compact(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;
    struct buf sql = {0};

    coverage_compact_sql(&sql, s->store.schema, s->compact_job, s->compact_block);
    s->compact_due = false;
    s->ends_compacted = s->ends;
    s->compacting = send_sql(l, &sql, COMPACTING, now_ms);
    buf_free(&sql);
    return s->compacting;
}

/* --- the events of an attempt --- */

static int64_t
number(const char *text)
{
    uint64_t v = 0;
    num_u64(span_of(text), &v);
    return (int64_t)v;
}

static void
compacted(struct lane *l)
{
    struct lane_shared *s = l->shared;

    s->compact_due = number(pg_value(l->pg, 0, 3)) >= COMPACT_STEP;
    s->compact_job = s->compact_due ? number(pg_value(l->pg, 0, 1)) : 0;
    s->compact_block = s->compact_due ? number(pg_value(l->pg, 0, 2)) : 0;
}

static void
take_rows(struct lane *l)
{
    for (int i = 0; i < pg_rows(l->pg); i++) {
        const char *word = pg_value(l->pg, i, 0);
        if (strcmp(word, "problem") == 0) {
            if (l->class == PG_FINE)
                snprintf(l->error, sizeof l->error, "%s", pg_value(l->pg, i, 1));
            l->class = PG_CONFIG;
        } else if (strcmp(word, "job") == 0) {
            store_learn(&l->shared->store, (uint64_t)number(pg_value(l->pg, i, 1)),
                        number(pg_value(l->pg, i, 2)));
        } else if (strcmp(word, "met") == 0) {
            l->met = true;
        } else if (strcmp(word, "next") == 0) {
            compacted(l);
        }
    }
}

/* True when the attempt is over; l->class tells how. */
static bool
pump(struct lane *l)
{
    for (;;) {
        if (l->feed.on && !feed_more(&l->feed, l->pg))
            return false;
        switch (pg_next(l->pg)) {
        case PG_WAIT:
            return false;
        case PG_COPY_IN:
            feed_next(&l->feed);
            break;
        case PG_ROWS:
            take_rows(l);
            break;
        case PG_ERROR:
            if (l->class == PG_FINE) {
                l->class = pg_class(l->pg);
                snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
            }
            break;
        case PG_DONE:
            if (l->class == PG_FINE && !pg_connected(l->pg)) {
                l->class = PG_LOST;
                snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
            }
            return true;
        case PG_COMMAND:
            break;
        }
    }
}

/* --- what follows --- */

static void
tell_part(struct lane *l)
{
    struct lane_shared *s = l->shared;
    size_t next = l->parts.n - 1;

    for (size_t i = l->parts.part[next].from; i < l->parts.part[next].to; i++) {
        struct item *item = &l->busy.items[i];
        uint64_t rows = 0;
        if (item->wire.kind == WIRE_ROWS) {
            s->rows += item->lost ? 0 : item->wire.rows;
            continue;
        }
        for (size_t t = 0; t < TABLES_MAX; t++)
            rows += item->rows[t];
        if (item->lost)
            tell_lost(&s->tell, &item->wire, item->lost);
        else
            tell_committed(&s->tell, &item->wire, rows);
        s->ends++;
    }
    tell_flush(&s->tell);
}

static void
written(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;

    if (l->parts.n == 1 && l->parts.part[0].from == 0) /* the batch as a whole */
        sizer_wrote(&s->sizer, l->busy.rows, now_ms - l->began_ms);
    s->limits.batch.rows = s->sizer.rows;
    tell_part(l);
    trouble_over(&s->trouble, now_ms);
    s->batches++;
    l->backoff_ms = 0;
    l->vanished = l->conflicts = l->prepares = 0;
    s->staged += l->staging.on;
    staging_written(&l->staging, l->plan.start[TABLES_MAX] > 0, l->met);
    l->state = IDLE;
    if (--l->parts.n == 0)
        batch_clear(&l->busy);
    if (l->busy.n == 0 && s->queue.rows == 0)
        s->queue.since_ms = 0; /* only ends: those that waited for these rows */
    if (s->ends - s->ends_compacted >= COMPACT_ENDS)
        s->compact_due = true;
}

static void
finish_attempt(struct lane *l, int64_t now_ms)
{
    l->used_ms = now_ms;
    if (l->state == COMPACTING) { /* a failure is nobody's loss: it will be due again */
        l->shared->compacting = false;
        l->state = IDLE;
        if (!pg_connected(l->pg))
            lane_disconnect(l);
        return;
    }
    if (l->state == PREPARING && (l->class == PG_CONFLICT || l->class == PG_DATA))
        l->class = PG_AGAIN; /* no message is to blame yet */
    if (l->class != PG_FINE)
        lane_failed(l, now_ms);
    else if (l->state == WRITING)
        written(l, now_ms);
    else
        script_prepared(&l->shared->store, next_part(l));
    if (l->state == PREPARING)
        l->state = IDLE;
}

/* --- between attempts --- */

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

static void
take_batch(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;

    l->begun.n = 0; /* told of its last batch, whose messages are gone */
    batch_take(&s->queue, &l->busy, &s->limits.batch, end_waits, s);
    s->queue.since_ms = now_ms; /* what is left is newer, or waits for a lane */
    begun_find(&l->begun, &l->busy);
    parts_all(&l->parts, l->busy.n);
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

static void
close_old(struct lane *l, int64_t now_ms)
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
    from->state = CLOSED;
}

static void
connecting(struct lane *l, int64_t now_ms)
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

/* Another lane has a batch and can have this one's connection for it (lane_lend). */
static bool
lends(const struct lane *l)
{
    const struct lane_shared *s = l->shared;

    for (size_t i = 0; i < s->n_lanes && l->state == IDLE; i++)
        if (s->lanes[i]->state == CLOSED && s->lanes[i]->busy.n && s->lanes[i]->backoff_ms)
            return true;
    return false;
}

/* One transition. False: there is nothing to do but wait. */
static bool
turn(struct lane *l, int64_t now_ms)
{
    enum state before = l->state;

    switch (l->state) {
    case CONNECTING:
        connecting(l, now_ms);
        return l->state != before && l->state != CLOSED;
    case PREPARING:
    case WRITING:
    case COMPACTING:
        if (!pump(l))
            return false;
        finish_attempt(l, now_ms);
        return l->shared->fatal == 0;
    case IDLE:
    case CLOSED:
        break;
    }
    if (l->busy.n == 0 && queue_due(l->shared, now_ms) && !lends(l))
        take_batch(l, now_ms);
    if (l->state == IDLE)
        close_old(l, now_ms);
    if (l->busy.n == 0) {
        struct lane_shared *s = l->shared;
        return l->state == IDLE && s->compact_due && !s->compacting && !s->draining && compact(l, now_ms);
    }
    if (now_ms < l->retry_ms)
        return false;
    if (l->state == CLOSED) {
        pg_begin(l->pg, now_ms);
        l->state = CONNECTING;
    } else {
        begin_attempt(l, now_ms);
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
