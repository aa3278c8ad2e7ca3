/* logs_filter_test.c - the filter: as parameters, and against logs, headers and blooms. */
#include "logs_play.h"

static void
holds_logs_against_the_filter(void **state)
{
    struct asked a = with_filter(TASK " address=" A2 "," A1 " topic0=" H1);

    (void)state;
    expect("[" LOG("0xa", "0x0") "]", &a, "10.0 ");
    refuse("[" LOG_OF("0xa", "0x0", ",\"address\":\"0x3333333333333333333333333333333333333333\"") "]", &a, "filter");
    refuse("[" LOG_OF("0xa", "0x0", ",\"topics\":[\"" H2 "\"]") "]", &a, "filter");
    refuse("[" LOG_OF("0xa", "0x0", ",\"topics\":[]") "]", &a, "filter");
    task_free(&a.task);
    a = with_filter(TASK " topic1=" H1 "," H2);
    refuse("[" LOG("0xa", "0x0") "]", &a, "filter");
    expect("[" LOG_OF("0xa", "0x0", ",\"topics\":[\"" H2 "\",\"" H2 "\"]") "]", &a, "10.0 ");
    task_free(&a.task);
}

/* A thousand addresses, sorted or not, are searched alike. */
static void
finds_one_of_many_addresses(void **state)
{
    struct asked a = {0};

    (void)state;
    a.task.n_addresses = 1000;
    a.task.addresses = xcalloc(1000, 20);
    for (size_t i = 0; i < 1000; i++) {
        a.task.addresses[i][0] = (uint8_t)(i / 256);
        a.task.addresses[i][1] = (uint8_t)i;
    }
    refuse("[" LOG("0xa", "0x0") "]", &a, "filter");
    memset(a.task.addresses[999], 0x11, 20);
    expect("[" LOG("0xa", "0x0") "]", &a, "10.0 ");
    memset(a.task.addresses[0], 0x11, 20); /* no longer sorted */
    memset(a.task.addresses[999], 0x22, 20);
    expect("[" LOG("0xa", "0x0") "]", &a, "10.0 ");
    free(a.task.addresses);
}

