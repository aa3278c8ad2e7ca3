/* logs.c - logs from eth_getLogs or from receipts: read, checked against the question, put in order;
 * and the header that goes with them.
 *
 * The rule is a plain answer whose logs are in order: logs_scan goes through its text once, and hands
 * each log on. Any other is read as a document: its logs are sorted by place (block, index), and then a
 * log that is there twice is dropped if both are equal, and fails the reply if they are not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "hexfield.h"
#include "log.h"
#include "logtext.h"

typedef enum decode (*log_each)(struct log *l, void *context, char *why);

struct places {
    struct place *p; /* owned */
    size_t n, cap;
};

/* One reading of a reply: the question, and what the logs seen so far told. */
struct reading {
    const struct task *task;
    uint64_t from, to;
    bool refuse_others; /* a log that does not match the filter fails the reply; else it is left out */
    bool sorted;        /* the task's addresses ascend */
    const struct header *header, *headers_end;
    uint64_t hash_block; /* block_hash is that of this block */
    bool has_hash;
    uint8_t block_hash[32];
    log_each each;
    void *context;
    uint64_t *n_logs;
    char *why;
};

static enum decode
bad(const struct reading *r, const char *what)
{
    snprintf(r->why, WHY_MAX, "%s", what);
    return DECODE_BAD;
}

static enum decode
bad_log(const struct reading *r, const struct log *l, const char *what)
{
    snprintf(r->why, WHY_MAX, "log %u of block %llu: %s", l->log_index,
             (unsigned long long)l->block_number, what);
    return DECODE_BAD;
}

static bool
read_log(const struct reading *r, struct json v, struct log *l)
{
    const char *wrong = log_read(v, l);
    if (wrong)
        snprintf(r->why, WHY_MAX, "log in blocks %llu-%llu: %s", (unsigned long long)r->from,
                 (unsigned long long)r->to, wrong);
    return !wrong;
}

/* --- the filter --- */

static int
compare_addresses(const void *a, const void *b)
{
    return memcmp(a, b, 20);
}

static bool
addresses_ascend(const struct task *t)
{
    for (size_t i = 1; i < t->n_addresses; i++)
        if (memcmp(t->addresses[i - 1], t->addresses[i], 20) > 0)
            return false;
    return true;
}

static bool
address_matches(const struct reading *r, const uint8_t address[20])
{
    const struct task *t = r->task;
    if (t->n_addresses == 0)
        return true;
    if (r->sorted && t->n_addresses > 8)
        return bsearch(address, t->addresses, t->n_addresses, 20, compare_addresses) != NULL;
    for (size_t i = 0; i < t->n_addresses; i++)
        if (memcmp(t->addresses[i], address, 20) == 0)
            return true;
    return false;
}

static bool
topics_match(const struct task *t, const struct log *l)
{
    for (size_t at = 0; at < TASK_TOPICS; at++) {
        bool any = t->n_topics[at] == 0;
        for (size_t i = 0; !any && at < l->n_topics && i < t->n_topics[at]; i++)
            any = memcmp(t->topics[at][i], l->topics[at], 32) == 0;
        if (!any)
            return false;
    }
    return true;
}

/* --- headers --- */

/* All logs of a block name one block hash, the header's where that is known. */
static enum decode
check_block(struct reading *r, struct log *l)
{
    while (r->header < r->headers_end && r->header->number < l->block_number)
        r->header++;
    const struct header *h = r->header < r->headers_end ? r->header : NULL;
    if (h && h->number == l->block_number) {
        if (l->has_block_hash && memcmp(l->block_hash, h->hash, 32) != 0)
            return bad_log(r, l, "blockHash is not that of the block's header");
        l->timestamp = h->timestamp;
        l->has_timestamp = true;
    }
    if (r->has_hash && r->hash_block == l->block_number) {
        if (l->has_block_hash && memcmp(l->block_hash, r->block_hash, 32) != 0)
            return bad_log(r, l, "blockHash differs from that of the log before it");
        return DECODE_OK;
    }
    r->has_hash = true;
    r->hash_block = l->block_number;
    if (l->has_block_hash)
        memcpy(r->block_hash, l->block_hash, 32);
    else if (h && h->number == l->block_number)
        memcpy(r->block_hash, h->hash, 32);
    else
        r->has_hash = false;
    return DECODE_OK;
}

