/* logs_test.c - replies of eth_getLogs and receipts: what is refused, dropped and sorted; the
 * filter as parameters and against blooms; rows of the logs dataset against a peer's. */
#include "common/num.h"
#include "peer.h"

#define H1 "0x1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "0x2222222222222222222222222222222222222222222222222222222222222222"
#define A1 "0x1111111111111111111111111111111111111111"
#define A2 "0x2222222222222222222222222222222222222222"

/* --- small replies --- */

/* Places of the logs handed on, as "block.index " each. */
static enum decode
note(struct log *l, void *context, char *why)
{
    (void)why;
    buf_addf(context, "%llu.%u ", (unsigned long long)l->block_number, l->log_index);
    return DECODE_OK;
}

struct asked {
    struct task task;
    const struct header *headers;
    size_t n_headers;
};

/* What is read straight from the text is what is read by way of a document. */
static void
check_scan(const char *text, const struct asked *asked, enum decode d, const struct buf *want)
{
    struct buf body = {0}, seen = {0};
    uint64_t n;

    buf_addf(&body, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":%s}", text);
    memset(buf_room(&body, JSON_PADDING), 0, JSON_PADDING);
    if (logs_scan((struct span){body.p, body.n}, 7, &asked->task, 10, 20, asked->headers, asked->n_headers, note,
                  &seen, &n)) {
        assert_int_equal(d, DECODE_OK);
        assert_true(span_eq((struct span){seen.p, seen.n}, (struct span){want->p, want->n}));
    }
    buf_free(&body);
    buf_free(&seen);
}

/* Decodes text as the logs of blocks 10 to 20; the places seen in order, or "" and why. */
static enum decode
decode(const char *text, const struct asked *asked, char places[200], char *why)
{
    static const struct asked anything;
    struct buf seen = {0};
    uint64_t n = 99;

    asked = asked ? asked : &anything;
    why[0] = '\0';
    enum decode d = logs_decode(parsed_text(text), &asked->task, 10, 20, asked->headers, asked->n_headers, note,
                                &seen, &n, why);
    check_scan(text, asked, d, &seen);
    buf_addc(&seen, '\0');
    snprintf(places, 200, "%s", seen.p);
    buf_free(&seen);
    return d;
}

#define LOG_OF(block, index, more)                                                                  \
    "{\"address\":\"" A1 "\",\"topics\":[\"" H1 "\"],\"data\":\"0x\",\"blockNumber\":\"" block              \
    "\",\"logIndex\":\"" index "\"" more "}"
#define LOG(block, index) LOG_OF(block, index, "")

static void
expect(const char *text, const struct asked *asked, const char *want)
{
    char places[200], why[WHY_MAX];
    if (decode(text, asked, places, why) != DECODE_OK)
        fail_msg("%s: %s", text, why);
    assert_string_equal(places, want);
}

static void
refuse(const char *text, const struct asked *asked, const char *word)
{
    char places[200], why[WHY_MAX];
    if (decode(text, asked, places, why) != DECODE_BAD)
        fail_msg("let pass: %s", text);
    if (!strstr(why, word))
        fail_msg("\"%s\" does not say \"%s\"", why, word);
}

static void
takes_logs_in_order(void **state)
{
    (void)state;
    expect("[]", NULL, "");
    expect("[" LOG("0xa", "0x0") "," LOG("0xa", "0x1") "," LOG("0x14", "0x0") "]", NULL, "10.0 10.1 20.0 ");
}

static void
sorts_and_drops_equal_doubles(void **state)
{
    (void)state;
    expect("[" LOG("0xb", "0x1") "," LOG("0xa", "0x5") "," LOG("0xb", "0x0") "]", NULL, "10.5 11.0 11.1 ");
    expect("[" LOG("0xa", "0x0") "," LOG("0xa", "0x0") "]", NULL, "10.0 ");
    expect("[" LOG("0xa", "0x1") "," LOG("0xa", "0x0") "," LOG("0xa", "0x1") "," LOG("0xa", "0x1") "]", NULL,
           "10.0 10.1 ");
    refuse("[" LOG("0xa", "0x0") "," LOG_OF("0xa", "0x0", ",\"transactionIndex\":\"0x1\"") "]", NULL, "twice");
    refuse("[" LOG("0xa", "0x0") "," LOG_OF("0xa", "0x0", ",\"data\":\"0x01\"") "]", NULL, "twice");
    refuse("[" LOG("0xa", "0x0") "," LOG_OF("0xa", "0x0", ",\"topics\":[]") "]", NULL, "twice");
}

