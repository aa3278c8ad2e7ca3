/* coverage.c - coverage and gaps; see coverage.h. */
#include "writer/coverage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int
compare(const void *x, const void *y)
{
    const struct cover *a = x, *b = y;

    if (a->failed != b->failed)
        return a->failed ? 1 : -1;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to > b->to ? -1 : 1;
    return a->nth < b->nth ? -1 : 1;
}

size_t
coverage_sort(struct cover *list, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        list[i].nth = i;
    if (n)
        qsort(list, n, sizeof *list, compare);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || list[i].failed != list[kept - 1].failed || list[i].job != list[kept - 1].job ||
            list[i].from != list[kept - 1].from)
            list[kept++] = list[i];
    return kept;
}

/* --- joining --- */

static bool
has_name(struct span names, struct span name)
{
    for (const char *p = names.p, *end = names.p + names.n; p < end;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        if (span_eq((struct span){p, (size_t)(stop - p)}, name))
            return true;
        p = stop + 1;
    }
    return false;
}

/* The list is at the end of `names`, which has room for all of it, or not in `names` yet. */
static void
add_name(struct cover *c, struct span name, struct buf *names)
{
    if (has_name(c->endpoint, name))
        return;
    if (c->endpoint.p + c->endpoint.n != names->p + names->n) {
        struct span first = c->endpoint;
        c->endpoint.p = names->p + names->n;
        buf_add(names, first.p, first.n);
    }
    buf_addc(names, ',');
    buf_add(names, name.p, name.n);
    c->endpoint.n += 1 + name.n;
}

/* names NULL: only what came from one endpoint. */
static size_t
join(struct cover *list, size_t n, struct buf *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        struct cover *last = kept ? &list[kept - 1] : NULL;
        if (!last || list[i].failed || list[i].job != last->job || list[i].from > last->to + 1 ||
            (!names && !span_eq(list[i].endpoint, last->endpoint))) {
            list[kept++] = list[i];
            continue;
        }
        if (names)
            add_name(last, list[i].endpoint, names);
        if (list[i].to > last->to)
            last->to = list[i].to;
        last->rows += list[i].rows;
    }
    return kept;
}

size_t
coverage_join(struct cover *list, size_t n, struct buf *names)
{
    size_t room = 0;

    n = join(list, n, NULL);
    if (n <= COVERS_MAX)
        return n;
    for (size_t i = 0; i < n; i++)
        room += 2 * list[i].endpoint.n + 1;
    buf_room(names, room); /* so that it stays where it is */
    return join(list, n, names);
}

/* --- SQL --- */

static void
add_values(struct buf *b, const struct cover *c)
{
    buf_addf(b, "(%" PRId64 ", %" PRIu64 ", %" PRIu64 ", ", c->job, c->from, c->to);
    if (c->failed)
        buf_addf(b, "%" PRIu64 ", ", c->attempts < INT32_MAX ? c->attempts : INT32_MAX);
    sql_text(b, c->endpoint);
    if (c->failed) {
        buf_adds(b, ", ");
        sql_text(b, c->error);
        buf_addc(b, ')');
    } else {
        buf_addf(b, ", %" PRIu64 ")", c->rows);
    }
}

static void
add_covered(struct buf *b, const char *schema, const struct cover *list, size_t n)
{
    buf_adds(b, "INSERT INTO ");
    sql_table(b, schema, "ranges");
    buf_adds(b, " AS r (job_id, from_block, to_block, endpoint, row_count) VALUES ");
    for (size_t i = 0; i < n; i++) {
        buf_adds(b, i ? ",\n" : "");
        add_values(b, &list[i]);
    }
    buf_adds(b, "\nON CONFLICT (job_id, from_block) DO UPDATE SET to_block = excluded.to_block,"
                " endpoint = excluded.endpoint, row_count = excluded.row_count, committed_at = now()"
                " WHERE r.to_block < excluded.to_block;\nDELETE FROM ");
    sql_table(b, schema, "failed_ranges");
    buf_adds(b, " f USING (VALUES ");
    for (size_t i = 0; i < n; i++)
        buf_addf(b, "%s(%" PRId64 "::bigint, %" PRIu64 "::bigint, %" PRIu64 "::bigint)", i ? "," : "",
                 list[i].job, list[i].from, list[i].to);
    buf_adds(b, ") AS c (job_id, from_block, to_block) WHERE f.job_id = c.job_id"
                " AND f.from_block <= c.to_block AND f.to_block >= c.from_block;\n");
}

