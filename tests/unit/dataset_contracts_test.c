/* dataset_contracts_test.c - created contracts: found by their receipts, with code and its hash. */
#include "fetcher/keccak.h"
#include "common/num.h"
#include "records.h"

#define FOLDER "polygon-etl/test_stream/block_with_contracts"
static const struct pair_of_names peer[] = {
    {"address", "address", SAME}, {"bytecode", "code", SAME}, {"block_number", "block_number", SAME},
};

static struct json
text_value(const char *text)
{
    struct buf b = {0};
    buf_addf(&b, "\"%s\"", text);
    struct json v = parsed((struct span){b.p, b.n});
    buf_free(&b);
    return v;
}

static struct touch *
touches_of(const struct block_replies *r, struct buf *touches, size_t *n)
{
    char why[WHY_MAX] = "";
    if (dataset_contracts.touched(r, touches, why) != DECODE_OK)
        fail_msg("%s", why);
    touches_unique(touches);
    *n = touches->n / sizeof(struct touch);
    return (struct touch *)(void *)touches->p;
}

static int
by_address(const void *a, const void *b)
{
    return strcmp(value_of(a, "address"), value_of(b, "address"));
}

/* The peer finds them by traces, we by receipts: the same five, with the code it recorded. */
static void
equals_a_peers_rows(void **state)
{
    struct peer_case files = {.folder = FOLDER, .expected = "expected_contracts.json"};
    struct block_replies r = block_replies(FOLDER, 0x221552, true);
    struct records theirs = expected_rows(&files);
    struct buf touches = {0};
    struct rows rows = {0};
    char why[WHY_MAX] = "";
    size_t n;

    (void)state;
    struct touch *t = touches_of(&r, &touches, &n);
    qsort(theirs.r, theirs.n, sizeof *theirs.r, by_address);
    assert_int_equal(n, theirs.n);
    for (size_t i = 0; i < n; i++) {
        struct json code = text_value(value_of(&theirs.r[i], "bytecode")), none = parsed_text("null");
        assert_int_equal(dataset_contracts.state(&t[i], 0x221553, none, none, code, &rows, why), DECODE_OK);
    }
    struct records ours = records_of_rows(&table_contracts, &rows);
    COMPARE(FOLDER, &theirs, &ours, peer);

    struct records txs = expected_rows(&(struct peer_case){.folder = FOLDER, .expected = "expected_transactions.json"});
    for (size_t i = 0; i < ours.n; i++)
        for (size_t j = 0; j < txs.n; j++)
            if (strcmp(value_of(&txs.r[j], "hash"), value_of(&ours.r[i], "transaction_hash")) == 0) {
                assert_string_equal(value_of(&ours.r[i], "creator"), value_of(&txs.r[j], "from_address"));
                assert_string_equal(value_of(&ours.r[i], "address"), value_of(&txs.r[j], "receipt_contract_address"));
            }
    buf_free(&rows.data);
    buf_free(&touches);
}

static void
takes_recorded_code(void **state)
{
    static const char *const replies[] = {
        "polygon-etl/test_export_contracts_job/erc20_contract/"
        "web3_response.eth_getCode_0x5d71998541ae48387f3664768deaf7d74898b75b_latest.json",
        "polygon-etl/test_export_contracts_job/erc721_contract/"
        "web3_response.eth_getCode_0x1312dd389b08a8a5a60b0b058921386a13699267_latest.json",
        "ethereum-etl/test_export_contracts_job/erc721_contract/"
        "web3_response.eth_getCode_0x06012c8cf97bead5deae237070f9587f8e7a266d_latest.json",
    };
    struct touch t = {.block = 7, .created = true, .certain = true};
    struct json none = parsed_text("null");
    char why[WHY_MAX] = "", want[67] = "0x";

    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        struct rows rows = {0};
        struct json code = reply(replies[i]);
        struct span hex;
        uint8_t hash[32];
        assert_int_equal(dataset_contracts.state(&t, 9, none, none, code, &rows, why), DECODE_OK);
        struct records ours = records_of_rows(&table_contracts, &rows);
        assert_true(json_string(code, &hex));
        uint8_t *bytes = xmalloc(hex.n);
        ptrdiff_t n = num_hex_bytes(hex, bytes);
        assert_true(n > 0);
        keccak256(bytes, (size_t)n, hash);
        num_to_hex(hash, 32, want + 2);
        assert_string_equal(value_of(&ours.r[0], "code_hash"), want);
        assert_int_equal(strlen(value_of(&ours.r[0], "code")), hex.n);
        free(bytes);
        buf_free(&rows.data);
    }
}

#define H1 "\"0x1111111111111111111111111111111111111111111111111111111111111111\""
#define H2 "\"0x2222222222222222222222222222222222222222222222222222222222222222\""
#define A1 "\"0x1111111111111111111111111111111111111111\""
#define A2 "\"0x2222222222222222222222222222222222222222\""

static size_t
created(const char *tx, const char *receipt, struct touch *out)
{
    struct block_replies r = {.number = 5, .has_block = true, .full = true, .has_receipts = true};
    struct buf text = {0}, touches = {0};
    size_t n;

    buf_addf(&text, "{\"number\":\"0x5\",\"hash\":" H1 ",\"timestamp\":\"0x1\",\"transactions\":[{\"hash\":" H2
             ",\"from\":" A1 "%s}]}", tx);
    r.block = parsed((struct span){text.p, text.n});
    text.n = 0;
    buf_addf(&text, "[{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]%s}]", receipt);
    r.receipts = parsed((struct span){text.p, text.n});
    struct touch *t = touches_of(&r, &touches, &n);
    if (n > 0)
        *out = t[0];
    buf_free(&text);
    buf_free(&touches);
    return n;
}

