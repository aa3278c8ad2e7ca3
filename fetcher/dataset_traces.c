/* dataset_traces.c - calls, creations, destructions and rewards, one row each, in the form of
 * trace_block whichever of the two replies they come from.
 *
 * trace_block gives a flat list, rewards included. debug_traceBlockByNumber with callTracer gives
 * a tree of calls for each transaction, which is walked in order with a stack of its own; it knows
 * no rewards. What belongs to no transaction (rewards) has transaction_index -1 and, to keep the key
 * unique, its number among those as trace_address. A transaction that the node failed to trace fails
 * the block.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"

enum { CALLS_MAX = 1100 }; /* depth of calls; the EVM stops at 1024 */

static enum decode
bad(char *why, uint64_t block, const char *what)
{
    snprintf(why, WHY_MAX, "traces of block %llu: %s", (unsigned long long)block, what);
    return DECODE_BAD;
}

/* A member whose absence is fine: the empty text if it is not there. */
static struct span
text_of(struct json object, const char *key)
{
    struct json v;
    struct span s = {"", 0};
    if (member(object, key, &v))
        json_string(v, &s);
    return s;
}

/* --- trace_block --- */

static bool
read_address(struct json trace, int32_t out[CALLS_MAX], size_t *n)
{
    struct json list, v;
    uint64_t at;

    *n = 0;
    if (!member(trace, "traceAddress", &list))
        return true;
    if (json_type(list) != JSON_ARRAY)
        return false;
    for (struct json_items it = json_items(list); json_next(&it, &v);) {
        if (*n == CALLS_MAX || !hex_u64(v, &at) || at > INT32_MAX)
            return false;
        out[(*n)++] = (int32_t)at;
    }
    return true;
}

/* Which member of action and result holds what, by the type of a trace. */
struct form {
    const char *type;
    const char *from, *to, *result_to, *value, *input, *output;
};
static const struct form forms[] = {
    {"create", "from", NULL, "address", "value", "init", "code"},
    {"suicide", "address", "refundAddress", NULL, "balance", NULL, NULL},
    {"reward", NULL, "author", NULL, "value", NULL, NULL},
    {NULL, "from", "to", NULL, "value", "input", "output"}, /* call, and what is to come */
};

static const struct form *
form_of(struct span type)
{
    const struct form *f = forms;
    while (f->type && !span_is(type, f->type))
        f++;
    return f;
}

static void
optional_address(struct fields *f, const char *key)
{
    if (key)
        field_bytes(f, key, 20, FIELD_OPTIONAL);
    else
        field_null(f);
}

static void
optional_data(struct fields *f, const char *key)
{
    if (key)
        field_data(f, key, FIELD_OPTIONAL);
    else
        field_null(f);
}

/* Members of an absent result are absent. */
static struct json
or_itself(struct json object, const char *key)
{
    struct json v;
    return member(object, key, &v) ? v : object;
}

static bool
flat_row(struct json trace, uint64_t block, int32_t *others, struct rows *out, char *why)
{
    struct fields top = {.object = trace, .what = "trace", .row = &out->data, .why = why};
    struct fields action = top, result = top;
    const struct form *form = form_of(text_of(trace, "type"));
    int32_t address[CALLS_MAX];
    size_t n;
    struct json v;
    bool has_result = member(trace, "result", &v) && json_type(v) == JSON_OBJECT;

    action.object = or_itself(trace, "action");
    result.object = has_result ? v : trace;
    if (!read_address(trace, address, &n))
        return false;
    row_begin(top.row, &table_traces);
    row_int8(top.row, (int64_t)block);
    if (member(trace, "transactionPosition", &v)) {
        field_int4(&top, "transactionPosition", FIELD_REQUIRED);
    } else {
        row_int4(top.row, -1);
        address[0] = (*others)++;
        n = 1;
    }
    row_int4_array(top.row, address, n);
    field_bytes(&top, "transactionHash", 32, FIELD_OPTIONAL);
    optional_address(&action, form->from);
    if (form->result_to && has_result)
        optional_address(&result, form->result_to);
    else
        optional_address(&action, form->to);
    field_numeric(&action, form->value, FIELD_OPTIONAL);
    field_numeric(&action, "gas", FIELD_OPTIONAL);
    field_numeric(&result, "gasUsed", FIELD_OPTIONAL);
    optional_data(&action, form->input);
    optional_data(&result, form->output);
    field_text(&top, "type", FIELD_REQUIRED);
    field_text(&action, "callType", FIELD_OPTIONAL);
    field_text(&action, "rewardType", FIELD_OPTIONAL);
    field_int4(&top, "subtraces", FIELD_OPTIONAL);
    field_text(&top, "error", FIELD_OPTIONAL);
    out->n++;
    return !top.bad && !action.bad && !result.bad;
}

static enum decode
flat_block(const struct block_replies *r, struct rows *out, char *why)
{
    struct json_items it = json_items(r->traces);
    struct json trace, v;
    uint64_t number;
    int32_t others = 0;

    while (json_next(&it, &trace)) {
        if (json_type(trace) != JSON_OBJECT)
            return bad(why, r->number, "a trace is not an object");
        if (!member(trace, "blockNumber", &v) || !hex_u64(v, &number) || number != r->number)
            return bad(why, r->number, "a trace of another block");
        *why = '\0';
        if (!flat_row(trace, r->number, &others, out, why))
            return *why ? DECODE_BAD : bad(why, r->number, "traceAddress is not an array of numbers");
    }
    return DECODE_OK;
}

