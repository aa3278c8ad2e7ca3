/* lane_write.c - a lane's attempts: SQL out, rows fed, answers in; see lane.h. */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "writer/array.h"
#include "writer/coverage.h"
#include "writer/lane_inside.h"

enum { PREPARES_MAX = 3 /* of one part, in a row */ };

/* The connection did not take what was to be sent. */
static void
not_sent(struct lane *l)
{
    l->class = pg_class(l->pg);
    snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
}

static void
send_sql(struct lane *l, const char *sql, enum state state, int64_t now_ms)
{
    struct buf whole = {0};

    if (pg_in_transaction(l->pg))
        buf_adds(&whole, "ROLLBACK;\nDEALLOCATE ALL;\n"); /* what is left of a failed one, see lane_unprepare */
    buf_adds(&whole, sql);
    buf_addc(&whole, '\0');
    l->state = state;
    l->class = PG_FINE;
    l->met = false;
    l->read = 0;
    l->used_ms = l->began_ms = now_ms;
    bool sent = pg_query(l->pg, whole.p, NULL);
    buf_free(&whole);
    if (!sent && state == COMPACTING) {
        compaction_fail(&l->shared->compaction); /* nobody's loss */
        lane_disconnect(l);
    } else if (!sent) {
        not_sent(l);
        lane_failed(l, now_ms);
    }
}

static struct part
next_part(const struct lane *l)
{
    size_t next = l->parts.n - 1;
    return (struct part){&l->busy, l->parts.part[next].from, l->parts.part[next].to};
}

/* plan must be made. */
static void
choose_along(struct lane *l, struct ways *w)
{
    for (size_t t = 0; tables[t] && !w->moved && !l->shared->pooled; t++) {
        if (!(w->staged >> t & 1) || l->plan.start[t] == l->plan.start[t + 1] ||
            array_bytes(&l->busy, &l->plan, t) > ARRAY_MAX)
            continue;
        w->along |= UINT32_C(1) << t;
        if (l->prepared[t] == 0) {
            w->fresh |= UINT32_C(1) << t;
            l->prepared[t] = ++l->shared->serial;
        }
    }
    w->prepared = l->prepared;
}

static void
write_part(struct lane *l, struct part part, int64_t now_ms)
{
    struct ways ways = {.moved = l->conflicts > 0};

    for (size_t t = 0; tables[t]; t++)
        if (l->staging.on || tables[t]->newest)
            ways.staged |= UINT32_C(1) << t;
    batch_plan(&l->busy, part.from, part.to, ways.staged, &l->plan);
    choose_along(l, &ways);
    feed_begin(&l->feed, &l->busy, &l->plan, ways.along);
    l->lines = (struct lines){0};
    l->doubted.n = l->doubted.lines = 0;
    l->doubted.committing = false;
    if (batch_doubted(&l->busy))
        script_uncover(&l->script, &l->shared->store, part, l->doubted.next);
    else
        l->lines = script_write(&l->script, &l->shared->store, part, &l->plan, &ways);
    l->script.next = 1;
    send_sql(l, l->script.sql.p, WRITING, now_ms);
}

static bool
send_along(struct lane *l, const char *name, size_t table)
{
    struct buf rows = {0};

    array_add(&rows, &l->busy, &l->plan, table, l->types[table]);
    bool sent = pg_query(l->pg, name, &rows);
    buf_free(&rows);
    return sent;
}

/* The next step of the script. False: there is none, or it was not sent. */
static bool
next_step(struct lane *l)
{
    struct script *s = &l->script;

    if (l->state != WRITING || s->next == s->n)
        return false;
    const char *text = s->sql.p + s->step[s->next].at;
    size_t table = s->step[s->next++].table;
    bool sent = table < TABLES_MAX ? send_along(l, text, table) : pg_query(l->pg, text, NULL);
    if (!sent)
        not_sent(l);
    return sent;
}

void
lane_begin_attempt(struct lane *l, int64_t now_ms)
{
    struct buf sql = {0};
    struct part part = next_part(l);

    script_prepare(&sql, &l->shared->store, part);
    buf_addc(&sql, '\0');
    if (sql.n == 1) {
        write_part(l, part, now_ms);
    } else if (l->prepares++ < PREPARES_MAX) {
        send_sql(l, sql.p, PREPARING, now_ms);
    } else {
        l->prepares = 0;
        lane_retry_later(l, "tables or jobs that were made are not there", now_ms);
    }
    buf_free(&sql);
}

