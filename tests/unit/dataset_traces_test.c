/* dataset_traces_test.c - traces of both kinds of reply, against a peer's rows; trees of any shape. */
#include "records.h"

static const struct pair_of_names peer[] = {
    {"block_number", "block_number", SAME},
    {"transaction_hash", "transaction_hash", SAME},
    {"transaction_index", "transaction_index", SAME},
    {"from_address", "from_address", SAME},
    {"to_address", "to_address", SAME},
    {"value", "value", SAME},
    {"input", "input", SAME},
    {"output", "output", SAME},
    {"trace_type", "type", SAME},
    {"call_type", "call_type", SAME},
    {"reward_type", "reward_type", SAME},
    {"gas", "gas", SAME},
    {"gas_used", "gas_used", SAME},
    {"subtraces", "subtraces", SAME},
    {"trace_address", "trace_address", LIST},
    {"error", "error", SAME},
};

struct trace_case {
    const char *folder, *expected, *reply;
    uint64_t block;
};
#define ETL "ethereum-etl/"
#define POLYGON "polygon-etl/"
static const struct trace_case flat[] = {
    {ETL "test_export_traces_job/block_with_create", "expected_traces.csv", "trace_block_0xf44f2", 0xf44f2},
    {ETL "test_export_traces_job/block_with_error", "expected_traces.csv", "trace_block_0xf45bf", 0xf45bf},
    {ETL "test_export_traces_job/block_with_subtraces", "expected_traces.csv", "trace_block_0xf4240", 0xf4240},
    {ETL "test_export_traces_job/block_with_suicide", "expected_traces.csv", "trace_block_0xf7105", 0xf7105},
    {ETL "test_export_traces_job/block_without_transactions", "expected_traces.csv", "trace_block_0x0", 0},
    {ETL "test_stream/blocks_508110_508110", "expected_traces.json", "trace_block_0x7c0ce", 0x7c0ce},
    {ETL "test_stream/blocks_2112234_2112234", "expected_traces.json", "trace_block_0x203aea", 0x203aea},
    {POLYGON "test_export_traces_job/block_with_create", "expected_traces.csv", "trace_block_0xf44f2", 0xf44f2},
    {POLYGON "test_export_traces_job/block_with_error", "expected_traces.csv", "trace_block_0xf45bf", 0xf45bf},
    {POLYGON "test_export_traces_job/block_with_subtraces", "expected_traces.csv", "trace_block_0xf4240", 0xf4240},
    {POLYGON "test_export_traces_job/block_with_suicide", "expected_traces.csv", "trace_block_0xf7105", 0xf7105},
};
#define GETH ETL "test_extract_geth_traces_job/"
static const struct trace_case tree[] = {
    {GETH "block_with_create", "expected_traces.csv", "debug_traceBlockByNumber_0xf44f2_tracer_calltracer", 0xf44f2},
    {GETH "block_with_error", "expected_traces.csv", "debug_traceBlockByNumber_0xf45bf_tracer_calltracer", 0xf45bf},
    {GETH "block_with_subtraces", "expected_traces.csv", "debug_traceBlockByNumber_0xf4240_tracer_calltracer", 0xf4240},
    {GETH "block_with_suicide", "expected_traces.csv", "debug_traceBlockByNumber_0xf7105_tracer_calltracer", 0xf7105},
    {GETH "block_without_transactions", "expected_traces.csv", "debug_traceBlockByNumber_0x1_tracer_calltracer", 1},
};

/* A difference: a reward has no transaction for the peer; our key wants -1 and its number. */
static void
key_rewards(struct records *rs)
{
    static const char *const numbers[] = {"0", "1", "2", "3"};
    size_t rewards = 0;
    for (size_t i = 0; i < rs->n; i++) {
        if (strcmp(value_of(&rs->r[i], "trace_type"), "reward") != 0)
            continue;
        for (size_t j = 0; j < rs->r[i].n; j++)
            if (strcmp(rs->r[i].field[j].key, "transaction_index") == 0)
                rs->r[i].field[j].value = "-1";
            else if (strcmp(rs->r[i].field[j].key, "trace_address") == 0)
                rs->r[i].field[j].value = numbers[rewards];
        rewards++;
    }
}

