/* methods.c - the methods of the endpoint, a table and a function each. */
#include <inttypes.h>
#include <string.h>

#include "common/num.h"
#include "sim.h"

enum { CODE_PARAMS = -32602, CODE_METHOD = -32601 };
static const uint64_t RECEIPT_LIES =
    1u << LIE_RECEIPTS | 1u << LIE_RECEIPT_NULL | 1u << LIE_RECEIPT_TWICE | 1u << LIE_RECEIPT_OTHER;

/* The block that a parameter names: a quantity, a tag, or {"blockNumber": ...}. */
static bool
block_param(struct exchange *x, size_t i, uint64_t *out)
{
    json_t *v = json_array_get(x->params, i);
    if (json_is_object(v))
        v = json_object_get(v, "blockNumber");
    const char *text = json_string_value(v);
    if (text && strcmp(text, "earliest") == 0)
        *out = 0;
    else if (!text || strcmp(text, "latest") == 0 || strcmp(text, "pending") == 0 || strcmp(text, "safe") == 0 ||
             strcmp(text, "finalized") == 0)
        *out = x->head;
    else
        return num_quantity(span_of(text), out);
    return true;
}

static bool
hex_param(struct exchange *x, size_t i, uint8_t *out, size_t n)
{
    const char *text = json_string_value(json_array_get(x->params, i));
    if (text && num_hex(span_of(text), out, n))
        return true;
    exchange_fail(x, REFUSED_CALLER, CODE_PARAMS, "invalid argument: hex string of the wrong length");
    return false;
}

static bool
known(struct exchange *x, uint64_t block)
{
    return block <= x->head && x->sim->source.ops->has(x->sim->source.self, block);
}

/* The block of params[0], a number, tag or hash; false: answered already. */
static bool
wanted_block(struct exchange *x, uint64_t *block)
{
    const struct source *s = &x->sim->source;
    const char *text = json_string_value(json_array_get(x->params, 0));
    uint8_t hash[32];
    bool found;
    if (text && num_hex(span_of(text), hash, 32))
        found = s->ops->find_block(s->self, hash, block);
    else if (block_param(x, 0, block))
        found = true;
    else {
        exchange_fail(x, REFUSED_CALLER, CODE_PARAMS, "invalid argument 0: hex string without 0x prefix");
        return false;
    }
    if (found && *block == x->sim->knobs.null_round && *block > 0) {
        exchange_fail(x, REFUSED_CALLER, -32000, "requested epoch was a null round");
        return false;
    }
    if (found && known(x, *block))
        return true;
    buf_adds(x->out, "null");
    return false;
}

/* Pruned, and the style speaks: true, and the call is refused; silent: *silent. */
static bool
pruned(struct exchange *x, uint64_t block, bool *silent)
{
    const struct knobs *k = &x->sim->knobs;
    *silent = false;
    if (block >= k->pruned_below)
        return false;
    const struct style *style = k->pruned_style ? k->pruned_style : style_default(STYLE_PRUNED);
    *silent = style->shape == SHAPE_SILENT;
    if (!*silent)
        exchange_refuse(x, REFUSED_PRUNED, style,
                        &(struct style_words){.from = block, .to = block, .need = k->pruned_below, .head = x->head});
    return !*silent;
}

static void
m_chain_id(struct exchange *x)
{
    buf_addf(x->out, "\"0x%" PRIx64 "\"", x->sim->knobs.chain_id);
}

static void
m_net_version(struct exchange *x)
{
    buf_addf(x->out, "\"%" PRIu64 "\"", x->sim->knobs.chain_id);
}

static void
m_block_number(struct exchange *x)
{
    buf_addf(x->out, "\"0x%" PRIx64 "\"", x->head);
}

static void
m_syncing(struct exchange *x)
{
    buf_adds(x->out, "false");
}

static void
m_client_version(struct exchange *x)
{
    buf_adds(x->out, "\"rpcsim\"");
}

static void
m_get_block(struct exchange *x)
{
    uint64_t block;
    if (!wanted_block(x, &block))
        return;
    enum lie lie;
    if (block > 0 && lie_due(x->sim, 1u << LIE_BLOCK, &lie))
        block--;
    const struct source *s = &x->sim->source;
    s->ops->block(s->self, block, json_is_true(json_array_get(x->params, 1)), x->out);
}

static void
m_block_receipts(struct exchange *x)
{
    uint64_t block;
    bool silent;
    if (!wanted_block(x, &block) || pruned(x, block, &silent))
        return;
    if (silent) {
        buf_adds(x->out, "null");
        return;
    }
    const struct knobs *k = &x->sim->knobs;
    if (k->no_receipts_to && block >= k->no_receipts_from && block <= k->no_receipts_to) {
        exchange_fail(x, REFUSED_FAULT, -32603, "Internal error");
        return;
    }
    const struct source *s = &x->sim->source;
    size_t start = x->out->n;
    s->ops->receipts(s->self, block, x->out);
    enum lie lie;
    if (lie_due(x->sim, RECEIPT_LIES, &lie))
        lie_receipts(x, start, lie);
}

