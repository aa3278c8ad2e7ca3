/* chain_text.c - blocks, transactions and receipts of the drawn chain as JSON text, and the chain as
 * a source. The members and their order are those of geth.
 */
#include "chain_text.h"
#include "chain_traces.h"

enum { OBJECT_ROOM = 4096 }; /* bytes of a header, transaction or receipt without its lists */

enum fillers { FILL_STATE, FILL_TXS, FILL_RECEIPTS, FILL_MIX, FILL_R, FILL_S };

static void
add_bloom(const struct chain *c, const struct block_facts *b, uint32_t from, uint32_t to, struct bloom *bloom)
{
    if (!chain_options(c)->bloom && to > from) {
        memset(bloom, 0xff, sizeof *bloom);
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        struct log_facts l;
        chain_log(c, b, i, &l);
        chain_log_bloom(&l, bloom);
    }
}

static char *
pen_filler(char *p, const struct chain *c, uint64_t what, uint64_t block)
{
    uint8_t bytes[32];
    chain_filler(c, what, block, bytes);
    return pen_hash(p, bytes);
}

/* --- transactions --- */

static char *
pen_input(char *p, const struct tx_facts *t)
{
    if (!t->to) { /* code that deploys nothing in particular */
        p = PEN(p, "0x6080604052");
        return pen_word(p, t->amount);
    }
    p = PEN(p, "0xa9059cbb"); /* transfer(address,uint256) */
    p = pen_put(p, t->to->topic.hex, 64);
    return pen_word(p, t->amount);
}

static char *
pen_tx(char *p, const struct chain *c, const struct block_facts *b, const struct tx_facts *t)
{
    p = PEN(p, "{\"blockHash\":");
    p = pen_hash(p, b->hash);
    p = PEN(p, ",\"blockNumber\":\"");
    p = pen_quantity(p, b->number);
    p = PEN(p, "\",\"from\":");
    p = pen_account(p, t->from);
    p = PEN(p, ",\"gas\":\"");
    p = pen_quantity(p, t->gas);
    p = PEN(p, "\",\"gasPrice\":\"");
    p = pen_quantity(p, t->gas_price);
    if (t->type == 2) {
        p = PEN(p, "\",\"maxFeePerGas\":\"");
        p = pen_quantity(p, t->gas_price * 2);
        p = PEN(p, "\",\"maxPriorityFeePerGas\":\"");
        p = pen_quantity(p, t->gas_price / 10);
    }
    p = PEN(p, "\",\"hash\":");
    p = pen_hash(p, t->hash);
    p = PEN(p, ",\"input\":\"");
    p = pen_input(p, t);
    p = PEN(p, "\",\"nonce\":\"");
    p = pen_quantity(p, t->nonce);
    p = PEN(p, "\",\"to\":");
    p = t->to ? pen_account(p, t->to) : PEN(p, "null");
    p = PEN(p, ",\"transactionIndex\":\"");
    p = pen_quantity(p, t->index);
    p = PEN(p, "\",\"value\":\"");
    p = pen_quantity(p, t->value);
    p = PEN(p, "\",\"type\":\"");
    p = pen_quantity(p, t->type);
    p = t->type ? PEN(p, "\",\"accessList\":[],\"chainId\":\"0x7a69\",\"v\":\"0x1\",\"r\":")
                : PEN(p, "\",\"chainId\":\"0x7a69\",\"v\":\"0xf4f5\",\"r\":");
    p = pen_filler(p, c, FILL_R + t->index * 16, b->number);
    p = PEN(p, ",\"s\":");
    p = pen_filler(p, c, FILL_S + t->index * 16, b->number);
    return PEN(p, "}");
}

static void
chain_tx_text(void *self, uint64_t number, uint32_t index, struct buf *out)
{
    const struct chain *c = self;
    struct block_facts b;
    struct tx_facts t;
    chain_block(c, number, &b);
    chain_tx(c, &b, index, &t);
    char *p = buf_room(out, OBJECT_ROOM);
    out->n += (size_t)(pen_tx(p, c, &b, &t) - p);
}