/* --- a reply --- */

static enum decode
take_log(struct reading *r, struct log *l)
{
    if (l->block_number < r->from || l->block_number > r->to)
        return bad_log(r, l, "outside the blocks asked for");
    if (check_block(r, l) != DECODE_OK)
        return DECODE_BAD;
    if (!address_matches(r, l->address) || !topics_match(r->task, l))
        return r->refuse_others ? bad_log(r, l, "does not match the filter asked for") : DECODE_OK;
    ++*r->n_logs;
    return r->each ? r->each(l, r->context, r->why) : DECODE_OK;
}

static bool
logs_equal(const struct log *a, const struct log *b)
{
    if (a->n_topics != b->n_topics || memcmp(a->topics, b->topics, 32 * a->n_topics) != 0)
        return false;
    if (memcmp(a->address, b->address, 20) != 0 || !span_eq(a->data_hex, b->data_hex))
        return false;
    if (a->has_block_hash != b->has_block_hash || a->has_transaction_hash != b->has_transaction_hash)
        return false;
    if (a->has_block_hash && memcmp(a->block_hash, b->block_hash, 32) != 0)
        return false;
    if (a->has_transaction_hash && memcmp(a->transaction_hash, b->transaction_hash, 32) != 0)
        return false;
    return a->transaction_index == b->transaction_index;
}

static int
compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static enum decode
take_sorted(struct reading *r, struct places *places)
{
    struct log two[2], *l = &two[0], *before = &two[1];

    if (places->n > 1)
        qsort(places->p, places->n, sizeof *places->p, compare_places);
    for (size_t i = 0; i < places->n; i++) {
        if (!read_log(r, places->p[i].log, l))
            return DECODE_BAD;
        if (i > 0 && compare_places(&places->p[i - 1], &places->p[i]) == 0) {
            if (!logs_equal(l, before))
                return bad_log(r, l, "sent twice, and the two differ");
            continue;
        }
        if (take_log(r, l) != DECODE_OK)
            return DECODE_BAD;
        struct log *spare = before;
        before = l;
        l = spare;
    }
    return DECODE_OK;
}

static void
places_add(struct places *places, const struct place *p)
{
    if (places->n == places->cap) {
        places->cap = places->cap ? 2 * places->cap : 256;
        places->p = xrealloc(places->p, places->cap * sizeof *places->p);
    }
    places->p[places->n++] = *p;
}

/* Adds the places of an array of logs; false if one has none. */
static bool
places_collect(struct places *places, struct json logs)
{
    struct json_items it = json_items(logs);
    struct json v;
    struct place p;

    while (json_next(&it, &v)) {
        if (!log_place(v, &p))
            return false;
        places_add(places, &p);
    }
    return true;
}

enum decode
logs_decode(struct json result, const struct task *t, uint64_t from, uint64_t to,
            const struct header *headers, size_t n_headers, log_each each, void *context,
            uint64_t *n_logs, char *why)
{
    struct reading r = {
        .task = t, .from = from, .to = to, .refuse_others = true, .sorted = addresses_ascend(t),
        .header = headers, .headers_end = headers ? headers + n_headers : NULL,
        .each = each, .context = context, .n_logs = n_logs, .why = why,
    };
    struct places places = {0};
    enum decode done;

    *n_logs = 0;
    if (json_type(result) != JSON_ARRAY)
        return bad(&r, "the result of eth_getLogs is not an array");
    if (places_collect(&places, result))
        done = take_sorted(&r, &places);
    else
        done = bad(&r, "log without a blockNumber or logIndex in 0x-hex");
    free(places.p);
    return done;
}

