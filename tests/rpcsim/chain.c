/* chain.c - see chain.h. */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "draw.h"

enum draws { /* what a number is drawn for */
    DRAW_CONTRACT, DRAW_HOLDER, DRAW_HASH, DRAW_COUNT, DRAW_LOG, DRAW_AMOUNT, DRAW_TX, DRAW_TX_MORE,
    DRAW_CREATED, DRAW_TOKEN, DRAW_FILLER,
};

enum hash_kind { HASH_BLOCK = 1, HASH_TX = 2 };

enum { INDEX_BITS = 20, NUMBER_BITS = 40, SPARSE_EVERY = 100, DENSE_TIMES = 20 };

struct chain {
    struct chain_options o;
    struct account *contracts, *holders; /* owned */
    size_t n_contracts;
    struct word signatures[LOG_KINDS];
};

/* The signatures of the events, by kind; the anonymous one has none. */
static const char *const events[LOG_KINDS] = {
    [LOG_TRANSFER] = "Transfer(address,address,uint256)",
    [LOG_NFT] = "Transfer(address,address,uint256)",
    [LOG_SINGLE] = "TransferSingle(address,address,address,uint256,uint256)",
    [LOG_BATCH] = "TransferBatch(address,address,address,uint256[],uint256[])",
    [LOG_APPROVAL] = "Approval(address,address,uint256)",
    [LOG_UNINDEXED] = "Transfer(address,address,uint256)",
    [LOG_ANONYMOUS] = "",
};