void
lane_compact(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;
    struct buf sql = {0};

    coverage_compact_sql(&sql, s->store.schema, s->compaction.cursor, s->store.began);
    buf_addc(&sql, '\0');
    compaction_begin(&s->compaction);
    send_sql(l, sql.p, COMPACTING, now_ms);
    buf_free(&sql);
}

/* --- the events of an attempt --- */

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
            store_learn(&l->shared->store, pg_number(l->pg, i, 1), (int64_t)pg_number(l->pg, i, 2));
        } else if (strcmp(word, "met") == 0) {
            l->met = true;
        } else if (strcmp(word, "type") == 0) {
            l->types[pg_number(l->pg, i, 1)] = (uint32_t)pg_number(l->pg, i, 2);
        } else if (strcmp(word, "uncovered") == 0) {
            lane_doubted_row(l, i);
        } else if (strcmp(word, "last") == 0) {
            l->read_to = (struct spot){(int64_t)pg_number(l->pg, i, 1), (int64_t)pg_number(l->pg, i, 2)};
            l->read = pg_number(l->pg, i, 3);
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
            if (l->class != PG_FINE || !next_step(l))
                return true;
            break;
        case PG_COMMAND:
            break;
        }
    }
}

/* --- what follows --- */

/* True: the part is not through yet. */
static bool
tell_part(struct lane *l)
{
    struct lane_shared *s = l->shared;
    size_t next = l->parts.n - 1;
    bool more = false;

    for (size_t i = l->parts.part[next].from; i < l->parts.part[next].to; i++) {
        struct item *item = &l->busy.items[i];
        uint64_t rows = 0;
        if (item->wire.kind == WIRE_DOUBTED) {
            more = lane_doubted_written(l, item);
            continue;
        }
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
    return more;
}

static void
written(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;

    if (l->parts.n == 1 && l->parts.part[0].from == 0) /* the batch as a whole */
        sizer_wrote(&s->sizer, l->busy.rows, now_ms - l->began_ms);
    s->limits.batch.rows = s->sizer.rows;
    bool more = tell_part(l);
    trouble_over(&s->trouble, now_ms);
    s->batches++;
    l->backoff_ms = 0;
    l->vanished = l->conflicts = l->prepares = 0;
    s->staged += l->staging.on;
    staging_written(&l->staging, l->plan.start[TABLES_MAX] > 0, l->met);
    l->state = IDLE;
    if (!more && --l->parts.n == 0)
        batch_clear(&l->busy);
    if (l->busy.n == 0 && s->queue.rows == 0)
        s->queue.since_ms = 0; /* only ends: those that waited for these rows */
    compaction_added(&s->compaction, &l->lines);
}

/* A failure is nobody's loss: it will be due again. */
static void
finish_compaction(struct lane *l)
{
    if (l->class == PG_FINE)
        compaction_end(&l->shared->compaction, l->read_to, l->read);
    else
        compaction_fail(&l->shared->compaction);
    if (l->class != PG_FINE)
        lane_unprepare(l);
    l->state = IDLE;
    if (!pg_connected(l->pg))
        lane_disconnect(l);
}

static void
finish_attempt(struct lane *l, int64_t now_ms)
{
    l->used_ms = now_ms;
    if (l->state == COMPACTING) {
        finish_compaction(l);
        return;
    }
    if (l->state == PREPARING && l->class == PG_CONFLICT)
        l->class = PG_AGAIN; /* somebody else made it at the same time */
    if (l->state == PREPARING && l->class == PG_DATA)
        l->class = PG_STRANGE; /* no message is to blame yet */
    if (l->class == PG_FINE && l->state == WRITING && lane_doubted_commits(l))
        return;
    if (l->class != PG_FINE) {
        lane_failed(l, now_ms);
    } else if (l->state == WRITING) {
        written(l, now_ms);
    } else {
        script_prepared(&l->shared->store, next_part(l));
    }
    if (l->state == PREPARING)
        l->state = IDLE;
}

bool
lane_pump(struct lane *l, int64_t now_ms)
{
    bool over = pump(l);

    if (over)
        finish_attempt(l, now_ms);
    return over;
}
