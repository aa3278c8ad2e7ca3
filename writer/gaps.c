/* gaps.c - gaps and status as text; see gaps.h. */
#include "writer/gaps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/coverage.h"
#include "writer/store.h"

static int
fail(const struct pg *pg)
{
    warn("database: %s", pg_error(pg));
    return EXIT_UNAVAILABLE;
}

static int
finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_COMPLETE;
    warn("cannot write to stdout");
    return EXIT_UNAVAILABLE;
}

static void
emit(uint64_t from, uint64_t to, void *context)
{
    (void)context;
    printf("%" PRIu64 "-%" PRIu64 "\n", from, to);
}

static uint64_t
number(const char *text)
{
    uint64_t v = 0;
    num_u64(span_of(text), &v);
    return v;
}

/* *there: are our tables there? */
static bool
look_for_tables(struct pg *pg, const char *schema, bool *there)
{
    struct buf sql = {0}, name = {0};

    sql_table(&name, schema, "failed_ranges");
    buf_adds(&sql, "SELECT 1 WHERE to_regclass(");
    sql_text(&sql, (struct span){name.p, name.n});
    buf_adds(&sql, ") IS NOT NULL");
    buf_addc(&sql, '\0');
    bool fine = pg_run(pg, sql.p);
    *there = fine && pg_rows(pg) > 0;
    buf_free(&sql);
    buf_free(&name);
    return fine;
}

/* --- gaps of jobs by id --- */

struct sweep {
    struct gaps gaps;
    char ids[GAPS_JOBS_MAX][24]; /* "" for a dataset that has no job yet */
};

static void
sweep_row(struct pg *pg, int at, void *context)
{
    struct sweep *s = context;

    for (size_t i = 0; i < s->gaps.jobs; i++)
        if (strcmp(s->ids[i], pg_value(pg, at, 0)) == 0)
            gaps_covered(&s->gaps, i, number(pg_value(pg, at, 1)), number(pg_value(pg, at, 2)));
}

static bool
sweep(struct pg *pg, const char *schema, struct sweep *s, size_t jobs, uint64_t from, uint64_t to)
{
    struct buf sql = {0};
    size_t known = 0;

    gaps_begin(&s->gaps, from, to, jobs, emit, NULL);
    buf_adds(&sql, "SELECT job_id, from_block, to_block FROM ");
    sql_table(&sql, schema, "ranges");
    buf_adds(&sql, " WHERE job_id IN (");
    for (size_t i = 0; i < jobs; i++)
        if (s->ids[i][0])
            buf_addf(&sql, "%s%s", known++ ? ", " : "", s->ids[i]);
    buf_addf(&sql, ") AND from_block <= %" PRIu64 " AND to_block >= %" PRIu64 " ORDER BY from_block", to, from);
    buf_addc(&sql, '\0');
    bool fine = known == 0 || pg_each(pg, sql.p, sweep_row, s);
    buf_free(&sql);
    if (fine)
        gaps_end(&s->gaps);
    return fine;
}

/* --- the job that the options name --- */

/* The id of one dataset's job into id, "" if there is none. Returns an exit status. */
static int
find_job(struct pg *pg, const char *schema, const struct table *t, const struct gaps_wanted *w,
         const char *json, char id[24])
{
    struct buf sql = {0};

    buf_adds(&sql, "SELECT job_id FROM ");
    sql_table(&sql, schema, "jobs");
    buf_addf(&sql, " WHERE dataset = '%s' AND filter = '%s'::jsonb AND md5(filter::text) = md5('%s'::jsonb::text)",
             t->name, json, json);
    if (w->has_chain)
        buf_addf(&sql, " AND chain_id = %" PRIu64, w->chain);
    buf_addc(&sql, '\0');
    bool fine = pg_run(pg, sql.p);
    buf_free(&sql);
    if (!fine)
        return fail(pg);
    if (pg_rows(pg) > 1) {
        warn("dataset \"%s\" has jobs of several chains: name one with --chain-id", t->name);
        return EXIT_USAGE;
    }
    snprintf(id, 24, "%s", pg_rows(pg) ? pg_value(pg, 0, 0) : "");
    return EXIT_COMPLETE;
}

/* First and last block that the jobs know of; false: none. */
static bool
extent(struct pg *pg, const char *schema, const char *ids, uint64_t *from, uint64_t *to, bool *known)
{
    static const char *const sources[] = {"ranges", "failed_ranges"};
    struct buf sql = {0};

    buf_adds(&sql, "SELECT min(a), max(b) FROM (");
    for (int i = 0; i < 2; i++) {
        buf_adds(&sql, i ? " UNION ALL " : "");
        buf_adds(&sql, "SELECT min(from_block) AS a, max(to_block) AS b FROM ");
        sql_table(&sql, schema, sources[i]);
        buf_addf(&sql, " WHERE job_id IN (%s)", ids);
    }
    buf_adds(&sql, ") AS e HAVING min(a) IS NOT NULL");
    buf_addc(&sql, '\0');
    bool fine = pg_run(pg, sql.p);
    buf_free(&sql);
    *known = fine && pg_rows(pg) > 0;
    if (*known) {
        *from = number(pg_value(pg, 0, 0));
        *to = number(pg_value(pg, 0, 1));
    }
    return fine;
}

static int
named_gaps(struct pg *pg, const char *schema, const struct gaps_wanted *w, struct sweep *s, size_t n)
{
    struct buf ids = {0};
    uint64_t from = w->from, to = w->to;
    bool known = true, fine = true;

    for (size_t i = 0; i < n; i++)
        buf_addf(&ids, "%s%s", i ? ", " : "", s->ids[i][0] ? s->ids[i] : "-1");
    buf_addc(&ids, '\0');
    if (!w->has_range)
        fine = extent(pg, schema, ids.p, &from, &to, &known);
    if (fine && known)
        fine = sweep(pg, schema, s, n, from, to);
    buf_free(&ids);
    return fine ? finish_output() : fail(pg);
}

