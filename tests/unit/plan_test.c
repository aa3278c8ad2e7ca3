/* plan_test.c - ranges are cut lazily, lines are read as they come, bad ones are named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "producer/plan.h"

#define HASH_1 "0x1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "0x2222222222222222222222222222222222222222222222222222222222222222"
#define HASH_3 "0x3333333333333333333333333333333333333333333333333333333333333333"

static void
feed(struct plan *p, const char *text)
{
    size_t size;
    char *room = plan_room(p, &size);
    assert_true(size >= strlen(text));
    memcpy(room, text, strlen(text));
    plan_fed(p, strlen(text));
}

static struct plan *
lines(const char *text, uint64_t step, size_t hashes)
{
    struct plan *p = plan_of_lines(step, hashes);
    feed(p, text);
    plan_eof(p);
    return p;
}

static void
expect_range(struct plan *p, uint64_t from, uint64_t to)
{
    struct plan_piece piece;
    assert_int_equal(plan_next(p, &piece), PLAN_PIECE);
    assert_false(piece.by_hash);
    assert_int_equal(piece.from, from);
    assert_int_equal(piece.to, to);
}

static void
expect_hashes(struct plan *p, size_t n, uint8_t first)
{
    struct plan_piece piece;
    assert_int_equal(plan_next(p, &piece), PLAN_PIECE);
    assert_true(piece.by_hash);
    assert_int_equal(piece.n_hashes, n);
    assert_int_equal(piece.hashes[0], first);
    assert_int_equal(piece.hashes[n * PLAN_HASH - 1], first + 0x11 * (n - 1));
}

static void
expect(struct plan *p, enum plan_status status)
{
    struct plan_piece piece;
    assert_int_equal(plan_next(p, &piece), status);
}

static void
expect_bad(const char *text, const char *error)
{
    struct plan *p = lines(text, 1000, 500);
    expect(p, PLAN_BAD);
    assert_non_null(plan_error(p));
    assert_string_equal(plan_error(p), error);
    expect(p, PLAN_BAD); /* and stays so */
    plan_close(p);
}