static void
writes_the_parameters(void **state)
{
    static const struct {
        const char *filter, *want;
    } cases[] = {
        {"", "[{\"fromBlock\":\"0x889440\",\"toBlock\":\"0x889827\"}]"},
        {" address=" A1, "[{\"fromBlock\":\"0x889440\",\"toBlock\":\"0x889827\",\"address\":\"" A1 "\"}]"},
        {" address=" A1 "," A2 " topic0=" H1,
         "[{\"fromBlock\":\"0x889440\",\"toBlock\":\"0x889827\",\"address\":[\"" A1 "\",\"" A2 "\"],\"topics\":[\"" H1
         "\"]}]"},
        {" topic2=" H1 "," H2, "[{\"fromBlock\":\"0x889440\",\"toBlock\":\"0x889827\",\"topics\":[null,null,[\"" H1
                               "\",\"" H2 "\"]]}]"},
        {" topic0=" H1 " topic3=" H2, "[{\"fromBlock\":\"0x889440\",\"toBlock\":\"0x889827\",\"topics\":[\"" H1
                                      "\",null,null,\"" H2 "\"]}]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[1000];
        struct buf out = {0};
        snprintf(line, sizeof line, "%s%s", TASK, cases[i].filter);
        struct asked a = with_filter(line);
        logs_params(&out, &a.task, 0x889440, 0x889827);
        buf_addc(&out, '\0');
        assert_string_equal(out.p, cases[i].want);
        parsed((struct span){out.p, out.n - 1});
        buf_free(&out);
        task_free(&a.task);
    }
}

/* --- headers and blooms --- */

static struct header
header_of(uint64_t number, const char *hash, int bloom)
{
    struct header h = {.number = number, .timestamp = (int64_t)number * 100, .has_bloom = bloom >= 0};
    assert_true(num_hex(span_of(hash), h.hash, 32));
    if (bloom > 0)
        h.bloom[7] = (uint8_t)bloom;
    return h;
}

static void
holds_logs_against_headers(void **state)
{
    struct header headers[] = {header_of(10, H1, 1), header_of(11, H2, 0), header_of(12, H2, -1)};
    struct asked a = {.headers = headers, .n_headers = 3};

    (void)state;
    expect("[" LOG_OF("0xa", "0x0", ",\"blockHash\":\"" H1 "\"") "]", &a, "10.0 ");
    expect("[" LOG("0xa", "0x0") "]", &a, "10.0 ");
    expect("[" LOG("0xa", "0x0") "," LOG_OF("0xc", "0x0", ",\"blockHash\":\"" H2 "\"") "," LOG("0x14", "0x0") "]", &a,
           "10.0 12.0 20.0 ");
    refuse("[" LOG_OF("0xa", "0x0", ",\"blockHash\":\"" H2 "\"") "]", &a, "header");
    expect("[]", &a, ""); /* whether that can be is seen elsewhere: doubt.h */
}

static void
takes_the_headers_time(void **state)
{
    struct header h = header_of(10, H1, 1);
    struct task all = {0};
    char why[WHY_MAX];
    int64_t got;
    uint64_t n;

    (void)state;
    assert_int_equal(logs_decode(parsed_text("[" LOG("0xa", "0x0") "]"), &all, 10, 20, &h, 1, note_time, &got, &n,
                                 why), DECODE_OK);
    assert_int_equal(got, 1000);
}

static void
refuses_two_hashes_for_a_block(void **state)
{
    (void)state;
    refuse("[" LOG_OF("0xa", "0x0", ",\"blockHash\":\"" H1 "\"") "," LOG_OF("0xa", "0x1", ",\"blockHash\":\"" H2 "\"")
           "]", NULL, "blockHash");
    expect("[" LOG_OF("0xa", "0x0", ",\"blockHash\":\"" H1 "\"") "," LOG_OF("0xb", "0x1", ",\"blockHash\":\"" H2 "\"")
           "]", NULL, "10.0 11.1 ");
}

static const char small_header[] =
    "{\"number\":\"0xa\",\"hash\":\"" H1 "\",\"timestamp\":\"0x64\",\"transactions\":[]}";

static void
reads_headers(void **state)
{
    struct header h;
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(header_decode(parsed_text(small_header), 10, &h, why), DECODE_OK);
    assert_int_equal(h.timestamp, 100);
    assert_false(h.has_bloom);
    assert_int_equal(h.hash[31], 0x11);
    assert_int_equal(header_decode(parsed_text(small_header), 11, &h, why), DECODE_BAD);
    assert_int_equal(header_decode(parsed_text("null"), 10, &h, why), DECODE_BAD);
    assert_int_equal(header_decode(parsed(replaced(SPAN(small_header), "0x64", "64 s")), 10, &h, why), DECODE_BAD);
    assert_int_equal(header_decode(parsed(replaced(SPAN(small_header), H1, A1)), 10, &h, why), DECODE_BAD);
    assert_int_equal(header_decode(parsed(replaced(SPAN(small_header), "\"transactions\":[]", "\"logsBloom\":\"0x00\"")),
                                   10, &h, why), DECODE_BAD);
}

/* In recorded blocks every log's address and topics are in the header's bloom; others hardly ever are. */
static void
finds_logs_in_their_blooms(void **state)
{
    struct json block = parsed(fixture("squid-sdk/ethereum/18500000/block.json"));
    struct json receipts = parsed(fixture("squid-sdk/ethereum/18500000/receipts.json")), receipt, logs, log, v;
    struct header h;
    char why[WHY_MAX];
    struct span s;
    size_t seen = 0;

    (void)state;
    assert_int_equal(header_decode(block, 18500000, &h, why), DECODE_OK);
    for (struct json_items r = json_items(receipts); json_next(&r, &receipt);) {
        assert_true(json_get(receipt, "logs", &logs));
        for (struct json_items it = json_items(logs); json_next(&it, &log); seen++) {
            struct task t = {.n_addresses = 1};
            uint8_t address[1][20], topic[1][32];
            t.addresses = address;
            assert_true(json_get(log, "address", &v) && json_string(v, &s) && num_hex(s, address[0], 20));
            assert_true(json_get(log, "topics", &v));
            struct json_items topics = json_items(v);
            if (json_next(&topics, &v)) {
                assert_true(json_string(v, &s) && num_hex(s, topic[0], 32));
                t.topics[0] = topic;
                t.n_topics[0] = 1;
            }
            assert_true(bloom_may_match(h.bloom, &t));
        }
    }
    assert_true(seen > 300);
    struct task other = {.n_addresses = 1};
    size_t hits = 0;
    uint8_t address[1][20] = {{0}};
    other.addresses = address;
    for (int i = 0; i < 200; i++) {
        address[0][19] = (uint8_t)i;
        hits += bloom_may_match(h.bloom, &other);
    }
    assert_true(hits < 100);
    memset(h.bloom, 0, sizeof h.bloom);
    other.n_addresses = 0;
    assert_false(bloom_may_match(h.bloom, &other));
}

/* A real geth's answers to filters: each is let pass by its own filter, and by no other. */
static void
agrees_with_a_node_on_filters(void **state)
{
#define EMIT "0x00000000000000000000000000000000000000000000000000000000656d6974"
#define OTHER "0x95b7276947f6331672b0c63eca28c1d39f25286d5e2793d6a487837ff1475ba0"
#define RANGE "task=1 dataset=logs from=1 to=6"
    static const struct {
        const char *file, *filter, *wrong;
    } pairs[] = {
        {"contract-addr", RANGE " address=0x7dcd17433742f4c0ca53122ab541d0ba67fc27df", RANGE " address=" A1},
        {"topic-exact-match", RANGE " topic0=" EMIT " topic1=" OTHER, RANGE " topic0=" OTHER " topic1=" OTHER},
        {"topic-null-wildcard", RANGE " topic1=" OTHER, RANGE " topic1=" EMIT},
        {"topic-wildcard", RANGE " topic1=" EMIT "," OTHER, RANGE " topic2=" OTHER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char name[200], why[WHY_MAX] = "";
        struct buf seen = {0};
        struct json result;
        uint64_t n;
        snprintf(name, sizeof name, "execution-apis/tests/eth_getLogs/%s.io", pairs[i].file);
        struct span text = fixture(name);
        const char *answer = strstr(text.p, "\n<< ");
        assert_non_null(answer);
        assert_true(json_get(parsed_text(answer + 4), "result", &result));
        struct asked right = with_filter(pairs[i].filter), wrong = with_filter(pairs[i].wrong);
        assert_int_equal(logs_decode(result, &right.task, 1, 6, NULL, 0, note, &seen, &n, why), DECODE_OK);
        assert_int_equal(n, json_count(result));
        assert_true(n > 0);
        assert_int_equal(logs_decode(result, &wrong.task, 1, 6, NULL, 0, note, &seen, &n, why), DECODE_BAD);
        assert_non_null(strstr(why, "filter"));
        task_free(&right.task);
        task_free(&wrong.task);
        buf_free(&seen);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_logs_against_the_filter),
        cmocka_unit_test(finds_one_of_many_addresses),
        cmocka_unit_test(writes_the_parameters),
        cmocka_unit_test(holds_logs_against_headers),
        cmocka_unit_test(takes_the_headers_time),
        cmocka_unit_test(refuses_two_hashes_for_a_block),
        cmocka_unit_test(reads_headers),
        cmocka_unit_test(finds_logs_in_their_blooms),
        cmocka_unit_test(agrees_with_a_node_on_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
