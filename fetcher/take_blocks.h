/* take_blocks.h - the parts of take.h that deal with blocks and with single things, and what they
 * share with it. */
#ifndef SLUICE_TAKE_BLOCKS_H
#define SLUICE_TAKE_BLOCKS_H

#include "fetcher/take.h"

void rows_mark(const struct job *j, struct rows_mark *m);
void rows_undo(struct job *j, const struct rows_mark *m);

void answer_is_bad(struct rpc_answer *a, const char *why); /* why must live as long as a */

struct log_target { /* context of log_rows */
    struct job *job;
    bool has_timestamp;
    int64_t timestamp; /* for logs that have none */
    struct tally *tally; /* or NULL */
    uint8_t *bloom;      /* of the block that it watches, or NULL */
};
enum decode log_rows(struct log *l, void *target, char *why);

void take_blocks(struct taking *t, struct flight *f, const struct rpc_request *r,
                 struct rpc_answer *answers);
void take_units(struct taking *t, struct flight *f, const struct rpc_request *r,
                struct rpc_answer *answers);
void take_receipts(struct taking *t, struct flight *f, const struct rpc_request *r,
                   struct rpc_answer *answers);

#endif
