/* calls.c - trees of calls, walked; see calls.h. */
#include "calls.h"

#include <stdio.h>

#include "hexfield.h"

static bool
bad(struct calls *c, const char *what)
{
    snprintf(c->why, WHY_MAX, "traces of block %llu: %s", (unsigned long long)c->block, what);
    c->bad = true;
    return false;
}

bool
calls_begin(struct calls *c, const struct block_replies *r, char *why)
{
    struct json list;

    c->bad = false;
    c->transaction = -1;
    c->depth = 0;
    c->block = r->number;
    c->why = why;
    c->txs = (struct json_items){0};
    if (!r->has_traces || json_type(r->traces) != JSON_ARRAY)
        return bad(c, "not an array");
    c->items = json_items(r->traces);
    c->call = (struct json){0};
    if (!r->has_block || !member(r->block, "transactions", &list))
        return true;
    if (json_count(list) != json_count(r->traces))
        return bad(c, "not one for each transaction");
    c->txs = json_items(list);
    return true;
}

/* The hash of the transaction: in the item (newer nodes), or by the block if that is here. */
static void
find_hash(struct calls *c, struct json item)
{
    struct json tx = {0}, v;
    bool has_tx = json_next(&c->txs, &tx);

    c->has_hash = member(item, "txHash", &v) && hex_bytes(v, c->hash, 32);
    if (!c->has_hash && has_tx)
        c->has_hash = hex_transaction(tx, c->hash);
}

static bool
next_transaction(struct calls *c)
{
    struct json item;

    if (!json_next(&c->items, &item))
        return false;
    c->transaction++;
    if (!member(item, "result", &c->call) || json_type(c->call) != JSON_OBJECT)
        return bad(c, "a transaction without result: the node could not trace it");
    find_hash(c, item);
    return true;
}

bool
calls_next(struct calls *c)
{
    struct json calls;

    if (c->transaction >= 0 && member(c->call, "calls", &calls)) {
        if (c->depth + 1 == CALLS_MAX)
            return bad(c, "calls nested too deep");
        c->frames[c->depth].calls = json_items(calls);
        c->frames[c->depth++].next = 0;
    }
    while (c->depth > 0 && !json_next(&c->frames[c->depth - 1].calls, &c->call))
        c->depth--;
    if (c->depth == 0)
        return next_transaction(c);
    c->address[c->depth - 1] = c->frames[c->depth - 1].next++;
    return true;
}
