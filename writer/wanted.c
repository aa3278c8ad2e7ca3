/* wanted.c - what was ever asked for; see wanted.h. */
#include "writer/wanted.h"

#include <inttypes.h>

#include "writer/sql.h"

void
wanted_column_sql(struct buf *b, const char *schema)
{
    struct buf name = {0}, regclass = {0}, body = {0};

    sql_table(&name, schema, "jobs");
    sql_text(&regclass, (struct span){name.p, name.n});
    /* ADD COLUMN IF NOT EXISTS would want the owner even where it is there */
    buf_addf(&body, "BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = %.*s::regclass"
                    " AND attname = 'wanted' AND NOT attisdropped) THEN ALTER TABLE %.*s"
                    " ADD COLUMN wanted int8multirange; END IF; END",
             (int)regclass.n, regclass.p, (int)name.n, name.p);
    buf_adds(b, "DO ");
    sql_text(b, (struct span){body.p, body.n});
    buf_adds(b, ";\n");
    buf_free(&name);
    buf_free(&regclass);
    buf_free(&body);
}

/* Of the row j of jobs; NULL: nothing. By way of jsonb, so that the column may be missing. */
static void
add_wanted(struct buf *b, const char *schema)
{
    static const char *const sources[] = {"ranges", "failed_ranges"};

    buf_adds(b, "coalesce((to_jsonb(j) ->> 'wanted')::int8multirange,"
                " (SELECT int8multirange(int8range(min(a), max(b), '[]')) FROM (");
    for (int i = 0; i < 2; i++) {
        buf_adds(b, i ? " UNION ALL " : "");
        buf_adds(b, "SELECT min(from_block) AS a, max(to_block) AS b FROM ");
        sql_table(b, schema, sources[i]);
        buf_adds(b, " WHERE job_id = j.job_id");
    }
    buf_adds(b, ") AS e HAVING min(a) IS NOT NULL))");
}

void
wanted_add_sql(struct buf *b, const char *schema, const char *ids, const uint64_t range[2])
{
    struct buf more = {0};

    if (range)
        buf_addf(&more, "int8multirange(int8range(%" PRIu64 ", %" PRIu64 ", '[]'))", range[0], range[1]);
    else
        buf_adds(&more, "'{}'::int8multirange");
    buf_addc(&more, '\0');
    buf_adds(b, "UPDATE ");
    sql_table(b, schema, "jobs");
    buf_adds(b, " j SET wanted = coalesce(");
    add_wanted(b, schema);
    buf_addf(b, ", '{}') + %s WHERE job_id IN (%s) AND (wanted @> %s) IS NOT TRUE;\n", more.p, ids, more.p);
    buf_free(&more);
}

void
wanted_ranges_sql(struct buf *b, const char *schema, const char *ids)
{
    buf_adds(b, "SELECT lower(r), upper(r) - 1 FROM (SELECT unnest(range_agg(r)) AS r FROM (SELECT unnest(");
    add_wanted(b, schema);
    buf_adds(b, ") AS r FROM ");
    sql_table(b, schema, "jobs");
    buf_addf(b, " j WHERE job_id IN (%s)) AS w) AS u ORDER BY r;\n", ids);
}

void
wanted_summary_sql(struct buf *b, const char *schema, const char *id)
{
    buf_adds(b, "SELECT format('  covered %s of %s wanted blocks, %s missing', n - m, n, m) FROM (SELECT"
                " (SELECT sum(upper(r) - lower(r)) FROM unnest(w) r) AS n,"
                " (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(w - c) r) AS m FROM (SELECT ");
    add_wanted(b, schema);
    buf_adds(b, " AS w, coalesce((SELECT range_agg(int8range(from_block, to_block, '[]')) FROM ");
    sql_table(b, schema, "ranges");
    buf_adds(b, " r WHERE r.job_id = j.job_id), '{}') AS c FROM ");
    sql_table(b, schema, "jobs");
    buf_addf(b, " j WHERE job_id = %s) AS x) AS y WHERE n > 0;\n", id);
}
