/* bucket_test.c - rates given and told, what a refusal does to them, and what counts as one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/bucket.h"

static void
a_given_rate_is_kept(void **state)
{
    struct bucket b;
    uint64_t n = 0;

    (void)state;
    bucket_init(&b, 25, 0);
    for (int64_t now = 0; now < 10000; now++)
        while (bucket_take(&b, 1, now) == 0)
            n++;
    assert_in_range(n, 248, 253);
}

static void
a_batch_larger_than_the_burst_goes_and_is_paid_for(void **state)
{
    struct bucket b;
    uint64_t n = 0;

    (void)state;
    bucket_init(&b, 10, 0);
    for (int64_t now = 0; now < 20000; now++)
        while (bucket_take(&b, 25, now) == 0)
            n += 25;
    assert_in_range(n, 175, 225);
}

static void
the_wait_is_right(void **state)
{
    struct bucket b;
    int64_t wait;

    (void)state;
    bucket_init(&b, 2, 0);
    assert_int_equal(bucket_take(&b, 1, 0), 0);
    wait = bucket_take(&b, 1, 0);
    assert_in_range(wait, 500, 502);
    assert_int_equal(bucket_take(&b, 1, wait), 0);
}

static void
no_limit_no_wait(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bucket_take(&b, 25, 0), 0);
}

static void
a_refusal_halves_for_a_while(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 990, 100, 1000);
    for (int64_t now = 1100; now < 20000; now += 10)
        bucket_served(&b, 1, now - 5, now);
    assert_true(bucket_refused(&b, 19990, 0, 20000));
    assert_true(bucket_rate(&b, 20000) > 47 && bucket_rate(&b, 20000) < 50);
    assert_true(bucket_rate(&b, 20600) > 94 && bucket_rate(&b, 20600) < 98);
    /* the others of its wave say nothing new */
    assert_false(bucket_refused(&b, 19995, 0, 20005));
    assert_true(bucket_rate(&b, 20600) > 94);
}

/* However little was asked before. */
static void
a_refusal_lowers_by_a_twentieth_at_most(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 990, 100, 1000);
    for (int64_t now = 1100; now < 20000; now += 50)
        bucket_served(&b, 1, now - 5, now);
    bucket_refused(&b, 19990, 0, 20000);
    assert_true(bucket_rate(&b, 20600) > 92);
}

/* Long ago a little was served, and now nothing is: that is no rate. */
static void
a_rest_is_not_taken_for_a_slow_endpoint(void **state)
{
    enum { HOUR = 3600000 };
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_served(&b, 2, 990, 1000);
    assert_true(bucket_refused(&b, HOUR, 0, HOUR + 50));
    bucket_rest(&b, HOUR + 1000);
    for (int i = 0; i < 5; i++)
        assert_in_range(bucket_take(&b, 1, HOUR + 1000), 0, 1000);
    for (int64_t now = HOUR + 2000; now < HOUR + 3000; now += 10)
        bucket_served(&b, 1, now - 5, now);
    assert_true(bucket_refused(&b, HOUR + 3000, 0, HOUR + 3050)); /* from here on it is learned as ever */
    assert_true(bucket_rate(&b, HOUR + 4000) > 45);
}

/* Two calls in a request: 25 requests are taken for 25, until their calls are known to be counted. */
static void
requests_count_until_calls_do(void **state)
{
    struct bucket b;
    int n = 0;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int64_t now = 0; now < 500; now += 20)
        bucket_served(&b, 2, now, now + 5);
    bucket_refused(&b, 500, 0, 505);
    assert_true(bucket_rate(&b, 505) > 15 && bucket_rate(&b, 505) < 18); /* 25 in a second and a half */
    for (int64_t now = 505; now < 1505; now++)
        n += bucket_take(&b, 2, now) == 0;
    assert_in_range(n, 16, 18);
    bucket_counts_calls(&b, 1505);
    assert_true(bucket_rate(&b, 1505) == 0);
    for (int64_t now = 2000; now < 2500; now += 20)
        bucket_served(&b, 2, now, now + 5);
    bucket_refused(&b, 2500, 0, 2505);
    assert_true(bucket_rate(&b, 2505) > 30 && bucket_rate(&b, 2505) < 36);
    bucket_counts_calls(&b, 2505); /* that is known: nothing is forgotten */
    assert_true(bucket_rate(&b, 2505) > 30);

    n = 0;
    bucket_init(&b, 20, 0); /* given in calls */
    for (int64_t now = 0; now < 10000; now++)
        n += bucket_take(&b, 2, now) == 0;
    assert_in_range(n, 98, 105);

    n = 0;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 5, 20, 10); /* and told */
    for (int64_t now = 1000; now < 11000; now++)
        n += bucket_take(&b, 2, now) == 0;
    assert_in_range(n, 96, 105);
}

static void
a_told_rate_is_believed(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 5, 15, 10);
    assert_true(bucket_rate(&b, 1000) > 14 && bucket_rate(&b, 1000) <= 15);
    /* nor is it climbed over */
    for (int64_t now = 1000; now < 600000; now++)
        if (bucket_take(&b, 1, now) == 0)
            bucket_served(&b, 1, now, now);
    assert_true(bucket_rate(&b, 600000) <= 15);
    /* but it may be too high, told again or not */
    bucket_refused(&b, 600000, 15, 600010);
    assert_true(bucket_rate(&b, 602000) < 14.6);
}

static void
refusing_everything_is_no_rate(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int64_t now = 100; now < 1000; now += 100)
        bucket_refused(&b, now - 10, 0, now);
    assert_true(bucket_rate(&b, 1000) == 0); /* still unlimited: the pause is not the bucket's */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_rate_is_kept),
        cmocka_unit_test(a_batch_larger_than_the_burst_goes_and_is_paid_for),
        cmocka_unit_test(the_wait_is_right),
        cmocka_unit_test(no_limit_no_wait),
        cmocka_unit_test(a_refusal_halves_for_a_while),
        cmocka_unit_test(a_refusal_lowers_by_a_twentieth_at_most),
        cmocka_unit_test(a_rest_is_not_taken_for_a_slow_endpoint),
        cmocka_unit_test(requests_count_until_calls_do),
        cmocka_unit_test(a_told_rate_is_believed),
        cmocka_unit_test(refusing_everything_is_no_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
