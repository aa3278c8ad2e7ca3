/* tables.c - every table there is; see tables.h. */
#include "tables.h"

#include <stdio.h>
#include <string.h>

const struct table table_logs = {
    .name = "logs",
    .columns = {
        {"block_number", COL_INT8, true},
        {"log_index", COL_INT4, true},
        {"transaction_index", COL_INT4, false},
        {"transaction_hash", COL_BYTEA, false},
        {"address", COL_BYTEA, true},
        {"topic0", COL_BYTEA, false},
        {"topic1", COL_BYTEA, false},
        {"topic2", COL_BYTEA, false},
        {"topic3", COL_BYTEA, false},
        {"data", COL_BYTEA, true},
        {"block_timestamp", COL_TIMESTAMPTZ, false},
    },
    .key = {"block_number", "log_index"},
    .filtered = true,
};

const struct table table_blocks = {
    .name = "blocks",
    .columns = {
        {"block_number", COL_INT8, true},
        {"block_hash", COL_BYTEA, true},
        {"parent_hash", COL_BYTEA, true},
        {"block_timestamp", COL_TIMESTAMPTZ, true},
        {"miner", COL_BYTEA, false},
        {"gas_used", COL_INT8, false},
        {"gas_limit", COL_INT8, false},
        {"base_fee_per_gas", COL_NUMERIC, false},
        {"transaction_count", COL_INT4, false},
        {"logs_bloom", COL_BYTEA, false},
        {"receipts_root", COL_BYTEA, false},
        {"transactions_root", COL_BYTEA, false},
        {"state_root", COL_BYTEA, false},
        {"sha3_uncles", COL_BYTEA, false},
        {"nonce", COL_BYTEA, false},
        {"difficulty", COL_NUMERIC, false},
        {"total_difficulty", COL_NUMERIC, false},
        {"size", COL_INT8, false},
        {"extra_data", COL_BYTEA, false},
        {"mix_hash", COL_BYTEA, false},
        {"withdrawals_root", COL_BYTEA, false},
        {"blob_gas_used", COL_INT8, false},
        {"excess_blob_gas", COL_INT8, false},
        {"parent_beacon_block_root", COL_BYTEA, false},
        {"requests_hash", COL_BYTEA, false},
        {"withdrawals", COL_TEXT, false}, /* JSON, as sent */
    },
    .key = {"block_number"},
    .by_hash = true, /* a word of 32 bytes, as a hash; it is the number */
};

const struct table table_transactions = {
    .name = "transactions",
    .columns = {
        {"block_number", COL_INT8, true},
        {"transaction_index", COL_INT4, true},
        {"transaction_hash", COL_BYTEA, true},
        {"block_timestamp", COL_TIMESTAMPTZ, false},
        {"from_address", COL_BYTEA, false},
        {"to_address", COL_BYTEA, false},
        {"value", COL_NUMERIC, false},
        {"nonce", COL_NUMERIC, false},
        {"gas", COL_INT8, false},
        {"gas_price", COL_NUMERIC, false},
        {"max_fee_per_gas", COL_NUMERIC, false},
        {"max_priority_fee_per_gas", COL_NUMERIC, false},
        {"max_fee_per_blob_gas", COL_NUMERIC, false},
        {"input", COL_BYTEA, false},
        {"type", COL_INT4, false},
        {"status", COL_INT4, false},
        {"root", COL_BYTEA, false},
        {"gas_used", COL_INT8, false},
        {"cumulative_gas_used", COL_INT8, false},
        {"effective_gas_price", COL_NUMERIC, false},
        {"contract_address", COL_BYTEA, false},
        {"blob_gas_used", COL_INT8, false},
        {"blob_gas_price", COL_NUMERIC, false},
        {"blob_versioned_hashes", COL_BYTEA, false}, /* 32 bytes each, one after the other */
        {"l1_fee", COL_NUMERIC, false},
        {"l1_gas_used", COL_NUMERIC, false},
        {"l1_gas_price", COL_NUMERIC, false},
        {"l1_fee_scalar", COL_TEXT, false}, /* a decimal fraction, as sent */
    },
    .key = {"block_number", "transaction_index"},
    .unique = "transaction_hash",
    .by_hash = true,
};

const struct table table_token_transfers = {
    .name = "token_transfers",
    .columns = {
        {"block_number", COL_INT8, true},
        {"log_index", COL_INT4, true},
        {"batch_index", COL_INT4, true},
        {"transaction_hash", COL_BYTEA, false},
        {"token_address", COL_BYTEA, true},
        {"from_address", COL_BYTEA, true},
        {"to_address", COL_BYTEA, true},
        {"token_id", COL_NUMERIC, false},
        {"amount", COL_NUMERIC, true},
        {"standard", COL_TEXT, true},
    },
    .key = {"block_number", "log_index", "batch_index"},
    .filtered = true,
};

