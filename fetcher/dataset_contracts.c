/* dataset_contracts.c - contracts that were created, with their code as of the range's last block.
 *
 * They are found by the receipts' contractAddress, so that no tracing endpoint is needed. What
 * that misses: contracts made by other contracts (factories). Where `traces` is in the job, they
 * are found, too; their creator is the contract that made them.
 *
 * Before Byzantium a receipt does not say whether its creation failed; there, no code means that it
 * did, or that the contract destroyed itself in the same range: no row then. Later ones that are
 * gone have an empty code.
 */
#include <stdio.h>
#include <string.h>

#include "common/row.h"
#include "creations.h"
#include "dataset.h"
#include "hexfield.h"
#include "keccak.h"
#include "pairs.h"

static bool
created(const struct pairs *p, struct touch *out)
{
    struct json v;
    uint64_t status = 1;
    struct span s;

    *out = (struct touch){.block = p->header.number, .created = true};
    if (!member(p->receipt, "contractAddress", &v) || (json_string(v, &s) && s.n <= 2))
        return false;
    if (!hex_bytes(v, out->address, 20))
        return false;
    out->certain = member(p->receipt, "status", &v) && hex_u64(v, &status);
    if (status == 0)
        return false;
    if (member(p->tx, "to", &v)) /* zero addresses and the like in receipts of plain calls */
        return false;
    if (!member(p->tx, "hash", &v) || !hex_bytes(v, out->transaction_hash, 32))
        return false;
    return member(p->tx, "from", &v) && hex_bytes(v, out->creator, 20);
}

static enum decode
contracts_touched(const struct block_replies *r, struct buf *touches, char *why)
{
    struct pairs p;
    struct touch t;

    for (bool ok = pairs_begin(&p, r, why); ok && pairs_next(&p);)
        if (created(&p, &t))
            buf_add(touches, &t, sizeof t);
    if (p.bad)
        return DECODE_BAD;
    return r->has_traces ? creations_add(r, touches, why) : DECODE_OK;
}

static enum decode
contracts_state(const struct touch *t, uint64_t block, struct json balance, struct json nonce,
                struct json code, struct rows *out, char *why)
{
    struct buf *b = &out->data;
    size_t start = b->n;
    struct span hex;
    uint8_t hash[32];

    (void)block, (void)balance, (void)nonce;
    if (!json_string(code, &hex)) {
        snprintf(why, WHY_MAX, "code is not a string");
        return DECODE_BAD;
    }
    if (!t->created || (!t->certain && hex.n <= 2))
        return DECODE_OK;
    row_begin(b, &table_contracts);
    row_bytes(b, t->address, 20);
    row_int8(b, (int64_t)t->block);
    row_bytes(b, t->transaction_hash, 32);
    row_bytes(b, t->creator, 20);
    size_t at = b->n + 4; /* behind the field's length */
    if (!hex_to_row(b, hex)) {
        b->n = start;
        snprintf(why, WHY_MAX, "code is not 0x-hex");
        return DECODE_BAD;
    }
    keccak256(b->p + at, b->n - at, hash);
    row_bytes(b, hash, 32);
    out->n++;
    return DECODE_OK;
}

const struct dataset dataset_contracts = {
    .name = "contracts",
    .table = &table_contracts,
    .needs = NEED_BLOCK | NEED_RECEIPTS | NEED_STATE,
    .touched = contracts_touched,
    .state_needs = STATE_CODE,
    .state = contracts_state,
};
