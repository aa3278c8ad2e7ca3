/* Ranges: sets that merge, parts that share an end, cuts. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fetcher/piece.h"

#define P(a, b) ((struct piece){a, b})

static void
same(struct piece got, struct piece wanted)
{
    assert_int_equal(got.from, wanted.from);
    assert_int_equal(got.to, wanted.to);
}

static void
neighbours_merge(void **state)
{
    struct pieces s = {0};
    (void)state;
    pieces_add(&s, P(10, 19));
    pieces_add(&s, P(30, 39));
    pieces_add(&s, P(50, 59));
    assert_int_equal(s.n, 3);
    pieces_add(&s, P(20, 29));
    assert_int_equal(s.n, 2);
    same(s.v[0], P(10, 39));
    pieces_add(&s, P(0, 100));
    assert_int_equal(s.n, 1);
    same(s.v[0], P(0, 100));
    pieces_free(&s);
}

/* From either side. */
static void
a_hole_of_one_block_stays(void **state)
{
    struct pieces s = {0};
    (void)state;
    pieces_add(&s, P(10, 19));
    pieces_add(&s, P(21, 29));
    pieces_add(&s, P(0, 8));
    assert_int_equal(s.n, 3);
    assert_false(pieces_hold(&s, P(10, 29)));
    assert_false(pieces_hold(&s, P(9, 9)));
    assert_false(pieces_hold(&s, P(20, 20)));
    pieces_free(&s);
}

static void
order_does_not_matter(void **state)
{
    struct pieces s = {0};
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t at = i * 37 % 100; /* each of 0..99 once */
        pieces_add(&s, P(at * 10, at * 10 + 9));
    }
    assert_int_equal(s.n, 1);
    same(s.v[0], P(0, 999));
    assert_true(pieces_hold(&s, P(0, 999)));
    assert_false(pieces_hold(&s, P(0, 1000)));
    pieces_free(&s);
}

static void
nothing_is_always_held(void **state)
{
    struct pieces s = {0};
    (void)state;
    pieces_add(&s, P(5, 4));
    assert_int_equal(s.n, 0);
    assert_true(pieces_hold(&s, P(5, 4)));
    assert_false(pieces_hold(&s, P(5, 5)));
}

static void
the_larger_end_is_finished(void **state)
{
    struct pieces s = {0};
    struct piece part, rest;
    (void)state;
    assert_false(pieces_finished(&s, P(100, 199), &part, &rest));
    same(rest, P(100, 199));
    pieces_add(&s, P(100, 119));
    pieces_add(&s, P(140, 150));
    assert_true(pieces_finished(&s, P(100, 199), &part, &rest));
    same(part, P(100, 119));
    same(rest, P(120, 199));
    pieces_add(&s, P(160, 199));
    assert_true(pieces_finished(&s, P(100, 199), &part, &rest));
    same(part, P(160, 199));
    same(rest, P(100, 159));
    pieces_add(&s, P(120, 159));
    assert_true(pieces_finished(&s, P(100, 199), &part, &rest));
    same(part, P(100, 199));
    assert_true(rest.from > rest.to);
    pieces_free(&s);
}

static void
a_middle_part_alone_is_nothing(void **state)
{
    struct pieces s = {0};
    struct piece part, rest;
    (void)state;
    pieces_add(&s, P(110, 190));
    assert_false(pieces_finished(&s, P(100, 199), &part, &rest));
    same(rest, P(100, 199));
    pieces_free(&s);
}

static void
cuts(void **state)
{
    struct piece rest;
    (void)state;
    same(piece_cut(P(0, 9), 0, &rest), P(0, 4));
    same(rest, P(5, 9));
    same(piece_cut(P(0, 10), 0, &rest), P(0, 5)); /* the odd block goes first */
    same(rest, P(6, 10));
    same(piece_cut(P(0, 9), 3, &rest), P(0, 2));
    same(rest, P(3, 9));
    same(piece_cut(P(7, 7), 0, &rest), P(7, 7)); /* one block is never cut */
    assert_true(rest.from > rest.to);
    same(piece_cut(P(0, 9), 10, &rest), P(0, 9));
    assert_true(rest.from > rest.to);
}

static void
the_whole_of_numbers(void **state)
{
    struct pieces s = {0};
    (void)state;
    assert_true(piece_width(P(0, UINT64_MAX)) == UINT64_MAX);
    assert_int_equal(piece_width(P(3, 3)), 1);
    assert_int_equal(piece_width(P(3, 2)), 0);
    pieces_add(&s, P(UINT64_MAX, UINT64_MAX));
    pieces_add(&s, P(0, UINT64_MAX - 1));
    assert_int_equal(s.n, 1);
    pieces_free(&s);
}

static void
what_lies_outside_of_bounds_is_left_out(void **state)
{
    (void)state;
    same(piece_within(P(0, 99), P(60, 80)), P(60, 80));
    same(piece_within(P(65, 70), P(60, 80)), P(65, 70));
    same(piece_within(P(70, 99), P(60, 80)), P(70, 80));
    assert_int_equal(piece_width(piece_within(P(0, 59), P(60, 80))), 0);
    assert_int_equal(piece_width(piece_within(P(81, 99), P(60, 80))), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_merge),       cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(nothing_is_always_held), cmocka_unit_test(the_larger_end_is_finished),
        cmocka_unit_test(cuts),                   cmocka_unit_test(a_middle_part_alone_is_nothing),
        cmocka_unit_test(the_whole_of_numbers),   cmocka_unit_test(a_hole_of_one_block_stays),
        cmocka_unit_test(what_lies_outside_of_bounds_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
