/* dataset_accounts_test.c - which addresses a block touches, and their state as rows. */
#include "records.h"

static bool
holds(const struct buf *touches, const char *address)
{
    const struct touch *t = (const struct touch *)(const void *)touches->p;
    char text[41] = "";
    for (size_t i = 0; i < touches->n / sizeof *t; i++) {
        for (size_t j = 0; j < 20; j++)
            snprintf(text + 2 * j, 3, "%02x", t[i].address[j]);
        if (strcmp(text, address + 2) == 0)
            return true;
    }
    return false;
}

/* Every address of the recorded block is there, once: parties, miner, contracts made, logs. */
static void
finds_every_address(void **state)
{
    struct block_replies r = block_replies("polygon-etl/test_stream/block_with_contracts", 0x221552, true);
    struct peer_case txs = {"polygon-etl/test_stream/block_with_contracts", "expected_transactions.json", {0}, 0};
    struct peer_case logs = {"polygon-etl/test_stream/block_with_contracts", "expected_logs.json", {0}, 0};
    struct records t = expected_rows(&txs), l = expected_rows(&logs);
    static const char *const columns[] = {"from_address", "to_address", "receipt_contract_address"};
    struct buf touches = {0};
    char why[WHY_MAX] = "";
    struct json v;
    struct span s;

    (void)state;
    assert_int_equal(dataset_accounts.touched(&r, &touches, why), DECODE_OK);
    size_t all = touches.n;
    touches_unique(&touches);
    assert_true(touches.n < all);
    for (size_t i = 0; i < t.n; i++)
        for (size_t j = 0; j < 3; j++)
            if (*value_of(&t.r[i], columns[j]))
                assert_true(holds(&touches, value_of(&t.r[i], columns[j])));
    for (size_t i = 0; i < l.n; i++)
        assert_true(holds(&touches, value_of(&l.r[i], "address")));
    assert_true(json_get(r.block, "miner", &v) && json_string(v, &s));
    assert_true(holds(&touches, keep(xstrndup(s.p, s.n))));
    assert_false(holds(&touches, "0x00000000000000000000000000000000000000ff"));
    buf_free(&touches);
}

static void
keeps_state_as_sent(void **state)
{
    struct touch t = {.address = {0xab}, .block = 3};
    struct rows rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    assert_int_equal(dataset_accounts.state(&t, 9, parsed_text("\"0xffffffffffffffffffffffffffffffffffffffffffffffff"
                                                               "ffffffffffffffff\""),
                                            parsed_text("\"0x2a\""), parsed_text("\"0x\""), &rows, why), DECODE_OK);
    struct records r = records_of_rows(&table_accounts, &rows);
    assert_string_equal(value_of(&r.r[0], "address"), "0xab00000000000000000000000000000000000000");
    assert_string_equal(value_of(&r.r[0], "block_number"), "9");
    assert_string_equal(value_of(&r.r[0], "nonce"), "42");
    assert_string_equal(value_of(&r.r[0], "balance"),
                        "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    assert_string_equal(value_of(&r.r[0], "code_hash"),
                        "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    buf_free(&rows.data);
}

static void
refuses_what_is_no_state(void **state)
{
    static const char *const bad[][3] = {
        {"null", "\"0x1\"", "\"0x\""},
        {"\"0x1\"", "null", "\"0x\""},
        {"\"0x1\"", "\"0x1\"", "null"},
        {"\"0x1\"", "\"0x1\"", "\"0x1\""},
        {"\"1\"", "\"0x1\"", "\"0x\""},
        {"\"<nil>\"", "\"0x1\"", "\"0x\""},
        {"\"0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"", "\"0x1\"", "\"0x\""},
    };
    struct touch t = {.block = 3};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rows rows = {0};
        char why[WHY_MAX] = "";
        assert_int_equal(dataset_accounts.state(&t, 9, parsed_text(bad[i][0]), parsed_text(bad[i][1]),
                                                parsed_text(bad[i][2]), &rows, why), DECODE_BAD);
        assert_int_equal(rows.n, 0);
        assert_int_equal(rows.data.n, 0);
        assert_int_not_equal(strlen(why), 0);
        buf_free(&rows.data);
    }
}

static void
leaves_one_touch_per_address(void **state)
{
    struct buf b = {0};
    struct touch plain = {.address = {1}, .block = 9}, old = {.address = {1}, .block = 3, .created = true};
    struct touch again = {.address = {1}, .block = 5, .created = true}, other = {.address = {0}, .block = 1};

    (void)state;
    touches_unique(&b);
    assert_int_equal(b.n, 0);
    buf_add(&b, &again, sizeof again);
    buf_add(&b, &plain, sizeof plain);
    buf_add(&b, &old, sizeof old);
    buf_add(&b, &other, sizeof other);
    touches_unique(&b);
    const struct touch *t = (const struct touch *)(const void *)b.p;
    assert_int_equal(b.n, 2 * sizeof *t);
    assert_int_equal(t[0].address[0], 0);
    assert_true(t[1].created);
    assert_int_equal(t[1].block, 5);
    buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_every_address),
        cmocka_unit_test(keeps_state_as_sent),
        cmocka_unit_test(refuses_what_is_no_state),
        cmocka_unit_test(leaves_one_touch_per_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
