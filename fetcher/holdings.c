/* holdings.c - from which block on an endpoint has logs; see holdings.h. */
#include "fetcher/holdings.h"

enum {
    CLOSE = 64,       /* blocks: near enough, and then some slack since the edge moves */
    SLACK = 256,
    NEAR_HEAD = 64,   /* blocks: nobody prunes these, a node that is a little behind lacks them for now */
    FEW_ROUNDS = 2,   /* a row of neighbours, then blocks spread over all that follow */
    MANY_ROUNDS = 12, /* where headers come one by one */
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

bool
holdings_believe(const struct holdings *h, uint64_t from, uint64_t head)
{
    return from >= h->believed || near(from, head);
}

void
holdings_saw(struct holdings *h, uint64_t block)
{
    if (block < h->believed)
        h->believed = block;
}

void
holdings_doubt(struct holdings *h, uint64_t block, uint64_t head)
{
    if (h->state != HOLDINGS_IDLE || near(block, head))
        return;
    h->state = HOLDINGS_SAMPLING;
    h->bisecting = false;
    h->doubted = h->at = h->lacks = block;
    h->has = h->believed <= head ? h->believed : head + 1;
    h->round = 0;
}

size_t
holdings_sample(const struct holdings *h, uint64_t *blocks, size_t max)
{
    uint64_t room = h->has > h->at ? h->has - h->at : 1;
    size_t n = max < HOLDINGS_SAMPLE ? max : HOLDINGS_SAMPLE;
    if (n > room)
        n = (size_t)room;
    bool spread = h->round > 0 && !h->bisecting;
    for (size_t i = 0; i < n; i++)
        blocks[i] = h->at + (spread ? room / (n + h->round) * (i + 1) : i);
    return n;
}

static void
settle(struct holdings *h, uint64_t believed)
{
    h->state = HOLDINGS_IDLE;
    if (believed < h->believed)
        h->believed = believed;
}

/* Takes the next middle, or ends the bisection. */
static void
bisect(struct holdings *h)
{
    h->bisecting = true;
    if (h->has <= h->lacks || h->has - h->lacks <= CLOSE) {
        h->min_block = h->has + SLACK;
        settle(h, h->min_block);
        return;
    }
    h->state = HOLDINGS_SAMPLING;
    h->at = h->lacks + (h->has - h->lacks) / 2;
}

void
holdings_sampled(struct holdings *h, uint64_t block, size_t max)
{
    if (block != UINT64_MAX && (!h->bisecting || block < h->has)) {
        h->candidate = block;
        h->state = HOLDINGS_CONTROL;
        return;
    }
    if (h->bisecting) {
        if (block == UINT64_MAX)
            h->lacks = h->at; /* not known: better ask another endpoint for it */
        else
            h->has = h->at; /* no logs from there to what is held */
        bisect(h);
        return;
    }
    if (++h->round >= (max > 1 ? FEW_ROUNDS : MANY_ROUNDS))
        settle(h, h->doubted);
}

void
holdings_missing(struct holdings *h)
{
    h->lacks = h->at;
    bisect(h);
}

void
holdings_controlled(struct holdings *h, bool any)
{
    if (any && !h->bisecting) {
        settle(h, h->doubted);
        return;
    }
    if (any)
        h->has = h->candidate;
    else
        h->lacks = h->candidate;
    bisect(h);
}

void
holdings_abandon(struct holdings *h)
{
    h->state = HOLDINGS_IDLE;
}