static void
lets_optional_and_unknown_members_be(void **state)
{
    (void)state;
    expect("[" LOG_OF("0xa", "0x0", ",\"removed\":false,\"transactionHash\":null,\"transactionIndex\":null,"
                      "\"blockHash\":null,\"blockTimestamp\":null,\"logType\":7,\"l1BatchNumber\":{\"a\":[1]}") "]",
           NULL, "10.0 ");
    expect("[" LOG_OF("0xa", "0x0", ",\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
                      "\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"transactionIndex\":\"0x1\"") "]", NULL, "10.0 ");
}

static enum decode
note_time(struct log *l, void *context, char *why)
{
    (void)why;
    *(int64_t *)context = l->has_timestamp ? l->timestamp : -1;
    return DECODE_OK;
}

static void
reads_times_of_every_form(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } forms[] = {
        {LOG("0xa", "0x0"), -1},
        {LOG_OF("0xa", "0x0", ",\"blockTimestamp\":\"0x64a1b2c3\""), 0x64a1b2c3},
        {LOG_OF("0xa", "0x0", ",\"blockTimestamp\":1688317635"), 1688317635},
        {LOG_OF("0xa", "0x0", ",\"blockTimestamp\":\"1688317635\""), 1688317635},
    };
    struct task all = {0};
    char text[1000], why[WHY_MAX];
    int64_t got;
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(text, sizeof text, "[%s]", forms[i].text);
        assert_int_equal(logs_decode(parsed_text(text), &all, 0, 99, NULL, 0, note_time, &got, &n, why), DECODE_OK);
        assert_int_equal(got, forms[i].want);
        assert_int_equal(n, 1);
    }
    refuse("[" LOG_OF("0xa", "0x0", ",\"blockTimestamp\":\"soon\"") "]", NULL, "blockTimestamp");
    refuse("[" LOG_OF("0xa", "0x0", ",\"blockTimestamp\":\"0xffffffffffffffff\"") "]", NULL, "blockTimestamp");
}

static void
refuses_what_was_not_asked(void **state)
{
    (void)state;
    refuse("[" LOG("0x9", "0x0") "]", NULL, "outside");
    refuse("[" LOG("0x15", "0x0") "]", NULL, "outside");
    refuse("[" LOG("0xa", "0x0") "," LOG("0x0", "0x0") "]", NULL, "outside");
    refuse("[" LOG_OF("0xa", "0x0", ",\"removed\":true") "]", NULL, "reorganisation");
}

static void
refuses_malformed_logs(void **state)
{
    static const struct {
        const char *from, *to, *word;
    } bad[] = {
        {"\"0xa\"", "\"0x8000000000000000\"", "blockNumber"},
        {"\"0xa\"", "\"10\"", "blockNumber"},
        {"\"0xa\"", "null", "blockNumber"},
        {"\"blockNumber\":\"0xa\",", "", "blockNumber"},
        {"\"0x0\"", "\"0x80000000\"", "logIndex"},
        {"\"0x0\"", "\"-0x1\"", "logIndex"},
        {"\"logIndex\":\"0x0\"", "\"index\":\"0x0\"", "logIndex"},
        {"\"address\":\"" A1 "\"", "\"address\":\"" A1 "11\"", "address"},
        {"\"address\":\"" A1 "\"", "\"address\":null", "address"},
        {"\"address\":\"" A1 "\",", "", "without"},
        {"[\"" H1 "\"]", "[\"0x11\"]", "topics"},
        {"[\"" H1 "\"]", "[null]", "topics"},
        {"[\"" H1 "\"]", "\"" H1 "\"", "topics"},
        {"[\"" H1 "\"]", "[\"" H1 "\",\"" H1 "\",\"" H1 "\",\"" H1 "\",\"" H1 "\"]", "topics"},
        {"\"data\":\"0x\"", "\"data\":7", "data"},
        {"\"data\":\"0x\",", "", "without"},
        {"}", ",\"transactionHash\":\"" A1 "\"}", "transactionHash"},
        {"}", ",\"transactionIndex\":\"0xffffffff\"}", "transactionIndex"},
        {"}", ",\"blockHash\":\"0x\"}", "blockHash"},
    };
    char text[2000];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct span log = replaced(SPAN(LOG("0xa", "0x0")), bad[i].from, bad[i].to);
        snprintf(text, sizeof text, "[%.*s]", SPAN_ARG(log));
        refuse(text, NULL, bad[i].word);
    }
    refuse("{}", NULL, "not an array");
    refuse("\"0x08c379a0\"", NULL, "not an array");
    refuse("\"<nil>\"", NULL, "not an array");
    refuse("[null]", NULL, "without");
    refuse("[[]]", NULL, "without");
}

