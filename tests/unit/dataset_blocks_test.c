/* dataset_blocks_test.c - blocks against a peer's rows, a real chain, and malformed replies. */
#include "peer.h"

#define ETL "ethereum-etl/"
#define POLYGON "polygon-etl/"
static const struct peer_case cases[] = {
    {ETL "test_export_blocks_job/block_with_logs", "expected_blocks.csv", {0x76250}, 1},
    {ETL "test_export_blocks_job/block_without_transactions", "expected_blocks.csv", {0}, 1},
    {ETL "test_export_blocks_job/blocks_with_transactions", "expected_blocks.csv", {0xb872, 0xb873}, 2},
    {ETL "test_stream/blocks_1755634_1755635", "expected_blocks.json", {1755634, 1755635}, 2},
    {POLYGON "test_export_blocks_job/block_with_logs", "expected_blocks.csv", {0xcf1974}, 1},
    {POLYGON "test_export_blocks_job/block_with_transaction_eip_1559", "expected_blocks.csv", {0x16c7d38}, 1},
    {POLYGON "test_export_blocks_job/block_without_transactions", "expected_blocks.csv", {0}, 1},
    {POLYGON "test_export_blocks_job/blocks_with_transactions", "expected_blocks.csv", {0x898a00, 0x898a01}, 2},
    {POLYGON "test_stream/block_eip_1559", "expected_blocks.json", {0x16c7d38}, 1},
    {POLYGON "test_stream/block_with_contracts", "expected_blocks.json", {0x221552}, 1},
    {POLYGON "test_stream/blocks_with_transfers", "expected_blocks.json", {0x898a05, 0x898a06, 0x898a07}, 3},
};

static void
equals_a_peers_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct records theirs = expected_rows(&cases[i]);
        struct records ours = rows_of_blocks(&cases[i], &dataset_blocks, &table_blocks, false);
        sort_records(&theirs, "number", NULL);
        COMPARE(cases[i].folder, &theirs, &ours, peer_blocks);
    }
}

static char block_text[] =
    "{\"number\":\"0x5\",\"hash\":\"0x1111111111111111111111111111111111111111111111111111111111111111\","
    "\"parentHash\":\"0x2222222222222222222222222222222222222222222222222222222222222222\","
    "\"timestamp\":\"0x64\",\"transactions\":[\"0x11\"]%s}";

static enum decode
decode_with(const char *more, uint64_t number, struct rows *rows, char *why)
{
    char text[4096];
    snprintf(text, sizeof text, block_text, more);
    struct block_replies r = {.number = number, .has_block = true, .block = parsed_text(text)};
    return dataset_blocks.block(&r, rows, why);
}

static void
needs_little_and_ignores_the_unknown(void **state)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(decode_with(",\"author\":7,\"sealFields\":[{}],\"miner\":null", 5, &rows, why), DECODE_OK);
    struct records r = records_of_rows(&table_blocks, &rows);
    assert_string_equal(value_of(&r.r[0], "block_number"), "5");
    assert_string_equal(value_of(&r.r[0], "transaction_count"), "1");
    assert_string_equal(value_of(&r.r[0], "miner"), "");
    assert_string_equal(value_of(&r.r[0], "gas_used"), "");
    buf_free(&rows.data);
}

static void
takes_wide_values(void **state)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(decode_with(",\"totalDifficulty\":\"0xffffffffffffffffffffffffffffffffffffffffffffffffffff"
                                 "ffffffffffff\",\"gasLimit\":\"0x7fffffffffffffff\"", 5, &rows, why), DECODE_OK);
    struct records r = records_of_rows(&table_blocks, &rows);
    assert_string_equal(value_of(&r.r[0], "total_difficulty"),
                        "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    assert_string_equal(value_of(&r.r[0], "gas_limit"), "9223372036854775807");
    buf_free(&rows.data);
}

static void
refuses_what_does_not_fit(void **state)
{
    static const struct {
        const char *more;
        uint64_t number;
        const char *word;
    } bad[] = {
        {"", 6, "another"},
        {",\"gasUsed\":\"0x8000000000000000\"", 5, "gasUsed"},
        {",\"gasUsed\":\"21000\"", 5, "gasUsed"},
        {",\"gasUsed\":\"0x\"", 5, "gasUsed"},
        {",\"miner\":\"0x1234\"", 5, "miner"},
        {",\"logsBloom\":\"0x00\"", 5, "logsBloom"},
        {",\"extraData\":\"0x123\"", 5, "extraData"},
        {",\"stateRoot\":\"0xzz11111111111111111111111111111111111111111111111111111111111111\"", 5, "stateRoot"},
        {",\"difficulty\":\"0x10000000000000000000000000000000000000000000000000000000000000000\"", 5,
         "difficulty"},
        {",\"difficulty\":{}", 5, "difficulty"},
        {",\"withdrawals\":5", 5, "withdrawals"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        assert_int_equal(decode_with(bad[i].more, bad[i].number, &rows, why), DECODE_BAD);
        if (!strstr(why, bad[i].word))
            fail_msg("\"%s\" does not name %s", why, bad[i].word);
        assert_int_equal(rows.n, 0);
        assert_int_equal(rows.data.n, 0);
        buf_free(&rows.data);
    }
}

/* The whole recorded chain: what we store is what the node said, member by member. */
static void
keeps_every_fork(void **state)
{
    static const struct as_sent list[] = {
        {"hash", "block_hash", false}, {"parentHash", "parent_hash", false}, {"miner", "miner", false},
        {"stateRoot", "state_root", false}, {"logsBloom", "logs_bloom", false}, {"gasUsed", "gas_used", true},
        {"gasLimit", "gas_limit", true}, {"receiptsRoot", "receipts_root", false}, {"nonce", "nonce", false},
        {"baseFeePerGas", "base_fee_per_gas", true}, {"withdrawalsRoot", "withdrawals_root", false},
        {"blobGasUsed", "blob_gas_used", true}, {"excessBlobGas", "excess_blob_gas", true},
        {"parentBeaconBlockRoot", "parent_beacon_block_root", false}, {"requestsHash", "requests_hash", false},
        {"difficulty", "difficulty", true}, {"size", "size", true}, {"extraData", "extra_data", false},
        {"mixHash", "mix_hash", false}, {"sha3Uncles", "sha3_uncles", false},
        {"transactionsRoot", "transactions_root", false}, {"totalDifficulty", "total_difficulty", true},
    };
    struct span text = fixture("execution-apis/blocks.jsonl");
    struct json block;
    uint64_t number = 0;

    (void)state;
    for (; next_line(&text, &block); number++) {
        struct block_replies r = {.number = number, .has_block = true, .full = true, .block = block};
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        if (dataset_blocks.block(&r, &rows, why) != DECODE_OK)
            fail_msg("%s", why);
        struct records ours = records_of_rows(&table_blocks, &rows);
        CHECK_AS_SENT(block, &ours.r[0], list);
        buf_free(&rows.data);
    }
    assert_int_equal(number, 55);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(needs_little_and_ignores_the_unknown),
        cmocka_unit_test(takes_wide_values),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(keeps_every_fork),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
