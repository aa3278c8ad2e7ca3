/* chain_traces.c - traces and account states of the drawn chain.
 *
 * A transaction is one call (or creation) that makes index % 3 further calls; both forms of traces
 * tell the same story. A balance changes with every block, so that "as of block n" can be checked.
 */
#include "chain_traces.h"

#include <inttypes.h>

#include "chain.h"
#include "draw.h"

enum { SUB_CALLS = 3 };

static const char account_code[] = "0x60806040525f5ffd"; /* of every contract */

static void
add_to(const struct tx_facts *t, struct buf *out)
{
    buf_addf(out, "0x%.40s", t->to->hex);
}

static void
add_created(const struct tx_facts *t, struct buf *out)
{
    buf_adds(out, "0x");
    for (size_t i = 0; i < 20; i++)
        buf_addf(out, "%02x", t->created[i]);
}

/* Who a sub-call comes from. */
static void
add_self(const struct tx_facts *t, struct buf *out)
{
    if (t->to)
        add_to(t, out);
    else
        add_created(t, out);
}

static void
add_hash(const char *name, const uint8_t hash[32], struct buf *out)
{
    buf_addf(out, "\"%s\":\"0x", name);
    for (size_t i = 0; i < 32; i++)
        buf_addf(out, "%02x", hash[i]);
    buf_adds(out, "\"");
}

/* --- trace_block --- */

static void
add_place(const struct block_facts *b, const struct tx_facts *t, unsigned subtraces, struct buf *out)
{
    buf_addf(out, "\"subtraces\":%u,\"blockNumber\":%" PRIu64 ",\"transactionPosition\":%" PRIu32 ",",
             subtraces, b->number, t->index);
    add_hash("blockHash", b->hash, out);
    buf_addc(out, ',');
    add_hash("transactionHash", t->hash, out);
}

static void
add_parity_top(const struct block_facts *b, const struct tx_facts *t, struct buf *out)
{
    buf_addf(out, "{\"action\":{\"from\":\"0x%.40s\",\"gas\":\"0x%" PRIx64 "\",\"value\":\"0x%" PRIx64 "\",",
             t->from->hex, t->gas, t->value);
    if (t->to) {
        buf_adds(out, "\"callType\":\"call\",\"input\":\"0xa9059cbb\",\"to\":\"");
        add_to(t, out);
        buf_adds(out, "\"},");
    } else {
        buf_adds(out, "\"init\":\"0x6080604052\"},");
    }
    if (t->failed) {
        buf_adds(out, "\"error\":\"Reverted\",\"result\":null,");
    } else if (t->to) {
        buf_addf(out, "\"result\":{\"gasUsed\":\"0x%" PRIx64 "\",\"output\":\"0x01\"},", t->gas_used);
    } else {
        buf_addf(out, "\"result\":{\"gasUsed\":\"0x%" PRIx64 "\",\"code\":\"%s\",\"address\":\"", t->gas_used,
                 account_code);
        add_created(t, out);
        buf_adds(out, "\"},");
    }
    buf_addf(out, "\"type\":\"%s\",\"traceAddress\":[],", t->to ? "call" : "create");
    add_place(b, t, t->index % SUB_CALLS, out);
    buf_adds(out, "},");
}

static void
add_parity_sub(const struct block_facts *b, const struct tx_facts *t, unsigned i, struct buf *out)
{
    buf_adds(out, "{\"action\":{\"from\":\"");
    add_self(t, out);
    buf_addf(out, "\",\"callType\":\"%s\",\"gas\":\"0x5208\",\"input\":\"0x\",\"to\":\"0x%.40s\",\"value\":\"0x%x\"},"
             "\"result\":{\"gasUsed\":\"0x%x\",\"output\":\"0x\"},\"type\":\"call\",\"traceAddress\":[%u],",
             i ? "staticcall" : "call", t->from->hex, i ? 0 : 1, 100 + i, i);
    add_place(b, t, 0, out);
    buf_adds(out, "},");
}

