/* aimd_test.c - concurrency follows latency and timeouts, and leaves healthy endpoints alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/aimd.h"

static void
answers(struct aimd *a, int n, int64_t latency_us)
{
    for (int i = 0; i < n; i++)
        aimd_answer(a, latency_us, aimd_limit(a), 0);
}

static void
starts_at_the_most_and_stays_there(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 10);
    assert_int_equal(aimd_limit(&a), 10);
    answers(&a, 1000, 50000);
    assert_int_equal(aimd_limit(&a), 10);
    /* scatter is no trend */
    for (int i = 0; i < 1000; i++)
        aimd_answer(&a, 30000 + (i * 7919) % 60000, 10, 0);
    assert_int_equal(aimd_limit(&a), 10);
}

static void
inflation_cuts_and_recovery_raises(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 20);
    answers(&a, 100, 30000);
    answers(&a, 100, 200000);
    assert_true(aimd_limit(&a) < 20 && aimd_limit(&a) > 10);
    answers(&a, 1000, 30000);
    assert_int_equal(aimd_limit(&a), 20);
}

static void
a_slower_endpoint_is_not_starved(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 10);
    answers(&a, 100, 30000);
    answers(&a, 2000, 150000);
    assert_int_equal(aimd_limit(&a), 10);
}

static void
idle_slots_prove_nothing(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 10);
    answers(&a, 100, 30000);
    for (int i = 0; i < 40; i++)
        aimd_answer(&a, 300000, 2, 0);
    assert_int_equal(aimd_limit(&a), 10);
}

static void
timeouts_cut_once_a_round_trip(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 10);
    for (int i = 0; i < 10; i++)
        aimd_timeout(&a, 0, 30000 + i);
    assert_int_equal(aimd_limit(&a), 7);
    for (int i = 1; i < 20; i++)
        aimd_timeout(&a, 30001 * i, 30001 * i + 30000);
    assert_int_equal(aimd_limit(&a), 1);
    answers(&a, 200, 30000);
    assert_int_equal(aimd_limit(&a), 10);
}

static void
rebasing_forgets(void **state)
{
    struct aimd a;

    (void)state;
    aimd_init(&a, 10);
    answers(&a, 100, 30000);
    aimd_rebase(&a);
    answers(&a, 100, 300000);
    assert_int_equal(aimd_limit(&a), 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_at_the_most_and_stays_there),
        cmocka_unit_test(inflation_cuts_and_recovery_raises),
        cmocka_unit_test(a_slower_endpoint_is_not_starved),
        cmocka_unit_test(idle_slots_prove_nothing),
        cmocka_unit_test(timeouts_cut_once_a_round_trip),
        cmocka_unit_test(rebasing_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
