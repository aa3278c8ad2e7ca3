/* pairs.c - see pairs.h. */
#include "pairs.h"

#include <stdio.h>
#include <string.h>

#include "hexfield.h"

static bool
fail(struct pairs *p, const char *what)
{
    snprintf(p->why, WHY_MAX, "block %llu: %s", (unsigned long long)p->header.number, what);
    p->bad = true;
    return false;
}

bool
pairs_begin(struct pairs *p, const struct block_replies *r, char *why)
{
    struct json txs;

    *p = (struct pairs){.why = why, .header.number = r->number, .bad = true};
    if (!r->has_block || !r->has_receipts)
        return fail(p, "its whole block and receipts are needed");
    if (header_decode(r->block, r->number, &p->header, why) != DECODE_OK)
        return false;
    if (!member(r->block, "transactions", &txs) || json_type(txs) != JSON_ARRAY)
        return fail(p, "transactions are not an array");
    if (json_type(r->receipts) != JSON_ARRAY)
        return fail(p, "receipts are not an array");
    if (json_count(txs) != json_count(r->receipts)) {
        snprintf(why, WHY_MAX, "block %llu: %zu receipts for %zu transactions",
                 (unsigned long long)r->number, json_count(r->receipts), json_count(txs));
        return false;
    }
    p->bad = false;
    p->txs = json_items(txs);
    p->receipts = json_items(r->receipts);
    return true;
}

/* The member is n bytes of hex, equal to want; or it is absent and may be. */
static bool
same_bytes(struct json object, const char *key, const uint8_t *want, size_t n, enum field_need need)
{
    struct json v;
    uint8_t got[32];

    if (!member(object, key, &v))
        return need == FIELD_OPTIONAL;
    return hex_bytes(v, got, n) && memcmp(got, want, n) == 0;
}

static bool
same_number(struct json object, const char *key, uint64_t want, enum field_need need)
{
    struct json v;
    uint64_t got;

    if (!member(object, key, &v))
        return need == FIELD_OPTIONAL;
    return hex_u64(v, &got) && got == want;
}

bool
pairs_next(struct pairs *p)
{
    uint8_t hash[32];
    struct json v;

    if (!json_next(&p->txs, &p->tx))
        return false;
    if (!json_next(&p->receipts, &p->receipt))
        return fail(p, "fewer receipts than transactions");
    p->index = p->next++;
    if (json_type(p->tx) == JSON_STRING)
        return fail(p, "transactions are hashes, whole ones were asked for");
    if (!member(p->tx, "hash", &v) || !hex_bytes(v, hash, 32))
        return fail(p, "transaction without a hash of 32 bytes");
    if (!same_number(p->tx, "transactionIndex", p->index, FIELD_OPTIONAL))
        return fail(p, "transactions are not in order");
    if (!same_number(p->tx, "blockNumber", p->header.number, FIELD_OPTIONAL) ||
        !same_bytes(p->tx, "blockHash", p->header.hash, 32, FIELD_OPTIONAL))
        return fail(p, "transaction of another block");
    if (json_type(p->receipt) != JSON_OBJECT)
        return fail(p, "receipt is not an object");
    if (!same_number(p->receipt, "blockNumber", p->header.number, FIELD_REQUIRED) ||
        !same_bytes(p->receipt, "blockHash", p->header.hash, 32, FIELD_OPTIONAL))
        return fail(p, "receipt of another block");
    if (!same_bytes(p->receipt, "transactionHash", hash, 32, FIELD_REQUIRED) ||
        !same_number(p->receipt, "transactionIndex", p->index, FIELD_OPTIONAL))
        return fail(p, "receipt of another transaction");
    return true;
}

bool
pair_check(struct json tx, struct json receipt, char *why)
{
    struct json v;
    uint8_t hash[32];
    uint64_t number;

    if (json_type(tx) != JSON_OBJECT || !member(tx, "hash", &v) || !hex_bytes(v, hash, 32)) {
        snprintf(why, WHY_MAX, "transaction without a hash of 32 bytes");
        return false;
    }
    if (!same_bytes(receipt, "transactionHash", hash, 32, FIELD_REQUIRED)) {
        snprintf(why, WHY_MAX, "receipt of another transaction");
        return false;
    }
    if (!member(tx, "blockNumber", &v) || !hex_u64(v, &number)) {
        snprintf(why, WHY_MAX, "transaction is in no block");
        return false;
    }
    if (!same_number(receipt, "blockNumber", number, FIELD_REQUIRED)) {
        snprintf(why, WHY_MAX, "receipt of another block than the transaction's");
        return false;
    }
    if (member(tx, "blockHash", &v) &&
        !(hex_bytes(v, hash, 32) && same_bytes(receipt, "blockHash", hash, 32, FIELD_OPTIONAL))) {
        snprintf(why, WHY_MAX, "receipt of another block than the transaction's");
        return false;
    }
    return true;
}