bool
chain_traces(void *self, uint64_t number, struct buf *out)
{
    const struct chain *c = self;
    struct block_facts b;
    chain_block(c, number, &b);
    buf_addc(out, '[');
    for (uint32_t i = 0; i < b.n_txs; i++) {
        struct tx_facts t;
        chain_tx(c, &b, i, &t);
        add_parity_top(&b, &t, out);
        for (unsigned k = 0; k < i % SUB_CALLS; k++)
            add_parity_sub(&b, &t, k, out);
    }
    out->n -= b.n_txs > 0;
    buf_addc(out, ']');
    return true;
}

/* --- debug_traceBlockByNumber with callTracer --- */

static void
add_geth_sub(const struct tx_facts *t, unsigned i, struct buf *out)
{
    buf_adds(out, "{\"from\":\"");
    add_self(t, out);
    buf_addf(out, "\",\"gas\":\"0x5208\",\"gasUsed\":\"0x%x\",\"to\":\"0x%.40s\",\"input\":\"0x\",\"output\":\"0x\",",
             100 + i, t->from->hex);
    buf_adds(out, i ? "\"type\":\"STATICCALL\"}," : "\"value\":\"0x1\",\"type\":\"CALL\"},");
}

static void
add_geth_top(const struct tx_facts *t, struct buf *out)
{
    add_hash("txHash", t->hash, out);
    buf_addf(out, ",\"result\":{\"from\":\"0x%.40s\",\"gas\":\"0x%" PRIx64 "\",\"gasUsed\":\"0x%" PRIx64
             "\",\"to\":\"", t->from->hex, t->gas, t->gas_used);
    add_self(t, out);
    buf_addf(out, "\",\"input\":\"%s\",", t->to ? "0xa9059cbb" : "0x6080604052");
    if (t->failed)
        buf_adds(out, "\"error\":\"execution reverted\",");
    else
        buf_addf(out, "\"output\":\"%s\",", t->to ? "0x01" : account_code);
    if (t->index % SUB_CALLS) {
        buf_adds(out, "\"calls\":[");
        for (unsigned k = 0; k < t->index % SUB_CALLS; k++)
            add_geth_sub(t, k, out);
        out->n--;
        buf_adds(out, "],");
    }
    buf_addf(out, "\"value\":\"0x%" PRIx64 "\",\"type\":\"%s\"}", t->value, t->to ? "CALL" : "CREATE");
}

bool
chain_debug_traces(void *self, uint64_t number, struct buf *out)
{
    const struct chain *c = self;
    struct block_facts b;
    chain_block(c, number, &b);
    buf_addc(out, '[');
    for (uint32_t i = 0; i < b.n_txs; i++) {
        struct tx_facts t;
        chain_tx(c, &b, i, &t);
        buf_adds(out, i ? ",{" : "{");
        add_geth_top(&t, out);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    return true;
}

/* --- accounts --- */

static uint64_t
address_number(const uint8_t address[20])
{
    uint64_t v = 0;
    for (size_t i = 0; i < 20; i++)
        v = draw_mix(v + address[i]);
    return v;
}

bool
chain_balance(void *self, const uint8_t address[20], uint64_t number, struct buf *out)
{
    (void)self;
    buf_addf(out, "\"0x%" PRIx64 "\"", (address_number(address) >> 8) + number);
    return true;
}

bool
chain_nonce(void *self, const uint8_t address[20], uint64_t number, struct buf *out)
{
    (void)self;
    buf_addf(out, "\"0x%" PRIx64 "\"", address_number(address) % 1000 + number);
    return true;
}

bool
chain_code(void *self, const uint8_t address[20], uint64_t number, struct buf *out)
{
    (void)number;
    /* created addresses are even, accounts odd */
    bool code = chain_is_contract(self, address) || address[19] % 2 == 0;
    buf_addf(out, "\"%s\"", code ? account_code : "0x");
    return true;
}
