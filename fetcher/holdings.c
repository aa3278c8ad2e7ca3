/* holdings.c - from which block on an endpoint has logs; see holdings.h. */
#include "fetcher/holdings.h"

enum {
    NEAR_HEAD = 64,   /* blocks: nobody prunes these, a node that is a little behind lacks them for now */
    FEW_ROUNDS = 2,   /* a row of neighbours, then blocks spread over all that follow */
    MANY_ROUNDS = 12, /* where headers come one by one */
    MOST_STEPS = 64,  /* of a bisection: halving takes 30 */
};

void
holdings_init(struct holdings *h)
{
    *h = (struct holdings){.believed = UINT64_MAX};
}

static bool
near(uint64_t block, uint64_t head)
{
    return head > NEAR_HEAD && block > head - NEAR_HEAD;
}

/* A node that prunes keeps as many blocks as before: what it held then it may have lost by now. */
static uint64_t
floor_at(const struct holdings *h, uint64_t head)
{
    uint64_t moved = head > h->believed_head ? head - h->believed_head : 0;
    return h->believed < UINT64_MAX - moved ? h->believed + moved : UINT64_MAX;
}

bool
holdings_believe(const struct holdings *h, uint64_t from, uint64_t head)
{
    return from >= floor_at(h, head) || near(from, head);
}

static void
believe(struct holdings *h, uint64_t block, uint64_t head)
{
    if (block >= floor_at(h, head))
        return;
    h->believed = block;
    h->believed_head = head;
}

void
holdings_saw(struct holdings *h, uint64_t block, uint64_t head)
{
    believe(h, block, head);
}

static void
sample_from(struct holdings *h, uint64_t block)
{
    h->state = HOLDINGS_SAMPLING;
    h->from = h->at = block;
    h->round = 0;
    h->unsure = UINT64_MAX;
}

void
holdings_doubt(struct holdings *h, uint64_t block, uint64_t head)
{
    if (h->state != HOLDINGS_IDLE || near(block, head))
        return;
    uint64_t held = floor_at(h, head);
    h->bisecting = false;
    h->doubted = h->lacks = block;
    h->has = held > block && held <= head ? held : head + 1;
    h->head = head;
    h->steps = 0;
    sample_from(h, block);
}

static size_t
sample_size(const struct holdings *h, size_t max, uint64_t *room)
{
    size_t n = max < HOLDINGS_SAMPLE ? max : HOLDINGS_SAMPLE;
    *room = h->has > h->at ? h->has - h->at : 1;
    return n > *room ? (size_t)*room : n;
}

size_t
holdings_sample(const struct holdings *h, uint64_t *blocks, size_t max)
{
    uint64_t room;
    size_t n = sample_size(h, max, &room);
    for (size_t i = 0; i < n; i++)
        blocks[i] = h->at + (h->round > 0 ? room / (n + h->round) * (i + 1) : i);
    return n;
}

/* Takes the next middle, or ends the bisection. */
static void
bisect(struct holdings *h)
{
    h->bisecting = true;
    if (h->has <= h->lacks + 1 || ++h->steps > MOST_STEPS) {
        h->state = HOLDINGS_IDLE;
        h->min_block = h->believed = h->has;
        h->believed_head = h->head;
        return;
    }
    sample_from(h, h->lacks + (h->has - h->lacks) / 2);
}

static void
lacks(struct holdings *h, uint64_t block)
{
    h->lacks = block;
    bisect(h);
}

static void
all_held(struct holdings *h)
{
    h->state = HOLDINGS_IDLE;
    believe(h, h->doubted, h->head);
}

/* No block with logs was found from h->from on; all: there is none before what is held. */
static void
found_none(struct holdings *h, bool all)
{
    if (h->unsure != UINT64_MAX) {
        lacks(h, h->unsure);
    } else if (!h->bisecting) {
        all_held(h);
    } else if (all) {
        h->has = h->from;
        bisect(h);
    } else {
        lacks(h, h->from); /* not known: better ask another endpoint for it */
    }
}

void
holdings_sampled(struct holdings *h, uint64_t block, size_t max)
{
    uint64_t room;
    size_t n = sample_size(h, max, &room);
    bool all = h->round == 0 && n == room;
    if (block < h->has || (block != UINT64_MAX && !h->bisecting)) {
        h->candidate = block;
        h->again = false;
        h->state = HOLDINGS_CONTROL;
    } else if (all || ++h->round >= (max > 1 ? FEW_ROUNDS : MANY_ROUNDS)) {
        found_none(h, all);
    }
}

void
holdings_missing(struct holdings *h)
{
    lacks(h, h->from);
}

void
holdings_controlled(struct holdings *h, bool any)
{
    if (!any) {
        h->state = HOLDINGS_WITNESS;
        return;
    }
    if (h->unsure == UINT64_MAX && !h->bisecting) {
        all_held(h);
        return;
    }
    if (h->unsure != UINT64_MAX)
        h->lacks = h->unsure;
    h->has = h->unsure == UINT64_MAX && h->round == 0 ? h->from : h->candidate; /* nothing is missing between */
    bisect(h);
}

void
holdings_witnessed(struct holdings *h, enum witness w)
{
    if (w == WITNESS_AGAINST && !h->again) {
        h->again = true;
        h->state = HOLDINGS_CONTROL;
        return;
    }
    if (w == WITNESS_GONE || w == WITNESS_AGAINST || (w == WITNESS_NONE && h->unsure != UINT64_MAX)) {
        lacks(h, h->candidate);
        return;
    }
    if (w == WITNESS_NONE)
        h->unsure = h->candidate;
    h->state = HOLDINGS_SAMPLING;
    h->at = h->candidate + 1;
    if (h->at >= h->has || ++h->steps > MOST_STEPS)
        found_none(h, h->round == 0);
}

void
holdings_abandon(struct holdings *h)
{
    h->state = HOLDINGS_IDLE;
}
