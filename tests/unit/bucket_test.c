/* bucket_test.c - rates given and rates learned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/bucket.h"

/* A server that allows rate calls per second, and burst at once. */
struct server {
    double rate, burst, tokens;
    int64_t filled_ms;
};

static bool
serves(struct server *s, int64_t now_ms)
{
    s->tokens += s->rate * (double)(now_ms - s->filled_ms) / 1000;
    s->filled_ms = now_ms;
    if (s->tokens > s->burst)
        s->tokens = s->burst;
    if (s->tokens < 1)
        return false;
    s->tokens -= 1;
    return true;
}

struct outcome {
    uint64_t served, refused;
};

/* Asks as fast as the bucket lets, for some time; answers come 10 ms later. */
static struct outcome
ask_for(struct bucket *b, struct server *s, int64_t *now_ms, int64_t ms)
{
    struct outcome o = {0};
    uint32_t sent[10] = {0}, good[10] = {0}; /* in flight, by the millisecond of their answer */

    for (int64_t end = *now_ms + ms; *now_ms < end; ++*now_ms) {
        size_t slot = (size_t)(*now_ms % 10);

        for (; good[slot]; good[slot]--, sent[slot]--)
            bucket_served(b, 1, *now_ms - 10, *now_ms);
        for (; sent[slot]; sent[slot]--)
            bucket_refused(b, *now_ms - 10, 0, *now_ms);
        for (int i = 0; i < 3 && bucket_take(b, 1, *now_ms) == 0; i++) {
            bool ok = serves(s, *now_ms);

            sent[slot]++;
            good[slot] += ok;
            o.served += ok;
            o.refused += !ok;
        }
    }
    return o;
}

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
a_refusal_halves(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int64_t now = 0; now < 2000; now += 10)
        bucket_served(&b, 1, now - 5, now);
    assert_true(bucket_refused(&b, 1990, 0, 2000));
    assert_true(bucket_rate(&b, 2000) > 48 && bucket_rate(&b, 2000) < 52);
    assert_true(bucket_rate(&b, 2600) > 96 && bucket_rate(&b, 2600) < 100);
    /* the others of its wave say nothing new */
    assert_false(bucket_refused(&b, 1995, 0, 2005));
    assert_true(bucket_rate(&b, 2600) > 96);
}

static void
a_told_rate_is_believed(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 5, 15, 10);
    assert_true(bucket_rate(&b, 1000) > 14 && bucket_rate(&b, 1000) <= 15);
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

static void
a_hidden_limit_is_used_up_and_seldom_passed(void **state)
{
    static const struct {
        double rate, burst;
    } limits[] = {{5, 5}, {40, 40}, {300, 300}, {100, 5}, {20, 1}, {50, 500}};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct server s = {.rate = limits[i].rate, .burst = limits[i].burst, .tokens = limits[i].burst};
        struct bucket b;
        struct outcome o;
        int64_t now = 0;

        bucket_init(&b, 0, 0);
        o = ask_for(&b, &s, &now, 10000);
        print_message("limit %.0f: learning: %llu served, %llu refused; ", limits[i].rate, (unsigned long long)o.served,
                      (unsigned long long)o.refused);
        o = ask_for(&b, &s, &now, 60000);
        print_message("then %.1f a second, %llu refused\n", (double)o.served / 60, (unsigned long long)o.refused);
        /* one call at once and no more: the smallest unevenness is refused */
        assert_true((double)o.served >= (limits[i].burst > 1 ? 0.95 : 0.9) * 60 * limits[i].rate);
        assert_true((double)o.refused <= 0.02 * (double)o.served);
    }
}

static void
a_limit_that_goes_is_noticed(void **state)
{
    struct server s = {.rate = 10, .burst = 10, .tokens = 10};
    struct bucket b;
    struct outcome o;
    int64_t now = 0;

    (void)state;
    bucket_init(&b, 0, 0);
    ask_for(&b, &s, &now, 20000);
    s.rate = 200;
    ask_for(&b, &s, &now, 70000);
    o = ask_for(&b, &s, &now, 10000);
    assert_true(o.served > 10 * 150);
}

static void
a_limit_that_falls_is_kept(void **state)
{
    struct server s = {.rate = 100, .burst = 20, .tokens = 20};
    struct bucket b;
    struct outcome o;
    int64_t now = 0;

    (void)state;
    bucket_init(&b, 0, 0);
    ask_for(&b, &s, &now, 20000);
    s.rate = 10;
    ask_for(&b, &s, &now, 10000);
    o = ask_for(&b, &s, &now, 20000);
    assert_true(o.served >= 170 && o.refused <= 4);
}

/* For two minutes there was little to ask; the first refusal after that does not tell a low rate. */
static void
a_rate_outlasts_a_time_of_little_work(void **state)
{
    static const int64_t pauses_ms[] = {1000, 200, 50};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct server s = {.rate = 100, .burst = 20, .tokens = 20};
        struct bucket b;
        struct outcome o;
        int64_t now = 0;

        bucket_init(&b, 0, 0);
        ask_for(&b, &s, &now, 40000);
        for (int64_t end = now + 120000; now < end; now += pauses_ms[i])
            if (bucket_take(&b, 1, now) == 0 && serves(&s, now))
                bucket_served(&b, 1, now, now);
        ask_for(&b, &s, &now, 5000);
        o = ask_for(&b, &s, &now, 20000);
        assert_true((double)o.served >= 0.85 * 20 * s.rate);
        assert_true((double)o.refused <= 0.02 * (double)o.served);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_rate_is_kept),
        cmocka_unit_test(a_batch_larger_than_the_burst_goes_and_is_paid_for),
        cmocka_unit_test(the_wait_is_right),
        cmocka_unit_test(no_limit_no_wait),
        cmocka_unit_test(a_refusal_halves),
        cmocka_unit_test(a_told_rate_is_believed),
        cmocka_unit_test(refusing_everything_is_no_rate),
        cmocka_unit_test(a_hidden_limit_is_used_up_and_seldom_passed),
        cmocka_unit_test(a_limit_that_goes_is_noticed),
        cmocka_unit_test(a_limit_that_falls_is_kept),
        cmocka_unit_test(a_rate_outlasts_a_time_of_little_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
