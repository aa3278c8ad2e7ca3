/* lane.c - batches into the database; see lane.h. */
#include "writer/lane.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/coverage.h"
#include "writer/schema.h"

enum {
    BACKOFF_MS = 100, BACKOFF_MAX_MS = 5000,
    PUT_MAX = 64 << 10,    /* bytes handed to libpq at a time */
    STAGE_MAX = 64,        /* batches by staging after repeated conflicts */
    CONFLICTS_MAX = 8,     /* of one staged part, before it is blamed */
    VANISHED_MAX = 5,      /* tables gone, in a row */
    PREPARES_MAX = 3,      /* of one part, in a row */
    COMPACT_ENDS = 10000,  /* ends between compactions */
};

enum state { CLOSED, CONNECTING, IDLE, PREPARING, WRITING, COMPACTING };

struct lane {
    struct lane_shared *shared;
    struct pg *pg;
    enum state state;
    int64_t opened_ms, used_ms; /* the connection */
    int64_t retry_ms;           /* no attempt before this time */
    int backoff_ms;             /* 0: all is well */

    struct batch open; /* fills */
    struct batch busy; /* is being written */
    struct parts parts;
    int64_t waiting_ms; /* the open one is due since, while the other is busy; 0: not */

    /* this attempt: */
    struct plan plan;
    uint32_t by_stage; /* tables, as bits */
    bool feeding;      /* inside a COPY */
    enum { HEADER, DATA, TRAILER, END } step; /* of the COPY: what goes next */
    size_t table, chunk, offset;
    enum pg_class class; /* of the first error */
    char error[300];

    /* conflicts: */
    bool staging;
    unsigned stage_left, stage_next, conflicts, vanished, prepares;
};

struct lane *
lane_new(struct lane_shared *shared, struct pg *pg)
{
    struct lane *l = xcalloc(1, sizeof *l);

    l->shared = shared;
    l->pg = pg;
    l->stage_next = 1;
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
    batch_free(&l->open);
    batch_free(&l->busy);
    plan_free(&l->plan);
    free(l);
}

void
lane_add(struct lane *l, const struct item *item, int64_t now_ms)
{
    batch_add(&l->open, item, now_ms);
}

size_t
lane_bytes(const struct lane *l)
{
    return l->open.bytes + l->busy.bytes;
}

bool
lane_busy(const struct lane *l)
{
    return l->open.n || l->busy.n || l->state == COMPACTING;
}

bool
lane_idle(const struct lane *l)
{
    return l->state == IDLE && l->open.n == 0 && l->busy.n == 0;
}

static void
close_connection(struct lane *l)
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
    close_connection(l);
}

/* --- failures --- */

static void
retry_later(struct lane *l, const char *text, int64_t now_ms)
{
    trouble_met(&l->shared->trouble, text, now_ms);
    l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : BACKOFF_MS;
    if (l->backoff_ms > BACKOFF_MAX_MS)
        l->backoff_ms = BACKOFF_MAX_MS;
    l->retry_ms = now_ms + l->backoff_ms;
}

static void
give_up(struct lane *l, int status)
{
    warn("database: %s", l->error);
    l->shared->fatal = status;
}

/* The attempt that `spoilt` is of can no more become whole: its ends, in any batch after it, are
 * lost. Its lane is the same, so these two batches are all there is. */
static void
spoil(struct lane *l, const struct item *spoilt)
{
    struct batch *batches[] = {&l->busy, &l->open};

    partial_spoil(l->shared->partial, &spoilt->wire);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < batches[i]->n; k++) {
            struct item *item = &batches[i]->items[k];
            if (item->wire.kind != WIRE_ROWS && item->wire.kind != WIRE_GIVEN_UP &&
                partial_same(&item->wire, &spoilt->wire))
                item->lost = true;
        }
}

/* The one message of this part is what the database refuses. */
static void
refuse(struct lane *l, struct item *item)
{
    const struct wire *w = &item->wire;

    warn("task %" PRIu64 ": the database refuses %s%.*s, lost: %s", w->task,
         w->kind == WIRE_ROWS ? "rows of " : "its coverage", SPAN_ARG(w->table), l->error);
    l->shared->some_lost = true;
    item->lost = true;
    if (w->kind == WIRE_ROWS)
        spoil(l, item);
}

