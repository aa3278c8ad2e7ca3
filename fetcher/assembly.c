/* assembly.c - one block, put together of several responses; see assembly.h. */
#include "fetcher/assembly.h"

#include <stdio.h>
#include <stdlib.h>

#include "fetcher/hexfield.h"

struct assembly *
assembly_new(const struct step *origin, uint64_t block)
{
    struct assembly *a = xcalloc(1, sizeof *a);
    a->origin = *origin;
    a->origin.next = NULL;
    a->origin.at = (struct piece){block, block};
    return a;
}

void
assembly_free(struct assembly *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_hashes; i++)
        buf_free(&a->one[i]);
    free(a->one);
    free(a->hashes);
    buf_free(&a->block);
    buf_free(&a->receipts);
    buf_free(&a->traces);
    free(a);
}

static struct buf *
text_of(struct assembly *a, enum source need)
{
    if (need == NEED_RECEIPTS)
        return &a->receipts;
    return need == NEED_TRACES ? &a->traces : &a->block;
}

void
assembly_keep(struct assembly *a, enum source need, struct json reply)
{
    struct buf *b = text_of(a, need);
    b->n = 0;
    json_print(b, reply, SIZE_MAX);
    a->have |= need;
}

bool
assembly_open(struct assembly *a, struct json block, char *why)
{
    struct json list, tx;
    if (!json_get(block, "transactions", &list) || json_type(list) != JSON_ARRAY) {
        snprintf(why, WHY_MAX, "block %llu has no list of transactions",
                 (unsigned long long)a->origin.at.from);
        return false;
    }
    size_t n = json_count(list), i = 0;
    a->hashes = xcalloc(n ? n : 1, 32);
    a->one = xcalloc(n ? n : 1, sizeof *a->one);
    a->n_hashes = n;
    for (struct json_items it = json_items(list); json_next(&it, &tx); i++)
        if (!hex_transaction(tx, a->hashes[i])) {
            snprintf(why, WHY_MAX, "block %llu: transaction %zu has no hash",
                     (unsigned long long)a->origin.at.from, i);
            return false;
        }
    if (n == 0) {
        buf_adds(&a->receipts, "[]");
        a->have |= NEED_RECEIPTS;
    }
    return true;
}

static void
join_receipts(struct assembly *a)
{
    for (size_t i = 0; i < a->n_hashes; i++) {
        buf_addc(&a->receipts, i ? ',' : '[');
        buf_add(&a->receipts, a->one[i].p, a->one[i].n);
        buf_free(&a->one[i]);
    }
    buf_addc(&a->receipts, ']');
    a->have |= NEED_RECEIPTS;
}

bool
assembly_receipt(struct assembly *a, size_t i, struct json receipt)
{
    if (a->one[i].n == 0)
        a->n_got++;
    a->one[i].n = 0;
    json_print(&a->one[i], receipt, SIZE_MAX);
    if (a->n_got < a->n_hashes)
        return false;
    join_receipts(a);
    return true;
}

static bool
parse(struct json_doc *doc, struct buf *text, struct json *out)
{
    const char *error;
    buf_room(text, JSON_PADDING);
    return json_parse(doc, text->p, text->n, out, &error);
}

bool
assembly_replies(struct assembly *a, struct json_doc *const docs[3],
                 struct block_replies *out)
{
    *out = (struct block_replies){.number = a->origin.at.from, .call_tracer = a->call_tracer};
    if (a->have & (NEED_BLOCK | NEED_HEADER)) {
        out->has_block = true;
        out->full = a->have & NEED_BLOCK;
        if (!parse(docs[0], &a->block, &out->block))
            return false;
    }
    if (a->have & NEED_RECEIPTS) {
        out->has_receipts = true;
        if (!parse(docs[1], &a->receipts, &out->receipts))
            return false;
    }
    if (a->have & NEED_TRACES) {
        out->has_traces = true;
        if (!parse(docs[2], &a->traces, &out->traces))
            return false;
    }
    return true;
}
