/* peer.h - the names of a peer's columns and ours. Not stored by us, of what it has: block_hash of
 * transactions and logs (join blocks), block_timestamp of token transfers, its own item ids, chain names,
 * statuses of traces, and what it derives from contract code. Its withdrawals are rewritten; ours are as sent.
 */
#ifndef SLUICE_TEST_PEER_H
#define SLUICE_TEST_PEER_H

#include "records.h"

static const UNUSED struct pair_of_names peer_blocks[] = {
    {"number", "block_number", SAME},
    {"hash", "block_hash", SAME},
    {"parent_hash", "parent_hash", SAME},
    {"nonce", "nonce", SAME},
    {"sha3_uncles", "sha3_uncles", SAME},
    {"logs_bloom", "logs_bloom", SAME},
    {"transactions_root", "transactions_root", SAME},
    {"state_root", "state_root", SAME},
    {"receipts_root", "receipts_root", SAME},
    {"miner", "miner", SAME},
    {"difficulty", "difficulty", SAME},
    {"total_difficulty", "total_difficulty", SAME},
    {"size", "size", SAME},
    {"extra_data", "extra_data", SAME},
    {"gas_limit", "gas_limit", SAME},
    {"gas_used", "gas_used", SAME},
    {"timestamp", "block_timestamp", UNIX_TIME},
    {"transaction_count", "transaction_count", SAME},
    {"base_fee_per_gas", "base_fee_per_gas", SAME},
    {"withdrawals_root", "withdrawals_root", SAME},
    {"blob_gas_used", "blob_gas_used", SAME},
    {"excess_blob_gas", "excess_blob_gas", SAME},
};

static const UNUSED struct pair_of_names peer_transactions[] = {
    {"hash", "transaction_hash", SAME},
    {"nonce", "nonce", SAME},
    {"block_number", "block_number", SAME},
    {"transaction_index", "transaction_index", SAME},
    {"from_address", "from_address", SAME},
    {"to_address", "to_address", SAME},
    {"value", "value", SAME},
    {"gas", "gas", SAME},
    {"gas_price", "gas_price", SAME},
    {"input", "input", SAME},
    {"block_timestamp", "block_timestamp", UNIX_TIME},
    {"max_fee_per_gas", "max_fee_per_gas", SAME},
    {"max_priority_fee_per_gas", "max_priority_fee_per_gas", SAME},
    {"max_fee_per_blob_gas", "max_fee_per_blob_gas", SAME},
    {"transaction_type", "type", SAME},
    {"receipt_cumulative_gas_used", "cumulative_gas_used", SAME},
    {"receipt_gas_used", "gas_used", SAME},
    {"receipt_contract_address", "contract_address", SAME},
    {"receipt_root", "root", SAME},
    {"receipt_status", "status", SAME},
    {"receipt_effective_gas_price", "effective_gas_price", SAME},
    {"receipt_l1_fee", "l1_fee", SAME},
    {"receipt_l1_gas_used", "l1_gas_used", SAME},
    {"receipt_l1_gas_price", "l1_gas_price", SAME},
    {"receipt_l1_fee_scalar", "l1_fee_scalar", SAME},
    {"receipt_blob_gas_price", "blob_gas_price", SAME},
    {"receipt_blob_gas_used", "blob_gas_used", SAME},
};

static const UNUSED struct pair_of_names peer_logs[] = {
    {"log_index", "log_index", SAME}, {"transaction_hash", "transaction_hash", SAME},
    {"transaction_index", "transaction_index", SAME}, {"block_number", "block_number", SAME},
    {"address", "address", SAME}, {"data", "data", SAME}, {"block_timestamp", "block_timestamp", UNIX_TIME},
};

/* Our four topic columns hold the peer's list. */
static UNUSED void
compare_topics(const struct records *theirs, const struct records *ours)
{
    static const char *const columns[] = {"topic0", "topic1", "topic2", "topic3"};
    for (size_t i = 0; i < ours->n; i++) {
        char list[400] = "", want[400];
        for (size_t j = 0; j < 4; j++) {
            const char *topic = value_of(&ours->r[i], columns[j]);
            if (*topic)
                snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", j ? "," : "", topic);
        }
        normal(value_of(&theirs->r[i], "topics"), LIST, want, sizeof want);
        assert_string_equal(list, want);
    }
}

/* Our rows of a case's blocks, as a dataset makes them of the recorded replies. */
static UNUSED struct records
rows_of_blocks(const struct peer_case *c, const struct dataset *d, const struct table *t, bool receipts)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    for (size_t i = 0; i < c->n; i++) {
        struct block_replies r = block_replies(c->folder, c->blocks[i], receipts);
        if (d->block(&r, &rows, why) != DECODE_OK)
            fail_msg("%s: %s", c->folder, why);
    }
    struct records ours = records_of_rows(t, &rows);
    buf_free(&rows.data);
    return ours;
}

#endif
