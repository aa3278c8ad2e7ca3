/* source.h - where blocks come from: the drawn chain (chain.c) or recorded files (recorded.c).
 *
 * Each function appends JSON text. A block's text, its receipts and its logs agree with each
 * other, and the same question always gets the same bytes.
 */
#ifndef RPCSIM_SOURCE_H
#define RPCSIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "filter.h"

struct source_ops {
    uint64_t (*head)(void *self); /* newest block */
    bool (*has)(void *self, uint64_t block);
    bool (*find_block)(void *self, const uint8_t hash[32], uint64_t *block);
    bool (*find_tx)(void *self, const uint8_t hash[32], uint64_t *block, uint32_t *index);

    /* All below: the block exists (has), the transaction was found. */
    void (*block)(void *self, uint64_t block, bool full, struct buf *out);
    void (*receipts)(void *self, uint64_t block, struct buf *out); /* an array */
    void (*tx)(void *self, uint64_t block, uint32_t index, struct buf *out);
    void (*receipt)(void *self, uint64_t block, uint32_t index, struct buf *out);
    /* Each matching log followed by a comma; returns how many. */
    size_t (*logs)(void *self, uint64_t block, const struct filter *f, struct buf *out);

    /* False: the source has none (the method is then unknown). */
    bool (*traces)(void *self, uint64_t block, struct buf *out);       /* trace_block */
    bool (*debug_traces)(void *self, uint64_t block, struct buf *out); /* callTracer */
    bool (*balance)(void *self, const uint8_t address[20], uint64_t block, struct buf *out);
    bool (*nonce)(void *self, const uint8_t address[20], uint64_t block, struct buf *out);
    bool (*code)(void *self, const uint8_t address[20], uint64_t block, struct buf *out);
};

struct source {
    const struct source_ops *ops;
    void *self;
};

#endif
