/* dataset_token_transfers_test.c - the variants that contracts emit, a peer's rows, broken logs. */
#include "fetcher/keccak.h"
#include "records.h"

#define W0 "0000000000000000000000000000000000000000000000000000000000000000"
#define W(digit) "000000000000000000000000000000000000000000000000000000000000000" digit
#define ADDRESS(digit) "000000000000000000000000" digit digit digit digit digit digit digit digit digit digit \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit \
    digit digit digit digit digit digit digit digit digit digit digit digit
#define FROM ADDRESS("a")
#define TO ADDRESS("b")
#define OPERATOR ADDRESS("c")
static const char from_text[] = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", to_text[] = "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

enum { TRANSFER, SINGLE, BATCH };
static const char *const signatures[] = {
    "Transfer(address,address,uint256)",
    "TransferSingle(address,address,address,uint256,uint256)",
    "TransferBatch(address,address,address,uint256[],uint256[])",
};

static int
hex(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Decodes one log; topics are words one after the other. */
static enum decode
decode(int signature, const char *topics, const char *data, struct rows *rows, char *why)
{
    struct log l = {.block_number = 7, .log_index = 3, .transaction_index = -1, .address = {9}};
    char text[4096];

    keccak256(signatures[signature], strlen(signatures[signature]), l.topics[0]);
    for (l.n_topics = 1; *topics; l.n_topics++)
        for (size_t i = 0; i < 32; i++, topics += 2)
            l.topics[l.n_topics][i] = (uint8_t)(hex(topics[0]) << 4 | hex(topics[1]));
    snprintf(text, sizeof text, "0x%s", data);
    l.data_hex = span_of(text);
    return dataset_token_transfers.log(&l, rows, why);
}

static void
reads_indexed_and_unindexed_alike(void **state)
{
    static const struct {
        int signature;
        const char *topics, *data, *standard, *token_id, *amount;
    } good[] = {
        {TRANSFER, FROM TO, W("5"), "erc20", "", "5"},
        {TRANSFER, "", FROM TO W("5"), "erc20", "", "5"},
        {TRANSFER, FROM, TO W("5"), "erc20", "", "5"},
        {TRANSFER, FROM TO W("5"), "", "erc721", "5", "1"},
        {SINGLE, OPERATOR FROM TO, W("5") W("6"), "erc1155", "5", "6"},
        {SINGLE, "", OPERATOR FROM TO W("5") W("6"), "erc1155", "5", "6"},
        {SINGLE, FROM, FROM TO W("5") W("6"), "erc1155", "5", "6"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        assert_int_equal(decode(good[i].signature, good[i].topics, good[i].data, &rows, why), DECODE_OK);
        struct records r = records_of_rows(&table_token_transfers, &rows);
        assert_int_equal(r.n, 1);
        assert_string_equal(value_of(&r.r[0], "from_address"), from_text);
        assert_string_equal(value_of(&r.r[0], "to_address"), to_text);
        assert_string_equal(value_of(&r.r[0], "standard"), good[i].standard);
        assert_string_equal(value_of(&r.r[0], "token_id"), good[i].token_id);
        assert_string_equal(value_of(&r.r[0], "amount"), good[i].amount);
        assert_string_equal(value_of(&r.r[0], "batch_index"), "0");
        assert_string_equal(value_of(&r.r[0], "token_address"), "0x0900000000000000000000000000000000000000");
        assert_string_equal(value_of(&r.r[0], "transaction_hash"), "");
        buf_free(&rows.data);
    }
}

#define OFFSET(hex2) "00000000000000000000000000000000000000000000000000000000000000" hex2
#define OFFSET_256 "0000000000000000000000000000000000000000000000000000000000000100"

static void
unfolds_a_batch(void **state)
{
    static const struct {
        const char *topics, *data;
    } same[] = {
        {OPERATOR FROM TO, OFFSET("40") OFFSET("a0") W("2") W("7") W("8") W("2") W("1") W("3")},
        {"", OPERATOR FROM TO OFFSET("a0") OFFSET_256 W("2") W("7") W("8") W("2") W("1") W("3")},
        {OPERATOR FROM, TO OFFSET("60") OFFSET("c0") W("2") W("7") W("8") W("2") W("1") W("3")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        assert_int_equal(decode(BATCH, same[i].topics, same[i].data, &rows, why), DECODE_OK);
        struct records r = records_of_rows(&table_token_transfers, &rows);
        assert_int_equal(r.n, 2);
        assert_string_equal(value_of(&r.r[0], "token_id"), "7");
        assert_string_equal(value_of(&r.r[0], "amount"), "1");
        assert_string_equal(value_of(&r.r[1], "token_id"), "8");
        assert_string_equal(value_of(&r.r[1], "amount"), "3");
        assert_string_equal(value_of(&r.r[1], "batch_index"), "1");
        assert_string_equal(value_of(&r.r[1], "from_address"), from_text);
        assert_string_equal(value_of(&r.r[1], "to_address"), to_text);
        buf_free(&rows.data);
    }
}

static void
leaves_out_what_follows_no_standard(void **state)
{
#define ALL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    static const struct {
        int signature;
        const char *topics, *data;
    } odd[] = {
        {TRANSFER, FROM TO, ""},
        {TRANSFER, FROM TO, W("5") W("6")},
        {TRANSFER, FROM TO, "05"},
        {TRANSFER, FROM TO W("5"), W("6")},
        {SINGLE, OPERATOR FROM TO, W("5")},
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("a0") W("2") W("7") W("8") W("1") W("1") W("3")}, /* 2 and 1 */
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("a0") W("9") W("7") W("8") W("9") W("1") W("3")},
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("ff") W("2") W("7") W("8") W("2") W("1") W("3")},
        {BATCH, OPERATOR FROM TO, ALL ALL W("2") W("7") W("8") W("2") W("1") W("3")},
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("a0") ALL W("7") W("8") ALL W("1") W("3")},
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("60") W0 W0}, /* empty: nothing moved */
        {BATCH, OPERATOR FROM TO, OFFSET("40") OFFSET("60") W0 "00"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        assert_int_equal(decode(odd[i].signature, odd[i].topics, odd[i].data, &rows, why), DECODE_OK);
        assert_int_equal(rows.n, 0);
        assert_int_equal(rows.data.n, 0);
        buf_free(&rows.data);
    }
}

