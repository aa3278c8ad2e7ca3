/* dataset_transactions_test.c - transactions with receipt fields: against a peer's rows, whole
 * recorded blocks of several chains, and replies that do not belong together. */
#include "peer.h"

#define ETL "ethereum-etl/"
#define POLYGON "polygon-etl/"
static const struct peer_case cases[] = {
    {ETL "test_stream/blocks_1755634_1755635", "expected_transactions.json", {1755634, 1755635}, 2},
    {POLYGON "test_stream/block_eip_1559", "expected_transactions.json", {0x16c7d38}, 1},
    {POLYGON "test_stream/block_with_contracts", "expected_transactions.json", {0x221552}, 1},
    {POLYGON "test_stream/blocks_with_transfers", "expected_transactions.json", {0x898a05, 0x898a06, 0x898a07}, 3},
};

static void
equals_a_peers_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct records theirs = expected_rows(&cases[i]);
        struct records ours = rows_of_blocks(&cases[i], &dataset_transactions, &table_transactions, true);
        sort_records(&theirs, "block_number", "transaction_index");
        COMPARE(cases[i].folder, &theirs, &ours, peer_transactions);
    }
}

/* Blocks and receipts that the peer fetched in two tests, rows expected in two files. */
static void
equals_a_peers_rows_and_receipts(void **state)
{
    static const struct pair_of_names receipt[] = {
        {"transaction_hash", "transaction_hash", SAME}, {"transaction_index", "transaction_index", SAME},
        {"block_number", "block_number", SAME}, {"cumulative_gas_used", "cumulative_gas_used", SAME},
        {"gas_used", "gas_used", SAME}, {"contract_address", "contract_address", SAME}, {"root", "root", SAME},
        {"status", "status", SAME}, {"effective_gas_price", "effective_gas_price", SAME},
        {"l1_fee", "l1_fee", SAME}, {"l1_gas_used", "l1_gas_used", SAME},
        {"l1_gas_price", "l1_gas_price", SAME}, {"l1_fee_scalar", "l1_fee_scalar", SAME},
    };
    static const struct {
        struct peer_case block, receipts;
    } two[] = {
        {{ETL "test_export_blocks_job/block_with_logs", "expected_transactions.csv", {0x76250}, 1},
         {ETL "test_export_receipts_job/receipts_with_logs", "expected_receipts.csv", {0}, 0}},
        {{POLYGON "test_export_blocks_job/block_with_transaction_eip_1559", "expected_transactions.csv", {0x16c7d38}, 1},
         {POLYGON "test_export_receipts_job/receipts_with_logs_eip_1559", "expected_receipts.json", {0}, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++) {
        struct block_replies r = block_replies(two[i].block.folder, two[i].block.blocks[0], false);
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        r.has_receipts = true;
        r.receipts = receipt_replies(two[i].receipts.folder, r.block);
        if (dataset_transactions.block(&r, &rows, why) != DECODE_OK)
            fail_msg("%s", why);
        struct records ours = records_of_rows(&table_transactions, &rows);
        struct records txs = expected_rows(&two[i].block), receipts = expected_rows(&two[i].receipts);
        sort_records(&txs, "block_number", "transaction_index");
        sort_records(&receipts, "block_number", "transaction_index");
        COMPARE(two[i].block.folder, &txs, &ours, peer_transactions);
        COMPARE(two[i].receipts.folder, &receipts, &ours, receipt);
        buf_free(&rows.data);
    }
}

static const struct as_sent of_transaction[] = {
    {"hash", "transaction_hash", false}, {"from", "from_address", false}, {"to", "to_address", false},
    {"value", "value", true}, {"nonce", "nonce", true}, {"gas", "gas", true}, {"gasPrice", "gas_price", true},
    {"maxFeePerGas", "max_fee_per_gas", true}, {"maxPriorityFeePerGas", "max_priority_fee_per_gas", true},
    {"maxFeePerBlobGas", "max_fee_per_blob_gas", true}, {"input", "input", false}, {"type", "type", true},
    {"transactionIndex", "transaction_index", true}, {"blockNumber", "block_number", true},
};
static const struct as_sent of_receipt[] = {
    {"status", "status", true}, {"root", "root", false}, {"gasUsed", "gas_used", true},
    {"cumulativeGasUsed", "cumulative_gas_used", true}, {"contractAddress", "contract_address", false},
    {"blobGasUsed", "blob_gas_used", true}, {"blobGasPrice", "blob_gas_price", true},
    {"l1Fee", "l1_fee", true}, {"l1GasUsed", "l1_gas_used", true}, {"l1GasPrice", "l1_gas_price", true},
    {"l1FeeScalar", "l1_fee_scalar", false},
};

/* All transactions of a block are stored as sent; returns how many. */
static size_t
check_block(const struct block_replies *r, unsigned types[256])
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";
    struct json txs, tx, receipt;
    size_t n = 0;

    if (dataset_transactions.block(r, &rows, why) != DECODE_OK)
        fail_msg("%s", why);
    struct records ours = records_of_rows(&table_transactions, &rows);
    assert_true(json_get(r->block, "transactions", &txs));
    struct json_items a = json_items(txs), b = json_items(r->receipts);
    for (; json_next(&a, &tx); n++) {
        assert_true(json_next(&b, &receipt));
        CHECK_AS_SENT(tx, &ours.r[n], of_transaction);
        CHECK_AS_SENT(receipt, &ours.r[n], of_receipt);
        types[strtol(value_of(&ours.r[n], "type"), NULL, 10) & 255]++;
    }
    assert_int_equal(n, ours.n);
    buf_free(&rows.data);
    return n;
}

static void
keeps_every_type_and_fork(void **state)
{
    struct span blocks = fixture("execution-apis/blocks.jsonl"), receipts = fixture("execution-apis/receipts.jsonl");
    struct block_replies r = {.has_block = true, .full = true, .has_receipts = true};
    unsigned types[256] = {0};

    (void)state;
    while (next_line(&blocks, &r.block) && next_line(&receipts, &r.receipts)) {
        check_block(&r, types);
        r.number++;
    }
    assert_int_equal(r.number, 55);
    for (int type = 0; type <= 4; type++)
        assert_true(types[type] > 0);
}

static void
keeps_other_chains(void **state)
{
    static const struct {
        const char *folder;
        uint64_t number;
        size_t n;
    } chains[] = {
        {"arbitrum", 150000000, 5}, {"bittensor-testnet", 6646068, 1}, {"cronos", 10000, 1},
        {"cronos", 11446765, 6}, {"ethereum", 1000000, 2}, {"ethereum", 4369999, 22},
        {"ethereum", 18000000, 94}, {"ethereum", 18500000, 157}, {"hyperliquid", 50000, 1},
        {"polygon", 50000000, 564}, {"stable-testnet", 59083166, 2}, {"tempo-mainnet", 17708868, 3},
        {"tempoModerato", 6541, 1},
    };
    unsigned types[256] = {0};
    char name[200];

    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        struct block_replies r = {
            .number = chains[i].number, .has_block = true, .full = true, .has_receipts = true,
        };
        snprintf(name, sizeof name, "squid-sdk/%s/%llu/block.json", chains[i].folder,
                 (unsigned long long)r.number);
        r.block = parsed(fixture(name));
        snprintf(name, sizeof name, "squid-sdk/%s/%llu/receipts.json", chains[i].folder,
                 (unsigned long long)r.number);
        r.receipts = parsed(fixture(name));
        assert_int_equal(check_block(&r, types), chains[i].n);
    }
    assert_true(types[0x6a] > 0); /* Arbitrum */
    assert_true(types[0x76] > 0); /* Tempo */
}

