/* dataset_traces.c - calls, creations, destructions and rewards, one row each, in the form of
 * trace_block whichever of the two replies they come from.
 *
 * trace_block gives a flat list, rewards included. debug_traceBlockByNumber with callTracer gives
 * a tree of calls for each transaction (calls.h); it knows no rewards, and a transaction's first
 * call has the gas of the whole transaction. What belongs to no transaction (rewards) has
 * transaction_index -1 and, to keep the key unique, its number among those as trace_address. A
 * transaction that the node failed to trace fails the block.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"

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
optional_numeric(struct fields *f, const char *key)
{
    if (key)
        field_numeric(f, key, FIELD_OPTIONAL);
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
        optional_address(&result, text_of(trace, "error").n ? NULL : form->result_to);
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
is_of(struct json call, const char *type)
{
    return span_is(text_of(call, "type"), type);
}

static bool
starts(struct span text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

/* What geth and those after it call an error, in the words of those that have trace_block. */
static void
add_error(struct fields *f)
{
    static const char *const words[][2] = {
        {"execution reverted", "Reverted"},
        {"out of gas", "Out of gas"},
        {"contract creation code storage out of gas", "Out of gas"},
        {"gas uint64 overflow", "Out of gas"},
        {"invalid opcode", "Bad instruction"},
        {"invalid jump destination", "Bad jump destination"},
        {"stack underflow", "Stack underflow"},
        {"stack limit reached", "Out of stack"},
        {"write protection", "Mutable Call In Static Context"},
    };
    struct span error = text_of(f->object, "error");

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!starts(error, words[i][0]))
            continue;
        row_bytes(f->row, words[i][1], strlen(words[i][1]));
        return;
    }
    field_text(f, "error", FIELD_OPTIONAL);
}

/* The same where nothing is sent for nothing: no value of a static call, no output. */
static void
add_value(struct fields *f)
{
    struct json v;
    if (!member(f->object, "value", &v) && is_of(f->object, "STATICCALL"))
        row_numeric_u256(f->row, (const uint8_t[32]){0});
    else
        field_numeric(f, "value", FIELD_OPTIONAL);
}

static void
add_output(struct fields *f)
{
    struct json v;
    if (member(f->object, "output", &v))
        field_data(f, "output", FIELD_OPTIONAL);
    else
        row_bytes(f->row, "", 0);
}

/* As trace_block has it: a destruction takes no gas, and what failed without a word has no result. */
static bool
call_row(const struct calls *c, uint64_t block, struct rows *out, char *why)
{
    struct fields f = {.object = c->call, .what = "call", .row = &out->data, .why = why};
    struct span error = text_of(c->call, "error");
    bool destruction = is_of(c->call, "SELFDESTRUCT");
    bool result = !destruction && (error.n == 0 || starts(error, "execution reverted"));
    bool create = is_of(c->call, "CREATE") || is_of(c->call, "CREATE2");
    struct json calls;

    row_begin(f.row, &table_traces);
    row_int8(f.row, (int64_t)block);
    row_int4(f.row, c->transaction);
    row_int4_array(f.row, c->address, c->depth);
    if (c->has_hash)
        row_bytes(f.row, c->hash, 32);
    else
        row_null(f.row);
    field_bytes(&f, "from", 20, FIELD_OPTIONAL);
    optional_address(&f, create && error.n > 0 ? NULL : "to");
    add_value(&f);
    optional_numeric(&f, destruction ? NULL : "gas");
    optional_numeric(&f, result ? "gasUsed" : NULL);
    optional_data(&f, destruction ? NULL : "input");
    if (result)
        add_output(&f);
    else
        field_null(&f);
    add_types(&f);
    field_null(&f); /* reward_type */
    row_int4(f.row, member(c->call, "calls", &calls) ? (int32_t)json_count(calls) : 0);
    add_error(&f);
    out->n++;
    return !f.bad;
}

static enum decode
tree_block(const struct block_replies *r, struct rows *out, char *why)
{
    struct calls c;

    for (bool ok = calls_begin(&c, r, why); ok && calls_next(&c);)
        if (!call_row(&c, r->number, out, why))
            return DECODE_BAD;
    return c.bad ? DECODE_BAD : DECODE_OK;
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