/* --- callTracer --- */

struct frame {
    struct json_items calls; /* of the call at this depth */
    int32_t next;            /* number of the next one */
};

struct walk {
    struct frame frames[CALLS_MAX];
    int32_t address[CALLS_MAX];
    size_t depth;
    int32_t transaction;
    bool has_hash;
    uint8_t hash[32];
};

/* CREATE and CREATE2 are create, SELFDESTRUCT is suicide; the rest are calls of their own kind. */
static void
add_types(struct fields *f)
{
    struct span type = text_of(f->object, "type");
    char kind[16];
    size_t n = 0;

    if (span_is(type, "CREATE") || span_is(type, "CREATE2")) {
        row_bytes(f->row, "create", 6);
        row_null(f->row);
    } else if (span_is(type, "SELFDESTRUCT")) {
        row_bytes(f->row, "suicide", 7);
        row_null(f->row);
    } else {
        if (type.n == 0 || type.n > sizeof kind)
            field_bad(f, "type", "the name of a call");
        for (; n < type.n && n < sizeof kind; n++)
            kind[n] = (char)tolower((unsigned char)type.p[n]);
        row_bytes(f->row, "call", 4);
        row_bytes(f->row, kind, n);
    }
}

static bool
call_row(struct json call, const struct walk *w, uint64_t block, struct rows *out, char *why)
{
    struct fields f = {.object = call, .what = "call", .row = &out->data, .why = why};
    struct json calls;

    row_begin(f.row, &table_traces);
    row_int8(f.row, (int64_t)block);
    row_int4(f.row, w->transaction);
    row_int4_array(f.row, w->address, w->depth);
    if (w->has_hash)
        row_bytes(f.row, w->hash, 32);
    else
        row_null(f.row);
    field_bytes(&f, "from", 20, FIELD_OPTIONAL);
    field_bytes(&f, "to", 20, FIELD_OPTIONAL);
    field_numeric(&f, "value", FIELD_OPTIONAL);
    field_numeric(&f, "gas", FIELD_OPTIONAL);
    field_numeric(&f, "gasUsed", FIELD_OPTIONAL);
    field_data(&f, "input", FIELD_OPTIONAL);
    field_data(&f, "output", FIELD_OPTIONAL);
    add_types(&f);
    field_null(&f); /* reward_type */
    row_int4(f.row, member(call, "calls", &calls) ? (int32_t)json_count(calls) : 0);
    field_text(&f, "error", FIELD_OPTIONAL);
    out->n++;
    return !f.bad;
}

/* One transaction's tree, parents before children. */
static bool
walk_calls(struct json root, struct walk *w, uint64_t block, struct rows *out, char *why)
{
    struct json call = root, calls;

    w->depth = 0;
    for (;;) {
        if (!call_row(call, w, block, out, why))
            return false;
        if (member(call, "calls", &calls)) {
            if (w->depth + 1 == CALLS_MAX) {
                bad(why, block, "calls nested too deep");
                return false;
            }
            w->frames[w->depth++] = (struct frame){.calls = json_items(calls)};
        }
        while (w->depth > 0 && !json_next(&w->frames[w->depth - 1].calls, &call))
            w->depth--;
        if (w->depth == 0)
            return true;
        w->address[w->depth - 1] = w->frames[w->depth - 1].next++;
    }
}

/* The hash of transaction i: in the item (newer nodes), or by the block if that is here. */
static void
find_hash(struct walk *w, struct json item, struct json_items *txs)
{
    struct json tx = {0}, v;
    bool has_tx = json_next(txs, &tx);

    w->has_hash = member(item, "txHash", &v) && hex_bytes(v, w->hash, 32);
    if (w->has_hash || !has_tx)
        return;
    if (json_type(tx) != JSON_OBJECT)
        w->has_hash = hex_bytes(tx, w->hash, 32);
    else
        w->has_hash = member(tx, "hash", &v) && hex_bytes(v, w->hash, 32);
}

static enum decode
tree_block(const struct block_replies *r, struct rows *out, char *why)
{
    struct json_items it = json_items(r->traces), txs = {0};
    struct json item, root, list;
    struct walk w = {.transaction = 0};

    if (r->has_block && member(r->block, "transactions", &list)) {
        if (json_count(list) != json_count(r->traces))
            return bad(why, r->number, "not one for each transaction");
        txs = json_items(list);
    }
    for (; json_next(&it, &item); w.transaction++) {
        if (!member(item, "result", &root) || json_type(root) != JSON_OBJECT)
            return bad(why, r->number, "a transaction without result: the node could not trace it");
        find_hash(&w, item, &txs);
        if (!walk_calls(root, &w, r->number, out, why))
            return DECODE_BAD;
    }
    return DECODE_OK;
}

static enum decode
traces_block(const struct block_replies *r, struct rows *out, char *why)
{
    size_t start = out->data.n;
    uint32_t n = out->n;

    if (!r->has_traces || json_type(r->traces) != JSON_ARRAY)
        return bad(why, r->number, "not an array");
    if ((r->call_tracer ? tree_block : flat_block)(r, out, why) == DECODE_OK)
        return DECODE_OK;
    out->data.n = start;
    out->n = n;
    return DECODE_BAD;
}

const struct dataset dataset_traces = {
    .name = "traces",
    .table = &table_traces,
    .needs = NEED_TRACES,
    .block = traces_block,
};
