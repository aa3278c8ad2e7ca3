/* piece.h - ranges of blocks: what of a task is done, and where to cut. Pure.
 *
 * A set of pieces is sorted, disjoint and never holds two that touch. A task that is given back
 * keeps the larger finished part that shares one end with it; the one contiguous rest goes back
 * (common/protocol.txt, sections 3 and 4).
 */
#ifndef SLUICE_PIECE_H
#define SLUICE_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct piece {
    uint64_t from, to; /* blocks, both included; from > to: nothing */
};

struct pieces {
    struct piece *v; /* owned */
    size_t n, cap;
};

uint64_t piece_width(struct piece p); /* blocks; UINT64_MAX when it does not fit */
/* Cuts p after at most width blocks (0: after half): the first part is returned, *rest is what
 * follows, nothing if it all fits. A piece of one block is never cut. */
struct piece piece_cut(struct piece p, uint64_t width, struct piece *rest);
struct piece piece_within(struct piece p, struct piece bounds); /* what of p lies in them */

void pieces_add(struct pieces *s, struct piece p);
bool pieces_hold(const struct pieces *s, struct piece p); /* all of it; nothing is always held */
/* The larger of the parts of whole that are in the set and share one end with it; *rest is the
 * remainder. False: no such part, and *rest is whole. */
bool pieces_finished(const struct pieces *s, struct piece whole, struct piece *part,
                     struct piece *rest);
void pieces_free(struct pieces *s); /* and leaves it empty and valid */

#endif