/* --- the filter --- */

static struct asked
with_filter(const char *line)
{
    struct asked a = {0};
    char err[200];
    if (!task_parse(span_of(line), &a.task, err, sizeof err))
        fail_msg("%s", err);
    return a;
}
#define TASK "task=1 dataset=logs from=10 to=20"

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

/* --- receipts --- */

static void
takes_logs_from_receipts(void **state)
{
    struct asked a = with_filter(TASK " address=" A1);
    struct buf seen = {0};
    char why[WHY_MAX] = "";
    uint64_t n;

    (void)state;
    assert_int_equal(receipts_logs_decode(
        parsed_text("[{\"blockNumber\":\"0xa\",\"logs\":[" LOG("0xa", "0x0") "]},{\"blockNumber\":\"0xa\",\"logs\":[]},"
                    "{\"blockNumber\":\"0xa\",\"logs\":[" LOG_OF("0xa", "0x1", ",\"address\":\"" A2 "\"") ","
                    LOG("0xa", "0x2") "]}]"), &a.task, 10, note, &seen, &n, why), DECODE_OK);
    buf_addc(&seen, '\0');
    assert_string_equal(seen.p, "10.0 10.2 ");
    assert_int_equal(n, 2);
    static const char *const bad[] = {
        "null", "[null]", "[{\"blockNumber\":\"0xa\"}]", "[{\"blockNumber\":\"0xb\",\"logs\":[]}]",
        "[{\"logs\":[]}]", "[{\"blockNumber\":\"0xa\",\"logs\":[" LOG("0xb", "0x0") "]}]",
        "[{\"blockNumber\":\"0xa\",\"logs\":[{}]}]",
        "[{\"blockNumber\":\"0xa\",\"transactionHash\":\"" H1 "\",\"logs\":["
        LOG_OF("0xa", "0x0", ",\"transactionHash\":\"" H2 "\"") "]}]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why[0] = '\0';
        assert_int_equal(receipts_logs_decode(parsed_text(bad[i]), &a.task, 10, note, &seen, &n, why), DECODE_BAD);
        assert_int_not_equal(strlen(why), 0);
    }
    buf_free(&seen);
    task_free(&a.task);
}

/* --- rows against a peer's, and against the recorded chain --- */

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
        cmocka_unit_test(takes_logs_in_order),
        cmocka_unit_test(sorts_and_drops_equal_doubles),
        cmocka_unit_test(lets_optional_and_unknown_members_be),
        cmocka_unit_test(reads_times_of_every_form),
        cmocka_unit_test(refuses_what_was_not_asked),
        cmocka_unit_test(refuses_malformed_logs),
        cmocka_unit_test(holds_logs_against_the_filter),
        cmocka_unit_test(finds_one_of_many_addresses),
        cmocka_unit_test(writes_the_parameters),
        cmocka_unit_test(holds_logs_against_headers),
        cmocka_unit_test(takes_the_headers_time),
        cmocka_unit_test(refuses_two_hashes_for_a_block),
        cmocka_unit_test(reads_headers),
        cmocka_unit_test(finds_logs_in_their_blooms),
        cmocka_unit_test(takes_logs_from_receipts),
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(keeps_recorded_logs_as_sent),
        cmocka_unit_test(agrees_with_a_node_on_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