/* And of callTracer's failures: they have the words of trace_block, and no result. */
static void
say_failures(struct records *rs)
{
    for (size_t i = 0; i < rs->n; i++) {
        if (strcmp(value_of(&rs->r[i], "error"), "out of gas") != 0)
            continue;
        for (size_t j = 0; j < rs->r[i].n; j++)
            if (strcmp(rs->r[i].field[j].key, "error") == 0)
                rs->r[i].field[j].value = "Out of gas";
            else if (strcmp(rs->r[i].field[j].key, "gas_used") == 0)
                rs->r[i].field[j].value = "";
    }
}

static void
check(const struct trace_case *c, bool call_tracer)
{
    struct peer_case files = {.folder = c->folder, .expected = c->expected};
    struct block_replies r = {.number = c->block, .has_traces = true, .call_tracer = call_tracer};
    struct rows rows = {0};
    char why[WHY_MAX] = "", name[400];

    snprintf(name, sizeof name, "%s/web3_response.%s.json", c->folder, c->reply);
    r.traces = reply(name);
    if (dataset_traces.block(&r, &rows, why) != DECODE_OK)
        fail_msg("%s: %s", c->folder, why);
    struct records theirs = expected_rows(&files), ours = records_of_rows(&table_traces, &rows);
    key_rewards(&theirs);
    if (call_tracer)
        say_failures(&theirs);
    COMPARE(c->folder, &theirs, &ours, peer);
    buf_free(&rows.data);
}

static void
flat_replies_equal_a_peers_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++)
        check(&flat[i], false);
}

static void
trees_equal_a_peers_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tree / sizeof tree[0]; i++)
        check(&tree[i], true);
}

static enum decode
decode(const char *text, bool call_tracer, struct rows *rows, char *why)
{
    struct block_replies r = {
        .number = 5, .has_traces = true, .call_tracer = call_tracer, .traces = parsed_text(text),
    };
    return dataset_traces.block(&r, rows, why);
}

static void
walks_a_tree_parents_first(void **state)
{
    static const char *const addresses[] = {"", "0", "0,0", "0,1", "1", ""};
    static const char *const types[] = {"call", "create", "call", "suicide", "call", "call"};
    static const char *const kinds[] = {"call", "", "staticcall", "", "delegatecall", "call"};
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    if (decode("[{\"result\":{\"type\":\"CALL\",\"calls\":["
               "{\"type\":\"CREATE2\",\"calls\":[{\"type\":\"STATICCALL\"},{\"type\":\"SELFDESTRUCT\",\"calls\":[]}]},"
               "{\"type\":\"DELEGATECALL\",\"error\":\"execution reverted\",\"revertReason\":\"no\"}]}},"
               "{\"txHash\":\"0x1111111111111111111111111111111111111111111111111111111111111111\","
               "\"result\":{\"type\":\"CALL\",\"value\":\"0x1\"}}]", true, &rows, why) != DECODE_OK)
        fail_msg("%s", why);
    struct records r = records_of_rows(&table_traces, &rows);
    assert_int_equal(r.n, 6);
    for (size_t i = 0; i < r.n; i++) {
        char list[64];
        normal(value_of(&r.r[i], "trace_address"), LIST, list, sizeof list);
        assert_string_equal(list, addresses[i]);
        assert_string_equal(value_of(&r.r[i], "type"), types[i]);
        assert_string_equal(value_of(&r.r[i], "call_type"), kinds[i]);
    }
    assert_string_equal(value_of(&r.r[0], "subtraces"), "2");
    assert_string_equal(value_of(&r.r[1], "subtraces"), "2");
    assert_string_equal(value_of(&r.r[4], "error"), "Reverted");
    assert_string_equal(value_of(&r.r[0], "output"), "0x");
    assert_string_equal(value_of(&r.r[2], "value"), "0");
    assert_string_equal(value_of(&r.r[3], "output"), "");
    assert_string_equal(value_of(&r.r[5], "transaction_index"), "1");
    assert_int_equal(strlen(value_of(&r.r[5], "transaction_hash")), 66);
    buf_free(&rows.data);
}