static char *
pen_receipt_end(char *p, const struct tx_facts *t, const struct bloom *bloom)
{
    p = PEN(p, "],\"logsBloom\":\"0x");
    p = pen_hex(p, bloom->bytes, sizeof bloom->bytes);
    p = PEN(p, "\",\"status\":\"");
    p = pen_quantity(p, !t->failed);
    p = PEN(p, "\",\"to\":");
    p = t->to ? pen_account(p, t->to) : PEN(p, "null");
    p = PEN(p, ",\"transactionHash\":");
    p = pen_hash(p, t->hash);
    p = PEN(p, ",\"transactionIndex\":\"");
    p = pen_quantity(p, t->index);
    p = PEN(p, "\",\"type\":\"");
    p = pen_quantity(p, t->type);
    return PEN(p, "\"}");
}

static void
add_receipt(const struct chain *c, const struct block_facts *b, const struct tx_facts *t,
            uint64_t cumulative, struct buf *out)
{
    char *start = buf_room(out, OBJECT_ROOM);
    char *p = PEN(start, "{\"blockHash\":");
    p = pen_hash(p, b->hash);
    p = PEN(p, ",\"blockNumber\":\"");
    p = pen_quantity(p, b->number);
    p = PEN(p, "\",\"contractAddress\":");
    if (t->to || t->failed) {
        p = PEN(p, "null");
    } else {
        p = PEN(p, "\"0x");
        p = pen_hex(p, t->created, 20);
        p = PEN(p, "\"");
    }
    p = PEN(p, ",\"cumulativeGasUsed\":\"");
    p = pen_quantity(p, cumulative);
    p = PEN(p, "\",\"effectiveGasPrice\":\"");
    p = pen_quantity(p, t->gas_price);
    p = PEN(p, "\",\"from\":");
    p = pen_account(p, t->from);
    p = PEN(p, ",\"gasUsed\":\"");
    p = pen_quantity(p, t->gas_used);
    p = PEN(p, "\",\"logs\":[");
    out->n += (size_t)(p - start);
    struct bloom bloom = {0};
    out->n -= chain_add_logs(c, b, NULL, t->first_log, t->first_log + t->n_logs, out) > 0; /* the last comma */
    add_bloom(c, b, t->first_log, t->first_log + t->n_logs, &bloom);
    start = buf_room(out, OBJECT_ROOM);
    out->n += (size_t)(pen_receipt_end(start, t, &bloom) - start);
}

/* The receipts [from, to) of a block, commas between; gas adds up from the block's first. */
static void
add_receipts(const struct chain *c, uint64_t number, uint32_t from, uint32_t to, struct buf *out)
{
    struct block_facts b;
    chain_block(c, number, &b);
    uint64_t cumulative = 0;
    for (uint32_t i = 0; i < to && i < b.n_txs; i++) {
        struct tx_facts t;
        chain_tx(c, &b, i, &t);
        cumulative += t.gas_used;
        if (i < from)
            continue;
        if (i > from)
            buf_addc(out, ',');
        add_receipt(c, &b, &t, cumulative, out);
    }
}

static void
chain_receipts(void *self, uint64_t number, struct buf *out)
{
    buf_addc(out, '[');
    add_receipts(self, number, 0, UINT32_MAX, out);
    buf_addc(out, ']');
}

static void
chain_receipt(void *self, uint64_t number, uint32_t index, struct buf *out)
{
    add_receipts(self, number, index, index + 1, out);
}

/* --- blocks --- */