static void
isolate(struct lane *l)
{
    size_t next = l->parts.n - 1;

    l->conflicts = 0;
    if (!parts_split(&l->parts))
        for (size_t i = l->parts.part[next].from; i < l->parts.part[next].to; i++)
            refuse(l, &l->busy.items[i]);
}

static void
conflict(struct lane *l, int64_t now_ms)
{
    if (!l->staging) {
        l->staging = true;
        l->stage_left = l->stage_next;
        l->stage_next = l->stage_next < STAGE_MAX ? 2 * l->stage_next : STAGE_MAX;
        return;
    }
    /* Another transaction brought a further unique value in between. */
    if (++l->conflicts > CONFLICTS_MAX)
        isolate(l);
    else
        l->retry_ms = now_ms + BACKOFF_MS;
}

static void
failed(struct lane *l, int64_t now_ms)
{
    if (!pg_connected(l->pg))
        close_connection(l);
    else
        l->state = IDLE;
    switch (l->class) {
    case PG_CONFLICT:
        conflict(l, now_ms);
        break;
    case PG_DATA:
        isolate(l);
        break;
    case PG_VANISHED:
        store_forget(&l->shared->store);
        if (++l->vanished > VANISHED_MAX)
            give_up(l, EXIT_USAGE);
        else
            retry_later(l, l->error, now_ms);
        break;
    case PG_CONFIG:
        give_up(l, EXIT_USAGE);
        break;
    default:
        retry_later(l, l->error, now_ms);
        break;
    }
}

/* --- what goes into a batch's string --- */

static struct span
endpoint_of(const struct wire *w)
{
    return w->endpoint.n ? w->endpoint : SPAN("-");
}

/* Covers of the part's ends and given-up records; with missing, SQL for the jobs that have no id
 * yet goes there instead. Returns how many. */
static size_t
collect_covers(struct lane *l, struct cover **list, struct buf *missing)
{
    struct store *store = &l->shared->store;
    const struct table *datasets[TABLES_MAX];
    size_t n = 0, cap = 0;
    char err[200];

    *list = NULL;
    for (size_t i = l->parts.part[l->parts.n - 1].from; i < l->parts.part[l->parts.n - 1].to; i++) {
        const struct item *item = &l->busy.items[i];
        const struct wire *w = &item->wire;
        if (item->lost || (w->kind != WIRE_END && w->kind != WIRE_GIVEN_UP))
            continue;
        size_t count = store_datasets(w->dataset, datasets);
        for (size_t k = 0; k < count; k++) {
            struct job *j = store_job(store, w->chain, datasets[k], w->filter, err, sizeof err);
            if (j && j->id == 0 && missing) {
                store_job_sql(missing, store, j);
                j->id = -1; /* asked for */
            }
            if (!j)
                continue;
            if (n == cap) {
                cap = cap ? 2 * cap : 64;
                *list = xrealloc(*list, cap * sizeof **list);
            }
            (*list)[n++] = (struct cover){
                .job = j->id, .from = w->from, .to = w->to, .endpoint = endpoint_of(w),
                .rows = item->rows[sql_table_index(datasets[k])],
                .failed = w->kind == WIRE_GIVEN_UP, .attempts = w->try, .error = w->error,
            };
        }
    }
    return n;
}

static void
add_table_sql(struct lane *l, size_t t, struct buf *sql)
{
    if (!l->shared->store.ready[t])
        schema_table_sql(sql, l->shared->store.schema, tables[t]);
}

/* SQL that makes what the part needs and is not known to be there; empty: all is. */
static void
missing_sql(struct lane *l, struct buf *sql)
{
    const struct table *datasets[TABLES_MAX];
    bool wanted[TABLES_MAX] = {0};
    struct cover *covers;

    if (!l->shared->store.control)
        schema_control_sql(sql, l->shared->store.schema);
    for (size_t i = l->parts.part[l->parts.n - 1].from; i < l->parts.part[l->parts.n - 1].to; i++) {
        const struct wire *w = &l->busy.items[i].wire;
        if (w->kind == WIRE_ROWS)
            wanted[l->busy.items[i].table] = true;
        size_t n = w->kind == WIRE_ROWS ? 0 : store_datasets(w->dataset, datasets);
        for (size_t k = 0; k < n; k++)
            wanted[sql_table_index(datasets[k])] = true;
    }
    for (size_t t = 0; t < TABLES_MAX; t++)
        if (wanted[t])
            add_table_sql(l, t, sql);
    collect_covers(l, &covers, sql);
    free(covers);
    /* an id that was only asked for is not known yet */
    for (size_t i = 0; i < l->shared->store.n; i++)
        if (l->shared->store.jobs[i].id < 0)
            l->shared->store.jobs[i].id = 0;
}

