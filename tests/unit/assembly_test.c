/* assembly_test.c - a block whose receipts come one by one: whole when all are there, and not before. */
#include "fixtures.h"

#include "fetcher/assembly.h"

#define HASH(digit) "\"0x" digit "000000000000000000000000000000000000000000000000000000000000000\""

static struct assembly *
opened(const char *block)
{
    struct step *origin = step_new(STEP_BLOCKS, (struct piece){5, 9});
    struct assembly *a = assembly_new(origin, 7);
    char why[160];

    step_free(origin);
    assert_int_equal(a->origin.at.from, 7);
    assert_int_equal(a->origin.at.to, 7);
    if (!assembly_open(a, parsed_text(block), why))
        fail_msg("%s", why);
    return a;
}

static bool
receipt(struct assembly *a, size_t i)
{
    char text[40];
    snprintf(text, sizeof text, "{\"transactionIndex\":%zu}", i);
    return assembly_receipt(a, i, parsed_text(text));
}

static void
all_receipts_make_it_whole(void **state)
{
    struct assembly *a = opened("{\"transactions\":[" HASH("a") ",{\"hash\":" HASH("b") "}," HASH("c") "]}");

    (void)state;
    assert_int_equal(a->n_hashes, 3);
    assert_int_equal(a->hashes[1][0], 0xb0); /* of a whole transaction, too */
    assert_false(receipt(a, 2));
    assert_false(receipt(a, 0));
    assert_false(receipt(a, 0)); /* sent twice */
    assert_false(a->have & NEED_RECEIPTS);
    assert_true(receipt(a, 1));
    assert_true(a->have & NEED_RECEIPTS);
    buf_addc(&a->receipts, '\0');
    assert_string_equal(a->receipts.p, "[{\"transactionIndex\":0},{\"transactionIndex\":1},{\"transactionIndex\":2}]");
    assembly_free(a);
}

static void
a_block_without_transactions_has_all_its_receipts(void **state)
{
    struct assembly *a = opened("{\"transactions\":[]}");
    struct json_doc *docs[3] = {json_new(), json_new(), json_new()};
    struct block_replies r;

    (void)state;
    assert_true(a->have & NEED_RECEIPTS);
    assert_true(assembly_replies(a, docs, &r));
    assert_true(r.has_receipts);
    assert_false(r.has_block);
    assert_int_equal(json_count(r.receipts), 0);
    for (size_t i = 0; i < 3; i++)
        json_free(docs[i]);
    assembly_free(a);
}

static void
a_block_without_hashes_is_told(void **state)
{
    static const char *const bad[] = {
        "{}", "{\"transactions\":null}", "{\"transactions\":[5]}", "{\"transactions\":[{}]}", "{\"transactions\":[\"0x12\"]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct step *origin = step_new(STEP_BLOCKS, (struct piece){7, 7});
        struct assembly *a = assembly_new(origin, 7);
        char why[160] = "";
        assert_false(assembly_open(a, parsed_text(bad[i]), why));
        assert_non_null(strstr(why, "block 7"));
        assembly_free(a);
        step_free(origin);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_receipts_make_it_whole),
        cmocka_unit_test(a_block_without_transactions_has_all_its_receipts),
        cmocka_unit_test(a_block_without_hashes_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
