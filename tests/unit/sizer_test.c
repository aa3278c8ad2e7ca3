/* The size of batches by the time that commits take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "writer/sizer.h"

static void
slow_commits_make_smaller_batches(void **state)
{
    struct sizer s;

    (void)state;
    sizer_init(&s, 1000, 50000);
    assert_int_equal(s.rows, 50000);
    sizer_wrote(&s, 50000, 1250);
    assert_int_equal(s.rows, 25000); /* by half at most */
    sizer_wrote(&s, 25000, 700);
    assert_int_equal(s.rows, 25000); /* neither slow nor fast */
    for (int i = 0; i < 20; i++)
        sizer_wrote(&s, s.rows, 30000);
    assert_int_equal(s.rows, 1000);
}

static void
fast_ones_let_them_grow_again(void **state)
{
    struct sizer s;

    (void)state;
    sizer_init(&s, 1000, 50000);
    for (int i = 0; i < 20; i++)
        sizer_wrote(&s, s.rows, 30000);
    sizer_wrote(&s, 1000, 100);
    assert_int_equal(s.rows, 1501);
    for (int i = 0; i < 20; i++)
        sizer_wrote(&s, s.rows, 100);
    assert_int_equal(s.rows, 50000);
}

static void
settles_where_commits_take_about_the_time(void **state)
{
    struct sizer s;

    (void)state;
    sizer_init(&s, 1000, 50000);
    for (int i = 0; i < 50; i++)
        sizer_wrote(&s, s.rows, (int64_t)s.rows / 10); /* 0.1 ms a row */
    assert_in_range(s.rows, 5000, 10000);
}

static void
small_batches_tell_nothing(void **state)
{
    struct sizer s;

    (void)state;
    sizer_init(&s, 1000, 50000);
    sizer_wrote(&s, 20, 5000);
    assert_int_equal(s.rows, 50000);
}

static void
a_fixed_size_stays(void **state)
{
    struct sizer s;

    (void)state;
    sizer_init(&s, 1, 1);
    sizer_wrote(&s, 1, 5000);
    sizer_wrote(&s, 1, 1);
    assert_int_equal(s.rows, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_commits_make_smaller_batches),
        cmocka_unit_test(fast_ones_let_them_grow_again),
        cmocka_unit_test(settles_where_commits_take_about_the_time),
        cmocka_unit_test(small_batches_tell_nothing),
        cmocka_unit_test(a_fixed_size_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
