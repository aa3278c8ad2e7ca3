/* ask.h - a step as a JSON-RPC request: which methods, which parameters.
 *
 * Where the endpoint lacks a method another may serve: receipts one by one for
 * eth_getBlockReceipts, debug_traceBlockByNumber for trace_block. Where the next range would come
 * within 64 blocks of the head, or a proof is wanted (trust.h), a logs request carries the header of its last block
 * in the same batch: only a backend that has the block can then have answered.
 */
#ifndef SLUICE_ASK_H
#define SLUICE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/endpoint.h"
#include "fetcher/job.h"
#include "fetcher/rpc.h"
#include "fetcher/tally.h"

enum { ASK_NEAR_HEAD = 64 /* blocks */ };

/* A request under way, and what each of its calls is for. Owned by the request's context. */
struct flight {
    struct flight *next;
    struct job *job;
    struct step *step;
    enum source need[RPC_BATCH_MAX]; /* BLOCKS, DENSE: what call i asks for */
    bool with_proof;                 /* LOGS: one is wanted; then: call 1 is the header of this block */
    uint64_t proof;                  /* the last one where none of the range is given */
    struct header head;              /* and what it told */
    uint8_t bloom[256];              /* of the logs of that block in the answer */
    bool one_by_one;                 /* the receipts of these blocks come one by one, later */
    bool call_tracer;                /* traces are asked of debug_traceBlockByNumber */
    bool blames_proof;               /* LOGS: it is that header's answer which is at fault */
    bool taken;                      /* LOGS: out of the text of the answer */
    struct tally tally;              /* LOGS: of the answer */
    double expected;                 /* bytes of the answer, as far as known */
    char why[160];                   /* what is wrong with a reply */
};

/* Methods that the endpoint said it does not have. */
struct lacks {
    bool receipts, trace_block, debug_trace, logs;
    bool headers; /* so that answers for logs have no proof: those for the last ASK_NEAR_HEAD blocks are not asked for */
};

/* The method without which the step cannot be asked, or NULL. */
const char *ask_lacking(const struct step *s, const struct lacks *lacks);
/* The method that the step asks first: its breaker counts. */
const char *ask_method(const struct step *s, const struct lacks *lacks);
/* The request of the flight's step; the caller frees it. */
struct rpc_request *ask_request(struct flight *f, const struct lacks *lacks,
                                const struct endpoint *e);

#endif