static int
print_named(struct pg *pg, const char *schema, const struct gaps_wanted *w)
{
    const struct table *datasets[TABLES_MAX];
    size_t n = store_datasets(w->datasets, datasets);
    struct sweep s = {0};
    int status = EXIT_COMPLETE;
    char err[200];

    if (n == 0) {
        warn("--dataset: unknown or doubled name in \"%.*s\"", SPAN_ARG(w->datasets));
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < n && status == EXIT_COMPLETE; i++) {
        struct buf json = {0};
        if (store_filter(datasets[i]->filtered ? w->filter : SPAN(""), &json, err, sizeof err)) {
            buf_addc(&json, '\0');
            status = find_job(pg, schema, datasets[i], w, json.p, s.ids[i]);
        } else {
            warn("filter: %s", err);
            status = EXIT_USAGE;
        }
        buf_free(&json);
    }
    return status == EXIT_COMPLETE ? named_gaps(pg, schema, w, &s, n) : status;
}

/* --- every job --- */

struct listed {
    char id[24];
    char *line; /* owned */
};

struct list {
    struct listed *jobs; /* owned */
    size_t n;
};

static void
list_job(struct pg *pg, int at, void *context)
{
    struct list *l = context;

    l->jobs = xrealloc(l->jobs, (l->n + 1) * sizeof *l->jobs);
    snprintf(l->jobs[l->n].id, sizeof l->jobs[l->n].id, "%s", pg_value(pg, at, 0));
    l->jobs[l->n++].line = xstrdup(pg_value(pg, at, 1));
}

static bool
list_jobs(struct pg *pg, const char *schema, struct list *l)
{
    struct buf sql = {0};

    buf_adds(&sql, "SELECT job_id, format('job=%s chain=%s dataset=%s filter=%s', job_id, chain_id, dataset,"
                   " replace(filter::text, ' ', '')) FROM ");
    sql_table(&sql, schema, "jobs");
    buf_adds(&sql, " ORDER BY job_id");
    buf_addc(&sql, '\0');
    bool fine = pg_each(pg, sql.p, list_job, l);
    buf_free(&sql);
    return fine;
}

static void
list_free(struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->jobs[i].line);
    free(l->jobs);
}

/* What lies between the first and the last block that is known of it. */
static bool
inner_gaps(struct pg *pg, const char *schema, const struct listed *job)
{
    struct sweep s = {0};
    uint64_t from, to;
    bool known;

    snprintf(s.ids[0], sizeof s.ids[0], "%s", job->id);
    if (!extent(pg, schema, job->id, &from, &to, &known))
        return false;
    return !known || sweep(pg, schema, &s, 1, from, to);
}

static int
print_all(struct pg *pg, const char *schema)
{
    struct list l = {0};
    bool fine = list_jobs(pg, schema, &l);

    for (size_t i = 0; fine && i < l.n; i++) {
        printf("# %s\n", l.jobs[i].line);
        fine = inner_gaps(pg, schema, &l.jobs[i]);
    }
    list_free(&l);
    return fine ? finish_output() : fail(pg);
}

int
gaps_print(struct pg *pg, const char *schema, const struct gaps_wanted *w)
{
    bool there;

    if (!look_for_tables(pg, schema, &there))
        return fail(pg);
    if (!there) {
        if (w->has_range)
            emit(w->from, w->to, NULL);
        return finish_output();
    }
    return w->datasets.n ? print_named(pg, schema, w) : print_all(pg, schema);
}

/* --- status --- */

static void
print_line(struct pg *pg, int at, void *context)
{
    (void)context;
    puts(pg_value(pg, at, 0));
}

static bool
print_query(struct pg *pg, const char *schema, const char *before, const char *table, const char *after,
            const char *id)
{
    struct buf sql = {0};

    buf_adds(&sql, before);
    sql_table(&sql, schema, table);
    buf_addf(&sql, " WHERE job_id = %s%s", id, after);
    buf_addc(&sql, '\0');
    bool fine = pg_each(pg, sql.p, print_line, NULL);
    buf_free(&sql);
    return fine;
}

static bool
print_status(struct pg *pg, const char *schema, const struct listed *job)
{
    puts(job->line);
    return print_query(pg, schema,
                       "SELECT format('  rows=%s ranges=%s first=%s last=%s committed=%s', sum(row_count), count(*),"
                       " min(from_block), max(to_block), to_char(max(committed_at) AT TIME ZONE 'UTC',"
                       " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) FROM ", "ranges", " HAVING count(*) > 0", job->id) &&
           print_query(pg, schema,
                       "SELECT format('  covered %s-%s', lower(r), upper(r) - 1) FROM (SELECT unnest(range_agg("
                       "int8range(from_block, to_block + 1))) AS r FROM ", "ranges", ") AS m ORDER BY r", job->id) &&
           print_query(pg, schema,
                       "SELECT format('  failed %s-%s attempts=%s endpoint=%s error=%s', from_block, to_block,"
                       " attempts, endpoint, error) FROM ", "failed_ranges", " ORDER BY from_block", job->id);
}

int
status_print(struct pg *pg, const char *schema)
{
    struct list l = {0};
    bool there;

    if (!look_for_tables(pg, schema, &there))
        return fail(pg);
    bool fine = !there || list_jobs(pg, schema, &l);
    for (size_t i = 0; fine && i < l.n; i++)
        fine = print_status(pg, schema, &l.jobs[i]);
    list_free(&l);
    return fine ? finish_output() : fail(pg);
}