size_t
logs_scan(struct span body, uint64_t id, const struct task *t, uint64_t from, uint64_t to,
          const struct header *headers, size_t n_headers, log_each each, void *context, uint64_t *n_logs)
{
    char why[WHY_MAX];
    struct reading r = {
        .task = t, .from = from, .to = to, .refuse_others = true, .sorted = addresses_ascend(t),
        .header = headers, .headers_end = headers ? headers + n_headers : NULL,
        .each = each, .context = context, .n_logs = n_logs, .why = why,
    };
    struct logtext text;
    enum logtext_found found;
    struct log l;
    struct place now, last = {0};

    *n_logs = 0;
    if (!logtext_open(&text, body, id))
        return 0;
    while ((found = logtext_next(&text, &l)) == LOGTEXT_LOG) {
        now = (struct place){.block = l.block_number, .index = l.log_index};
        if ((*n_logs > 0 && compare_places(&last, &now) >= 0) || take_log(&r, &l) != DECODE_OK)
            return 0;
        last = now;
    }
    return found == LOGTEXT_END ? (size_t)(text.p - body.p) : 0;
}

/* A log in a receipt names the receipt's transaction, if any. */
static bool
logs_are_of(struct json receipt, struct json logs)
{
    struct json_items it = json_items(logs);
    struct json hash, log;
    uint8_t ours[32], theirs[32];

    if (!member(receipt, "transactionHash", &hash) || !hex_bytes(hash, ours, 32))
        return true;
    while (json_next(&it, &log))
        if (member(log, "transactionHash", &hash) && hex_bytes(hash, theirs, 32) && memcmp(ours, theirs, 32) != 0)
            return false;
    return true;
}

enum decode
receipts_logs_decode(struct json receipts, const struct task *t, uint64_t block, log_each each,
                     void *context, uint64_t *n_logs, char *why)
{
    struct reading r = {
        .task = t, .from = block, .to = block, .sorted = addresses_ascend(t),
        .each = each, .context = context, .n_logs = n_logs, .why = why,
    };
    struct json_items it = json_items(receipts);
    struct json receipt, logs, number;
    struct places places = {0};
    enum decode done = DECODE_BAD;
    uint64_t n;

    *n_logs = 0;
    if (json_type(receipts) != JSON_ARRAY)
        return bad(&r, "receipts are not an array");
    while (json_next(&it, &receipt)) {
        if (!json_get(receipt, "logs", &logs) || json_type(logs) != JSON_ARRAY) {
            bad(&r, "receipt without logs");
            goto out;
        }
        if (!member(receipt, "blockNumber", &number) || !hex_u64(number, &n) || n != block) {
            snprintf(why, WHY_MAX, "receipt is not of block %llu", (unsigned long long)block);
            goto out;
        }
        if (!logs_are_of(receipt, logs)) {
            bad(&r, "log of another transaction in a receipt");
            goto out;
        }
        if (!places_collect(&places, logs)) {
            bad(&r, "log without a blockNumber or logIndex in 0x-hex");
            goto out;
        }
    }
    done = take_sorted(&r, &places);
out:
    free(places.p);
    return done;
}

enum decode
header_decode(struct json block, uint64_t asked, struct header *out, char *why)
{
    struct json v;

    if (!member(block, "number", &v) || !hex_u64(v, &out->number) || out->number != asked) {
        snprintf(why, WHY_MAX, "block %llu was asked for, another was sent", (unsigned long long)asked);
        return DECODE_BAD;
    }
    if (!member(block, "hash", &v) || !hex_bytes(v, out->hash, 32)) {
        snprintf(why, WHY_MAX, "block %llu: hash is not 32 bytes of 0x-hex", (unsigned long long)asked);
        return DECODE_BAD;
    }
    if (!member(block, "timestamp", &v) || !hex_time(v, &out->timestamp)) {
        snprintf(why, WHY_MAX, "block %llu: timestamp is not a time", (unsigned long long)asked);
        return DECODE_BAD;
    }
    out->has_bloom = member(block, "logsBloom", &v);
    if (out->has_bloom && !hex_bytes(v, out->bloom, 256)) {
        snprintf(why, WHY_MAX, "block %llu: logsBloom is not 256 bytes of 0x-hex", (unsigned long long)asked);
        return DECODE_BAD;
    }
    return DECODE_OK;
}
