/* hashes.c - hashes of outstanding tasks; see hashes.h. */
#include "producer/hashes.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

struct kept {
    size_t n;
    uint8_t bytes[];
};

struct hashes {
    struct kept **slots; /* made at the first use */
    size_t n, max;
    size_t last;         /* slot given out last: the search for a free one starts there */
};

struct hashes *
hashes_new(size_t per_task)
{
    struct hashes *h = xcalloc(1, sizeof *h);
    h->max = HASHES_BYTES / (per_task * PLAN_HASH);
    if (h->max < HASHES_TASKS_MIN)
        h->max = HASHES_TASKS_MIN;
    if (h->max > HASHES_TASKS_MAX)
        h->max = HASHES_TASKS_MAX;
    return h;
}

void
hashes_free(struct hashes *h)
{
    if (!h)
        return;
    for (size_t i = 0; h->slots && i < h->max; i++)
        free(h->slots[i]);
    free(h->slots);
    free(h);
}

bool
hashes_full(const struct hashes *h)
{
    return h->n >= h->max;
}

size_t
hashes_keep(struct hashes *h, const struct plan_piece *piece)
{
    size_t bytes = piece->n_hashes * PLAN_HASH;
    if (!h->slots)
        h->slots = xcalloc(h->max, sizeof(void *));
    while (h->slots[h->last])
        h->last = (h->last + 1) % h->max;
    struct kept *k = xmalloc(sizeof *k + bytes);
    k->n = piece->n_hashes;
    memcpy(k->bytes, piece->hashes, bytes);
    h->slots[h->last] = k;
    h->n++;
    return h->last;
}

struct plan_piece
hashes_get(const struct hashes *h, size_t slot)
{
    const struct kept *k = h->slots[slot];
    return (struct plan_piece){.by_hash = true, .hashes = k->bytes, .n_hashes = k->n};
}

size_t
hashes_halve(struct hashes *h, size_t slot)
{
    struct kept *k = h->slots[slot];
    size_t n = k->n / 2;
    k->n -= n;
    return hashes_keep(h, &(struct plan_piece){.hashes = k->bytes + k->n * PLAN_HASH, .n_hashes = n});
}

size_t
hashes_drop(struct hashes *h, size_t slot)
{
    size_t n = h->slots[slot]->n;
    free(h->slots[slot]);
    h->slots[slot] = NULL;
    h->n--;
    return n;
}
