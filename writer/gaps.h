/* gaps.h - what jobs lack by the database's account. To stdout.
 * Reads only, but for what is to be remembered; a database without our tables is one where nothing
 * is covered.
 */
#ifndef SLUICE_WRITER_GAPS_H
#define SLUICE_WRITER_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "writer/pg.h"

struct gaps_wanted {
    bool has_chain, has_range;
    bool remember; /* the range, or no more than now, is wanted (wanted.h); with chain and datasets */
    uint64_t chain;
    struct span datasets; /* empty: every job */
    struct span filter;   /* words */
    uint64_t from, to;
};

/* Returns an exit status, having said what went wrong. */
int gaps_print(struct pg *pg, const char *schema, const struct gaps_wanted *w);

#endif
