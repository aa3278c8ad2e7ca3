/* status.c - how jobs stand, as text; see status.h. */
#include "writer/status.h"

#include <stdio.h>

#include "common/buf.h"
#include "common/talk.h"
#include "writer/answer.h"
#include "writer/sql.h"
#include "writer/wanted.h"

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
print_status(struct pg *pg, const char *schema, const struct answer_job *job)
{
    puts(job->line);
    return print_query(pg, schema,
                       "SELECT format('  rows=%s committed=%s', sum(row_count),"
                       " to_char(max(committed_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')) FROM ",
                       "ranges", " HAVING count(*) > 0", job->id) &&
           print_query(pg, schema,
                       "SELECT CASE WHEN n < 10 OR n = total THEN format('  covered %s-%s', lower(r), upper(r) - 1)"
                       " ELSE format('  and %s more ranges', total - n + 1) END"
                       " FROM (SELECT r, row_number() OVER (ORDER BY r) AS n, count(*) OVER () AS total"
                       " FROM (SELECT unnest(range_agg(numrange(from_block, to_block + 1::numeric))) AS r FROM ",
                       "ranges", ") AS m) AS k WHERE n <= 10 ORDER BY n", job->id) &&
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
    struct answer_list l = {0};
    bool there;

    if (!answer_tables(pg, schema, &there))
        return answer_failed(pg);
    bool fine = !there || answer_jobs(pg, schema, &l);
    if (fine && l.n == 0)
        fine = say_none(pg, schema);
    for (size_t i = 0; fine && i < l.n; i++)
        fine = print_status(pg, schema, &l.jobs[i]);
    answer_free(&l);
    return fine ? talk_printed() : answer_failed(pg);
}
