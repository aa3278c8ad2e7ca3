/* dataset_accounts.c - balance, nonce and code hash of the addresses that a range touched, as of
 * its last block.
 *
 * Touched are: senders and receivers of transactions, contracts they created, the addresses of
 * their logs, and the blocks' beneficiaries. Not seen: addresses that only an internal call or a
 * withdrawal paid. code_hash is the state's: of an account without code, the hash of nothing.
 */
#include <stdio.h>
#include <string.h>

#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"
#include "keccak.h"
#include "pairs.h"

/* Adds the address in a member. False: it is there, but is none. */
static bool
add(struct buf *touches, uint64_t block, struct json object, const char *key)
{
    struct touch t = {.block = block};
    struct json v;
    struct span s;

    if (!member(object, key, &v) || (json_string(v, &s) && s.n <= 2))
        return true;
    if (!hex_bytes(v, t.address, 20))
        return false;
    buf_add(touches, &t, sizeof t);
    return true;
}

static bool
add_pair(struct buf *touches, const struct pairs *p)
{
    uint64_t block = p->header.number;
    struct json logs, log;
    bool ok = add(touches, block, p->tx, "from") && add(touches, block, p->tx, "to") &&
              add(touches, block, p->receipt, "contractAddress");

    if (!ok || !member(p->receipt, "logs", &logs))
        return ok;
    for (struct json_items it = json_items(logs); ok && json_next(&it, &log);)
        ok = add(touches, block, log, "address");
    return ok;
}

static enum decode
accounts_touched(const struct block_replies *r, struct buf *touches, char *why)
{
    struct pairs p;
    bool ok = pairs_begin(&p, r, why);

    if (!ok)
        return DECODE_BAD;
    ok = add(touches, r->number, r->block, "miner");
    while (ok && pairs_next(&p))
        ok = add_pair(touches, &p);
    if (p.bad)
        return DECODE_BAD;
    if (!ok)
        snprintf(why, WHY_MAX, "block %llu: an address is not 20 bytes of 0x-hex",
                 (unsigned long long)r->number);
    return ok ? DECODE_OK : DECODE_BAD;
}

static enum decode
accounts_state(const struct touch *t, uint64_t block, struct json balance, struct json nonce,
               struct json code, struct rows *out, char *why)
{
    struct buf *b = &out->data;
    size_t start = b->n;
    uint8_t balance_wide[32], nonce_wide[32], hash[32];
    struct span hex;

    if (!hex_u256(balance, balance_wide) || !hex_u256(nonce, nonce_wide)) {
        snprintf(why, WHY_MAX, "balance or nonce is not a number below 2^256");
        return DECODE_BAD;
    }
    if (!json_string(code, &hex) || !hex_to_row(b, hex)) { /* room to decode into; taken back */
        snprintf(why, WHY_MAX, "code is not 0x-hex");
        return DECODE_BAD;
    }
    keccak256(b->p + start + 4, b->n - start - 4, hash);
    b->n = start;
    row_begin(b, &table_accounts);
    row_bytes(b, t->address, 20);
    row_int8(b, (int64_t)block);
    row_numeric_u256(b, balance_wide);
    row_numeric_u256(b, nonce_wide);
    row_bytes(b, hash, 32);
    out->n++;
    return DECODE_OK;
}

const struct dataset dataset_accounts = {
    .name = "accounts",
    .table = &table_accounts,
    .needs = NEED_BLOCK | NEED_RECEIPTS | NEED_STATE,
    .touched = accounts_touched,
    .state_needs = STATE_BALANCE | STATE_NONCE | STATE_CODE,
    .state = accounts_state,
};