/* --- what does not belong together --- */

/* One block of two transactions, without what is optional. */
#define HASH(digit) "\"0x" digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit "\""
#define H1 HASH("1111")
#define H2 HASH("2222")
#define H3 HASH("3333")
static const char small_block[] =
    "{\"number\":\"0x5\",\"hash\":" H1 ",\"timestamp\":\"0x64\",\"transactions\":["
    "{\"hash\":" H2 ",\"blockNumber\":\"0x5\",\"transactionIndex\":\"0x0\",\"unknown\":[1,{}]},"
    "{\"hash\":" H3 ",\"blockHash\":" H1 ",\"type\":\"0x7e\",\"gas\":\"0x5208\",\"to\":null}]}";
static const char small_receipts[] =
    "[{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]},"
    "{\"transactionHash\":" H3 ",\"blockNumber\":\"0x5\",\"blockHash\":" H1 ",\"status\":\"0x1\","
    "\"transactionIndex\":\"0x1\",\"root\":\"0x\"}]";

static enum decode
decode_small(struct span block, struct span receipts, struct rows *rows, char *why)
{
    struct block_replies r = {
        .number = 5, .has_block = true, .full = true, .has_receipts = true,
        .block = parsed(block), .receipts = parsed(receipts),
    };
    return dataset_transactions.block(&r, rows, why);
}

static void
needs_little(void **state)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(decode_small(SPAN(small_block), SPAN(small_receipts), &rows, why), DECODE_OK);
    struct records r = records_of_rows(&table_transactions, &rows);
    assert_int_equal(r.n, 2);
    assert_string_equal(value_of(&r.r[0], "gas_price"), "");
    assert_string_equal(value_of(&r.r[0], "status"), "");
    assert_string_equal(value_of(&r.r[1], "type"), "126");
    assert_string_equal(value_of(&r.r[1], "gas"), "21000");
    assert_string_equal(value_of(&r.r[1], "root"), "");
    buf_free(&rows.data);
}

