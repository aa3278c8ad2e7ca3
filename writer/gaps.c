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
#include "writer/wanted.h"

static int
fail(const struct pg *pg)
{
    warn("database: %s", pg_error(pg));
    return pg_class(pg) == PG_CONFIG ? EXIT_USAGE : EXIT_UNAVAILABLE;
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
            gaps_covered(&s->gaps, i, pg_number(pg, at, 1), pg_number(pg, at, 2));
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

/* Makes sure that there is a job, so that what it wants can be kept. */
static bool
make_job(struct pg *pg, const char *schema, const struct table *t, const struct gaps_wanted *w)
{
    struct store store = {.schema = schema};
    struct buf sql = {0};
    char err[200];
    bool fine = false;
    struct job *job = store_job(&store, w->chain, t, w->filter, err, sizeof err);

    if (job) {
        store_job_sql(&sql, &store, job);
        buf_addc(&sql, '\0');
        fine = pg_run(pg, sql.p);
    }
    buf_free(&sql);
    store_forget(&store);
    return fine;
}

static int
name_job(struct pg *pg, const char *schema, const struct table *t, const struct gaps_wanted *w, char id[24])
{
    struct buf json = {0};
    char err[200];
    int status;

    if (!store_filter(t->filtered ? w->filter : SPAN(""), &json, err, sizeof err)) {
        warn("filter: %s", err);
        status = EXIT_USAGE;
    } else if (w->remember && !make_job(pg, schema, t, w)) {
        status = fail(pg);
    } else {
        buf_addc(&json, '\0');
        status = find_job(pg, schema, t, w, json.p, id);
    }
    buf_free(&json);
    return status;
}

/* --- what is wanted of jobs --- */

struct wishes {
    uint64_t (*ranges)[2]; /* owned: first and last block */
    size_t n;
};

static void
add_wish(struct pg *pg, int at, void *context)
{
    struct wishes *w = context;

    w->ranges = xrealloc(w->ranges, (w->n + 1) * sizeof *w->ranges);
    w->ranges[w->n][0] = pg_number(pg, at, 0);
    w->ranges[w->n++][1] = pg_number(pg, at, 1);
}

/* The gaps in all that the jobs of the sweep want. */
static bool
sweep_wanted(struct pg *pg, const char *schema, const char *ids, struct sweep *s, size_t jobs)
{
    struct wishes w = {0};
    struct buf sql = {0};

    wanted_ranges_sql(&sql, schema, ids);
    buf_addc(&sql, '\0');
    bool fine = pg_each(pg, sql.p, add_wish, &w);
    for (size_t i = 0; fine && i < w.n; i++)
        fine = sweep(pg, schema, s, jobs, w.ranges[i][0], w.ranges[i][1]);
    buf_free(&sql);
    free(w.ranges);
    return fine;
}

static bool
remember(struct pg *pg, const char *schema, const char *ids, const struct gaps_wanted *w)
{
    struct buf sql = {0};

    wanted_add_sql(&sql, schema, ids, w->has_range ? (const uint64_t[2]){w->from, w->to} : NULL);
    buf_addc(&sql, '\0');
    bool fine = pg_run(pg, sql.p);
    buf_free(&sql);
    return fine;
}

static int
named_gaps(struct pg *pg, const char *schema, const struct gaps_wanted *w, struct sweep *s, size_t n)
{
    struct buf ids = {0};

    for (size_t i = 0; i < n; i++)
        buf_addf(&ids, "%s%s", i ? ", " : "", s->ids[i][0] ? s->ids[i] : "-1");
    buf_addc(&ids, '\0');
    bool fine = (!w->remember || remember(pg, schema, ids.p, w)) &&
                (w->has_range ? sweep(pg, schema, s, n, w->from, w->to) : sweep_wanted(pg, schema, ids.p, s, n));
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

    if (n == 0) {
        warn("--dataset: unknown or doubled name in \"%.*s\"", SPAN_ARG(w->datasets));
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < n && status == EXIT_COMPLETE; i++)
        status = name_job(pg, schema, datasets[i], w, s.ids[i]);
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

static bool
job_gaps(struct pg *pg, const char *schema, const struct listed *job)
{
    struct sweep s = {0};

    snprintf(s.ids[0], sizeof s.ids[0], "%s", job->id);
    return sweep_wanted(pg, schema, job->id, &s, 1);
}

static int
print_all(struct pg *pg, const char *schema)
{
    struct list l = {0};
    bool fine = list_jobs(pg, schema, &l);

    for (size_t i = 0; fine && i < l.n; i++) {
        printf("# %s\n", l.jobs[i].line);
        fine = job_gaps(pg, schema, &l.jobs[i]);
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
print_summary(struct pg *pg, const char *schema, const char *id)
{
    struct buf sql = {0};

    wanted_summary_sql(&sql, schema, id);
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
                       "SELECT format('  rows=%s committed=%s', sum(row_count),"
                       " to_char(max(committed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) FROM ",
                       "ranges", " HAVING count(*) > 0", job->id) &&
           print_query(pg, schema,
                       "SELECT format('  covered %s-%s', lower(r), upper(r) - 1) FROM (SELECT unnest(range_agg("
                       "numrange(from_block, to_block + 1::numeric))) AS r FROM ", "ranges", ") AS m ORDER BY r", job->id) &&
           print_summary(pg, schema, job->id) &&
           print_query(pg, schema,
                       "SELECT format('  failed %s-%s attempts=%s endpoint=%s error=%s', from_block, to_block,"
                       " attempts, endpoint, error) FROM ", "failed_ranges", " ORDER BY from_block", job->id);
}

/* Where else there are jobs. */
static bool
say_none(struct pg *pg, const char *schema)
{
    if (!pg_run(pg, "SELECT string_agg(quote_ident(nspname), ', ' ORDER BY nspname) FROM pg_class"
                    " JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 'failed_ranges'"
                    " AND to_regclass(quote_ident(nspname) || '.jobs') IS NOT NULL"
                    " HAVING count(*) > 0"))
        return false;
    if (pg_rows(pg) > 0)
        say("no jobs in schema \"%s\", but in %s (--schema)", schema, pg_value(pg, 0, 0));
    else
        say("no jobs in schema \"%s\"", schema);
    return true;
}

int
status_print(struct pg *pg, const char *schema)
{
    struct list l = {0};
    bool there;

    if (!look_for_tables(pg, schema, &there))
        return fail(pg);
    bool fine = !there || list_jobs(pg, schema, &l);
    if (fine && l.n == 0)
        fine = say_none(pg, schema);
    for (size_t i = 0; fine && i < l.n; i++)
        fine = print_status(pg, schema, &l.jobs[i]);
    list_free(&l);
    return fine ? finish_output() : fail(pg);
}
