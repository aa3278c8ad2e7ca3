/* verdict.h - the classifier: what an answer of an endpoint means and what to do about it.
 *
 * Pure and table-driven; the one place where provider texts, codes and statuses are known.
 * Nobody above sees a 429. The rules and their order are those of public provider behaviour;
 * each row of the table names its source in a word. Order matters: JSON-RPC error first and
 * status second; head before range; pruned before codes; rate before range.
 */
#ifndef SLUICE_VERDICT_H
#define SLUICE_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum verdict {
    VERDICT_OK,
    VERDICT_RATE,      /* slow down for wait_ms; the work is unchanged, never split */
    VERDICT_QUOTA,     /* day's or month's quota spent: stop using the endpoint for wait_ms */
    VERDICT_RANGE,     /* too many blocks: remember max_blocks (if given), split, retry at once */
    VERDICT_DENSITY,   /* too many logs, bytes or seconds: split this one, no lasting limit */
    VERDICT_FILTER,    /* too many addresses or topics: split the list (max_items if given) */
    VERDICT_BATCH,     /* batch too large or not taken: remember max_items, send smaller ones */
    VERDICT_NOTYET,    /* beyond this node's head: wait about a block, blame nobody */
    VERDICT_NOBLOCK,   /* no block has that number, nor ever will: nothing to fetch */
    VERDICT_PRUNED,    /* history is not held here (min_block if given): another endpoint */
    VERDICT_NOMETHOD,  /* method not served here: another endpoint or another method */
    VERDICT_AUTH,      /* key refused, wrong chain, wrong path: stop this fetcher, exit 3 */
    VERDICT_TRANSIENT, /* 5xx, reset, timeout, not JSON: backoff, counts for the breaker */
    VERDICT_BADDATA,   /* a 200 that contradicts itself or the question: do not use, ask elsewhere */
    VERDICT_CALLER,    /* the request was malformed: our fault, fail loudly, never loop */
    VERDICT_COUNT
};

enum transport {
    TRANSPORT_OK,
    TRANSPORT_CONNECT,   /* DNS, refused, TLS */
    TRANSPORT_RESET,     /* closed or reset in the middle */
    TRANSPORT_TIMEOUT,
    TRANSPORT_TOO_LARGE, /* our own bound on the body was hit */
    TRANSPORT_REDIRECT,  /* not followed */
};

enum rpc_kind { RPC_LOGS, RPC_BLOCK, RPC_RECEIPTS, RPC_OTHER }; /* what was asked, roughly */

/* What is known of one answer. Absent spans are empty. */
struct answer_facts {
    enum transport transport;
    long status;               /* HTTP, 0 if none */
    int64_t retry_after_ms;    /* from the header, -1 if absent */
    bool json;                 /* the body was JSON */
    bool has_error;            /* an "error" member that is not null */
    int64_t code;              /* its code, 0 if absent or not a number */
    struct span message;       /* its message (or the error itself where it is a string) */
    struct span data;          /* its data as JSON text or string */
    struct span body;          /* start of a body that is not JSON */
    bool result_null, result_missing;
    bool foreign;              /* a result under an id that nobody asked for */
    enum rpc_kind kind;
    uint64_t blocks;           /* width of the range asked, 1 for one block, 0 if none */
    uint64_t from, to;         /* the range asked */
    size_t items;              /* addresses and topics in the filter asked */
    size_t batch;              /* calls in the request; 1 for a bare object */
    bool whole_batch;          /* the answer is one object for a batch */
    uint64_t head;             /* newest block known of the endpoint, 0: none */
    int64_t now_unix;          /* seconds; daily quotas end at 00:00 UTC */
};

struct judgement {
    enum verdict verdict;
    int64_t wait_ms;      /* RATE, QUOTA, TRANSIENT: how long, -1: the caller's own backoff */
    uint64_t per_second;  /* RATE: the limit, 0 if not told */
    uint64_t max_blocks;  /* RANGE, DENSITY: use at most this width from now (RANGE) or here (DENSITY); 0: halve */
    uint64_t max_items;   /* BATCH, FILTER: 0: halve */
    uint64_t max_logs;    /* DENSITY: most logs in one answer, 0 if not told */
    uint64_t min_block;   /* PRUNED: first block held, 0 if not told */
    const char *rule;     /* static name of the rule that matched, for counting and for people */
};

struct judgement judge(const struct answer_facts *f);

#endif
