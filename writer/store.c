/* store.c - tables made and jobs known; see store.h. */
#include "writer/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/task.h"
#include "common/words.h"
#include "writer/sql.h"

void
store_forget(struct store *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->jobs[i].filter);
        free(s->jobs[i].json);
    }
    free(s->jobs);
    s->jobs = NULL;
    s->n = s->cap = s->bytes = 0;
    memset(s->ready, 0, sizeof s->ready);
    s->control = false;
}

void
store_trim(struct store *s)
{
    if (s->bytes > STORE_BYTES_MAX)
        store_forget(s);
}

size_t
store_datasets(struct span names, const struct table *list[TABLES_MAX])
{
    size_t n = 0;

    for (;;) {
        const char *comma = names.n ? memchr(names.p, ',', names.n) : NULL;
        size_t len = comma ? (size_t)(comma - names.p) : names.n;
        const struct table *t = table_find(names.p, len);
        if (!t || n == TABLES_MAX)
            return 0;
        for (size_t i = 0; i < n; i++)
            if (list[i] == t)
                return 0;
        list[n++] = t;
        if (!comma)
            return n;
        names = (struct span){comma + 1, names.n - len - 1};
    }
}

/* "address=0x1,0x2 topic0=0x3" to {"address":["0x1","0x2"],"topic0":["0x3"]} */
static void
words_to_json(struct span words, struct buf *json)
{
    buf_addc(json, '{');
    for (size_t i = 0; i < words.n; i++) {
        char c = words.p[i];
        if (i == 0)
            buf_addc(json, '"');
        if (c == '=')
            buf_adds(json, "\":[\"");
        else if (c == ',')
            buf_adds(json, "\",\"");
        else if (c == ' ')
            buf_adds(json, "\"],\"");
        else
            buf_addc(json, c);
    }
    buf_adds(json, words.n ? "\"]}" : "}");
}

bool
store_filter(struct span words, struct buf *json, char *err, size_t size)
{
    static const char *const keys[] = {"address", "topic0", "topic1", "topic2", "topic3"};
    char *values[5] = {0};
    const char *lists[5][2] = {{0}};
    const char *const *topics[TASK_TOPICS];
    struct words w = {0};
    struct buf canonical = {0};
    size_t known = 0;
    bool good = words.n == 0 || words_parse(words, false, &w, err, size);

    for (size_t i = 0; good && i < 5; i++) {
        struct span value;
        if (words_get(&w, keys[i], &value)) {
            lists[i][0] = values[i] = xstrndup(value.p, value.n);
            known++;
        }
        if (i > 0)
            topics[i - 1] = lists[i];
    }
    if (good && known != w.n) {
        snprintf(err, size, "expected address= and topic0= to topic3=");
        good = false;
    }
    good = good && task_filter(lists[0], topics, &canonical, err, size);
    if (good)
        words_to_json((struct span){canonical.p, canonical.n}, json);
    for (size_t i = 0; i < 5; i++)
        free(values[i]);
    buf_free(&canonical);
    return good;
}

struct job *
store_job(struct store *s, uint64_t chain, const struct table *t, struct span filter, char *err,
          size_t size)
{
    struct buf json = {0};

    if (!t->filtered)
        filter = (struct span){"", 0};
    for (size_t i = 0; i < s->n; i++) {
        struct job *j = &s->jobs[i];
        if (j->chain == chain && j->table == t && j->filter_n == filter.n &&
            memcmp(j->filter, filter.p, filter.n) == 0)
            return j;
    }
    if (!store_filter(filter, &json, err, size)) {
        buf_free(&json);
        return NULL;
    }
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 8;
        s->jobs = xrealloc(s->jobs, s->cap * sizeof *s->jobs);
    }
    struct job *j = &s->jobs[s->n++];
    *j = (struct job){
        .serial = ++s->next_serial,
        .chain = chain,
        .table = t,
        .filter = xstrndup(filter.p, filter.n),
        .filter_n = filter.n,
        .json = xstrndup(json.p, json.n),
    };
    s->bytes += sizeof *j + filter.n + json.n;
    buf_free(&json);
    return j;
}

/* FROM ... that finds a row, with that chain as min(chain_id), where the schema's rows are of another one. */
static void
add_other_chain(struct buf *b, const char *schema, uint64_t chain)
{
    buf_adds(b, " FROM ");
    sql_table(b, schema, "jobs");
    buf_adds(b, " j WHERE EXISTS (SELECT FROM ");
    sql_table(b, schema, "ranges");
    buf_addf(b, " r WHERE r.job_id = j.job_id) HAVING count(*) > 0 AND bool_and(chain_id <> %" PRIu64 ")", chain);
}

void
store_chain_sql(struct buf *b, const char *schema, uint64_t chain)
{
    buf_adds(b, "SELECT 'problem', format('schema \"%s\" holds chain %s: rows of chain %s want another one (--schema)', ");
    sql_text(b, span_of(schema));
    buf_addf(b, ", min(chain_id), %" PRIu64 ")", chain);
    add_other_chain(b, schema, chain);
    buf_adds(b, ";\n");
}

void
store_job_sql(struct buf *b, const struct store *s, const struct job *j)
{
    struct buf where = {0};

    buf_addf(&where, "chain_id = %" PRIu64 " AND dataset = '%s' AND filter = '%s'::jsonb"
                     " AND md5(filter::text) = md5('%s'::jsonb::text)",
             j->chain, j->table->name, j->json, j->json);
    buf_addc(&where, '\0');
    buf_adds(b, "INSERT INTO ");
    sql_table(b, s->schema, "jobs");
    buf_addf(b, " (chain_id, dataset, filter) SELECT %" PRIu64 ", '%s', '%s' WHERE NOT EXISTS (SELECT FROM ",
             j->chain, j->table->name, j->json);
    sql_table(b, s->schema, "jobs");
    buf_addf(b, " WHERE %s) AND NOT EXISTS (SELECT", where.p);
    add_other_chain(b, s->schema, j->chain);
    buf_addf(b, ") ON CONFLICT DO NOTHING;\nSELECT 'job', %" PRIu64 ", job_id FROM ", j->serial);
    sql_table(b, s->schema, "jobs");
    buf_addf(b, " WHERE %s;\n", where.p);
    store_chain_sql(b, s->schema, j->chain);
    buf_free(&where);
}

void
store_learn(struct store *s, uint64_t serial, int64_t id)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->jobs[i].serial == serial)
            s->jobs[i].id = id;
}
