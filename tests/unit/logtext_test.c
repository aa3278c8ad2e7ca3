/* logtext_test.c - replies read as text: every plain form is, and all else is left to the parser. */
#include "common/num.h"
#include "records.h"

#define A1 "0x1111111111111111111111111111111111111111"
#define H1 "0x1111111111111111111111111111111111111111111111111111111111111111"
#define LOG_OF(index, more)                                                                              \
    "{\"address\":\"" A1 "\",\"topics\":[\"" H1 "\"],\"data\":\"0xab\",\"blockNumber\":\"0xa\",\"logIndex\":\"" \
    index "\"" more "}"
#define LOG(index) LOG_OF(index, "")
#define REPLY(logs) "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":" logs "}"

static enum decode
add_row(struct log *l, void *rows, char *why)
{
    return dataset_logs.log(l, rows, why);
}

/* Reads text as the answer to call 7; *rows gets what was read. */
static bool
scan(struct span text, struct rows *rows)
{
    struct task all = {0};
    struct buf body = {0};
    uint64_t n;

    buf_add(&body, text.p, text.n);
    memset(buf_room(&body, JSON_PADDING), '"', JSON_PADDING);
    size_t bytes = logs_scan((struct span){body.p, body.n}, 7, &all, 10, 20, NULL, 0, add_row, rows, &n);
    bool read = bytes > 0 && bytes == body.n;
    if (read)
        assert_int_equal(n, rows->n);
    buf_free(&body);
    return read;
}

/* The rows that the parser makes of it. */
static void
check_rows(struct span text, const struct rows *got)
{
    struct task all = {0};
    struct rows want = {0};
    struct json result;
    char why[WHY_MAX];
    uint64_t n;

    assert_true(json_get(parsed(text), "result", &result));
    assert_int_equal(logs_decode(result, &all, 10, 20, NULL, 0, add_row, &want, &n, why), DECODE_OK);
    assert_true(span_eq((struct span){got->data.p, got->data.n}, (struct span){want.data.p, want.data.n}));
    buf_free(&want.data);
}

