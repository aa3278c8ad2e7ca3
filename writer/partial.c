/* partial.c - chunks of unfinished tasks; see partial.h.
 *
 * A hash table of chains over one array, and a list through it in order of use. Names are kept as
 * a 64-bit hash: two attempts that collide in it and in task and try would have to be open at once
 * and then fail to match their ends, which costs a second fetch and nothing else.
 */
#include "writer/partial.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

enum { NONE = UINT32_MAX, FIRST_SIZE = 64 };

struct entry {
    uint64_t who; /* hash of run and fetcher */
    uint64_t task;
    uint32_t try;
    uint32_t chunks;
    bool spoilt;
    char *why;            /* owned; NULL: not known */
    uint32_t chain;       /* next in the bucket, or in the free list */
    uint32_t older, newer;
    uint64_t rows[TABLES_MAX];
};

struct partial {
    struct entry *entries;
    uint32_t *buckets; /* size of them */
    uint32_t size, max, count, reasons;
    uint32_t unused; /* head of the free list */
    uint32_t oldest, newest;
};

static uint64_t
mix(uint64_t h, struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211); /* FNV-1a */
    return (h ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t
who(const struct wire *w)
{
    return mix(mix(UINT64_C(14695981039346656037), w->run), w->fetcher);
}

static uint32_t *
bucket(const struct partial *p, uint64_t name, uint64_t task)
{
    uint64_t h = (name ^ task * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
    return &p->buckets[(h >> 32) & (p->size - 1)];
}

/* Doubles the table (size is a power of two) and files all entries again. */
static void
grow(struct partial *p)
{
    uint32_t size = p->size ? p->size * 2 : FIRST_SIZE;

    p->entries = xrealloc(p->entries, size * sizeof *p->entries);
    p->buckets = xrealloc(p->buckets, size * sizeof *p->buckets);
    for (uint32_t i = 0; i < size; i++)
        p->buckets[i] = NONE;
    for (uint32_t i = p->size; i < size; i++) {
        p->entries[i] = (struct entry){.chain = p->unused};
        p->unused = i;
    }
    p->size = size;
    for (uint32_t i = p->oldest; i != NONE; i = p->entries[i].newer) {
        uint32_t *head = bucket(p, p->entries[i].who, p->entries[i].task);
        p->entries[i].chain = *head;
        *head = i;
    }
}

struct partial *
partial_new(size_t max)
{
    struct partial *p = xcalloc(1, sizeof *p);

    p->max = (uint32_t)max;
    p->unused = p->oldest = p->newest = NONE;
    grow(p);
    return p;
}

void
partial_free(struct partial *p)
{
    if (!p)
        return;
    for (uint32_t i = p->oldest; i != NONE; i = p->entries[i].newer)
        free(p->entries[i].why);
    free(p->entries);
    free(p->buckets);
    free(p);
}

static void
list_remove(struct partial *p, uint32_t i)
{
    struct entry *e = &p->entries[i];

    *(e->older == NONE ? &p->oldest : &p->entries[e->older].newer) = e->newer;
    *(e->newer == NONE ? &p->newest : &p->entries[e->newer].older) = e->older;
}

static void
list_append(struct partial *p, uint32_t i)
{
    p->entries[i].older = p->newest;
    p->entries[i].newer = NONE;
    *(p->newest == NONE ? &p->oldest : &p->entries[p->newest].newer) = i;
    p->newest = i;
}

static char *
take_reason(struct partial *p, struct entry *e)
{
    char *why = e->why;

    p->reasons -= why != NULL;
    e->why = NULL;
    return why;
}

static void
forget(struct partial *p, uint32_t i)
{
    uint32_t *link = bucket(p, p->entries[i].who, p->entries[i].task);

    free(take_reason(p, &p->entries[i]));
    while (*link != i)
        link = &p->entries[*link].chain;
    *link = p->entries[i].chain;
    list_remove(p, i);
    p->entries[i].chain = p->unused;
    p->unused = i;
    p->count--;
}

static uint32_t
find(const struct partial *p, const struct wire *w, uint64_t name)
{
    uint32_t i = *bucket(p, name, w->task);

    while (i != NONE && (p->entries[i].who != name || p->entries[i].task != w->task ||
                         p->entries[i].try != w->try))
        i = p->entries[i].chain;
    return i;
}

/* The entry of the attempt, made if it is new, and now the one used last. */
static struct entry *
touch(struct partial *p, const struct wire *w)
{
    uint64_t name = who(w);
    uint32_t i = find(p, w, name);

    if (i != NONE) {
        list_remove(p, i);
        list_append(p, i);
        return &p->entries[i];
    }
    if (p->count == p->max)
        forget(p, p->oldest);
    if (p->unused == NONE)
        grow(p);
    i = p->unused;
    p->unused = p->entries[i].chain;
    p->entries[i] = (struct entry){.who = name, .task = w->task, .try = w->try};
    uint32_t *head = bucket(p, name, w->task);
    p->entries[i].chain = *head;
    *head = i;
    list_append(p, i);
    p->count++;
    return &p->entries[i];
}

void
partial_chunk(struct partial *p, const struct wire *w, size_t table)
{
    struct entry *e = touch(p, w);

    if (w->seq == 0 && e->chunks > 0) { /* the attempt was begun anew */
        e->chunks = 0;
        e->spoilt = false;
        free(take_reason(p, e));
        memset(e->rows, 0, sizeof e->rows);
    }
    if (w->seq != e->chunks)
        e->spoilt = true;
    e->chunks++;
    e->rows[table] += w->rows;
}

void
partial_spoil(struct partial *p, const struct wire *w, const char *why)
{
    struct entry *e = touch(p, w);

    e->spoilt = true;
    if (e->why || p->reasons == PARTIAL_REASONS_MAX)
        return;
    e->why = xstrdup(why);
    p->reasons++;
}

bool
partial_end(struct partial *p, const struct wire *w, uint64_t rows[TABLES_MAX], char **why)
{
    uint32_t i = find(p, w, who(w));
    bool whole = w->chunks == 0;

    memset(rows, 0, TABLES_MAX * sizeof *rows);
    *why = NULL;
    if (i != NONE) {
        struct entry *e = &p->entries[i];
        whole = !e->spoilt && e->chunks == w->chunks;
        memcpy(rows, e->rows, sizeof e->rows);
        *why = take_reason(p, e);
        forget(p, i);
    }
    return whole;
}

bool
partial_same(const struct wire *a, const struct wire *b)
{
    return a->task == b->task && a->try == b->try && span_eq(a->run, b->run) &&
           span_eq(a->fetcher, b->fetcher);
}
