/* ask.c - a step as a JSON-RPC request; see ask.h. */
#include "fetcher/ask.h"

#include <string.h>

#include "common/num.h"

/* Of an address: bits of a step's needs, and what they ask for. */
static const struct {
    enum source need;
    const char *method;
} state_parts[3] = {
    {NEED_BLOCK, "eth_getBalance"},
    {NEED_RECEIPTS, "eth_getTransactionCount"},
    {NEED_TRACES, "eth_getCode"},
};

static const char *
state_method(unsigned needs)
{
    size_t p = 0;
    while (p < 2 && !(needs & state_parts[p].need))
        p++;
    return state_parts[p].method;
}

const char *
ask_lacking(const struct step *s, const struct lacks *lacks)
{
    if (lacks->logs && (s->kind == STEP_LOGS || s->kind == STEP_CONTROL))
        return "eth_getLogs";
    if (lacks->trace_block && lacks->debug_trace && s->kind == STEP_BLOCKS && (s->needs & NEED_TRACES))
        return "trace_block";
    return NULL;
}

static const char *
trace_method(const struct lacks *lacks)
{
    return lacks->trace_block ? "debug_traceBlockByNumber" : "trace_block";
}

/* A block's receipts tell best which logs it has. */
static bool
by_receipts(const struct step *s, const struct lacks *lacks)
{
    return s->kind == STEP_CONTROL && !s->by_range && !lacks->receipts && !s->one_by_one;
}

const char *
ask_method(const struct step *s, const struct lacks *lacks)
{
    switch (s->kind) {
    case STEP_LOGS:
        return "eth_getLogs";
    case STEP_CONTROL:
        return by_receipts(s, lacks) ? "eth_getBlockReceipts" : "eth_getLogs";
    case STEP_RECEIPTS:
        return "eth_getTransactionReceipt";
    case STEP_STATE:
        return state_method(s->needs);
    case STEP_HASHES:
        return s->needs & NEED_HEADER ? "eth_getBlockByNumber" : "eth_getTransactionByHash";
    default:
        break;
    }
    if (s->needs & NEED_TRACES)
        return trace_method(lacks);
    if ((s->needs & NEED_RECEIPTS) && !lacks->receipts && !s->one_by_one)
        return "eth_getBlockReceipts";
    return "eth_getBlockByNumber";
}

static struct rpc_call *
add_call(struct flight *f, struct rpc_request *r, const char *method, enum rpc_kind kind,
         uint64_t block, enum source need)
{
    f->need[r->n] = need;
    return rpc_request_add(r, method, kind, block, block);
}

static void
add_header(struct flight *f, struct rpc_request *r, uint64_t block, bool full)
{
    struct rpc_call *c = add_call(f, r, "eth_getBlockByNumber", RPC_BLOCK, block,
                                  full ? NEED_BLOCK : NEED_HEADER);
    buf_addf(&c->params, "[\"0x%llx\",%s]", (unsigned long long)block, full ? "true" : "false");
}

static void
add_receipts(struct flight *f, struct rpc_request *r, uint64_t block)
{
    struct rpc_call *c = add_call(f, r, "eth_getBlockReceipts", RPC_RECEIPTS, block, NEED_RECEIPTS);
    buf_addf(&c->params, "[\"0x%llx\"]", (unsigned long long)block);
}

static void
add_traces(struct flight *f, struct rpc_request *r, uint64_t block, const struct lacks *lacks)
{
    struct rpc_call *c = add_call(f, r, trace_method(lacks), RPC_OTHER, block, NEED_TRACES);
    buf_addf(&c->params, lacks->trace_block ? "[\"0x%llx\",{\"tracer\":\"callTracer\"}]"
                                            : "[\"0x%llx\"]", (unsigned long long)block);
}

static void
add_block(struct flight *f, struct rpc_request *r, uint64_t block, const struct lacks *lacks)
{
    unsigned needs = f->step->needs;
    if (needs & NEED_BLOCK)
        add_header(f, r, block, true);
    if (needs & NEED_HEADER)
        add_header(f, r, block, false);
    if ((needs & NEED_RECEIPTS) && !f->one_by_one)
        add_receipts(f, r, block);
    else if ((needs & NEED_RECEIPTS) && !(needs & (NEED_BLOCK | NEED_HEADER)))
        add_header(f, r, block, false); /* its transactions' hashes lead to the receipts */
    if (needs & NEED_TRACES)
        add_traces(f, r, block, lacks);
}

