/* served_test.c - what was served in the last ten seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/served.h"

static void
calls_count_by_the_time_they_were_sent(void **state)
{
    struct served s;

    (void)state;
    served_init(&s);
    served_add(&s, 3, 1000, 1060);
    served_add(&s, 25, 1010, 1070);
    served_add(&s, 1, 1005, 1080); /* answered last */
    assert_true(served_between(&s, 900, 1000) == 3);
    assert_true(served_between(&s, 1000, 1009) == 1);
    assert_true(served_between(&s, 900, 1080) == 29);
}

static void
ten_seconds_are_known(void **state)
{
    struct served s;

    (void)state;
    served_init(&s);
    for (int64_t now = 0; now < 60000; now += 5)
        served_add(&s, 1, now, now);
    assert_true(served_between(&s, 0, 60000) == SERVED_SLICES);
    served_add(&s, 7, 100000, 100000); /* after a pause, longer than that */
    assert_true(served_between(&s, 0, 100000) == 7);
    assert_int_equal(served_in(&s, 100000 / SERVED_SLICE_MS), 7);
    assert_int_equal(served_in(&s, 60000 / SERVED_SLICE_MS), 0);
}

static void
what_is_too_old_counts_as_the_oldest(void **state)
{
    struct served s;

    (void)state;
    served_init(&s);
    served_add(&s, 1, 20000, 20000);
    served_add(&s, 1, 60000, 60000);
    served_add(&s, 5, 30000, 60000);
    assert_int_equal(served_in(&s, served_oldest(&s)), 5);
    assert_true(served_between(&s, 0, 60000) == 6);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_count_by_the_time_they_were_sent),
        cmocka_unit_test(ten_seconds_are_known),
        cmocka_unit_test(what_is_too_old_counts_as_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
