/* creations.h - the contracts that a block's traces saw being made, by transactions and by other
 * contracts. What a call made that failed afterwards is not among them.
 */
#ifndef SLUICE_CREATIONS_H
#define SLUICE_CREATIONS_H

#include "dataset.h"

/* Appends a struct touch for each. DECODE_BAD: the traces are none, why tells. */
enum decode creations_add(const struct block_replies *r, struct buf *touches, char *why);

#endif
