/* script.c - the SQL of a part of a batch; see script.h. */
#include "writer/script.h"

#include <inttypes.h>
#include <stdlib.h>

#include "writer/coverage.h"
#include "writer/schema.h"

/* The tables that the item needs, by index. */
static void
need_tables(const struct item *item, bool needed[TABLES_MAX])
{
    const struct table *datasets[TABLES_MAX];

    if (item->wire.kind == WIRE_DOUBTED)
        return;
    if (item->wire.kind == WIRE_ROWS) {
        needed[item->table] = true;
        return;
    }
    size_t n = store_datasets(item->wire.dataset, datasets);
    for (size_t i = 0; i < n; i++)
        needed[sql_table_index(datasets[i])] = true;
}

/* --- covers --- */

struct covers {
    struct cover *list; /* owned */
    size_t n, cap;
};

static void
add_cover(struct covers *c, const struct item *item, const struct job *job)
{
    const struct wire *w = &item->wire;

    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->list = xrealloc(c->list, c->cap * sizeof *c->list);
    }
    c->list[c->n++] = (struct cover){
        .job = job->id, .from = w->from, .to = w->to,
        .endpoint = w->endpoint.n ? w->endpoint : SPAN("-"),
        .rows = item->rows[sql_table_index(job->table)],
        .failed = w->kind == WIRE_GIVEN_UP, .attempts = w->try, .error = w->error,
    };
}

/* Calls each with every job that an end, a given-up record or a `doubted` of the part is about. */
static void
each_job(struct store *store, struct part part,
         void (*each)(const struct item *item, struct job *job, void *context), void *context)
{
    const struct table *datasets[TABLES_MAX];
    char err[200];

    for (size_t i = part.from; i < part.to; i++) {
        const struct item *item = &part.batch->items[i];
        const struct wire *w = &item->wire;
        if (item->lost || w->kind == WIRE_ROWS || w->kind == WIRE_END_HASHES)
            continue;
        size_t n = store_datasets(w->dataset, datasets);
        for (size_t k = 0; k < n; k++) {
            struct job *job = store_job(store, w->chain, datasets[k], w->filter, err, sizeof err);
            if (job) /* it was looked at when it came */
                each(item, job, context);
        }
    }
}

/* --- before --- */

struct search {
    struct buf *sql;
    struct store *store;
};

static void
add_unknown_job(const struct item *item, struct job *job, void *context)
{
    struct search *s = context;

    (void)item;
    if (job->id != 0)
        return;
    store_job_sql(s->sql, s->store, job);
    job->id = JOB_ASKED;
}

void
script_prepare(struct buf *sql, struct store *store, struct part part)
{
    bool needed[TABLES_MAX] = {0};

    if (!store->control)
        schema_control_sql(sql, store->schema);
    for (size_t i = part.from; i < part.to; i++)
        need_tables(&part.batch->items[i], needed);
    for (size_t t = 0; t < TABLES_MAX; t++)
        if (needed[t] && !store->ready[t])
            schema_table_sql(sql, store->schema, tables[t]);
    each_job(store, part, add_unknown_job, &(struct search){sql, store});
    for (size_t i = 0; i < store->n; i++)
        if (store->jobs[i].id == JOB_ASKED)
            store->jobs[i].id = 0; /* not known before the answer */
}

void
script_prepared(struct store *store, struct part part)
{
    store->control = true;
    for (size_t i = part.from; i < part.to; i++)
        need_tables(&part.batch->items[i], store->ready);
}

/* --- itself --- */

static void
collect(const struct item *item, struct job *job, void *context)
{
    add_cover(context, item, job);
}

static struct lines
add_coverage(struct buf *sql, struct store *store, struct part part)
{
    struct covers covers = {0};
    struct buf names = {0};

    each_job(store, part, collect, &covers);
    covers.n = coverage_sort(covers.list, covers.n);
    covers.n = coverage_join(covers.list, covers.n, &names);
    struct lines lines = coverage_sql(sql, store->schema, covers.list, covers.n);
    buf_free(&names);
    free(covers.list);
    return lines;
}

static void
begin(struct script *s)
{
    s->sql.n = s->n = s->next = 0;
    s->step[0].at = 0;
    buf_adds(&s->sql, "BEGIN;\n");
}

/* What was added since the last cut is a step. */
static void
cut(struct script *s, size_t table)
{
    buf_addc(&s->sql, '\0');
    s->step[s->n++].table = table;
    s->step[s->n].at = s->sql.n;
}

static void
add_along(struct script *s, const struct store *store, size_t t, const struct ways *ways)
{
    if (ways->fresh >> t & 1)
        schema_along_sql(&s->sql, store->schema, tables[t], ways->prepared[t]);
    /* What is prepared is planned once, when the table may have been small. */
    buf_adds(&s->sql, "SET LOCAL enable_seqscan = off;\n");
    cut(s, TABLES_MAX);
    schema_along_name(&s->sql, tables[t], ways->prepared[t]);
    cut(s, t);
}

struct lines
script_write(struct script *s, struct store *store, struct part part, const struct plan *plan,
             const struct ways *ways)
{
    begin(s);
    for (size_t t = 0; t < TABLES_MAX; t++) {
        bool staged = ways->staged >> t & 1;
        if (plan->start[t] == plan->start[t + 1])
            continue;
        if (ways->along >> t & 1) {
            add_along(s, store, t, ways);
            continue;
        }
        schema_copy_sql(&s->sql, store->schema, tables[t], staged);
        if (staged)
            schema_merge_sql(&s->sql, store->schema, tables[t], ways->moved);
    }
    struct lines lines = add_coverage(&s->sql, store, part);
    buf_adds(&s->sql, "COMMIT;\n");
    cut(s, TABLES_MAX);
    return lines;
}

static void
add_id(const struct item *item, struct job *job, void *context)
{
    struct buf *ids = context;

    (void)item;
    buf_addf(ids, "%s%" PRId64, ids->n ? ", " : "", job->id);
}

void
script_uncover(struct script *s, struct store *store, struct part part, uint64_t next)
{
    struct buf ids = {0};

    each_job(store, part, add_id, &ids);
    begin(s);
    if (ids.n > 0) {
        const struct wire *w = &part.batch->items[part.from].wire;
        buf_addc(&ids, '\0');
        coverage_uncover_sql(&s->sql, store->schema, ids.p, next, w->from, w->endpoint.n ? w->endpoint : SPAN("-"),
                             store->began);
    }
    buf_free(&ids);
    cut(s, TABLES_MAX);
}

void
script_free(struct script *s)
{
    buf_free(&s->sql);
}