static void
refuses_data_that_is_not_hex(void **state)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(decode(TRANSFER, FROM TO, "zz" "00000000000000000000000000000000000000000000000000000000000005",
                            &rows, why), DECODE_BAD);
    assert_int_equal(rows.n, 0);
    buf_free(&rows.data);
}

static void
names_its_topics(void **state)
{
    uint8_t hash[32];
    (void)state;
    assert_int_equal(dataset_token_transfers.n_topic0, 3);
    for (size_t i = 0; i < 3; i++) {
        keccak256(signatures[i], strlen(signatures[i]), hash);
        assert_memory_equal(dataset_token_transfers.topic0[i], hash, 32);
    }
}

/* --- a peer's rows --- */

static const struct pair_of_names peer[] = {
    {"token_address", "token_address", SAME}, {"from_address", "from_address", SAME},
    {"to_address", "to_address", SAME}, {"transaction_hash", "transaction_hash", SAME},
    {"log_index", "log_index", SAME}, {"block_number", "block_number", SAME},
};

static enum decode
add_log(struct log *l, void *rows, char *why)
{
    return dataset_token_transfers.log(l, rows, why);
}

static void
decode_logs(struct json logs, struct rows *rows)
{
    struct task all = {0};
    char why[WHY_MAX] = "";
    uint64_t n;
    if (logs_decode(logs, &all, 0, 99999999, NULL, 0, add_log, rows, &n, why) != DECODE_OK)
        fail_msg("%s", why);
}

/* The peer has one value: the amount, or of an ERC-721 transfer the id; and no ERC-1155. */
static void
compare_transfers(const char *what, struct records *theirs, const struct rows *rows)
{
    struct records all = records_of_rows(&table_token_transfers, rows), ours = {0};
    for (size_t i = 0; i < all.n; i++)
        if (strcmp(value_of(&all.r[i], "standard"), "erc1155") != 0)
            *records_add(&ours) = all.r[i];
    sort_records(theirs, "block_number", "log_index");
    COMPARE(what, theirs, &ours, peer);
    for (size_t i = 0; i < ours.n; i++) {
        bool nft = strcmp(value_of(&ours.r[i], "standard"), "erc721") == 0;
        assert_string_equal(value_of(&ours.r[i], nft ? "token_id" : "amount"), value_of(&theirs->r[i], "value"));
    }
}

#define ETL "ethereum-etl/"
#define POLYGON "polygon-etl/"