static char *
pen_header(char *p, const struct chain *c, const struct block_facts *b, uint64_t gas_used)
{
    struct bloom bloom = {0};
    add_bloom(c, b, 0, b->n_logs, &bloom);
    if (chain_options(c)->phantoms && b->number % chain_options(c)->phantoms == 0)
        memset(&bloom, 0xff, sizeof bloom);
    p = PEN(p, "{\"baseFeePerGas\":\"0x3b9aca00\",\"difficulty\":\"0x0\",\"extraData\":\"0x727063\","
               "\"gasLimit\":\"0x1c9c3800\",\"gasUsed\":\"");
    p = pen_quantity(p, gas_used);
    p = PEN(p, "\",\"hash\":");
    p = pen_hash(p, b->hash);
    p = PEN(p, ",\"logsBloom\":\"0x");
    p = pen_hex(p, bloom.bytes, sizeof bloom.bytes);
    p = PEN(p, "\",\"miner\":\"0x00000000000000000000000000000000000000c0\",\"mixHash\":");
    p = pen_filler(p, c, FILL_MIX, b->number);
    p = PEN(p, ",\"nonce\":\"0x0000000000000000\",\"number\":\"");
    p = pen_quantity(p, b->number);
    p = PEN(p, "\",\"parentHash\":");
    p = pen_hash(p, b->parent);
    p = PEN(p, ",\"receiptsRoot\":");
    p = pen_filler(p, c, FILL_RECEIPTS, b->number);
    p = PEN(p, ",\"sha3Uncles\":\"0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347\","
               "\"size\":\"");
    p = pen_quantity(p, 540 + (uint64_t)b->n_txs * 110);
    p = PEN(p, "\",\"stateRoot\":");
    p = pen_filler(p, c, FILL_STATE, b->number);
    p = PEN(p, ",\"timestamp\":\"");
    p = pen_quantity(p, b->timestamp);
    p = PEN(p, "\",\"transactionsRoot\":");
    p = pen_filler(p, c, FILL_TXS, b->number);
    return PEN(p, ",\"uncles\":[],\"transactions\":[");
}

static void
chain_block_text(void *self, uint64_t number, bool full, struct buf *out)
{
    const struct chain *c = self;
    struct block_facts b;
    struct tx_facts t;
    chain_block(c, number, &b);
    uint64_t gas_used = 0;
    for (uint32_t i = 0; i < b.n_txs; i++) {
        chain_tx(c, &b, i, &t);
        gas_used += t.gas_used;
    }
    char *start = buf_room(out, OBJECT_ROOM);
    out->n += (size_t)(pen_header(start, c, &b, gas_used) - start);
    for (uint32_t i = 0; i < b.n_txs; i++) {
        chain_tx(c, &b, i, &t);
        start = buf_room(out, OBJECT_ROOM);
        char *p = i > 0 ? PEN(start, ",") : start;
        p = full ? pen_tx(p, c, &b, &t) : pen_hash(p, t.hash);
        out->n += (size_t)(p - start);
    }
    buf_adds(out, "]}");
}

/* --- the source --- */

static uint64_t
chain_head(void *self)
{
    return chain_options(self)->head;
}

static bool
chain_has(void *self, uint64_t number)
{
    return number <= chain_options(self)->head;
}

static bool
source_find_block(void *self, const uint8_t hash[32], uint64_t *number)
{
    return chain_find_block(self, hash, number);
}

static bool
source_find_tx(void *self, const uint8_t hash[32], uint64_t *number, uint32_t *index)
{
    return chain_find_tx(self, hash, number, index);
}

struct source
chain_source(struct chain *c)
{
    static const struct source_ops ops = {
        .head = chain_head,
        .has = chain_has,
        .find_block = source_find_block,
        .find_tx = source_find_tx,
        .block = chain_block_text,
        .receipts = chain_receipts,
        .tx = chain_tx_text,
        .receipt = chain_receipt,
        .logs = chain_logs,
        .traces = chain_traces,
        .debug_traces = chain_debug_traces,
        .balance = chain_balance,
        .nonce = chain_nonce,
        .code = chain_code,
    };
    return (struct source){&ops, c};
}