static void
batch_sql(struct lane *l, struct buf *sql)
{
    const char *schema = l->shared->store.schema;
    struct cover *covers;

    buf_adds(sql, "BEGIN;\n");
    for (size_t t = 0; t < TABLES_MAX; t++) {
        bool staged = l->by_stage >> t & 1;
        if (l->plan.start[t] == l->plan.start[t + 1])
            continue;
        schema_copy_sql(sql, schema, tables[t], staged);
        if (staged)
            schema_merge_sql(sql, schema, tables[t]);
    }
    size_t n = collect_covers(l, &covers, NULL);
    n = coverage_sort(covers, n);
    coverage_sql(sql, schema, covers, n);
    buf_adds(sql, "COMMIT;\n");
    free(covers);
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
    l->feeding = false;
    l->table = 0;
    l->used_ms = now_ms;
    bool sent = pg_query(l->pg, whole.p);
    buf_free(&whole);
    if (!sent) {
        l->class = pg_class(l->pg);
        snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
        failed(l, now_ms);
    }
    return sent;
}

static void
begin_attempt(struct lane *l, int64_t now_ms)
{
    struct buf sql = {0};
    size_t next = l->parts.n - 1;

    missing_sql(l, &sql);
    if (sql.n && l->prepares++ >= PREPARES_MAX) {
        l->prepares = 0;
        retry_later(l, "tables or jobs that were made are not there", now_ms);
    } else if (sql.n) {
        send_sql(l, &sql, PREPARING, now_ms);
    } else {
        l->by_stage = 0;
        for (size_t t = 0; tables[t]; t++)
            if (l->staging || tables[t]->newest)
                l->by_stage |= UINT32_C(1) << t;
        batch_plan(&l->busy, l->parts.part[next].from, l->parts.part[next].to, l->by_stage, &l->plan);
        batch_sql(l, &sql);
        send_sql(l, &sql, WRITING, now_ms);
    }
    buf_free(&sql);
}

static bool
compact(struct lane *l, int64_t now_ms)
{
    struct lane_shared *s = l->shared;
    struct buf sql = {0};

    coverage_compact_sql(&sql, s->store.schema, s->compact_job, s->compact_block);
    s->compacting = true;
    s->compact_due = false;
    s->ends_compacted = s->ends;
    bool sent = send_sql(l, &sql, COMPACTING, now_ms);
    buf_free(&sql);
    return sent;
}

/* --- the events of an attempt --- */

static const char copy_header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
static const char copy_trailer[] = "\377\377";

/* 0: the connection takes no more now; else the chunk is sent, or pg_next will tell why not. */
static int
feed_chunk(struct lane *l)
{
    struct span data = l->busy.items[l->plan.order[l->chunk]].wire.data;
    int put = 1;

    while (l->offset < data.n && put > 0) {
        size_t n = data.n - l->offset < PUT_MAX ? data.n - l->offset : PUT_MAX;
        put = pg_put(l->pg, data.p + l->offset, n);
        if (put > 0)
            l->offset += n;
    }
    if (put == 0)
        return 0;
    l->offset = 0;
    l->chunk++;
    return put;
}

/* Rows of the table on hand, as far as the connection takes them; true when all are sent. */
static bool
feed(struct lane *l)
{
    int put = 1;

    while (put > 0) {
        switch (l->step) {
        case HEADER:
            put = pg_put(l->pg, copy_header, sizeof copy_header - 1);
            break;
        case DATA:
            while (l->chunk < l->plan.start[l->table + 1] && put > 0)
                put = feed_chunk(l);
            break;
        case TRAILER:
            put = pg_put(l->pg, copy_trailer, sizeof copy_trailer - 1);
            break;
        case END:
            return pg_put_end(l->pg) != 0;
        }
        if (put > 0)
            l->step++;
    }
    return put < 0; /* broken: pg_next tells */
}