static void
refuses_what_does_not_belong_together(void **state)
{
    static const struct {
        const char *from, *to; /* in the block, or with '@' before it in the receipts */
        const char *word;
    } bad[] = {
        {"{\"hash\":" H2 ",\"blockNumber\":\"0x5\",\"transactionIndex\":\"0x0\",\"unknown\":[1,{}]}", H2, "hashes"},
        {"\"number\":\"0x5\"", "\"number\":\"0x6\"", "another"},
        {"\"blockNumber\":\"0x5\"", "\"blockNumber\":\"0x4\"", "another block"},
        {"\"blockHash\":" H1, "\"blockHash\":" H2, "another block"},
        {"\"transactionIndex\":\"0x0\"", "\"transactionIndex\":\"0x1\"", "order"},
        {"\"hash\":" H2, "\"hush\":" H2, "hash"},
        {"\"gas\":\"0x5208\"", "\"gas\":\"0xffffffffffffffff\"", "gas"},
        {"\"type\":\"0x7e\"", "\"type\":\"0x80000000\"", "type"},
        {"\"to\":null", "\"to\":\"0x12\"", "to"},
        {"\"to\":null", "\"value\":\"0xg\"", "value"},
        {"\"to\":null", "\"blobVersionedHashes\":[\"0x01\"]", "blobVersionedHashes"},
        {"@\"blockNumber\":\"0x5\"", "\"blockNumber\":\"0x6\"", "another block"},
        {"@\"blockHash\":" H1, "\"blockHash\":" H2, "another block"},
        {"@\"transactionHash\":" H2, "\"transactionHash\":" H1, "another transaction"},
        {"@\"transactionIndex\":\"0x1\"", "\"transactionIndex\":\"0x0\"", "another transaction"},
        {"@{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]},", "", "1 receipts for 2"},
        {"@{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]}", "null", "not an object"},
        {"@[{", "[{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]},{", "3 receipts for 2"},
        {"@\"status\":\"0x1\"", "\"status\":\"ok\"", "status"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct span block = SPAN(small_block), receipts = SPAN(small_receipts);
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        if (bad[i].from[0] == '@')
            receipts = replaced(receipts, bad[i].from + 1, bad[i].to);
        else
            block = replaced(block, bad[i].from, bad[i].to);
        if (decode_small(block, receipts, &rows, why) != DECODE_BAD)
            fail_msg("let pass: %s", bad[i].to);
        if (!strstr(why, bad[i].word))
            fail_msg("\"%s\" does not say \"%s\"", why, bad[i].word);
        assert_int_equal(rows.n, 0);
        assert_int_equal(rows.data.n, 0);
        buf_free(&rows.data);
    }
}

/* Cronos wrote transactions into early blocks that have no receipts. */
static void
refuses_phantom_transactions(void **state)
{
    struct block_replies r = {.number = 68216, .has_block = true, .full = true, .has_receipts = true};
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    r.block = parsed(fixture("squid-sdk/cronos/68216/block.json"));
    r.receipts = parsed(fixture("squid-sdk/cronos/68216/receipts.json"));
    assert_int_equal(dataset_transactions.block(&r, &rows, why), DECODE_BAD);
    assert_non_null(strstr(why, "1 receipts for 2 transactions"));
}

static void
takes_one_by_hash(void **state)
{
    struct json block = block_reply(ETL "test_stream/blocks_1755634_1755635", 1755635), txs, tx, receipt;
    struct json receipts = receipt_replies(ETL "test_stream/blocks_1755634_1755635", block);
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_true(json_get(block, "transactions", &txs));
    struct json_items a = json_items(txs), b = json_items(receipts);
    while (json_next(&a, &tx) && json_next(&b, &receipt))
        assert_int_equal(dataset_transactions.transaction(tx, receipt, &rows, why), DECODE_OK);
    struct records ours = records_of_rows(&table_transactions, &rows);
    assert_true(ours.n == 2);
    assert_string_equal(value_of(&ours.r[0], "block_number"), "1755635");
    assert_string_equal(value_of(&ours.r[0], "block_timestamp"), "");
    assert_string_equal(value_of(&ours.r[1], "transaction_index"), "1");

    a = json_items(txs);
    assert_true(json_next(&a, &tx)); /* the first, with the receipt of the last */
    assert_int_equal(dataset_transactions.transaction(tx, receipt, &rows, why), DECODE_BAD);
    assert_int_equal(rows.n, 2);
    struct json pending = parsed_text("{\"hash\":" H2 ",\"blockNumber\":null}");
    struct json other = parsed_text("{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\"}");
    assert_int_equal(dataset_transactions.transaction(pending, other, &rows, why), DECODE_BAD);
    assert_non_null(strstr(why, "no block"));
    buf_free(&rows.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(equals_a_peers_rows_and_receipts),
        cmocka_unit_test(keeps_every_type_and_fork),
        cmocka_unit_test(keeps_other_chains),
        cmocka_unit_test(needs_little),
        cmocka_unit_test(refuses_what_does_not_belong_together),
        cmocka_unit_test(refuses_phantom_transactions),
        cmocka_unit_test(takes_one_by_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
