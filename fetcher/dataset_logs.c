/* dataset_logs.c - event logs, one row each. The hot path: a log is decoded straight into its row. */
#include <stdio.h>

#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"

static enum decode
logs_log(const struct log *l, struct rows *out, char *why)
{
    struct buf *b = &out->data;
    size_t start = b->n;

    row_begin(b, &table_logs);
    row_int8(b, (int64_t)l->block_number);
    row_int4(b, (int32_t)l->log_index);
    if (l->transaction_index >= 0)
        row_int4(b, (int32_t)l->transaction_index);
    else
        row_null(b);
    if (l->has_transaction_hash)
        row_bytes(b, l->transaction_hash, 32);
    else
        row_null(b);
    row_bytes(b, l->address, 20);
    for (size_t i = 0; i < 4; i++)
        if (i < l->n_topics)
            row_bytes(b, l->topics[i], 32);
        else
            row_null(b);
    if (!hex_to_row(b, l->data_hex)) {
        b->n = start;
        snprintf(why, WHY_MAX, "log %u of block %llu: data is not 0x-hex", l->log_index,
                 (unsigned long long)l->block_number);
        return DECODE_BAD;
    }
    if (l->has_timestamp)
        row_unix_time(b, l->timestamp);
    else
        row_null(b);
    out->n++;
    return DECODE_OK;
}

const struct dataset dataset_logs = {
    .name = "logs",
    .table = &table_logs,
    .needs = NEED_LOGS,
    .filtered = true,
    .log = logs_log,
};
