/* dataset.h - what can be fetched: which replies a dataset needs and how they become rows.
 *
 * A dataset is one file (dataset_*.c), one line in datasets.c and one table in common/tables.c.
 * Decoders are pure: JSON handles in, COPY rows out. Nothing inconsistent passes: a value of the
 * wrong form, a block or log that was not asked for, a field that overflows its column fail the
 * whole reply (DECODE_BAD, with a reason), and nothing of it is kept.
 *
 * Sources: LOGS is asked by range (eth_getLogs), BLOCK, RECEIPTS and TRACES by block, STATE by
 * address at a block. A reply that serves several datasets is asked for once.
 */
#ifndef SLUICE_DATASET_H
#define SLUICE_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "json.h"
#include "common/tables.h"
#include "common/task.h"

enum source {
    NEED_LOGS = 1,       /* eth_getLogs over the range, filtered */
    NEED_HEADER = 2,     /* eth_getBlockByNumber(n, false) */
    NEED_BLOCK = 4,      /* eth_getBlockByNumber(n, true) */
    NEED_RECEIPTS = 8,   /* eth_getBlockReceipts(n), or eth_getTransactionReceipt of each */
    NEED_TRACES = 16,    /* trace_block(n), or debug_traceBlockByNumber(n, callTracer) */
    NEED_STATE = 32,     /* of addresses that the other replies touched, as of the last block */
};

/* Rows made so far of one dataset: appended to, counted. */
struct rows {
    struct buf data;
    uint32_t n;
};

enum decode { DECODE_OK, DECODE_BAD };

/* What one block's header told, kept for the checks of its logs (48 bytes and a bloom). */
struct header {
    uint64_t number;
    uint8_t hash[32];
    int64_t timestamp; /* unix seconds */
    bool has_bloom;
    uint8_t bloom[256];
};

/* One log as the node sent it, checked: block in range, filter matched, sizes right. */
struct log {
    uint64_t block_number;
    uint32_t log_index;
    int64_t transaction_index;  /* -1: absent */
    bool has_transaction_hash, has_timestamp, has_block_hash;
    uint8_t transaction_hash[32], block_hash[32];
    uint8_t address[20];
    uint8_t topics[4][32];
    size_t n_topics;
    struct span data_hex;       /* "0x..." */
    int64_t timestamp;          /* unix seconds */
};

/* Replies for one block; absent ones have has_* false. */
struct block_replies {
    uint64_t number;
    bool has_block, has_receipts, has_traces;
    struct json block;    /* header or full block object */
    bool full;            /* transactions are objects */
    struct json receipts; /* array, in transaction order */
    struct json traces;
    bool call_tracer;     /* traces are debug_traceBlockByNumber's */
};

enum state_part { STATE_BALANCE = 1, STATE_NONCE = 2, STATE_CODE = 4 };

/* An address whose state is wanted, and what is known of it. */
struct touch {
    uint8_t address[20];
    uint64_t block;
    bool created; /* a contract, made by the transaction; the rest is zero otherwise */
    bool certain; /* its receipt says that the creation succeeded (before Byzantium it cannot) */
    uint8_t transaction_hash[32];
    uint8_t creator[20];
};

struct dataset {
    const char *name;
    const struct table *table;
    unsigned needs;   /* enum source, or-ed */
    bool filtered;    /* the task's address and topics apply */
    /* At most one of these two; why is a buffer of 160 bytes for the reason. */
    enum decode (*log)(const struct log *l, struct rows *out, char *why);
    enum decode (*block)(const struct block_replies *r, struct rows *out, char *why);
    /* A transaction with its receipt, for hash tasks; NULL where that makes no sense. */
    enum decode (*transaction)(struct json tx, struct json receipt, struct rows *out, char *why);
    /* Addresses whose state is wanted at the end of the range, from one block's replies: appended as
     * struct touch each; touches_unique then leaves one per address. */
    enum decode (*touched)(const struct block_replies *r, struct buf *touches, char *why);
    unsigned state_needs; /* enum state_part, or-ed: what `state` wants; the others may be JSON nulls */
    /* One address's state: balance, nonce (hex quantities) and code (hex data) at block. */
    enum decode (*state)(const struct touch *touch, uint64_t block, struct json balance, struct json nonce,
                         struct json code, struct rows *out, char *why);
    /* The only values of topic0 that it makes rows of; n_topic0 == 0: any. */
    const uint8_t (*topic0)[32];
    size_t n_topic0;
};

extern const struct dataset dataset_logs, dataset_blocks, dataset_transactions, dataset_token_transfers,
    dataset_traces, dataset_contracts, dataset_accounts;
extern const struct dataset *const datasets[]; /* ends at NULL */
const struct dataset *dataset_find(struct span name);
/* Parses "logs,blocks" into list (room for 16); returns the count, 0 if one is unknown (err names it). */
size_t dataset_list(const char *names, const struct dataset *list[16], char *err, size_t size);
/* If every dataset of the list that is made of logs names its topics, and the task asks for any topic0,
 * gives the task those (its member topics[0]; the text in filter stays): fewer logs are sent. */
void dataset_narrow(const struct dataset *const *list, size_t n, struct task *t);
/* Sorts an array of struct touch by address and keeps the last made of each. */
void touches_unique(struct buf *touches);

/* The result of eth_getLogs -> logs, checked against the task's filter and the range asked, ordered by
 * (block, index), duplicates dropped if equal. `each` is called in order. headers (sorted by number,
 * may be NULL) add the timestamp, and a check of the hash. */
enum decode logs_decode(struct json result, const struct task *t, uint64_t from, uint64_t to,
                        const struct header *headers, size_t n_headers,
                        enum decode (*each)(struct log *l, void *context, char *why), void *context,
                        uint64_t *n_logs, char *why);
/* The same from the text of the answer to call id (logtext.h), twice as fast, where that is plain, in order and
 * right. Returns how many bytes it has, white space behind it counted; 0: it is not, and the caller takes back
 * what `each` did. */
size_t logs_scan(struct span body, uint64_t id, const struct task *t, uint64_t from, uint64_t to,
                 const struct header *headers, size_t n_headers,
                 enum decode (*each)(struct log *l, void *context, char *why), void *context, uint64_t *n_logs);
/* Header fields of a block reply; DECODE_BAD when its number is not the one asked. */
enum decode header_decode(struct json block, uint64_t asked, struct header *out, char *why);
/* Logs of one block's receipts in eth_getLogs form, filtered: the fallback for a block with too many.
 * each may be NULL: they are checked and counted. */
enum decode receipts_logs_decode(struct json receipts, const struct task *t, uint64_t block,
                                 enum decode (*each)(struct log *l, void *context, char *why), void *context,
                                 uint64_t *n_logs, char *why);
bool bloom_is_empty(const uint8_t bloom[256]);
void bloom_add(uint8_t bloom[256], const struct log *l);
bool bloom_within(const uint8_t bloom[256], const uint8_t other[256]); /* has it no bit that the other lacks? */
/* Could the bloom hold a log that the task's filter matches? */
bool bloom_may_match(const uint8_t bloom[256], const struct task *t);
size_t filter_values(const struct task *t); /* addresses and topics of the filter; 0: all logs are wanted */
/* The params of eth_getLogs for the range, with the task's filter. */
void logs_params(struct buf *out, const struct task *t, uint64_t from, uint64_t to);

#endif
