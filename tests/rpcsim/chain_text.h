/* chain_text.h - the drawn chain as JSON text, shared by chain_logs.c and chain_text.c. */
#ifndef RPCSIM_CHAIN_TEXT_H
#define RPCSIM_CHAIN_TEXT_H

#include "chain.h"
#include "pen.h"

static inline char *
pen_account(char *p, const struct account *a)
{
    p = PEN(p, "\"0x");
    p = pen_put(p, a->hex, 40);
    return PEN(p, "\"");
}

static inline char *
pen_hash(char *p, const uint8_t hash[32])
{
    p = PEN(p, "\"0x");
    p = pen_hex(p, hash, 32);
    return PEN(p, "\"");
}

/* The logs [from, to) of the block that match f (NULL: all), each with a comma behind; how many. */
size_t chain_add_logs(const struct chain *c, const struct block_facts *b, const struct filter *f, uint32_t from,
                      uint32_t to, struct buf *out);
size_t chain_logs(void *self, uint64_t number, const struct filter *f, struct buf *out); /* of struct source */

#endif
