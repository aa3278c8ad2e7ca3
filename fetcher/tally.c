/* tally.c - what an answer for logs holds; see tally.h. */
#include "fetcher/tally.h"

void
tally_init(struct tally *t, struct piece at, uint64_t watched)
{
    *t = (struct tally){.at = at, .silence = {1, 0}, .watched = watched};
}

static void
note_silence(struct tally *t, uint64_t from, uint64_t end)
{
    if (end > from && end - from > piece_width(t->silence))
        t->silence = (struct piece){from, end - 1};
}

void
tally_block(struct tally *t, uint64_t block)
{
    uint64_t i = block - t->at.from;

    note_silence(t, t->n > 0 ? t->last + 1 : t->at.from, block);
    if (t->n == 0)
        t->first = block;
    if (i < TALLY_BLOCKS)
        t->seen[i / 64] |= (uint64_t)1 << i % 64;
    t->last = block;
    t->in_block = t->next_index = 0;
}

void
tally_end(struct tally *t)
{
    note_silence(t, t->n > 0 ? t->last + 1 : t->at.from, t->at.to + 1);
}

bool
tally_silent(const struct tally *t, uint64_t block)
{
    uint64_t i = block - t->at.from;

    return i < TALLY_BLOCKS && !(t->seen[i / 64] >> i % 64 & 1);
}