const struct table table_traces = {
    .name = "traces",
    .columns = {
        {"block_number", COL_INT8, true},
        {"transaction_index", COL_INT4, true}, /* -1: the block's own (a reward) */
        {"trace_address", COL_INT4_ARRAY, true},
        {"transaction_hash", COL_BYTEA, false},
        {"from_address", COL_BYTEA, false},
        {"to_address", COL_BYTEA, false},
        {"value", COL_NUMERIC, false},
        {"gas", COL_NUMERIC, false},
        {"gas_used", COL_NUMERIC, false},
        {"input", COL_BYTEA, false},
        {"output", COL_BYTEA, false},
        {"type", COL_TEXT, true},
        {"call_type", COL_TEXT, false},
        {"reward_type", COL_TEXT, false},
        {"subtraces", COL_INT4, false},
        {"error", COL_TEXT, false},
    },
    .key = {"block_number", "transaction_index", "trace_address"},
};

const struct table table_contracts = {
    .name = "contracts",
    .columns = {
        {"address", COL_BYTEA, true},
        {"block_number", COL_INT8, true},
        {"transaction_hash", COL_BYTEA, false},
        {"creator", COL_BYTEA, false},
        {"code", COL_BYTEA, false},
        {"code_hash", COL_BYTEA, false},
    },
    .key = {"address"},
    .newest = "block_number",
};

const struct table table_accounts = {
    .name = "accounts",
    .columns = {
        {"address", COL_BYTEA, true},
        {"block_number", COL_INT8, true},
        {"balance", COL_NUMERIC, true},
        {"nonce", COL_NUMERIC, true},
        {"code_hash", COL_BYTEA, false},
    },
    .key = {"address"},
    .newest = "block_number",
};

const struct table *const tables[] = {
    &table_logs, &table_blocks, &table_transactions, &table_token_transfers, &table_traces,
    &table_contracts, &table_accounts, NULL,
};

const struct table *
table_find(const char *name, size_t len)
{
    for (const struct table *const *t = tables; *t; t++)
        if (strlen((*t)->name) == len && memcmp((*t)->name, name, len) == 0)
            return *t;
    return NULL;
}

static void
add_text(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);
    snprintf(out + n, size - n, "%s", text);
}

/* The names of all, or of those that can be had by hash, commas between. */
static void
add_names(char *out, size_t size, bool by_hash)
{
    const char *before = "";
    for (const struct table *const *t = tables; *t; t++) {
        if (by_hash && !(*t)->by_hash)
            continue;
        add_text(out, size, before);
        add_text(out, size, (*t)->name);
        before = ", ";
    }
}

static bool
named_before(const char *names, const char *here, size_t len)
{
    for (const char *p = names; p < here; p += strcspn(p, ",") + 1)
        if (strcspn(p, ",") == len && memcmp(p, here, len) == 0)
            return true;
    return false;
}

bool
tables_check(const char *names, bool filter, bool by_hash, char *err, size_t size)
{
    bool heeded = false;

    for (const char *p = names;; p++) {
        size_t n = strcspn(p, ",");
        const struct table *t = table_find(p, n);
        if (!t) {
            snprintf(err, size, "there is no dataset \"%.*s\": expected ", (int)(n < 60 ? n : 60), p);
            add_names(err, size, false);
            return false;
        }
        if (named_before(names, p, n)) {
            snprintf(err, size, "dataset \"%s\" is named twice", t->name);
            return false;
        }
        if (by_hash && !t->by_hash) {
            snprintf(err, size, "%s cannot be fetched by transaction hash: expected --dataset ", t->name);
            add_names(err, size, true);
            return false;
        }
        if (by_hash && p > names) {
            snprintf(err, size, "hashes are those of one dataset, not of %s", names);
            return false;
        }
        heeded |= t->filtered;
        p += n;
        if (!*p)
            break;
    }
    if (filter && !heeded)
        snprintf(err, size, "a filter of logs (address, topic0 to topic3) has no effect on %s", names);
    return heeded || !filter;
}

size_t
table_column_count(const struct table *t)
{
    size_t n = 0;
    while (n < TABLE_COLUMNS_MAX && t->columns[n].name)
        n++;
    return n;
}

const char *
column_sql_type(enum column_type type)
{
    static const char *const names[] = {
        [COL_INT4] = "integer",           [COL_INT8] = "bigint",
        [COL_BYTEA] = "bytea",            [COL_TIMESTAMPTZ] = "timestamptz",
        [COL_NUMERIC] = "numeric",        [COL_TEXT] = "text",
        [COL_INT4_ARRAY] = "integer[]",
    };
    return names[type];
}
