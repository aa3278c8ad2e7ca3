/* Blocks that are wanted again: in order, cut as they are asked for, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "producer/again.h"

static void
next_is(struct again *a, uint64_t step, uint64_t from, uint64_t to, uint64_t avoid)
{
    struct again_range r;
    assert_true(again_next(a, step, &r));
    assert_int_equal(r.from, from);
    assert_int_equal(r.to, to);
    assert_int_equal(r.avoid, avoid);
}

static void
pieces_are_cut_as_they_are_taken(void **state)
{
    struct again a = {0};
    struct again_range r;
    (void)state;
    assert_false(again_next(&a, 10, &r));
    again_add(&a, 5, 29, 1);
    again_add(&a, 30, 34, 1); /* goes on */
    again_add(&a, 35, 35, 2); /* of another endpoint */
    again_add(&a, 7, 7, 2);
    assert_int_equal(a.n, 3);
    next_is(&a, 10, 5, 14, 1);
    next_is(&a, 10, 15, 24, 1);
    next_is(&a, 10, 25, 34, 1);
    next_is(&a, 10, 35, 35, 2);
    again_add(&a, 0, UINT64_MAX / 2, 0);
    next_is(&a, 1, 7, 7, 2);
    next_is(&a, 1, 0, 0, 0);
    next_is(&a, UINT64_MAX, 1, UINT64_MAX / 2, 0);
    assert_false(again_next(&a, 10, &r));
    assert_int_equal(a.dropped, 0);
    again_free(&a);
}

static void
what_finds_no_room_is_counted(void **state)
{
    struct again a = {0};
    (void)state;
    for (uint64_t i = 0; i < AGAIN_MAX; i++)
        again_add(&a, 10 * i, 10 * i + 4, 1);
    assert_int_equal(a.dropped, 0);
    again_add(&a, 1, 7, 1);
    again_add(&a, 9, 9, 1);
    assert_int_equal(a.dropped, 8);
    for (uint64_t i = 0; i < 100; i++)
        next_is(&a, 10, 10 * i, 10 * i + 4, 1);
    for (uint64_t round = 0; round < 10; round++) /* the array moves along, and does not grow */
        for (uint64_t i = 0; i < AGAIN_MAX; i++) {
            struct again_range r;
            again_add(&a, 10 * i, 10 * i, 1);
            assert_true(again_next(&a, 10, &r));
        }
    assert_int_equal(a.dropped, 8);
    assert_true(a.cap <= 4 * AGAIN_MAX);
    again_free(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_cut_as_they_are_taken),
        cmocka_unit_test(what_finds_no_room_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
