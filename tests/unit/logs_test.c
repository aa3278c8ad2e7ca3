/* logs_test.c - replies of eth_getLogs and receipts: what is refused, dropped and sorted. */
#include "logs_play.h"

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
        cmocka_unit_test(takes_logs_from_receipts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
