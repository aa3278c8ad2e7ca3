/* take.h - answers become rows, or trouble that cope.h deals with.
 *
 * All or nothing: of a reply that does not stand every test no row is kept. One block of a batch
 * that failed does not touch the others.
 */
#ifndef SLUICE_TAKE_H
#define SLUICE_TAKE_H

#include <stdint.h>

#include "fetcher/ask.h"
#include "fetcher/cope.h"
#include "fetcher/holdings.h"
#include "fetcher/json.h"
#include "fetcher/rpc.h"

/* How much was there before. */
struct rows_mark {
    size_t bytes[JOB_DATASETS], touches[JOB_DATASETS];
    uint32_t rows[JOB_DATASETS];
};

struct taking {
    struct coping *coping;
    struct holdings *holdings;
    struct json_doc *docs[3]; /* for blocks put together */
    uint64_t widest;          /* blocks whose logs were answered at once; 0: none yet */
    const char *name;         /* of the endpoint */
    double block_bytes;       /* of the answers for logs, per block, lately */
    double whole_bytes;       /* of the answers for a block's contents, lately the most; 0: none yet */
    struct json null;         /* stands for what was not asked */
    struct rows_mark mark;    /* before the logs of the answer being taken */
    int64_t now_ms;
};

/* Logs straight from the body of the answer to call id, before take_answers; behind it, in an array, the header
 * that was asked along. Returns as rpc_request's read; 0: nothing was taken. */
size_t take_text(struct taking *t, struct flight *f, struct span body, uint64_t id);

/* Ends the flight's step: rows are in the job, what is left to ask is with the job again. An answer
 * whose data is bad gets VERDICT_BADDATA, with the reason as its text. */
void take_answers(struct taking *t, struct flight *f, const struct rpc_request *r,
                  struct rpc_answer *answers);

#endif
