/* again.h - blocks that were committed and are not any more: they are wanted once more.
 *
 * A queue of ranges, cut into pieces only as they are asked for. Pure. Bounded: what finds no room is counted, and
 * it is up to the next run.
 */
#ifndef SLUICE_AGAIN_H
#define SLUICE_AGAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AGAIN_MAX = 65536 /* ranges, of 24 bytes */ };

struct again {          /* plain state, zero at first; again_free */
    struct again_range {
        uint64_t from, to;
        uint64_t avoid; /* endpoints, one bit each, that rather another one should fetch it from */
    } *ranges;          /* owned */
    size_t first, n, cap;
    uint64_t dropped;   /* blocks */
};

/* A range that continues the last one is joined to it. */
void again_add(struct again *a, uint64_t from, uint64_t to, uint64_t avoid);
/* The next piece, of at most `step` blocks; false: none. */
bool again_next(struct again *a, uint64_t step, struct again_range *out);
void again_free(struct again *a);

#endif