static void
add_logs(struct flight *f, struct rpc_request *r, const struct lacks *lacks, const struct endpoint *e)
{
    const struct step *s = f->step;
    struct task view = {0};
    if (s->kind == STEP_LOGS || s->by_range)
        view = values_view(&f->job->task, &s->values);
    struct rpc_call *c = rpc_request_add(r, "eth_getLogs", RPC_LOGS, s->at.from, s->at.to);
    for (size_t i = 0; i < 1 + TASK_TOPICS; i++)
        c->items += s->kind == STEP_LOGS || s->by_range ? s->values.of[i].n : 0;
    logs_params(&c->params, &view, s->at.from, s->at.to);
    bool near = s->at.to + piece_width(s->at) + ASK_NEAR_HEAD > endpoint_head(e);
    f->with_proof = s->kind == STEP_LOGS && endpoint_batch(e) > 1 && (near || f->with_proof) && !lacks->headers;
    if (near || f->proof < s->at.from || f->proof > s->at.to)
        f->proof = s->at.to;
    if (f->with_proof)
        add_header(f, r, f->proof, false);
}

static void
add_hash(struct flight *f, struct rpc_request *r, const char *method, const uint8_t hash[32],
         enum source need)
{
    char text[65] = {0};
    f->need[r->n] = need;
    struct rpc_call *c = rpc_request_add(r, method, RPC_OTHER, 1, 0);
    num_to_hex(hash, 32, text);
    buf_addf(&c->params, "[\"0x%.64s\"]", text);
}

/* A transaction, or where it stands for a block's number, the header. */
static void
add_by_hash(struct flight *f, struct rpc_request *r, size_t i)
{
    const uint8_t *hash = f->job->task.hashes[i];
    uint64_t number;
    if (f->step->needs & NEED_HEADER && num_word(hash, &number))
        add_header(f, r, number, false);
    if (f->step->needs & NEED_BLOCK)
        add_hash(f, r, "eth_getTransactionByHash", hash, NEED_BLOCK);
    if (f->step->needs & NEED_RECEIPTS)
        add_hash(f, r, "eth_getTransactionReceipt", hash, NEED_RECEIPTS);
}

static void
add_state(struct flight *f, struct rpc_request *r, size_t i)
{
    uint64_t block = f->job->want.to;
    char text[41] = {0};
    struct touch t;
    memcpy(&t, f->job->touches[f->step->dataset].p + i * sizeof t, sizeof t);
    num_to_hex(t.address, 20, text);
    for (size_t p = 0; p < 3; p++) {
        if (!(f->step->needs & state_parts[p].need))
            continue;
        struct rpc_call *c = add_call(f, r, state_parts[p].method, RPC_OTHER, block, state_parts[p].need);
        buf_addf(&c->params, "[\"0x%.40s\",\"0x%llx\"]", text, (unsigned long long)block);
    }
}

struct rpc_request *
ask_request(struct flight *f, const struct lacks *lacks, const struct endpoint *e)
{
    struct rpc_request *r = rpc_request_new();
    const struct step *s = f->step;
    bool blocks = s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
    f->one_by_one = blocks && (lacks->receipts || s->one_by_one) && (s->needs & NEED_RECEIPTS);
    f->call_tracer = lacks->trace_block;
    if (by_receipts(s, lacks)) {
        add_receipts(f, r, s->at.from);
    } else if (s->kind == STEP_LOGS || s->kind == STEP_CONTROL) {
        add_logs(f, r, lacks, e);
    } else {
        for (uint64_t i = s->at.from; i <= s->at.to; i++) {
            if (blocks)
                add_block(f, r, i, lacks);
            else if (s->kind == STEP_RECEIPTS)
                add_hash(f, r, "eth_getTransactionReceipt", s->assembly->hashes[i], NEED_RECEIPTS);
            else if (s->kind == STEP_STATE)
                add_state(f, r, i);
            else
                add_by_hash(f, r, i);
        }
    }
    r->bare = r->n == 1;
    return r;
}