static bool
wanted_tx(struct exchange *x, uint64_t *block, uint32_t *index)
{
    const struct source *s = &x->sim->source;
    uint8_t hash[32];
    bool silent;
    if (!hex_param(x, 0, hash, 32))
        return false;
    bool found = s->ops->find_tx(s->self, hash, block, index) && known(x, *block);
    if (found && pruned(x, *block, &silent))
        return false;
    if (found && !silent)
        return true;
    buf_adds(x->out, "null");
    return false;
}

static void
m_get_tx(struct exchange *x)
{
    uint64_t block;
    uint32_t index;
    if (wanted_tx(x, &block, &index))
        x->sim->source.ops->tx(x->sim->source.self, block, index, x->out);
}

static void
m_get_receipt(struct exchange *x)
{
    uint64_t block;
    uint32_t index;
    if (wanted_tx(x, &block, &index))
        x->sim->source.ops->receipt(x->sim->source.self, block, index, x->out);
}

static void
no_method(struct exchange *x, const char *name)
{
    const struct style *style = x->sim->knobs.off_style ? x->sim->knobs.off_style : style_default(STYLE_METHOD);
    if (style->shape == SHAPE_SILENT)
        buf_adds(x->out, "null");
    else
        exchange_refuse(x, REFUSED_METHOD, style, &(struct style_words){.method = name});
}

static void
per_block(struct exchange *x, const char *name, bool (*f)(void *, uint64_t, struct buf *))
{
    uint64_t block;
    bool silent;
    if (!f)
        no_method(x, name);
    else if (wanted_block(x, &block) && !pruned(x, block, &silent) && !f(x->sim->source.self, block, x->out))
        no_method(x, name);
}

static void
m_trace_block(struct exchange *x)
{
    per_block(x, "trace_block", x->sim->source.ops->traces);
}

static void
m_debug_trace(struct exchange *x)
{
    per_block(x, "debug_traceBlockByNumber", x->sim->source.ops->debug_traces);
}

static void
per_account(struct exchange *x, const char *name, bool (*f)(void *, const uint8_t[20], uint64_t, struct buf *))
{
    uint8_t address[20];
    uint64_t block;
    if (!f) {
        no_method(x, name);
    } else if (hex_param(x, 0, address, 20)) {
        if (!block_param(x, 1, &block) || !known(x, block))
            exchange_fail(x, REFUSED_HEAD, -32000, "header not found");
        else if (!f(x->sim->source.self, address, block, x->out))
            no_method(x, name);
    }
}

static void
m_balance(struct exchange *x)
{
    per_account(x, "eth_getBalance", x->sim->source.ops->balance);
}

static void
m_nonce(struct exchange *x)
{
    per_account(x, "eth_getTransactionCount", x->sim->source.ops->nonce);
}

static void
m_code(struct exchange *x)
{
    per_account(x, "eth_getCode", x->sim->source.ops->code);
}

static const struct {
    const char *name;
    void (*call)(struct exchange *x);
} methods[] = {
    {"eth_getLogs", getlogs},
    {"eth_getBlockByNumber", m_get_block},
    {"eth_getBlockByHash", m_get_block},
    {"eth_getBlockReceipts", m_block_receipts},
    {"eth_getTransactionByHash", m_get_tx},
    {"eth_getTransactionReceipt", m_get_receipt},
    {"eth_blockNumber", m_block_number},
    {"eth_chainId", m_chain_id},
    {"eth_getBalance", m_balance},
    {"eth_getTransactionCount", m_nonce},
    {"eth_getCode", m_code},
    {"trace_block", m_trace_block},
    {"debug_traceBlockByNumber", m_debug_trace},
    {"net_version", m_net_version},
    {"eth_syncing", m_syncing},
    {"web3_clientVersion", m_client_version},
};

static bool
is_off(const char *off, const char *name)
{
    for (size_t n = strlen(name); off; off = strchr(off, ',') ? strchr(off, ',') + 1 : NULL)
        if (strncmp(off, name, n) == 0 && (off[n] == ',' || off[n] == '\0'))
            return true;
    return false;
}

/* Is a block named by a tag anywhere in these parameters? */
static bool
has_tag(json_t *v)
{
    static const char *const tags[] = {"latest", "earliest", "pending", "safe", "finalized"};
    const char *text = json_string_value(v), *key;
    json_t *member;
    size_t i;
    for (i = 0; text && i < sizeof tags / sizeof *tags; i++)
        if (strcmp(text, tags[i]) == 0)
            return true;
    json_array_foreach(v, i, member)
        if (has_tag(member))
            return true;
    json_object_foreach(v, key, member)
        if (has_tag(member))
            return true;
    return false;
}

void
method_call(struct exchange *x, const char *name)
{
    stats_method(&x->sim->stats, span_of(name));
    if (x->sim->knobs.no_tags && has_tag(x->params)) {
        exchange_fail(x, REFUSED_CALLER, CODE_PARAMS, "invalid argument 0: hex string without 0x prefix");
        return;
    }
    if (!is_off(x->sim->knobs.off, name))
        for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
            if (strcmp(methods[i].name, name) == 0) {
                methods[i].call(x);
                return;
            }
    no_method(x, name);
}
