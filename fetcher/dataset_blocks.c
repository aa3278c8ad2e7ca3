/* dataset_blocks.c - block headers, one row each. Whole blocks serve as well as headers. */
#include <stdio.h>

#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"

enum { WITHDRAWALS_MAX = 1 << 20 }; /* bytes */

static void
transaction_count(struct fields *f)
{
    struct json list;
    if (member(f->object, "transactions", &list) && json_type(list) == JSON_ARRAY)
        row_int4(f->row, (int32_t)json_count(list));
    else
        row_null(f->row);
}

static void
withdrawals(struct fields *f)
{
    struct json list;
    struct buf text = {0};

    if (!member(f->object, "withdrawals", &list)) {
        row_null(f->row);
        return;
    }
    json_print(&text, list, WITHDRAWALS_MAX);
    row_bytes(f->row, text.p, text.n);
    if (json_type(list) != JSON_ARRAY || text.n == WITHDRAWALS_MAX)
        field_bad(f, "withdrawals", "an array of at most 1 MiB");
    buf_free(&text);
}

static enum decode
blocks_block(const struct block_replies *r, struct rows *out, char *why)
{
    struct fields f = {.object = r->block, .what = "block", .row = &out->data, .why = why};
    size_t start = out->data.n;
    struct header checked;

    if (header_decode(r->block, r->number, &checked, why) != DECODE_OK)
        return DECODE_BAD;
    row_begin(f.row, &table_blocks);
    field_int8(&f, "number", FIELD_REQUIRED);
    field_bytes(&f, "hash", 32, FIELD_REQUIRED);
    field_bytes(&f, "parentHash", 32, FIELD_REQUIRED);
    field_time(&f, "timestamp", FIELD_REQUIRED);
    field_bytes(&f, "miner", 20, FIELD_OPTIONAL);
    field_int8(&f, "gasUsed", FIELD_OPTIONAL);
    field_int8(&f, "gasLimit", FIELD_OPTIONAL);
    field_numeric(&f, "baseFeePerGas", FIELD_OPTIONAL);
    transaction_count(&f);
    field_bytes(&f, "logsBloom", 256, FIELD_OPTIONAL);
    field_bytes(&f, "receiptsRoot", 32, FIELD_OPTIONAL);
    field_bytes(&f, "transactionsRoot", 32, FIELD_OPTIONAL);
    field_bytes(&f, "stateRoot", 32, FIELD_OPTIONAL);
    field_bytes(&f, "sha3Uncles", 32, FIELD_OPTIONAL);
    field_bytes(&f, "nonce", 8, FIELD_OPTIONAL);
    field_numeric(&f, "difficulty", FIELD_OPTIONAL);
    field_numeric(&f, "totalDifficulty", FIELD_OPTIONAL);
    field_int8(&f, "size", FIELD_OPTIONAL);
    field_data(&f, "extraData", FIELD_OPTIONAL);
    field_bytes(&f, "mixHash", 32, FIELD_OPTIONAL);
    field_bytes(&f, "withdrawalsRoot", 32, FIELD_OPTIONAL);
    field_int8(&f, "blobGasUsed", FIELD_OPTIONAL);
    field_int8(&f, "excessBlobGas", FIELD_OPTIONAL);
    field_bytes(&f, "parentBeaconBlockRoot", 32, FIELD_OPTIONAL);
    field_bytes(&f, "requestsHash", 32, FIELD_OPTIONAL);
    withdrawals(&f);
    if (f.bad) {
        out->data.n = start;
        return DECODE_BAD;
    }
    out->n++;
    return DECODE_OK;
}

const struct dataset dataset_blocks = {
    .name = "blocks",
    .table = &table_blocks,
    .needs = NEED_HEADER,
    .block = blocks_block,
};