static void
begin_feed(struct lane *l)
{
    while (l->plan.start[l->table] == l->plan.start[l->table + 1])
        l->table++;
    l->feeding = true;
    l->step = HEADER;
    l->chunk = l->plan.start[l->table];
    l->offset = 0;
}

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
        if (l->feeding) {
            if (!feed(l))
                return false;
            l->feeding = false;
            l->table++;
        }
        switch (pg_next(l->pg)) {
        case PG_WAIT:
            return false;
        case PG_COPY_IN:
            begin_feed(l);
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
            tell_lost(&s->tell, &item->wire);
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

    tell_part(l);
    trouble_over(&s->trouble, now_ms);
    s->batches++;
    l->backoff_ms = 0;
    l->vanished = l->conflicts = l->prepares = 0;
    if (l->staging) {
        s->staged++;
        l->stage_left -= l->stage_left > 0;
        l->staging = l->stage_left > 0 || l->parts.n > 1;
    } else if (l->plan.start[TABLES_MAX] > 0) {
        l->stage_next = 1;
    }
    l->state = IDLE;
    if (--l->parts.n == 0)
        batch_clear(&l->busy);
    if (s->ends - s->ends_compacted >= COMPACT_ENDS)
        s->compact_due = true;
}

static void
prepared(struct lane *l)
{
    struct store *s = &l->shared->store;
    size_t next = l->parts.n - 1;
    const struct table *datasets[TABLES_MAX];

    for (size_t i = l->parts.part[next].from; i < l->parts.part[next].to; i++) {
        const struct item *item = &l->busy.items[i];
        if (item->wire.kind == WIRE_ROWS)
            s->ready[item->table] = true;
        size_t n = item->wire.kind == WIRE_ROWS ? 0 : store_datasets(item->wire.dataset, datasets);
        for (size_t k = 0; k < n; k++)
            s->ready[sql_table_index(datasets[k])] = true;
    }
    s->control = true;
    l->state = IDLE;
}

static void
finish_attempt(struct lane *l, int64_t now_ms)
{
    l->used_ms = now_ms;
    if (l->state == COMPACTING) { /* a failure is nobody's loss: it will be due again */
        l->shared->compacting = false;
        l->state = IDLE;
        if (!pg_connected(l->pg))
            close_connection(l);
        return;
    }
    if (l->state == PREPARING && (l->class == PG_CONFLICT || l->class == PG_DATA))
        l->class = PG_AGAIN; /* no message is to blame yet */
    if (l->class != PG_FINE)
        failed(l, now_ms);
    else if (l->state == PREPARING)
        prepared(l);
    else
        written(l, now_ms);
}

/* --- between attempts --- */

static void
take_open(struct lane *l, int64_t now_ms)
{
    struct batch empty = l->busy; /* its array is used again */

    l->busy = l->open;
    l->open = empty;
    parts_all(&l->parts, l->busy.n);
    store_trim(&l->shared->store);
    if (l->waiting_ms) {
        l->shared->waits++;
        l->shared->waited_ms += now_ms - l->waiting_ms;
        l->waiting_ms = 0;
    }
}

static bool
open_due(const struct lane *l, int64_t now_ms)
{
    return l->open.n && (l->shared->draining || batch_due(&l->open, &l->shared->limits.batch, now_ms));
}

static void
close_old(struct lane *l, int64_t now_ms)
{
    const struct lane_limits *limits = &l->shared->limits;

    if (limits->max_lifetime_ms && now_ms - l->opened_ms >= limits->max_lifetime_ms) {
        l->shared->closed_lifetime++;
        close_connection(l);
    } else if (!l->busy.n && !l->open.n && limits->max_idle_time_ms &&
               now_ms - l->used_ms >= limits->max_idle_time_ms) {
        lane_close_idle(l);
    }
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
    retry_later(l, pg_error(l->pg), now_ms);
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
    if (l->busy.n == 0 && open_due(l, now_ms))
        take_open(l, now_ms);
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
        close_connection(l); /* the server closed it; the next batch opens another */
    while (l->shared->fatal == 0 && turn(l, now_ms))
        ;
    if (l->waiting_ms == 0 && l->busy.n && open_due(l, now_ms))
        l->waiting_ms = now_ms;
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
    at = batch_due_at(&l->open, &limits->batch);
    if (l->state == IDLE && limits->max_idle_time_ms)
        at = sooner(at, l->used_ms + limits->max_idle_time_ms);
    if (l->state == IDLE && limits->max_lifetime_ms)
        at = sooner(at, l->opened_ms + limits->max_lifetime_ms);
    return at;
}
