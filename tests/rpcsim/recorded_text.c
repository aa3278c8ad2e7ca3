/* recorded_text.c - recorded blocks as a source of answers. */
#include <string.h>

#include "common/num.h"
#include "recorded.h"
#include "recording.h"

static int
append(const char *text, size_t n, void *out)
{
    buf_add(out, text, n);
    return 0;
}

static void
add(json_t *v, struct buf *out)
{
    if (!v || json_dump_callback(v, append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        buf_adds(out, "null");
}

static bool
hash_is(json_t *object, const char *member, const uint8_t hash[32])
{
    uint8_t bytes[32];
    const char *text = json_string_value(json_object_get(object, member));
    return text && num_hex(span_of(text), bytes, 32) && memcmp(bytes, hash, 32) == 0;
}

static uint64_t
r_head(void *self)
{
    const struct recorded *r = self;
    return r->blocks[r->n - 1].number;
}

static bool
r_has(void *self, uint64_t number)
{
    return recorded_find(self, number) != NULL;
}

static bool
r_find_block(void *self, const uint8_t hash[32], uint64_t *number)
{
    const struct recorded *r = self;
    for (size_t i = 0; i < r->n; i++)
        if (hash_is(r->blocks[i].block, "hash", hash) ||
            hash_is(json_array_get(r->blocks[i].receipts, 0), "blockHash", hash)) {
            *number = r->blocks[i].number;
            return true;
        }
    return false;
}

/* The place of the transaction in a list of transactions or receipts; its size if it is not there. */
static size_t
place_of(json_t *list, const char *member, const uint8_t hash[32])
{
    size_t i = 0;
    while (i < json_array_size(list) && !hash_is(json_array_get(list, i), member, hash))
        i++;
    return i;
}

static bool
r_find_tx(void *self, const uint8_t hash[32], uint64_t *number, uint32_t *index)
{
    const struct recorded *r = self;
    for (size_t i = 0; i < r->n; i++) {
        json_t *lists[] = {json_object_get(r->blocks[i].block, "transactions"), r->blocks[i].receipts};
        const char *const members[] = {"hash", "transactionHash"};
        for (size_t k = 0; k < 2; k++) {
            size_t at = place_of(lists[k], members[k], hash);
            if (at == json_array_size(lists[k]))
                continue;
            uint64_t place = at;
            const char *text = json_string_value(json_object_get(json_array_get(lists[k], at), "transactionIndex"));
            if (text)
                num_quantity(span_of(text), &place);
            *number = r->blocks[i].number;
            *index = (uint32_t)place;
            return true;
        }
    }
    return false;
}

static void
r_block(void *self, uint64_t number, bool full, struct buf *out)
{
    json_t *block = recorded_find(self, number)->block;
    json_t *txs = json_object_get(block, "transactions");
    if (full || !json_is_object(json_array_get(txs, 0))) {
        add(block, out);
        return;
    }
    json_t *header = json_copy(block), *hashes = json_array();
    for (size_t i = 0; i < json_array_size(txs); i++)
        json_array_append(hashes, json_object_get(json_array_get(txs, i), "hash"));
    json_object_set_new(header, "transactions", hashes);
    add(header, out);
    json_decref(header);
}

static void
r_receipts(void *self, uint64_t number, struct buf *out)
{
    const struct recorded_block *b = recorded_find(self, number);
    json_t *txs = json_object_get(b->block, "transactions");
    if (!b->receipts && txs && json_array_size(txs) == 0)
        buf_adds(out, "[]");
    else
        add(b->receipts, out);
}

/* The element whose transactionIndex it is. */
static json_t *
by_index(json_t *list, uint32_t index)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        uint64_t place = i;
        const char *text = json_string_value(json_object_get(json_array_get(list, i), "transactionIndex"));
        if (text)
            num_quantity(span_of(text), &place);
        if (place == index)
            return json_array_get(list, i);
    }
    return NULL;
}

static void
r_tx(void *self, uint64_t number, uint32_t index, struct buf *out)
{
    add(by_index(json_object_get(recorded_find(self, number)->block, "transactions"), index), out);
}

static void
r_receipt(void *self, uint64_t number, uint32_t index, struct buf *out)
{
    add(by_index(recorded_find(self, number)->receipts, index), out);
}

static bool
matches(json_t *log, const struct filter *f)
{
    uint8_t address[20], bytes[4][32];
    const uint8_t *topics[4];
    json_t *list = json_object_get(log, "topics");
    size_t n = json_array_size(list);
    const char *text = json_string_value(json_object_get(log, "address"));
    if (!text || !num_hex(span_of(text), address, 20) || n > 4)
        return false;
    for (size_t i = 0; i < n; i++) {
        text = json_string_value(json_array_get(list, i));
        if (!text || !num_hex(span_of(text), bytes[i], 32))
            return false;
        topics[i] = bytes[i];
    }
    return filter_match(f, address, topics, n);
}

static size_t
add_logs(json_t *logs, const struct filter *f, struct buf *out)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(logs); i++)
        if (matches(json_array_get(logs, i), f)) {
            add(json_array_get(logs, i), out);
            buf_addc(out, ',');
            n++;
        }
    return n;
}

static size_t
r_logs(void *self, uint64_t number, const struct filter *f, struct buf *out)
{
    const struct recorded_block *b = recorded_find(self, number);
    if (!b->receipts)
        return add_logs(b->logs, f, out);
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(b->receipts); i++)
        n += add_logs(json_object_get(json_array_get(b->receipts, i), "logs"), f, out);
    return n;
}

static bool
r_traces(void *self, uint64_t number, struct buf *out)
{
    json_t *v = recorded_find(self, number)->traces;
    if (v)
        add(v, out);
    return v != NULL;
}

static bool
r_debug_traces(void *self, uint64_t number, struct buf *out)
{
    json_t *v = recorded_find(self, number)->debug_traces;
    if (v)
        add(v, out);
    return v != NULL;
}

static bool
r_code(void *self, const uint8_t address[20], uint64_t number, struct buf *out)
{
    const struct recorded *r = self;
    char text[43] = "0x";
    (void)number;
    num_to_hex(address, 20, text + 2);
    text[42] = '\0';
    json_t *code = json_object_get(r->codes, text);
    if (code)
        add(code, out);
    else
        buf_adds(out, "\"0x\"");
    return true;
}

struct source
recorded_source(struct recorded *r)
{
    static const struct source_ops ops = {
        .head = r_head,
        .has = r_has,
        .find_block = r_find_block,
        .find_tx = r_find_tx,
        .block = r_block,
        .receipts = r_receipts,
        .tx = r_tx,
        .receipt = r_receipt,
        .logs = r_logs,
        .traces = r_traces,
        .debug_traces = r_debug_traces,
        .code = r_code,
    };
    return (struct source){&ops, r};
}