static void
add_failed(struct buf *b, const char *schema, const struct cover *list, size_t n)
{
    buf_adds(b, "INSERT INTO ");
    sql_table(b, schema, "failed_ranges");
    buf_adds(b, " AS f (job_id, from_block, to_block, attempts, endpoint, error)\nSELECT * FROM (VALUES ");
    for (size_t i = 0; i < n; i++) {
        buf_adds(b, i ? ",\n" : "");
        add_values(b, &list[i]);
    }
    buf_adds(b, ") AS v (job_id, from_block, to_block, attempts, endpoint, error)"
                " WHERE NOT EXISTS (SELECT FROM ");
    sql_table(b, schema, "ranges");
    buf_adds(b, " r WHERE r.job_id = v.job_id AND r.from_block <= v.from_block AND r.to_block >= v.to_block)"
                " ON CONFLICT (job_id, from_block) DO UPDATE SET to_block = greatest(f.to_block, excluded.to_block),"
                " attempts = excluded.attempts, endpoint = excluded.endpoint, error = excluded.error,"
                " failed_at = now();\n");
}

struct lines
coverage_sql(struct buf *b, const char *schema, const struct cover *list, size_t n)
{
    struct lines lines = {0};
    size_t covered = 0;

    while (covered < n && !list[covered].failed)
        covered++;
    if (covered) {
        add_covered(b, schema, list, covered);
        lines = (struct lines){.first = {list[0].job, (int64_t)list[0].from}, .n = covered};
    }
    if (n > covered)
        add_failed(b, schema, list + covered, n - covered);
    return lines;
}

/* Ranges of a step are cut into islands: a new one begins where a range does not touch what came
 * before it, or comes from another endpoint, or from before this writer began. Each island becomes its
 * first row; the others go, by their ctid, which the lock keeps still. That an island lies whole in what
 * is covered follows from the order: every range of it begins at most one past the farthest block reached
 * before it. */
void
coverage_compact_sql(struct buf *b, const char *schema, struct spot from, const char *began)
{
    struct buf name = {0};

    sql_table(&name, schema, "ranges");
    buf_addc(&name, '\0');
    buf_addf(b, "BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE;\n"
                "WITH part AS MATERIALIZED (SELECT ctid AS tid, * FROM %s"
                " WHERE (job_id, from_block) >= (%" PRId64 ", %" PRId64 ")"
                " ORDER BY job_id, from_block LIMIT %d),\n",
             name.p, name.p, from.job, from.block, COMPACT_STEP);
    buf_addf(b, "mark AS (SELECT *, coalesce(from_block - 1 > max(to_block) OVER before"
                " OR (endpoint <> lag(endpoint) OVER sorted AND (SELECT count(*) FROM part) < %d)"
                " OR (committed_at >= to_timestamp(%s)) <> lag(committed_at >= to_timestamp(%s)) OVER sorted, true)"
                " AS first"
                " FROM part WINDOW sorted AS (PARTITION BY job_id ORDER BY from_block),"
                " before AS (PARTITION BY job_id ORDER BY from_block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),\n",
             COMPACT_STEP, began, began);
    buf_adds(b, "isle AS MATERIALIZED (SELECT *, count(*) FILTER (WHERE first) OVER (PARTITION BY job_id ORDER BY from_block)"
                " AS island FROM mark),\n"
                "whole AS MATERIALIZED (SELECT job_id, island, min(from_block) AS from_block, max(to_block) AS to_block,"
                " string_agg(DISTINCT endpoint, ',') AS endpoint, sum(row_count)::bigint AS row_count,"
                " max(committed_at) AS committed_at, count(*) AS n, (array_agg(tid ORDER BY from_block))[1] AS tid"
                " FROM isle GROUP BY job_id, island),\n");
    buf_addf(b, "gone AS (DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT i.tid FROM isle i WHERE NOT i.first))),\n",
             name.p);
    buf_addf(b, "kept AS (UPDATE %s r SET to_block = w.to_block, row_count = w.row_count,"
                " committed_at = w.committed_at, endpoint = (SELECT string_agg(DISTINCT e, ',')"
                " FROM unnest(string_to_array(w.endpoint, ',')) e) FROM whole w WHERE w.n > 1 AND r.ctid = w.tid)\n",
             name.p);
    buf_adds(b, "SELECT 'last', job_id, from_block, (SELECT count(*) FROM part) FROM part"
                " ORDER BY job_id DESC, from_block DESC LIMIT 1;\nCOMMIT;\n");
    buf_free(&name);
}

