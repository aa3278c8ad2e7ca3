/* batch.c - gathering and ordering; see batch.h. */
#include "writer/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "writer/partial.h"

void
batch_add(struct batch *b, const struct item *item, int64_t now_ms)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->items = xrealloc(b->items, b->cap * sizeof *b->items);
    }
    if (b->n == 0)
        b->since_ms = now_ms;
    b->items[b->n++] = *item;
    b->bytes += item->message.size + ITEM_BYTES;
    if (item->wire.kind == WIRE_ROWS)
        b->rows += item->wire.rows;
}

/* Messages that go: ends behind the last rows go with them. */
static size_t
leading(const struct batch *b, const struct batch_limits *l)
{
    uint64_t rows = 0, bytes = 0;
    size_t n = 0;

    for (; n < b->n && n < BATCH_ITEMS_MAX; n++) {
        const struct item *item = &b->items[n];
        if (item->wire.kind == WIRE_DOUBTED)
            return n > 0 ? n : 1;
        if (item->wire.kind != WIRE_ROWS)
            continue;
        rows += item->wire.rows;
        bytes += item->message.size + ITEM_BYTES;
        if (rows > item->wire.rows && (rows > l->rows || bytes > l->bytes))
            break;
    }
    return n;
}

bool
item_is_end(const struct item *item)
{
    return item->wire.kind == WIRE_END || item->wire.kind == WIRE_END_HASHES;
}

bool
batch_doubted(const struct batch *b)
{
    return b->n > 0 && b->items[0].wire.kind == WIRE_DOUBTED;
}

void
batch_take(struct batch *b, struct batch *to, const struct batch_limits *l,
           bool (*waits)(const struct wire *end, void *context), void *context)
{
    size_t n = leading(b, l), left = 0;

    for (size_t i = 0; i < n; i++) {
        const struct item *item = &b->items[i];
        if (waits && item_is_end(item) && waits(&item->wire, context)) {
            b->items[left++] = *item;
            continue;
        }
        batch_add(to, item, b->since_ms);
        b->bytes -= item->message.size + ITEM_BYTES;
    }
    b->rows -= to->rows;
    memmove(b->items + left, b->items + n, (b->n - n) * sizeof *b->items);
    b->n -= n - left;
}

void
begun_find(struct begun *g, const struct batch *b)
{
    g->n = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct wire *w = &b->items[i].wire;
        size_t k = g->n; /* what came last is looked for first */
        while (k > 0 && !partial_same(&b->items[g->items[k - 1]].wire, w))
            k--;
        if (item_is_end(&b->items[i]) && k > 0) {
            g->items[k - 1] = g->items[--g->n];
        } else if (w->kind == WIRE_ROWS && k == 0) {
            if (g->n == g->cap) {
                g->cap = g->cap ? 2 * g->cap : 64;
                g->items = xrealloc(g->items, g->cap * sizeof *g->items);
            }
            g->items[g->n++] = (uint32_t)i;
        }
    }
}

bool
begun_has(const struct begun *g, const struct batch *b, const struct wire *end)
{
    for (size_t i = 0; i < g->n; i++)
        if (partial_same(&b->items[g->items[i]].wire, end))
            return true;
    return false;
}

void
begun_free(struct begun *g)
{
    free(g->items);
    *g = (struct begun){0};
}

bool
batch_due(const struct batch *b, const struct batch_limits *l, int64_t now_ms)
{
    return b->n > 0 && (b->rows >= l->rows || b->bytes >= l->bytes || b->n >= BATCH_ITEMS_MAX ||
                        now_ms >= b->since_ms + l->age_ms);
}

int64_t
batch_due_at(const struct batch *b, const struct batch_limits *l)
{
    return b->n ? b->since_ms + l->age_ms : INT64_MAX;
}

void
batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        link_message_free(&b->items[i].message);
        free(b->items[i].lost);
    }
    b->n = b->bytes = 0;
    b->rows = 0;
}

void
batch_free(struct batch *b)
{
    batch_clear(b);
    free(b->items);
    *b = (struct batch){0};
}

/* The first field of the first row, where it is a block number; see common/row.h for the form. */
static uint64_t
first_key(const struct item *item)
{
    enum { AT = 2 + 4 };
    const unsigned char *p = (const unsigned char *)item->wire.data.p;
    uint64_t v = 0;

    if (item->wire.data.n < AT + 8 || p[5] != 8)
        return 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | p[AT + i];
    return v;
}

struct place {
    uint64_t key;
    uint32_t at; /* order of arrival */
    uint32_t table;
};

static int
compare(const void *x, const void *y)
{
    const struct place *a = x, *b = y;

    if (a->table != b->table)
        return a->table < b->table ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

void
batch_plan(const struct batch *b, size_t from, size_t to, uint32_t staged, struct plan *p)
{
    struct place *places = xmalloc((to - from) * sizeof *places);
    size_t n = 0;

    for (size_t i = from; i < to; i++) {
        const struct item *item = &b->items[i];
        if (item->wire.kind != WIRE_ROWS || item->lost || item->wire.rows == 0)
            continue;
        bool by_arrival = staged >> item->table & 1;
        places[n++] = (struct place){by_arrival ? 0 : first_key(item), (uint32_t)i, (uint32_t)item->table};
    }
    qsort(places, n, sizeof *places, compare);

    if (p->cap < n) {
        p->cap = n;
        p->order = xrealloc(p->order, n * sizeof *p->order);
    }
    memset(p->start, 0, sizeof p->start);
    for (size_t i = 0; i < n; i++) {
        p->order[i] = places[i].at;
        p->start[places[i].table + 1]++;
    }
    for (size_t t = 0; t < TABLES_MAX; t++)
        p->start[t + 1] += p->start[t];
    free(places);
}

void
plan_free(struct plan *p)
{
    free(p->order);
    *p = (struct plan){0};
}

void
parts_all(struct parts *p, size_t n)
{
    p->n = 1;
    p->part[0].from = 0;
    p->part[0].to = n;
}

bool
parts_split(struct parts *p)
{
    size_t last = p->n - 1, from = p->part[last].from, to = p->part[last].to;

    if (to - from < 2 || p->n == PARTS_MAX)
        return false;
    p->part[last].from = from + (to - from) / 2;
    p->part[p->n].from = from;
    p->part[p->n].to = from + (to - from) / 2;
    p->n++;
    return true;
}
