/* answer.c - what the answers about jobs share; see answer.h. */
#include "writer/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/talk.h"
#include "writer/sql.h"

int
answer_failed(const struct pg *pg)
{
    warn("database: %s", pg_error(pg));
    return pg_class(pg) == PG_CONFIG ? EXIT_USAGE : EXIT_UNAVAILABLE;
}

bool
answer_tables(struct pg *pg, const char *schema, bool *there)
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

static void
list_job(struct pg *pg, int at, void *context)
{
    struct answer_list *l = context;

    l->jobs = xrealloc(l->jobs, (l->n + 1) * sizeof *l->jobs);
    snprintf(l->jobs[l->n].id, sizeof l->jobs[l->n].id, "%s", pg_value(pg, at, 0));
    l->jobs[l->n++].line = xstrdup(pg_value(pg, at, 1));
}

bool
answer_jobs(struct pg *pg, const char *schema, struct answer_list *l)
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

void
answer_free(struct answer_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->jobs[i].line);
    free(l->jobs);
}