/* Lines are found by their ctid, which stays: no compaction runs while this statement does, and whoever
 * replaces a line at the same time has covered it anew. What is cut off takes its share of the rows. */
void
coverage_uncover_sql(struct buf *b, const char *schema, const char *jobs, uint64_t next, uint64_t from,
                     struct span endpoint, const char *began)
{
    struct buf name = {0};

    sql_table(&name, schema, "ranges");
    buf_addc(&name, '\0');
    buf_addf(b, "WITH part AS MATERIALIZED (SELECT ctid AS tid, * FROM %s WHERE job_id IN (%s)"
                " AND from_block >= %" PRIu64 " AND to_block >= %" PRIu64 " AND committed_at >= to_timestamp(%s)"
                " AND string_to_array(endpoint, ',') @> string_to_array(", name.p, jobs, next, from, began);
    sql_text(b, endpoint);
    buf_addf(b, ", ',') ORDER BY from_block LIMIT %d),\n"
                "gone AS (DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT tid FROM part WHERE from_block >= %" PRIu64 "))"
                " RETURNING from_block, to_block, row_count),\n"
                "cut AS (UPDATE %s r SET to_block = %" PRIu64 " - 1, row_count = r.row_count * (%" PRIu64 " - p.from_block)"
                "::numeric / (p.to_block - p.from_block + 1) FROM part p WHERE r.ctid = p.tid AND p.from_block < %" PRIu64
                " RETURNING %" PRIu64 "::bigint AS from_block, p.to_block, p.row_count - r.row_count AS row_count),\n",
             UNCOVER_STEP, name.p, from, name.p, from, from, from, from);
    buf_adds(b, "went AS (SELECT * FROM gone UNION ALL SELECT * FROM cut),\n"
                "mark AS (SELECT *, coalesce(from_block - 1 > max(to_block) OVER before, true) AS first FROM went"
                " WINDOW before AS (ORDER BY from_block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),\n"
                "isle AS (SELECT *, count(*) FILTER (WHERE first) OVER (ORDER BY from_block) AS island FROM mark)\n"
                "SELECT 'uncovered', min(from_block), max(to_block), (SELECT count(*) FROM part),"
                " (SELECT max(from_block) FROM part), sum(row_count)::bigint FROM isle GROUP BY island ORDER BY 2;\n");
    buf_free(&name);
}

/* --- gaps --- */

void
gaps_begin(struct gaps *g, uint64_t from, uint64_t to, size_t jobs,
           void (*emit)(uint64_t from, uint64_t to, void *context), void *context)
{
    *g = (struct gaps){.from = from, .to = to, .jobs = jobs, .told = from, .emit = emit, .context = context};
    for (size_t i = 0; i < jobs; i++)
        g->next[i] = from;
}

static void
hold(struct gaps *g, uint64_t from, uint64_t to)
{
    if (g->held && from == g->held_to + 1) {
        g->held_to = to;
        return;
    }
    if (g->held)
        g->emit(g->held_from, g->held_to, g->context);
    g->held = true;
    g->held_from = from;
    g->held_to = to;
}

/* Nothing that is still to come covers a block up to `last`: what some job lacks of these is a gap. */
static void
decide(struct gaps *g, uint64_t last)
{
    uint64_t first = g->jobs ? g->next[0] : g->told;

    if (last < g->told)
        return;
    for (size_t i = 1; i < g->jobs; i++)
        if (g->next[i] < first)
            first = g->next[i];
    if (first < g->told)
        first = g->told;
    if (first <= last)
        hold(g, first, last);
    g->told = last + 1;
}

void
gaps_covered(struct gaps *g, size_t job, uint64_t from, uint64_t to)
{
    if (to < g->from || from > g->to)
        return;
    if (from > g->from)
        decide(g, from - 1);
    if (to >= g->next[job])
        g->next[job] = to + 1;
}

void
gaps_end(struct gaps *g)
{
    decide(g, g->to);
    if (g->held)
        g->emit(g->held_from, g->held_to, g->context);
    g->held = false;
}