static void
equals_a_peers_rows(void **state)
{
    static const struct {
        struct peer_case c;
        const char *logs;
    } cases[] = {
        {{ETL "test_export_token_transfers_job/block_with_transfers", "expected_token_transfers.csv", {0}, 0},
         "web3_response.eth_getFilterLogs_0x0.json"},
        {{POLYGON "test_export_token_transfers_job/block_with_transfers", "expected_token_transfers.csv", {0}, 0},
         "web3_response.eth_getFilterLogs_0xc06540724558e1036d5e19ae4d05348.json"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rows rows = {0};
        char name[400];
        snprintf(name, sizeof name, "%s/%s", cases[i].c.folder, cases[i].logs);
        decode_logs(reply(name), &rows);
        struct records theirs = expected_rows(&cases[i].c);
        compare_transfers(cases[i].c.folder, &theirs, &rows);
        buf_free(&rows.data);
    }
}

/* The peer's own log rows, put back into the form of a reply. */
static struct json
logs_of_records(const struct records *rs)
{
    struct buf b = {0};
    char n[100];

    buf_addc(&b, '[');
    for (size_t i = 0; i < rs->n; i++) {
        const struct record *r = &rs->r[i];
        buf_addf(&b, "%s{\"blockNumber\":\"%s\"", i ? "," : "", quantity(value_of(r, "block_number"), n));
        buf_addf(&b, ",\"logIndex\":\"%s\"", quantity(value_of(r, "log_index"), n));
        buf_addf(&b, ",\"transactionHash\":\"%s\"", value_of(r, "transaction_hash"));
        buf_addf(&b, ",\"address\":\"%s\",\"data\":\"", value_of(r, "address"));
        buf_adds(&b, value_of(r, "data"));
        const char *topics = value_of(r, "topics");
        if (topics[0] == '[') {
            buf_addf(&b, "\",\"topics\":%s}", topics);
        } else { /* CSV: commas between */
            buf_adds(&b, "\",\"topics\":[\"");
            for (; *topics; topics++)
                if (*topics == ',')
                    buf_adds(&b, "\",\"");
                else
                    buf_addc(&b, *topics);
            buf_adds(&b, "\"]}");
        }
    }
    buf_addc(&b, ']');
    struct json array = parsed((struct span){b.p, b.n});
    buf_free(&b);
    return array;
}

static void
equals_a_peers_rows_from_its_logs(void **state)
{
    static const struct {
        struct peer_case logs, transfers;
    } cases[] = {
        {{ETL "test_stream/blocks_17173049_17173050", "expected_logs.json", {0}, 0},
         {ETL "test_stream/blocks_17173049_17173050", "expected_token_transfers.json", {0}, 0}},
        {{ETL "test_stream/blocks_1755634_1755635", "expected_logs.json", {0}, 0},
         {ETL "test_stream/blocks_1755634_1755635", "expected_token_transfers.json", {0}, 0}},
        {{ETL "test_extract_token_transfers_job/logs", "logs.csv", {0}, 0},
         {ETL "test_extract_token_transfers_job/logs", "expected_token_transfers.csv", {0}, 0}},
        {{POLYGON "test_extract_token_transfers_job/logs", "logs.csv", {0}, 0},
         {POLYGON "test_extract_token_transfers_job/logs", "expected_token_transfers.csv", {0}, 0}},
        {{POLYGON "test_stream/block_eip_1559", "expected_logs.json", {0}, 0},
         {POLYGON "test_stream/block_eip_1559", "expected_token_transfers.json", {0}, 0}},
        {{POLYGON "test_stream/blocks_with_transfers", "expected_logs.json", {0}, 0},
         {POLYGON "test_stream/blocks_with_transfers", "expected_token_transfers.json", {0}, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct records logs = expected_rows(&cases[i].logs), theirs = expected_rows(&cases[i].transfers);
        struct rows rows = {0};
        decode_logs(logs_of_records(&logs), &rows);
        compare_transfers(cases[i].logs.folder, &theirs, &rows);
        buf_free(&rows.data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_indexed_and_unindexed_alike),
        cmocka_unit_test(unfolds_a_batch),
        cmocka_unit_test(leaves_out_what_follows_no_standard),
        cmocka_unit_test(refuses_data_that_is_not_hex),
        cmocka_unit_test(names_its_topics),
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(equals_a_peers_rows_from_its_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
