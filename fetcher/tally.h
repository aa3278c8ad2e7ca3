/* tally.h - what an answer for logs holds, block by block: what can be told of it without other help. Pure.
 *
 * Two answers to the same question have the same number of logs at the same places. Logs of a block
 * that were not filtered are numbered 0, 1, 2 ...; a number left out is a log left out.
 */
#ifndef SLUICE_TALLY_H
#define SLUICE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "fetcher/piece.h"

enum { TALLY_BLOCKS = 512 /* the first of the range: whether each had a log is kept */ };

struct tally {
    struct piece at;      /* the range */
    uint64_t n, digest;   /* logs, and a sum over their places */
    uint64_t first, last; /* block of the first and of the last log so far */
    uint64_t in_block;    /* logs of the last block, so far */
    uint64_t next_index;
    struct piece silence; /* the longest run of blocks without a log */
    bool holed;           /* a number is left out, first in this block: */
    uint64_t hole, hole_n; /* and how many logs it has */
    uint64_t watched;     /* a block of interest, */
    uint64_t watched_n;   /* and how many logs it has */
    uint64_t seen[TALLY_BLOCKS / 64];
};

void tally_init(struct tally *t, struct piece at, uint64_t watched);
void tally_block(struct tally *t, uint64_t block); /* for tally_log */
void tally_end(struct tally *t);                   /* all logs were counted */
bool tally_silent(const struct tally *t, uint64_t block); /* it has no log; false: it has one, or is not kept */

/* In order of block and index. */
static inline void
tally_log(struct tally *t, uint64_t block, uint32_t index)
{
    if (t->n == 0 || block != t->last)
        tally_block(t, block);
    t->in_block++;
    if (index != t->next_index && !t->holed) {
        t->holed = true;
        t->hole = block;
    }
    if (t->holed && t->hole == block)
        t->hole_n = t->in_block;
    t->watched_n += block == t->watched;
    t->next_index = (uint64_t)index + 1;
    t->digest += block * 0x9e3779b97f4a7c15u + (index + 1) * 0xc2b2ae3d27d4eb4fu * (block | 1);
    t->n++;
}

#endif
