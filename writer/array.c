/* array.c - rows as one value; see array.h. Rows were checked when they came (row_check). */
#include "writer/array.h"

#include <stdlib.h>
#include <string.h>

enum { ARRAY_HEAD = 20 /* bytes before the elements of one dimension */ };

/* PostgreSQL's, of its built-in types: they never change. */
static const uint32_t oids[] = {
    [COL_INT4] = 23, [COL_INT8] = 20, [COL_BYTEA] = 17, [COL_TIMESTAMPTZ] = 1184,
    [COL_NUMERIC] = 1700, [COL_TEXT] = 25, [COL_INT4_ARRAY] = 1007,
};

struct row {
    const struct table *table;
    const char *p, *end; /* its fields */
    uint64_t at;         /* order of arrival */
};

static uint32_t
read32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static char *
put32(char *p, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *p++ = (char)(v >> shift);
    return p;
}

/* The field at *p, which moves on to the next. */
static struct span
field(const char **p)
{
    uint32_t n = read32(*p);
    struct span value = {*p + 4, n == UINT32_MAX ? 0 : n};

    *p = value.p + value.n;
    return value;
}

/* --- order --- */

/* As PostgreSQL does; numbers in an array are never negative (traces). */
static int
compare_values(enum column_type type, struct span a, struct span b)
{
    size_t skip = type == COL_INT4_ARRAY ? ARRAY_HEAD : 0;
    size_t n = a.n < b.n ? a.n : b.n;

    if ((type == COL_INT4 || type == COL_INT8) && (a.p[0] ^ b.p[0]) & 0x80)
        return a.p[0] & 0x80 ? -1 : 1;
    int order = n > skip ? memcmp(a.p + skip, b.p + skip, n - skip) : 0;
    return order ? order : a.n < b.n ? -1 : a.n > b.n;
}

/* The key is the first columns, and `newest` comes next: see tables.h. */
static int
compare_keys(const struct row *a, const struct row *b)
{
    const struct table *t = a->table;
    const char *p = a->p, *q = b->p;
    int order = 0;

    for (size_t i = 0; order == 0 && i < TABLE_KEY_MAX && t->key[i]; i++) {
        struct span x = field(&p), y = field(&q);
        order = compare_values(t->columns[i].type, x, y);
    }
    return order;
}

static int
compare(const void *x, const void *y)
{
    const struct row *a = x, *b = y;
    int order = compare_keys(a, b);

    return order ? order : a->at < b->at ? -1 : 1;
}

static struct span
newest_of(const struct row *r)
{
    const char *p = r->p;

    for (size_t i = 0; i < TABLE_KEY_MAX && r->table->key[i]; i++)
        field(&p);
    return field(&p);
}

/* Of one key, and b came after a. */
static bool
replaces(const struct row *b, const struct row *a)
{
    return !a->table->newest || compare_values(COL_INT8, newest_of(b), newest_of(a)) >= 0;
}

/* In order, each key once. Returns how many are left. */
static size_t
settle(struct row *rows, size_t n)
{
    size_t sorted = 1, kept = 0;

    while (sorted < n && compare_keys(&rows[sorted - 1], &rows[sorted]) < 0)
        sorted++;
    if (sorted >= n) /* as they come from one endpoint */
        return n;
    qsort(rows, n, sizeof *rows, compare);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_keys(&rows[kept - 1], &rows[i]) != 0)
            rows[kept++] = rows[i];
        else if (replaces(&rows[i], &rows[kept - 1]))
            rows[kept - 1] = rows[i];
    return kept;
}

/* --- itself --- */

static size_t
find_rows(const struct batch *batch, const struct plan *plan, size_t table, struct row *rows)
{
    size_t n = 0, columns = table_column_count(tables[table]);

    for (size_t i = plan->start[table]; i < plan->start[table + 1]; i++) {
        struct span data = batch->items[plan->order[i]].wire.data;
        for (const char *p = data.p; p < data.p + data.n; n++) {
            rows[n] = (struct row){.table = tables[table], .p = p + 2, .at = n};
            p += 2;
            for (size_t c = 0; c < columns; c++)
                field(&p);
            rows[n].end = p;
        }
    }
    return n;
}

static void
add_row(struct buf *b, const struct row *r, size_t columns)
{
    size_t bytes = 4 + 4 * columns + (size_t)(r->end - r->p);
    char *q = put32(put32(buf_room(b, 4 + bytes), (uint32_t)bytes), (uint32_t)columns);
    const char *p = r->p;

    for (size_t i = 0; i < columns; i++) {
        const char *from = p;
        field(&p);
        q = put32(q, oids[r->table->columns[i].type]);
        memcpy(q, from, (size_t)(p - from));
        q += p - from;
    }
    b->n += 4 + bytes;
}

size_t
array_bytes(const struct batch *batch, const struct plan *plan, size_t table)
{
    size_t bytes = 0;

    for (size_t i = plan->start[table]; i < plan->start[table + 1]; i++)
        bytes += batch->items[plan->order[i]].wire.data.n;
    return bytes;
}

void
array_add(struct buf *b, const struct batch *batch, const struct plan *plan, size_t table, uint32_t type)
{
    size_t n = 0, columns = table_column_count(tables[table]);

    for (size_t i = plan->start[table]; i < plan->start[table + 1]; i++)
        n += batch->items[plan->order[i]].wire.rows;
    struct row *rows = xcalloc(n, sizeof *rows);
    n = settle(rows, find_rows(batch, plan, table, rows));
    buf_room(b, ARRAY_HEAD + array_bytes(batch, plan, table) + n * (4 + 4 + 4 * columns));
    char *head = put32(put32(buf_room(b, ARRAY_HEAD), 1), 0); /* dimensions, nulls */
    put32(put32(put32(head, type), (uint32_t)n), 1); /* of what, how many, the first one's number */
    b->n += ARRAY_HEAD;
    for (size_t i = 0; i < n; i++)
        add_row(b, &rows[i], columns);
    free(rows);
}
