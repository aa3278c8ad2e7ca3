/* assembly.h - one block whose replies come in more than one request, put together.
 *
 * Replies are valid only while their response is looked at. A block that was answered in part
 * (one call of it failed, or the endpoint takes no batches, or its receipts come one by one)
 * keeps the good replies here, as text, until the others are there. Bounded: only blocks in work
 * have one, and a reply is at most as long as a body.
 */
#ifndef SLUICE_ASSEMBLY_H
#define SLUICE_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "fetcher/dataset.h"
#include "fetcher/json.h"
#include "fetcher/step.h"

struct assembly {
    struct assembly *next;
    struct step origin;   /* what the whole is for: kind, block, needs, values, group */
    unsigned have;        /* enum source, or-ed */
    bool call_tracer;
    struct buf block, receipts, traces; /* JSON text */
    uint8_t (*hashes)[32];   /* one by one: of the block's transactions */
    struct buf *one;         /* their receipts */
    size_t n_hashes, n_got;
};

struct assembly *assembly_new(const struct step *origin, uint64_t block);
void assembly_free(struct assembly *a);
/* Keeps one reply. */
void assembly_keep(struct assembly *a, enum source need, struct json reply);
/* Reads the transactions' hashes out of the kept block, to ask for their receipts one by one.
 * False: they are not there. */
bool assembly_open(struct assembly *a, struct json block, char *why);
/* Keeps the receipt of transaction i; true when that was the last one missing. */
bool assembly_receipt(struct assembly *a, size_t i, struct json receipt);
/* All replies as handles into the three documents. False: kept text did not parse (cannot be). */
bool assembly_replies(struct assembly *a, struct json_doc *const docs[3],
                      struct block_replies *out);

#endif
