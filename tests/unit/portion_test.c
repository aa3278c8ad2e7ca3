/* How much is asked for at once: little where answers come soon, much where requests are scarce. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fetcher/portion.h"

enum { MOST = 8 << 20, KIB = 1 << 10 };

static struct portion
after(int answers, int64_t wait_us)
{
    struct portion p;
    portion_init(&p, MOST);
    while (answers-- > 0)
        portion_waited(&p, wait_us);
    return p;
}

static void
near_ones_give_small_answers(void **state)
{
    struct portion p = after(1, 500);
    (void)state;
    assert_int_equal(portion_bytes(&p, 10, 0), 256 * KIB);
    assert_int_equal(portion_bytes(&p, 1, 0), 256 * KIB);
}

static void
far_ones_give_large_answers(void **state)
{
    struct portion p = after(1, 100000);
    (void)state;
    assert_in_range(portion_bytes(&p, 10, 0), 2600 * KIB, 2650 * KIB); /* 256 MiB/s in 10 ms */
    assert_in_range(portion_bytes(&p, 40, 0), 650 * KIB, 660 * KIB);
    assert_int_equal(portion_bytes(&p, 1, 0), MOST);
}

static void
rationed_ones_give_large_answers(void **state)
{
    struct portion p = after(1, 500);
    (void)state;
    assert_in_range(portion_bytes(&p, 10, 10000), 2600 * KIB, 2650 * KIB); /* 100 requests a second */
    assert_int_equal(portion_bytes(&p, 10, 40000), MOST);
}

static void
before_the_first_answer_much_is_asked(void **state)
{
    struct portion p = after(0, 0);
    (void)state;
    assert_int_equal(portion_bytes(&p, 10, 0), MOST);
}

/* What waited for us says nothing; that the way became longer shows in time. */
static void
the_least_wait_lately_counts(void **state)
{
    struct portion p = after(1, 1000);
    uint64_t near = portion_bytes(&p, 10, 0);
    (void)state;
    for (int i = 0; i < 40; i++)
        portion_waited(&p, 200000);
    assert_int_equal(portion_bytes(&p, 10, 0), near);
    for (int i = 0; i < 60; i++)
        portion_waited(&p, 200000);
    assert_true(portion_bytes(&p, 10, 0) > 10 * near);
    portion_waited(&p, 1000);
    assert_int_equal(portion_bytes(&p, 10, 0), near);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_ones_give_small_answers),
        cmocka_unit_test(far_ones_give_large_answers),
        cmocka_unit_test(rationed_ones_give_large_answers),
        cmocka_unit_test(before_the_first_answer_much_is_asked),
        cmocka_unit_test(the_least_wait_lately_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
