/* calls.h - the calls that callTracer saw in a block: of each transaction in order, parents first.
 *
 * for (ok = calls_begin(&c, r, why); ok && calls_next(&c);) ... c.call, c.address ...; then c.bad
 * tells whether it ended early. A tree is walked with a stack of its own, however deep. A
 * transaction that the node failed to trace ends it.
 */
#ifndef SLUICE_CALLS_H
#define SLUICE_CALLS_H

#include "dataset.h"

enum { CALLS_MAX = 1100 }; /* depth of calls; the EVM stops at 1024 */

struct calls {
    struct json call;
    int32_t address[CALLS_MAX]; /* of the call, depth numbers */
    size_t depth;
    int32_t transaction;        /* index */
    bool has_hash;
    uint8_t hash[32];
    bool bad;
    struct {
        struct json_items calls; /* of the call at this depth */
        int32_t next;            /* number of the next one */
    } frames[CALLS_MAX];
    struct json_items items, txs;
    uint64_t block;
    char *why;
};

/* False: bad, with a reason in why. */
bool calls_begin(struct calls *c, const struct block_replies *r, char *why);
bool calls_next(struct calls *c);

#endif