static void
a_range_is_cut_into_steps(void **state)
{
    (void)state;
    struct plan *p = plan_of_range(100, 2350, 1000);
    expect_range(p, 100, 1099);
    expect_range(p, 1100, 2099);
    expect_range(p, 2100, 2350);
    expect(p, PLAN_END);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
the_last_step_may_fit_exactly(void **state)
{
    (void)state;
    struct plan *p = plan_of_range(0, 1999, 1000);
    expect_range(p, 0, 999);
    expect_range(p, 1000, 1999);
    expect(p, PLAN_END);
    plan_close(p);
    p = plan_of_range(7, 7, 1);
    expect_range(p, 7, 7);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
the_greatest_blocks_do_not_overflow(void **state)
{
    (void)state;
    struct plan *p = plan_of_range(PLAN_BLOCK_MAX - 1, PLAN_BLOCK_MAX, 1000000000);
    expect_range(p, PLAN_BLOCK_MAX - 1, PLAN_BLOCK_MAX);
    expect(p, PLAN_END);
    plan_close(p);
    p = plan_of_range(0, PLAN_BLOCK_MAX, 10);
    for (int i = 0; i < 100000; i++)
        expect_range(p, (uint64_t)i * 10, (uint64_t)i * 10 + 9);
    plan_close(p);
}

static void
lines_are_ranges_and_blocks(void **state)
{
    (void)state;
    struct plan *p = lines("5-9\n\n42\r\n 100-103\n", 2, 500);
    expect_range(p, 5, 6);
    expect_range(p, 7, 8);
    expect_range(p, 9, 9);
    expect_range(p, 42, 42);
    expect(p, PLAN_BAD); /* space before a number */
    plan_close(p);
    p = lines("100-103  \n7", 1000, 500); /* space after it; no newline at the end */
    expect_range(p, 100, 103);
    expect_range(p, 7, 7);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
input_may_come_in_any_pieces(void **state)
{
    (void)state;
    struct plan *p = plan_of_lines(1000, 500);
    expect(p, PLAN_HUNGRY);
    feed(p, "10");
    expect(p, PLAN_HUNGRY);
    feed(p, "0-19");
    expect(p, PLAN_HUNGRY);
    feed(p, "9\n3");
    expect_range(p, 100, 199);
    expect(p, PLAN_HUNGRY);
    plan_eof(p);
    expect_range(p, 3, 3);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
input_is_read_only_as_needed(void **state)
{
    (void)state;
    struct plan *p = plan_of_lines(1000, 500);
    size_t size;
    for (uint64_t i = 0; i < 200000; i++) { /* 1.4 MB through a buffer of 64 KiB */
        struct plan_piece piece;
        enum plan_status status;
        while ((status = plan_next(p, &piece)) == PLAN_HUNGRY) {
            plan_room(p, &size);
            assert_true(size > 100 && size <= PLAN_BUFFER);
            for (uint64_t k = 0; k < 14; k++)
                feed(p, "123456\n");
        }
        assert_int_equal(status, PLAN_PIECE);
        assert_int_equal(piece.from, 123456);
    }
    plan_close(p);
}

static void
hashes_are_gathered(void **state)
{
    (void)state;
    struct plan *p = lines(HASH_1 "\n" HASH_2 "\n" HASH_3 "\n", 1000, 2);
    expect_hashes(p, 2, 0x11);
    expect_hashes(p, 1, 0x33);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
hashes_and_ranges_may_be_mixed(void **state)
{
    (void)state;
    struct plan *p = lines(HASH_1 "\n5-6\n" HASH_2 "\n", 1000, 500);
    expect_range(p, 5, 6);
    expect_hashes(p, 2, 0x11);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
an_empty_input_ends(void **state)
{
    (void)state;
    struct plan *p = lines("", 1000, 500);
    expect(p, PLAN_END);
    plan_close(p);
    p = lines("\n\n", 1000, 500);
    expect(p, PLAN_END);
    plan_close(p);
}

static void
bad_lines_are_named(void **state)
{
    (void)state;
    expect_bad("x\n", "line 1: \"x\": expected from-to, a block number or a 0x transaction hash");
    expect_bad("-5\n", "line 1: \"-5\": expected from-to, a block number or a 0x transaction hash");
    expect_bad("9-5\n", "line 1: \"9-5\": the first block is after the last");
    expect_bad("\n9223372036854775807\n",
               "line 2: \"9223372036854775807\": a block number is at most 9223372036854775806");
    expect_bad("0x12\n",
               "line 1: \"0x12\": expected a transaction hash: 0x and 64 hex digits");
    expect_bad("\x01\x1b[2J\n",
               "line 1: \"??[2J\": expected from-to, a block number or a 0x transaction hash");
}

static void
a_line_without_end_is_bad_soon(void **state)
{
    (void)state;
    char text[PLAN_LINE_MAX + 2];
    memset(text, '1', sizeof text);
    text[sizeof text - 1] = '\0';
    struct plan *p = plan_of_lines(1000, 500);
    feed(p, text);
    expect(p, PLAN_BAD);
    assert_non_null(strstr(plan_error(p), "line 1: \"1111"));
    assert_non_null(strstr(plan_error(p), "the line is too long"));
    plan_close(p);
}

static void
what_came_before_a_bad_line_is_good(void **state)
{
    (void)state;
    struct plan *p = lines("1-2\n3-4\noops\n5-6\n", 1000, 500);
    expect_range(p, 1, 2);
    expect_range(p, 3, 4);
    expect(p, PLAN_BAD);
    assert_non_null(strstr(plan_error(p), "line 3: \"oops\""));
    plan_close(p);
}

static void
how_many_are_to_come(void **state)
{
    (void)state;
    struct plan *p = plan_of_range(1, 10, 4);
    assert_int_equal(plan_left(p), 3);
    expect_range(p, 1, 4);
    assert_int_equal(plan_left(p), 2);
    plan_close(p);

    p = lines("1-2\n3-12\n", 5, 2);
    assert_true(plan_left(p) == UINT64_MAX); /* a line is still unread */
    expect_range(p, 1, 2);
    expect_range(p, 3, 7);
    assert_int_equal(plan_left(p), 1);
    expect_range(p, 8, 12);
    assert_int_equal(plan_left(p), 0);
    plan_close(p);

    p = plan_of_lines(5, 2);
    feed(p, "1-12\n");
    expect_range(p, 1, 5);
    assert_true(plan_left(p) == UINT64_MAX); /* the input goes on */
    plan_close(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_cut_into_steps),
        cmocka_unit_test(the_last_step_may_fit_exactly),
        cmocka_unit_test(the_greatest_blocks_do_not_overflow),
        cmocka_unit_test(lines_are_ranges_and_blocks),
        cmocka_unit_test(input_may_come_in_any_pieces),
        cmocka_unit_test(input_is_read_only_as_needed),
        cmocka_unit_test(hashes_are_gathered),
        cmocka_unit_test(hashes_and_ranges_may_be_mixed),
        cmocka_unit_test(an_empty_input_ends),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(a_line_without_end_is_bad_soon),
        cmocka_unit_test(what_came_before_a_bad_line_is_good),
        cmocka_unit_test(how_many_are_to_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
