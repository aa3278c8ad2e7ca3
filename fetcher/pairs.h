/* pairs.h - a block's transactions, each with its receipt, checked to belong together.
 *
 * for (ok = pairs_begin(&p, r, why); ok && pairs_next(&p);) ... p.tx, p.receipt ...; then p.bad
 * tells whether it ended early. Checked: the block is the one asked for, transactions are whole
 * objects of it, there is one receipt for each, in order, of the same block and transaction.
 */
#ifndef SLUICE_PAIRS_H
#define SLUICE_PAIRS_H

#include "dataset.h"

struct pairs {
    struct json tx, receipt;
    uint32_t index;
    struct header header;
    bool bad;
    struct json_items txs, receipts;
    uint32_t next;
    char *why;
};

/* False: bad, with a reason in why. */
bool pairs_begin(struct pairs *p, const struct block_replies *r, char *why);
bool pairs_next(struct pairs *p);
/* Do this transaction and this receipt belong together (hash, block)? */
bool pair_check(struct json tx, struct json receipt, char *why);

#endif
