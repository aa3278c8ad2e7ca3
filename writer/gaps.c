/* gaps.c - gaps as text; see gaps.h. */
#include "writer/gaps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/answer.h"
#include "writer/coverage.h"
#include "writer/store.h"
#include "writer/wanted.h"

static void
emit(uint64_t from, uint64_t to, void *context)
{
    (void)context;
    printf("%" PRIu64 "-%" PRIu64 "\n", from, to);
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
        return answer_failed(pg);
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
        status = answer_failed(pg);
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
    return fine ? talk_printed() : answer_failed(pg);
}

/* The key of a row has no chain: a schema holds one. */
static int
check_chain(struct pg *pg, const char *schema, uint64_t chain)
{
    struct buf sql = {0};

    store_chain_sql(&sql, schema, chain);
    buf_addc(&sql, '\0');
    bool fine = pg_run(pg, sql.p);
    buf_free(&sql);
    if (!fine)
        return answer_failed(pg);
    if (pg_rows(pg) == 0)
        return EXIT_COMPLETE;
    warn("%s", pg_value(pg, 0, 1));
    return EXIT_USAGE;
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
    if (w->has_chain)
        status = check_chain(pg, schema, w->chain);
    for (size_t i = 0; i < n && status == EXIT_COMPLETE; i++)
        status = name_job(pg, schema, datasets[i], w, s.ids[i]);
    return status == EXIT_COMPLETE ? named_gaps(pg, schema, w, &s, n) : status;
}

/* --- every job --- */

static bool
job_gaps(struct pg *pg, const char *schema, const struct answer_job *job)
{
    struct sweep s = {0};

    snprintf(s.ids[0], sizeof s.ids[0], "%s", job->id);
    return sweep_wanted(pg, schema, job->id, &s, 1);
}

static int
print_all(struct pg *pg, const char *schema)
{
    struct answer_list l = {0};
    bool fine = answer_jobs(pg, schema, &l);

    for (size_t i = 0; fine && i < l.n; i++) {
        printf("# %s\n", l.jobs[i].line);
        fine = job_gaps(pg, schema, &l.jobs[i]);
    }
    answer_free(&l);
    return fine ? talk_printed() : answer_failed(pg);
}

int
gaps_print(struct pg *pg, const char *schema, const struct gaps_wanted *w)
{
    bool there;

    if (!answer_tables(pg, schema, &there))
        return answer_failed(pg);
    if (!there) {
        if (w->has_range)
            emit(w->from, w->to, NULL);
        return talk_printed();
    }
    return w->datasets.n ? print_named(pg, schema, w) : print_all(pg, schema);
}