static void
reads_every_plain_form(void **state)
{
    static const char *const plain[] = {
        REPLY("[]"),
        REPLY("[" LOG("0x0") "]"),
        REPLY("[" LOG("0x0") "," LOG("0x1") "," LOG("0x20") "]"),
        "{\"result\":[" LOG("0x0") "],\"id\":7,\"jsonrpc\":\"2.0\"}",
        "{\"id\":\"7\",\"result\":[],\"jsonrpc\":\"2.0\"}",
        " {\t\"jsonrpc\" : \"2.0\" ,\r\n\"id\": 7 , \"result\" :\n[ " LOG("0x0") " ,\n" LOG("0x1") " ] } \n",
        "{\"id\":7,\"result\":[{ \"topics\" : [ ] ,\"logIndex\":\"0x1\", \"address\":\"" A1 "\",\"data\":\"0x\","
        "\"removed\" : false , \"blockNumber\" : \"0x0b\" }]}",
        REPLY("[" LOG_OF("0x0", ",\"blockHash\":\"" H1 "\",\"transactionHash\":\"" H1 "\",\"transactionIndex\":\"0x3\","
                         "\"blockTimestamp\":\"0x64a1b2c3\"") "]"),
        REPLY("[" LOG_OF("0x0", ",\"topics\":[\"" H1 "\",\"" H1 "\",\"" H1 "\",\"" H1 "\"]") "]"),
        REPLY("[" LOG_OF("0x0", ",\"type\":\"mined\",\"l1BatchNumber\":null,\"a\":0,\"b\":170,\"c\":true,\"data2\":\"\"") "]"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        struct rows rows = {0};
        if (!scan(span_of(plain[i]), &rows))
            fail_msg("not read: %s", plain[i]);
        check_rows(span_of(plain[i]), &rows);
        buf_free(&rows.data);
    }
}

static void
leaves_all_else_to_the_parser(void **state)
{
    static const char *const other[] = {
        "", "[]", "{}", "null", "<html>", "[" REPLY("[]") "]",
        REPLY("null"), REPLY("{}"), REPLY("[") , REPLY("[]") "]", REPLY("[]") REPLY("[]"), REPLY("[],\"error\":{}"),
        "{\"jsonrpc\":\"2.0\",\"result\":[]}", "{\"id\":8,\"result\":[]}", "{\"id\":null,\"result\":[]}",
        "{\"id\":7,\"id\":7,\"result\":[]}", "{\"id\":7.0,\"result\":[]}", "{\"id\":07,\"result\":[]}",
        "{\"result\":[" LOG("0x0") "],\"id\":8}", "{\"result\":[" LOG("0x0") "]}", "{\"id\":7,\"result\":[],\"result\":[]}",
        "{\"id\":7,\"result\":[],\"error\":null}", "{\"error\":{\"code\":1},\"id\":7,\"result\":[]}",
        "{\"id\":\"7,\n\"result\":[]}", "{\"id\":7,\"result\":[],}", "{\"id\":7,,\"result\":[]}",
        REPLY("[" LOG("0x0") ",]"), REPLY("[," LOG("0x0") "]"), REPLY("[" LOG("0x0") LOG("0x1") "]"),
        REPLY("[{}]"), REPLY("[[]]"), REPLY("[null]"), REPLY("[{\"address\":\"" A1 "\"}]"),
        REPLY("[" LOG("0x1") "," LOG("0x0") "]"), REPLY("[" LOG("0x1") "," LOG("0x1") "]"), /* out of order, twice */
        REPLY("[" LOG("0x80000000") "]"), REPLY("[" LOG("0xg") "]"), REPLY("[" LOG("1") "]"), REPLY("[" LOG("0x\\u0031") "]"),
        REPLY("[" LOG_OF("0x0", ",") "]"), REPLY("[" LOG_OF("0x0", ",\"a\"") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":") "]"),
        REPLY("[" LOG_OF("0x0", ",\"blockNumber\":10") "]"), REPLY("[" LOG_OF("0x0", ",\"blockNumber\":\"0x15\"") "]"),
        REPLY("[" LOG_OF("0x0", ",\"blockHash\":null") "]"), REPLY("[" LOG_OF("0x0", ",\"blockHash\":\"0x11\"") "]"),
        REPLY("[" LOG_OF("0x0", ",\"removed\":true") "]"), REPLY("[" LOG_OF("0x0", ",\"data\":\"0xg0\"") "]"),
        REPLY("[" LOG_OF("0x0", ",\"data\":\"0x\\\"\"") "]"), REPLY("[" LOG_OF("0x0", ",\"data\":\"0xa\"") "]"),
        REPLY("[" LOG_OF("0x0", ",\"topics\":[\"" H1 "\",]") "]"), REPLY("[" LOG_OF("0x0", ",\"topics\":null") "]"),
        REPLY("[" LOG_OF("0x0", ",\"topics\":[\"" H1 "\",\"" H1 "\",\"" H1 "\",\"" H1 "\",\"" H1 "\"]") "]"),
        REPLY("[" LOG_OF("0x0", ",\"a\":01") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":-1") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":1e3") "]"),
        REPLY("[" LOG_OF("0x0", ",\"a\":nul") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":{}") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":[]") "]"),
        REPLY("[" LOG_OF("0x0", ",\"a\":\"\xc3\xa4\"") "]"), REPLY("[" LOG_OF("0x0", ",\"a\":\"\x01\"") "]"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        struct rows rows = {0};
        if (scan(span_of(other[i]), &rows))
            fail_msg("read: %s", other[i]);
        buf_free(&rows.data);
    }
}

/* A reply that was cut off is never taken for a whole one. */
static void
leaves_what_was_cut_off(void **state)
{
    static const char whole[] = REPLY("[" LOG("0x0") "," LOG_OF("0x1", ",\"blockHash\":\"" H1 "\"") "]");

    (void)state;
    for (size_t n = 0; n + 1 < sizeof whole; n++) {
        struct rows rows = {0};
        assert_false(scan((struct span){whole, n}, &rows));
        buf_free(&rows.data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_plain_form),
        cmocka_unit_test(leaves_all_else_to_the_parser),
        cmocka_unit_test(leaves_what_was_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
