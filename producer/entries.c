/* entries.c - entries by id and by time; see entries.h. */
#include "producer/entries.h"

#include <stdlib.h>

#include "common/buf.h"

enum { INDEX_BITS = 17, INDEX_SIZE = 1 << INDEX_BITS, INDEX_MASK = INDEX_SIZE - 1 };

_Static_assert(sizeof(struct ledger_entry) == 52, "as entries.h says");
_Static_assert(LEDGER_MAX * (sizeof(struct ledger_entry) + sizeof(uint32_t)) + INDEX_SIZE * sizeof(uint32_t) <=
                   64 * (size_t)LEDGER_MAX, "an entry takes at most 64 bytes, index and heaps included");

void
entries_init(struct entries *x)
{
    *x = (struct entries){.free = LEDGER_MAX};
    x->slots = xcalloc(LEDGER_MAX, sizeof *x->slots);
    x->heaps = xcalloc(LEDGER_MAX, sizeof *x->heaps);
    x->index = xcalloc(INDEX_SIZE, sizeof *x->index);
}

void
entries_free(struct entries *x)
{
    free(x->slots);
    free(x->heaps);
    free(x->index);
    *x = (struct entries){0};
}

/* --- the heaps --- */

static enum entries_heap
heap_of(const struct ledger_entry *e)
{
    return e->state == LEDGER_PENDING ? READY : TIMED;
}

static uint32_t *
at(const struct entries *x, enum entries_heap h, uint32_t i)
{
    return &x->heaps[h == READY ? i : LEDGER_MAX - 1 - i];
}

struct ledger_entry *
entries_at(const struct entries *x, enum entries_heap h, uint32_t i)
{
    return &x->slots[*at(x, h, i)];
}

static bool
before(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return a->due != b->due ? a->due < b->due : a->id < b->id;
}

static void
place(struct entries *x, enum entries_heap h, uint32_t i, uint32_t slot)
{
    *at(x, h, i) = slot;
    x->slots[slot].heap = i & 0x1FFFF;
}

static void
sift_up(struct entries *x, enum entries_heap h, uint32_t i)
{
    uint32_t slot = *at(x, h, i);
    while (i > 0 && before(&x->slots[slot], entries_at(x, h, (i - 1) / 2))) {
        place(x, h, i, *at(x, h, (i - 1) / 2));
        i = (i - 1) / 2;
    }
    place(x, h, i, slot);
}

static void
sift_down(struct entries *x, enum entries_heap h, uint32_t i)
{
    uint32_t slot = *at(x, h, i);
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= x->size[h])
            break;
        if (child + 1 < x->size[h] && before(entries_at(x, h, child + 1), entries_at(x, h, child)))
            child++;
        if (!before(entries_at(x, h, child), &x->slots[slot]))
            break;
        place(x, h, i, *at(x, h, child));
        i = child;
    }
    place(x, h, i, slot);
}

void
entries_enter(struct entries *x, struct ledger_entry *e)
{
    enum entries_heap h = heap_of(e);
    place(x, h, x->size[h]++, (uint32_t)(e - x->slots));
    sift_up(x, h, e->heap);
}

void
entries_leave(struct entries *x, struct ledger_entry *e)
{
    enum entries_heap h = heap_of(e);
    uint32_t i = e->heap;
    uint32_t last = --x->size[h];
    if (i == last)
        return;
    place(x, h, i, *at(x, h, last));
    sift_down(x, h, i);
    sift_up(x, h, i);
}

/* --- the index --- */

/* Sequential ids, spread evenly (Fibonacci): side by side they would make one long run, and
 * removal walks a run to its end. */
static uint32_t
home_of(uint64_t id)
{
    return (uint32_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - INDEX_BITS));
}

static uint32_t
find_place(const struct entries *x, uint64_t id)
{
    uint32_t i = home_of(id);
    while (x->index[i] && x->slots[x->index[i] - 1].id != id)
        i = (i + 1) & INDEX_MASK;
    return i;
}

/* Moves later entries of the run up, so that the gap breaks no chain. */
static void
index_remove(struct entries *x, uint64_t id)
{
    uint32_t gap = find_place(x, id);
    uint32_t i = gap;
    for (;;) {
        i = (i + 1) & INDEX_MASK;
        if (!x->index[i])
            break;
        uint32_t home = home_of(x->slots[x->index[i] - 1].id);
        if (((i - home) & INDEX_MASK) < ((i - gap) & INDEX_MASK))
            continue;
        x->index[gap] = x->index[i];
        gap = i;
    }
    x->index[gap] = 0;
}

struct ledger_entry *
entries_find(const struct entries *x, uint64_t id)
{
    uint32_t found = x->index[find_place(x, id)];
    return found ? &x->slots[found - 1] : NULL;
}

/* --- entries come and go --- */

struct ledger_entry *
entries_make(struct entries *x, uint64_t id)
{
    uint32_t slot = x->free;
    if (slot == LEDGER_MAX)
        slot = x->used++;
    else
        x->free = x->slots[slot].more;
    struct ledger_entry *e = &x->slots[slot];
    *e = (struct ledger_entry){0};
    e->id = id & (UINT64_MAX >> 16);
    x->index[find_place(x, e->id)] = slot + 1;
    return e;
}

void
entries_remove(struct entries *x, struct ledger_entry *e)
{
    index_remove(x, e->id);
    e->more = x->free;
    x->free = (uint32_t)(e - x->slots);
}

struct ledger_entry *
entries_top(const struct entries *x, enum entries_heap h)
{
    return x->size[h] > 0 ? entries_at(x, h, 0) : NULL;
}
