/* chain.h - a drawn chain of any length: facts about block n, its transactions and its logs.
 *
 * Nothing is stored but a few tables of names; every fact is drawn from (seed, block, index), so a
 * block is the same whatever was asked before. Hashes are not those of an RLP encoding: the first
 * eight bytes carry kind, block and index, encrypted, so that a lookup by hash needs no index.
 *
 * Block 0 is like any other. Transaction t of a block owns the logs [first_log, first_log + n_logs).
 */
#ifndef RPCSIM_CHAIN_H
#define RPCSIM_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bloom.h"
#include "source.h"

enum chain_profile {
    PROFILE_EVEN,   /* every block has logs_per_block logs */
    PROFILE_SPARSE, /* one block in 100 has logs */
    PROFILE_DENSE,  /* every block has 20 times logs_per_block */
    PROFILE_UNEVEN, /* 3 blocks in 4 have none, one in 500 has 100 times as many */
};

struct chain_options {
    uint64_t seed;
    uint64_t head; /* newest block */
    uint64_t logs_per_block;
    uint64_t txs_per_block;
    uint64_t contracts; /* how many addresses emit logs, where none are given */
    uint64_t holders;   /* how many accounts send, receive and own */
    uint64_t genesis_time, block_seconds;
    uint64_t fork_at, fork; /* from block fork_at on, the branch numbered fork */
    uint64_t big_block, big_logs; /* one block with so many logs; big_logs 0: none */
    enum chain_profile profile;
    bool mixed;          /* all shapes of logs, not ERC-20 transfers only */
    bool log_timestamps; /* logs carry blockTimestamp */
    uint64_t phantoms;   /* every so many blocks the bloom has all bits set, logs or not; 0: none */
    bool bloom;          /* false: all bits set, which is cheap and never wrong */
    const uint8_t (*addresses)[20]; /* borrowed: the contracts, or NULL */
    size_t n_addresses;
};

struct word { /* 32 bytes that appear as a topic */
    uint8_t raw[32];
    char hex[64];
    struct bloom_bits bits;
};

struct account {
    uint8_t address[20];
    char hex[40];
    struct word topic;       /* the address as a topic */
    struct bloom_bits bits;  /* of the address itself */
};

enum log_kind {
    LOG_TRANSFER,        /* ERC-20: from and to indexed */
    LOG_NFT,             /* ERC-721: the token, too */
    LOG_SINGLE,          /* ERC-1155 TransferSingle */
    LOG_BATCH,           /* ERC-1155 TransferBatch of two */
    LOG_APPROVAL,
    LOG_UNINDEXED,       /* Transfer with everything in the data */
    LOG_ANONYMOUS,       /* no topic at all */
    LOG_KINDS,
};

struct log_facts {
    uint64_t block;
    uint32_t index, tx;
    enum log_kind kind;
    const struct account *contract, *from, *to;
    const struct word *topics[4]; /* the last may be own */
    size_t n_topics;
    uint64_t amount;
    struct word own; /* a token number */
};

struct tx_facts {
    uint64_t block;
    uint32_t index, first_log, n_logs;
    uint8_t hash[32];
    const struct account *from, *to; /* to NULL: creates created */
    uint8_t created[20];
    uint64_t value, nonce, gas, gas_used, gas_price, amount;
    unsigned type;
    bool failed;
};

struct block_facts {
    uint64_t number, timestamp;
    uint32_t n_txs, n_logs;
    uint8_t hash[32], parent[32];
};

struct chain;

struct chain *chain_new(const struct chain_options *o);
void chain_free(struct chain *c);
const struct chain_options *chain_options(const struct chain *c);
void chain_set_head(struct chain *c, uint64_t head);
void chain_set_fork(struct chain *c, uint64_t at, uint64_t fork);
struct source chain_source(struct chain *c); /* in chain_text.c */

void chain_block(const struct chain *c, uint64_t number, struct block_facts *out);
void chain_tx(const struct chain *c, const struct block_facts *b, uint32_t index, struct tx_facts *out);
/* out->own is only made where a topic needs it. */
void chain_log(const struct chain *c, const struct block_facts *b, uint32_t index, struct log_facts *out);
/* Sets the bits of one log. */
void chain_log_bloom(const struct log_facts *l, struct bloom *out);
bool chain_find_block(const struct chain *c, const uint8_t hash[32], uint64_t *number);
bool chain_find_tx(const struct chain *c, const uint8_t hash[32], uint64_t *number, uint32_t *index);
/* 32 bytes for a root or the like: what tells them apart. */
void chain_filler(const struct chain *c, uint64_t what, uint64_t block, uint8_t out[32]);
bool chain_is_contract(const struct chain *c, const uint8_t address[20]);

#endif