static void
tells_creations_from_the_rest(void **state)
{
    struct touch t;
    (void)state;
    assert_int_equal(created("", ",\"contractAddress\":" A2 ",\"status\":\"0x1\"", &t), 1);
    assert_true(t.created && t.certain);
    assert_int_equal(t.address[0], 0x22);
    assert_int_equal(t.creator[0], 0x11);
    assert_int_equal(t.block, 5);
    assert_int_equal(created("", ",\"contractAddress\":" A2 ",\"status\":\"0x0\"", &t), 0); /* failed */
    assert_int_equal(created("", ",\"contractAddress\":null,\"status\":\"0x1\"", &t), 0);
    assert_int_equal(created("", "", &t), 0);
    assert_int_equal(created(",\"to\":" A1, ",\"contractAddress\":" A2 ",\"status\":\"0x1\"", &t), 0); /* a call */
    assert_int_equal(created(",\"to\":null", ",\"contractAddress\":" A2, &t), 1); /* before Byzantium */
    assert_true(t.created && !t.certain);
}

/* A call that makes one contract and calls what makes another and then fails. */
static void
finds_what_contracts_made(void **state)
{
    static const struct {
        const char *text;
        bool call_tracer;
    } traces[] = {
        {"[{\"blockNumber\":5,\"type\":\"call\",\"traceAddress\":[],\"transactionHash\":" H2 "},"
         "{\"type\":\"create\",\"traceAddress\":[0],\"transactionHash\":" H2 ",\"action\":{\"from\":" A1 "},"
         "\"result\":{\"address\":" A2 "}},"
         "{\"type\":\"call\",\"traceAddress\":[1],\"error\":\"Reverted\"},"
         "{\"type\":\"create\",\"traceAddress\":[1,0],\"transactionHash\":" H2 ",\"action\":{\"from\":" A1 "},"
         "\"result\":{\"address\":" A1 "}}]", false},
        {"[{\"txHash\":" H2 ",\"result\":{\"type\":\"CALL\",\"calls\":["
         "{\"type\":\"CALL\",\"error\":\"execution reverted\",\"calls\":["
         "{\"type\":\"CREATE\",\"from\":" A1 ",\"to\":" A1 "}]},"
         "{\"type\":\"CREATE2\",\"from\":" A1 ",\"to\":" A2 "}]}}]", true},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct block_replies r = {.number = 5, .has_block = true, .full = true, .has_receipts = true,
                                  .has_traces = true, .call_tracer = traces[i].call_tracer};
        struct buf touches = {0};
        size_t n;
        r.block = parsed_text("{\"number\":\"0x5\",\"hash\":" H1 ",\"timestamp\":\"0x1\",\"transactions\":["
                              "{\"hash\":" H2 ",\"from\":" A1 ",\"to\":" A1 "}]}");
        r.receipts = parsed_text("[{\"transactionHash\":" H2 ",\"blockNumber\":\"0x5\",\"logs\":[]}]");
        r.traces = parsed_text(traces[i].text);
        struct touch *t = touches_of(&r, &touches, &n);
        assert_int_equal(n, 1);
        assert_true(t->created && t->certain);
        assert_int_equal(t->block, 5);
        assert_int_equal(t->address[0], 0x22);
        assert_int_equal(t->creator[0], 0x11);
        assert_int_equal(t->transaction_hash[0], 0x22);
        buf_free(&touches);
    }
}

static void
knows_what_no_code_means(void **state)
{
    struct touch t = {.created = true, .certain = true};
    struct json none = parsed_text("null"), empty = parsed_text("\"0x\"");
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(dataset_contracts.state(&t, 9, none, none, empty, &rows, why), DECODE_OK);
    struct records ours = records_of_rows(&table_contracts, &rows);
    assert_string_equal(value_of(&ours.r[0], "code"), "0x"); /* destroyed since */
    assert_string_equal(value_of(&ours.r[0], "code_hash"),
                        "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    t.certain = false;
    assert_int_equal(dataset_contracts.state(&t, 9, none, none, empty, &rows, why), DECODE_OK);
    assert_int_equal(rows.n, 1);
    t.created = false; /* touched for another dataset */
    assert_int_equal(dataset_contracts.state(&t, 9, none, none, parsed_text("\"0x60\""), &rows, why), DECODE_OK);
    assert_int_equal(rows.n, 1);
    t.created = true;
    size_t before = rows.data.n;
    assert_int_equal(dataset_contracts.state(&t, 9, none, none, parsed_text("\"0x6\""), &rows, why), DECODE_BAD);
    assert_int_equal(dataset_contracts.state(&t, 9, none, none, none, &rows, why), DECODE_BAD);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.data.n, before);
    buf_free(&rows.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_a_peers_rows),
        cmocka_unit_test(takes_recorded_code),
        cmocka_unit_test(tells_creations_from_the_rest),
        cmocka_unit_test(finds_what_contracts_made),
        cmocka_unit_test(knows_what_no_code_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
