/* dataset_logs_test.c - rows of the logs dataset against a peer's, and against recorded chains. */
#include "peer.h"

struct target {
    struct rows rows;
    bool has_timestamp;
    int64_t timestamp; /* of the block, as the caller knows it */
};

static enum decode
add_row(struct log *l, void *context, char *why)
{
    struct target *t = context;
    if (t->has_timestamp) {
        l->has_timestamp = true;
        l->timestamp = t->timestamp;
    }
    return dataset_logs.log(l, &t->rows, why);
}

static struct records
rows_of_receipts(struct json receipts, uint64_t block, const int64_t *timestamp)
{
    struct task all = {0};
    struct target t = {.has_timestamp = timestamp != NULL, .timestamp = timestamp ? *timestamp : 0};
    char why[WHY_MAX] = "";
    uint64_t n;

    if (receipts_logs_decode(receipts, &all, block, add_row, &t, &n, why) != DECODE_OK)
        fail_msg("%s", why);
    struct records r = records_of_rows(&table_logs, &t.rows);
    assert_int_equal(n, r.n);
    buf_free(&t.rows.data);
    return r;
}

#define ETL "ethereum-etl/"
#define POLYGON "polygon-etl/"
static void
equals_a_peers_rows(void **state)
{
    static const struct {
        struct peer_case blocks, receipts;
    } cases[] = {
        {{ETL "test_export_blocks_job/block_with_logs", "", {0x76250}, 1},
         {ETL "test_export_receipts_job/receipts_with_logs", "expected_logs.csv", {0}, 0}},
        {{ETL "test_stream/blocks_1755634_1755635", "", {1755634, 1755635}, 2},
         {ETL "test_stream/blocks_1755634_1755635", "expected_logs.json", {0}, 0}},
        {{POLYGON "test_stream/block_eip_1559", "", {0x16c7d38}, 1},
         {POLYGON "test_stream/block_eip_1559", "expected_logs.json", {0}, 0}},
        {{POLYGON "test_stream/block_with_contracts", "", {0x221552}, 1},
         {POLYGON "test_stream/block_with_contracts", "expected_logs.json", {0}, 0}},
        {{POLYGON "test_stream/blocks_with_transfers", "", {0x898a05, 0x898a06, 0x898a07}, 3},
         {POLYGON "test_stream/blocks_with_transfers", "expected_logs.json", {0}, 0}},
        {{POLYGON "test_export_blocks_job/block_with_transaction_eip_1559", "", {0x16c7d38}, 1},
         {POLYGON "test_export_receipts_job/receipts_with_logs_eip_1559", "expected_logs.json", {0}, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct records theirs = expected_rows(&cases[i].receipts), ours = {0};
        for (size_t j = 0; j < cases[i].blocks.n; j++) {
            uint64_t number = cases[i].blocks.blocks[j];
            struct json block = block_reply(cases[i].blocks.folder, number);
            char why[WHY_MAX];
            struct header h;
            assert_int_equal(header_decode(block, number, &h, why), DECODE_OK);
            struct records r = rows_of_receipts(receipt_replies(cases[i].receipts.folder, block), number, &h.timestamp);
            for (size_t k = 0; k < r.n; k++)
                *records_add(&ours) = r.r[k];
        }
        sort_records(&theirs, "block_number", "log_index");
        COMPARE(cases[i].receipts.folder, &theirs, &ours, peer_logs);
        compare_topics(&theirs, &ours);
    }
}

static const struct as_sent of_log[] = {
    {"address", "address", false}, {"data", "data", false}, {"blockNumber", "block_number", true},
    {"logIndex", "log_index", true}, {"transactionHash", "transaction_hash", false},
    {"transactionIndex", "transaction_index", true},
};

static size_t
check_receipts(struct json receipts, uint64_t block)
{
    struct records ours = rows_of_receipts(receipts, block, NULL);
    struct json receipt, logs, log, topics, topic;
    struct span s;
    size_t n = 0;

    for (struct json_items r = json_items(receipts); json_next(&r, &receipt);) {
        assert_true(json_get(receipt, "logs", &logs));
        for (struct json_items it = json_items(logs); json_next(&it, &log); n++) {
            CHECK_AS_SENT(log, &ours.r[n], of_log);
            assert_true(json_get(log, "topics", &topics));
            size_t at = 0;
            for (struct json_items t = json_items(topics); json_next(&t, &topic); at++) {
                char column[] = "topic0";
                column[5] = (char)('0' + at);
                assert_true(json_string(topic, &s));
                assert_memory_equal(value_of(&ours.r[n], column), s.p, s.n);
            }
        }
    }
    assert_int_equal(n, ours.n);
    return n;
}

static void
keeps_recorded_logs_as_sent(void **state)
{
    static const struct {
        const char *folder;
        uint64_t block;
    } chains[] = {
        {"ethereum", 4369999}, {"ethereum", 18000000}, {"ethereum", 18500000}, {"arbitrum", 150000000},
        {"cronos", 11446765}, {"tempo-mainnet", 17708868}, {"polygon", 50000000},
    };
    char name[200];
    struct span text = fixture("execution-apis/receipts.jsonl");
    struct json receipts;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        snprintf(name, sizeof name, "squid-sdk/%s/%llu/receipts.json", chains[i].folder,
                 (unsigned long long)chains[i].block);
        n += check_receipts(parsed(fixture(name)), chains[i].block);
    }
    assert_true(n > 1000);
    n = 0;
    for (uint64_t block = 0; next_line(&text, &receipts); block++)
        n += check_receipts(receipts, block);
    assert_true(n >= 57);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(keeps_recorded_logs_as_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