static void
put64(uint8_t *p, uint64_t v)
{
    for (size_t i = 8; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static uint64_t
get64(const uint8_t *p)
{
    uint64_t v = 0;
    for (size_t i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void
word_finish(struct word *w)
{
    num_to_hex(w->raw, 32, w->hex);
    w->bits = bloom_bits_of(w->raw, 32);
}

static void
account_finish(struct account *a)
{
    num_to_hex(a->address, 20, a->hex);
    a->bits = bloom_bits_of(a->address, 20);
    memcpy(a->topic.raw + 12, a->address, 20);
    word_finish(&a->topic);
}

static void
draw_address(uint64_t seed, uint64_t what, uint64_t a, uint64_t b, uint8_t out[20])
{
    uint8_t bytes[24];
    for (uint64_t i = 0; i < 3; i++)
        put64(bytes + 8 * i, draw(seed + i, what, a, b));
    memcpy(out, bytes, 20);
}

struct chain *
chain_new(const struct chain_options *o)
{
    struct chain *c = xcalloc(1, sizeof *c);
    c->o = *o;
    c->n_contracts = o->addresses ? o->n_addresses : (size_t)o->contracts;
    c->contracts = xcalloc(c->n_contracts, sizeof *c->contracts);
    for (size_t i = 0; i < c->n_contracts; i++) {
        if (o->addresses)
            memcpy(c->contracts[i].address, o->addresses[i], 20);
        else
            draw_address(o->seed, DRAW_CONTRACT, i, 0, c->contracts[i].address);
        account_finish(&c->contracts[i]);
    }
    c->holders = xcalloc((size_t)o->holders, sizeof *c->holders);
    for (size_t i = 0; i < o->holders; i++) {
        draw_address(o->seed, DRAW_HOLDER, i, 0, c->holders[i].address);
        c->holders[i].address[19] |= 1; /* odd: an account without code */
        account_finish(&c->holders[i]);
    }
    for (size_t k = 0; k < LOG_KINDS; k++) {
        keccak256((const uint8_t *)events[k], strlen(events[k]), c->signatures[k].raw);
        word_finish(&c->signatures[k]);
    }
    return c;
}

void
chain_free(struct chain *c)
{
    if (!c)
        return;
    free(c->contracts);
    free(c->holders);
    free(c);
}

const struct chain_options *
chain_options(const struct chain *c)
{
    return &c->o;
}

void
chain_set_head(struct chain *c, uint64_t head)
{
    c->o.head = head;
}

void
chain_set_fork(struct chain *c, uint64_t at, uint64_t fork)
{
    c->o.fork_at = at;
    c->o.fork = fork;
}

/* The seed of a block's branch. */
static uint64_t
branch(const struct chain *c, uint64_t number)
{
    return c->o.fork && number >= c->o.fork_at ? draw_mix(c->o.seed + c->o.fork) : c->o.seed;
}

static void
make_hash(const struct chain *c, enum hash_kind kind, uint64_t number, uint32_t index, uint8_t out[32])
{
    uint64_t plain = (uint64_t)kind << (NUMBER_BITS + INDEX_BITS) | number << INDEX_BITS | index;
    uint64_t key = draw_mix(branch(c, number) + DRAW_HASH);
    uint64_t first = draw_mix(plain ^ key);
    put64(out, first);
    for (uint64_t i = 1; i < 4; i++)
        put64(out + 8 * i, draw_mix(first ^ (key + i)));
}

/* Undoes make_hash; the whole hash must be the one that would be made. */
static bool
read_hash(const struct chain *c, enum hash_kind kind, const uint8_t hash[32], uint64_t *number, uint32_t *index)
{
    const uint64_t seeds[] = {c->o.seed, draw_mix(c->o.seed + c->o.fork)};
    for (size_t i = 0; i < 2; i++) {
        uint64_t plain = draw_unmix(get64(hash)) ^ draw_mix(seeds[i] + DRAW_HASH);
        *number = plain >> INDEX_BITS & (((uint64_t)1 << NUMBER_BITS) - 1);
        *index = (uint32_t)(plain & ((1u << INDEX_BITS) - 1));
        uint8_t again[32];
        make_hash(c, kind, *number, *index, again);
        if (memcmp(hash, again, 32) == 0)
            return true;
    }
    return false;
}

bool
chain_find_block(const struct chain *c, const uint8_t hash[32], uint64_t *number)
{
    uint32_t index;
    return read_hash(c, HASH_BLOCK, hash, number, &index) && *number <= c->o.head;
}

bool
chain_find_tx(const struct chain *c, const uint8_t hash[32], uint64_t *number, uint32_t *index)
{
    if (!read_hash(c, HASH_TX, hash, number, index) || *number > c->o.head)
        return false;
    struct block_facts b;
    chain_block(c, *number, &b);
    return *index < b.n_txs;
}

static uint64_t
log_count(const struct chain *c, uint64_t number)
{
    uint64_t k = c->o.logs_per_block;
    if (c->o.big_logs && number == c->o.big_block)
        return c->o.big_logs;
    uint64_t r = draw(branch(c, number), DRAW_COUNT, number, 0);
    switch (c->o.profile) {
    case PROFILE_EVEN:
        return k;
    case PROFILE_SPARSE:
        return r % SPARSE_EVERY == 0 ? k : 0;
    case PROFILE_DENSE:
        return k * DENSE_TIMES;
    case PROFILE_UNEVEN:
        return r % 4 ? 0 : r % 500 == 0 ? k * 100 : (r >> 32) % (2 * k + 1);
    }
    return k;
}

void
chain_block(const struct chain *c, uint64_t number, struct block_facts *out)
{
    uint64_t max = (1u << INDEX_BITS) - 1;
    uint64_t logs = log_count(c, number);
    out->number = number;
    out->timestamp = c->o.genesis_time + number * c->o.block_seconds;
    out->n_logs = (uint32_t)(logs < max ? logs : max);
    out->n_txs = (uint32_t)(c->o.txs_per_block ? c->o.txs_per_block : logs > 0);
    make_hash(c, HASH_BLOCK, number, 0, out->hash);
    memset(out->parent, 0, 32);
    if (number > 0)
        make_hash(c, HASH_BLOCK, number - 1, 0, out->parent);
}

void
chain_tx(const struct chain *c, const struct block_facts *b, uint32_t index, struct tx_facts *out)
{
    uint64_t r = draw(branch(c, b->number), DRAW_TX, b->number, index);
    uint64_t more = draw(branch(c, b->number), DRAW_TX_MORE, b->number, index);
    out->block = b->number;
    out->index = index;
    /* log i belongs to transaction i * n_txs / n_logs */
    out->first_log = (uint32_t)(((uint64_t)index * b->n_logs + b->n_txs - 1) / b->n_txs);
    uint32_t end = (uint32_t)((((uint64_t)index + 1) * b->n_logs + b->n_txs - 1) / b->n_txs);
    out->n_logs = end - out->first_log;
    make_hash(c, HASH_TX, b->number, index, out->hash);
    out->from = &c->holders[(r >> 8) % c->o.holders];
    out->to = r % 64 == 0 ? NULL : &c->contracts[(more >> 40) % c->n_contracts];
    draw_address(c->o.seed, DRAW_CREATED, b->number, index, out->created);
    out->created[19] &= 0xfe; /* even: has code */
    out->type = (unsigned)(r >> 60) % 3;
    out->failed = out->n_logs == 0 && r % 16 == 1;
    out->value = r >> 61 ? 0 : more;
    out->amount = more >> 8;
    out->nonce = b->number;
    out->gas = 100000 + more % 400000;
    out->gas_used = 21000 + more % 79000;
    out->gas_price = 1000000000 + more % 50000000000;
}

void
chain_log(const struct chain *c, const struct block_facts *b, uint32_t index, struct log_facts *out)
{
    uint64_t r = draw(branch(c, b->number), DRAW_LOG, b->number, index);
    out->block = b->number;
    out->index = index;
    out->tx = (uint32_t)((uint64_t)index * b->n_txs / b->n_logs);
    out->kind = c->o.mixed && r >> 63 ? (enum log_kind)((r >> 52) % LOG_KINDS) : LOG_TRANSFER;
    out->contract = &c->contracts[(r & 0xffff) % c->n_contracts];
    out->from = &c->holders[(r >> 16 & 0xffff) % c->o.holders];
    out->to = &c->holders[(r >> 32 & 0xffff) % c->o.holders];
    out->amount = draw_mix(r + DRAW_AMOUNT) >> 4;
    out->topics[0] = &c->signatures[out->kind];
    out->topics[1] = &out->from->topic;
    out->topics[2] = &out->to->topic;
    out->topics[3] = &out->own;
    out->n_topics = 3;
    if (out->kind == LOG_ANONYMOUS) {
        out->n_topics = 0;
    } else if (out->kind == LOG_UNINDEXED) {
        out->n_topics = 1;
    } else if (out->kind == LOG_SINGLE || out->kind == LOG_BATCH) { /* operator, from, to */
        out->topics[3] = &out->to->topic;
        out->topics[2] = out->topics[1];
        out->n_topics = 4;
    } else if (out->kind == LOG_NFT) {
        memset(out->own.raw, 0, 32);
        put64(out->own.raw + 24, out->amount % 10000);
        word_finish(&out->own);
        out->n_topics = 4;
    }
}

void
chain_log_bloom(const struct log_facts *l, struct bloom *out)
{
    bloom_set(out, l->contract->bits);
    for (size_t i = 0; i < l->n_topics; i++)
        bloom_set(out, l->topics[i]->bits);
}

void
chain_filler(const struct chain *c, uint64_t what, uint64_t block, uint8_t out[32])
{
    for (uint64_t i = 0; i < 4; i++)
        put64(out + 8 * i, draw(branch(c, block) + i, DRAW_FILLER, block, what));
}

bool
chain_is_contract(const struct chain *c, const uint8_t address[20])
{
    for (size_t i = 0; i < c->n_contracts; i++)
        if (memcmp(c->contracts[i].address, address, 20) == 0)
            return true;
    return false;
}
