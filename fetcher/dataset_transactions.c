/* dataset_transactions.c - transactions, each with its receipt's fields in the same row.
 *
 * Types are stored as sent, 0 to 4 and those of L2s. Receipts before Byzantium have root and no
 * status. A receipt without effectiveGasPrice (older nodes) gets the transaction's gasPrice,
 * which is the same for what is in a block. Access and authorisation lists are not stored, nor are v, r, s.
 */
#include <stdio.h>

#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"
#include "pairs.h"

/* Some nodes send "0x" where there is no root. */
static void
field_root(struct fields *receipt)
{
    struct json v;
    struct span s;
    if (json_get(receipt->object, "root", &v) && json_string(v, &s) && s.n <= 2)
        field_null(receipt);
    else
        field_bytes(receipt, "root", 32, FIELD_OPTIONAL);
}

static void
field_blob_hashes(struct fields *tx)
{
    struct json list, v;
    uint8_t hashes[64][32]; /* a block holds fewer blobs */
    size_t n = 0;

    if (!member(tx->object, "blobVersionedHashes", &list)) {
        field_null(tx);
        return;
    }
    for (struct json_items it = json_items(list); json_next(&it, &v); n++)
        if (n == 64 || !hex_bytes(v, hashes[n], 32)) {
            field_bad(tx, "blobVersionedHashes", "up to 64 hashes");
            return;
        }
    row_bytes(tx->row, hashes, 32 * n);
}

static enum decode
add_row(struct json tx_json, struct json receipt_json, const struct pairs *block, struct rows *out, char *why)
{
    struct fields tx = {.object = tx_json, .what = "transaction", .row = &out->data, .why = why};
    struct fields receipt = {.object = receipt_json, .what = "receipt", .row = &out->data, .why = why};
    size_t start = out->data.n;
    struct json v;

    row_begin(tx.row, &table_transactions);
    if (block) {
        row_int8(tx.row, (int64_t)block->header.number);
        row_int4(tx.row, (int32_t)block->index);
    } else {
        field_int8(&tx, "blockNumber", FIELD_REQUIRED);
        field_int4(&tx, "transactionIndex", FIELD_REQUIRED);
    }
    field_bytes(&tx, "hash", 32, FIELD_REQUIRED);
    if (block)
        row_unix_time(tx.row, block->header.timestamp);
    else
        field_time(&tx, "blockTimestamp", FIELD_OPTIONAL);
    field_bytes(&tx, "from", 20, FIELD_OPTIONAL);
    field_bytes(&tx, "to", 20, FIELD_OPTIONAL);
    field_numeric(&tx, "value", FIELD_OPTIONAL);
    field_numeric(&tx, "nonce", FIELD_OPTIONAL);
    field_int8(&tx, "gas", FIELD_OPTIONAL);
    field_numeric(&tx, "gasPrice", FIELD_OPTIONAL);
    field_numeric(&tx, "maxFeePerGas", FIELD_OPTIONAL);
    field_numeric(&tx, "maxPriorityFeePerGas", FIELD_OPTIONAL);
    field_numeric(&tx, "maxFeePerBlobGas", FIELD_OPTIONAL);
    field_data(&tx, member(tx_json, "input", &v) ? "input" : "data", FIELD_OPTIONAL);
    field_int4(&tx, "type", FIELD_OPTIONAL);
    field_int4(&receipt, "status", FIELD_OPTIONAL);
    field_root(&receipt);
    field_int8(&receipt, "gasUsed", FIELD_OPTIONAL);
    field_int8(&receipt, "cumulativeGasUsed", FIELD_OPTIONAL);
    if (member(receipt_json, "effectiveGasPrice", &v))
        field_numeric(&receipt, "effectiveGasPrice", FIELD_OPTIONAL);
    else
        field_numeric(&tx, "gasPrice", FIELD_OPTIONAL);
    field_bytes(&receipt, "contractAddress", 20, FIELD_OPTIONAL);
    field_int8(&receipt, "blobGasUsed", FIELD_OPTIONAL);
    field_numeric(&receipt, "blobGasPrice", FIELD_OPTIONAL);
    field_blob_hashes(&tx);
    field_numeric(&receipt, "l1Fee", FIELD_OPTIONAL);
    field_numeric(&receipt, "l1GasUsed", FIELD_OPTIONAL);
    field_numeric(&receipt, "l1GasPrice", FIELD_OPTIONAL);
    field_text(&receipt, "l1FeeScalar", FIELD_OPTIONAL);
    if (tx.bad || receipt.bad) {
        out->data.n = start;
        return DECODE_BAD;
    }
    out->n++;
    return DECODE_OK;
}

static enum decode
transactions_block(const struct block_replies *r, struct rows *out, char *why)
{
    size_t start = out->data.n;
    uint32_t n = out->n;
    struct pairs p;

    for (bool ok = pairs_begin(&p, r, why); ok && pairs_next(&p);)
        if (add_row(p.tx, p.receipt, &p, out, why) != DECODE_OK) {
            p.bad = true;
            break;
        }
    if (!p.bad)
        return DECODE_OK;
    out->data.n = start;
    out->n = n;
    return DECODE_BAD;
}

static enum decode
transactions_transaction(struct json tx, struct json receipt, struct rows *out, char *why)
{
    return pair_check(tx, receipt, why) ? add_row(tx, receipt, NULL, out, why) : DECODE_BAD;
}

const struct dataset dataset_transactions = {
    .name = "transactions",
    .table = &table_transactions,
    .needs = NEED_BLOCK | NEED_RECEIPTS,
    .block = transactions_block,
    .transaction = transactions_transaction,
};