/* A chain of calls as deep as the EVM lets them be, and deeper. */
static char *
nested(size_t depth)
{
    struct buf b = {0};
    buf_adds(&b, "[{\"result\":");
    for (size_t i = 0; i < depth; i++)
        buf_adds(&b, "{\"type\":\"CALL\",\"calls\":[");
    buf_adds(&b, "{\"type\":\"CALL\"}");
    for (size_t i = 0; i < depth; i++)
        buf_adds(&b, "]}");
    buf_adds(&b, "}]");
    buf_addc(&b, '\0');
    return keep(b.p);
}

static void
takes_the_deepest_transaction(void **state)
{
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(decode(nested(1024), true, &rows, why), DECODE_OK);
    assert_int_equal(rows.n, 1025);
    assert_true(row_check(&table_traces, (struct span){rows.data.p, rows.data.n}, rows.n));
    buf_free(&rows.data);
    rows = (struct rows){0};
    assert_int_equal(decode(nested(1095), true, &rows, why), DECODE_OK); /* about the parser's limit */
    assert_int_equal(rows.n, 1096);
    buf_free(&rows.data);
}

static void
finds_hashes_in_the_block(void **state)
{
    struct block_replies r = {.number = 5, .has_traces = true, .call_tracer = true, .has_block = true};
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    r.block = parsed_text("{\"transactions\":[\"0x1111111111111111111111111111111111111111111111111111111111111111\","
                          "{\"hash\":\"0x2222222222222222222222222222222222222222222222222222222222222222\"}]}");
    r.traces = parsed_text("[{\"result\":{\"type\":\"CALL\"}},{\"result\":{\"type\":\"CALL\"}}]");
    assert_int_equal(dataset_traces.block(&r, &rows, why), DECODE_OK);
    struct records rs = records_of_rows(&table_traces, &rows);
    assert_int_equal(value_of(&rs.r[0], "transaction_hash")[2], '1');
    assert_int_equal(value_of(&rs.r[1], "transaction_hash")[2], '2');
    r.traces = parsed_text("[{\"result\":{\"type\":\"CALL\"}}]");
    assert_int_equal(dataset_traces.block(&r, &rows, why), DECODE_BAD);
    assert_int_equal(rows.n, 2);
    buf_free(&rows.data);
}

static void
refuses_what_is_no_trace(void **state)
{
    static const struct {
        const char *text;
        bool call_tracer;
    } bad[] = {
        {"{}", false},
        {"[1]", false},
        {"[{}]", false},
        {"[{\"blockNumber\":6,\"type\":\"call\",\"action\":{},\"traceAddress\":[]}]", false},
        {"[{\"blockNumber\":5,\"type\":\"call\",\"action\":{},\"traceAddress\":[-1]}]", false},
        {"[{\"blockNumber\":5,\"type\":\"call\",\"action\":{},\"traceAddress\":\"0\"}]", false},
        {"[{\"blockNumber\":5,\"action\":{}}]", false},
        {"[{\"blockNumber\":5,\"type\":\"call\",\"action\":{\"value\":\"1\"}}]", false},
        {"[{\"blockNumber\":5,\"type\":\"call\",\"action\":{\"from\":\"0x1\"}}]", false},
        {"[{\"blockNumber\":5,\"type\":\"call\",\"transactionPosition\":\"0x80000000\",\"action\":{}}]", false},
        {"[{}]", true},
        {"[7]", true},
        {"[{\"txHash\":\"0x1\",\"error\":\"execution timeout\"}]", true},
        {"[{\"result\":{\"gas\":66259,\"failed\":false,\"returnValue\":\"\",\"structLogs\":[]}}]", true},
        {"[{\"result\":{\"type\":\"CALL\",\"calls\":[{\"type\":\"CALL\",\"gas\":\"x\"}]}}]", true},
        {"[{\"result\":{\"type\":\"a name that is far too long\"}}]", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        if (decode(bad[i].text, bad[i].call_tracer, &rows, why) != DECODE_BAD)
            fail_msg("let pass: %s", bad[i].text);
        assert_int_not_equal(strlen(why), 0);
        assert_int_equal(rows.n, 0);
        assert_int_equal(rows.data.n, 0);
        buf_free(&rows.data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flat_replies_equal_a_peers_rows),
        cmocka_unit_test(trees_equal_a_peers_rows),
        cmocka_unit_test(walks_a_tree_parents_first),
        cmocka_unit_test(takes_the_deepest_transaction),
        cmocka_unit_test(finds_hashes_in_the_block),
        cmocka_unit_test(refuses_what_is_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
