/* breaker_test.c - the walk through the states of a circuit breaker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/breaker.h"

enum { COOLDOWN = 10000 /* ms */ };

static struct breaker
opened(int64_t now)
{
    struct breaker b;

    breaker_init(&b, 5, COOLDOWN);
    for (int i = 0; i < 5; i++)
        breaker_fail(&b, now);
    return b;
}

static void
opens_after_failures_in_a_row(void **state)
{
    struct breaker b;

    (void)state;
    breaker_init(&b, 5, COOLDOWN);
    for (int i = 0; i < 4; i++)
        assert_false(breaker_fail(&b, 1));
    assert_false(breaker_succeed(&b, 1)); /* breaks the row */
    for (int i = 0; i < 4; i++)
        assert_false(breaker_fail(&b, 2));
    assert_true(breaker_allow(&b, 2));
    assert_true(breaker_fail(&b, 2));
    assert_int_equal(breaker_state(&b, 2), BREAKER_OPEN);
    assert_false(breaker_allow(&b, 2));
    assert_int_equal(breaker_wait_ms(&b, 3), COOLDOWN - 1);
}

static void
late_answers_do_not_count_while_open(void **state)
{
    struct breaker b = opened(0);

    (void)state;
    assert_false(breaker_succeed(&b, 100));
    assert_false(breaker_fail(&b, 200));
    assert_int_equal(breaker_state(&b, 200), BREAKER_OPEN);
    assert_int_equal(breaker_wait_ms(&b, 200), COOLDOWN - 200);
}

static void
one_probe_closes(void **state)
{
    struct breaker b = opened(0);

    (void)state;
    assert_int_equal(breaker_state(&b, COOLDOWN - 1), BREAKER_OPEN);
    assert_int_equal(breaker_state(&b, COOLDOWN), BREAKER_HALF_OPEN);
    assert_true(breaker_allow(&b, COOLDOWN));
    assert_false(breaker_allow(&b, COOLDOWN));
    assert_true(breaker_succeed(&b, COOLDOWN + 5));
    assert_int_equal(breaker_state(&b, COOLDOWN + 5), BREAKER_CLOSED);
    assert_true(breaker_allow(&b, COOLDOWN + 5));
    assert_int_equal(b.failures, 0);
}

static void
failed_probe_opens_again(void **state)
{
    struct breaker b = opened(0);

    (void)state;
    assert_true(breaker_allow(&b, COOLDOWN));
    assert_true(breaker_fail(&b, COOLDOWN + 7));
    assert_int_equal(breaker_state(&b, COOLDOWN + 8), BREAKER_OPEN);
    assert_int_equal(breaker_wait_ms(&b, COOLDOWN + 7), COOLDOWN);
    assert_true(breaker_allow(&b, 2 * COOLDOWN + 7));
}

/* Half-open, the probe not yet sent: an answer of an old request decides nothing. */
static void
only_the_probe_decides(void **state)
{
    struct breaker b = opened(0);

    (void)state;
    assert_false(breaker_succeed(&b, COOLDOWN + 1));
    assert_int_equal(breaker_state(&b, COOLDOWN + 1), BREAKER_HALF_OPEN);
    assert_false(breaker_fail(&b, COOLDOWN + 1));
    assert_true(breaker_allow(&b, COOLDOWN + 1));
}

static void
threshold_of_zero_means_one(void **state)
{
    struct breaker b;

    (void)state;
    breaker_init(&b, 0, COOLDOWN);
    assert_true(breaker_fail(&b, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(late_answers_do_not_count_while_open),
        cmocka_unit_test(one_probe_closes),
        cmocka_unit_test(failed_probe_opens_again),
        cmocka_unit_test(only_the_probe_decides),
        cmocka_unit_test(threshold_of_zero_means_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
