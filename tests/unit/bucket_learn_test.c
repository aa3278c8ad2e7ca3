/* bucket_learn_test.c - rates that are learned: how soon, and how well they are used. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bucket_play.h"

/* Learned for a minute, then used for two. Where one call may go at once and no more, the smallest
 * unevenness is refused. */
static void
assert_used_up(struct scene c)
{
    static const char *const counts[] = {"bucket", "clock", "sliding"};
    double most = 120 * c.server.rate, wanted = c.server.burst > 1 ? 0.95 : 0.9;

    ask_for(&c, 60000);
    ask_for(&c, 120000);
    if ((double)c.served < wanted * most || (double)c.refused > 0.02 * (double)c.served)
        fail_msg("%s, %.0f a second, %.0f at once, rest of %lld ms: %.3f of it used, %llu refused",
                 counts[c.server.counts], c.server.rate, c.server.burst, (long long)c.rest_ms,
                 (double)c.served / most, (unsigned long long)c.refused);
}

static const double RATES[] = {5, 50, 500};

static void
a_hidden_limit_is_used_up_and_seldom_passed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 4 * 2; i++) {
        double rate = RATES[i % 3];
        const double bursts[] = {1, 10, rate, 10 * rate};
        struct scene c = scene(rate, bursts[i / 3 % 4]);

        c.rest_ms = i / 12 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
a_limit_of_each_second_is_used_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 10 * 2; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = CLOCK;
        c.server.phase_ms = (int64_t)(i / 3 % 10) * 100;
        c.rest_ms = i / 30 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
a_limit_of_any_second_is_used_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 2; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = SLIDING;
        c.rest_ms = i / 3 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
refusals_come_sooner_than_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = (enum counting)(i / 3);
        c.refusal_ms = 1;
        c.rest_ms = 1000;
        assert_used_up(c);
    }
}

static void
a_client_that_is_late_makes_no_clumps(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct scene c = scene(RATES[1 + i % 2], i < 2 ? 10 : RATES[1 + i % 2]);

        c.server.counts = (enum counting)(i / 2);
        c.late = true;
        c.rest_ms = 1000;
        ask_for(&c, 60000);
        ask_for(&c, 120000);
        assert_true((double)c.served >= 0.9 * 120 * c.server.rate);
        assert_true(c.refused <= 4);
    }
}

/* What a refusal costs is a rest: few are needed. */
static void
learning_takes_a_few_seconds(void **state)
{
    static const double wanted[] = {[BUCKET] = 0.85, [CLOCK] = 0.75, [SLIDING] = 0.95};

    (void)state;
    for (size_t i = 0; i < 3 * 2 * 2; i++) {
        double rate = i / 3 % 2 ? 500 : 50;
        struct scene c = scene(rate, 10);

        c.server.counts = (enum counting)(i % 3);
        c.refusal_ms = i / 6 ? 1 : LATENCY_MS;
        c.rest_ms = 1000;
        ask_for(&c, 4000);
        ask_for(&c, 8000);
        assert_true((double)c.served >= wanted[i % 3] * 8 * rate);
        assert_true(c.refused <= 10);
    }
}

static void
two_rests_teach_a_rate(void **state)
{
    (void)state;
    for (double rate = 30; rate <= 80; rate += 5)
        for (double burst = 5; burst <= 15; burst += 5) {
            struct scene c = scene(rate, burst);

            c.rest_ms = 1000;
            ask_for(&c, 4000);
            ask_for(&c, 8000);
            assert_int_equal(c.refused, 0);
            assert_true((double)c.served >= 0.95 * 8 * rate);
        }
}

/* The speed of the first words, with a pause after them, is no bound of the rate. */
static void
a_greeting_before_the_first_burst_does_no_harm(void **state)
{
    struct scene c = scene(80, 5);

    (void)state;
    c.rest_ms = 1000;
    ask(&c);
    for (ask(&c); c.now_ms < 250;) {
        c.now_ms++;
        answers(&c);
    }
    ask_for(&c, 4000);
    ask_for(&c, 8000);
    if ((double)c.served < 0.9 * 8 * 80)
        fail_msg("%.3f of it used", (double)c.served / (8 * 80));
}

/* Stopped between two seconds of the server's clock the first bursts look like a high rate. Refusals that follow each
 * other tell that it is none. */
static void
a_client_that_was_stopped_comes_down_soon(void **state)
{
    (void)state;
    for (int64_t stop_ms = 50; stop_ms < 1000; stop_ms += 97)
        for (int64_t ms = 500; ms <= 1000; ms += 500) {
            struct scene c = scene(400, 1);

            c.server.counts = CLOCK;
            c.stop_ms = stop_ms;
            c.go_ms = stop_ms + ms;
            ask_for(&c, 20000);
            if (bucket_rate(&c.bucket, c.now_ms + 1000) > 1.1 * 400)
                fail_msg("%.0f of 400 after a stop at %d for %d ms", bucket_rate(&c.bucket, c.now_ms + 1000), (int)stop_ms, (int)ms);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hidden_limit_is_used_up_and_seldom_passed),
        cmocka_unit_test(a_limit_of_each_second_is_used_up),
        cmocka_unit_test(a_limit_of_any_second_is_used_up),
        cmocka_unit_test(refusals_come_sooner_than_answers),
        cmocka_unit_test(a_client_that_is_late_makes_no_clumps),
        cmocka_unit_test(a_client_that_was_stopped_comes_down_soon),
        cmocka_unit_test(learning_takes_a_few_seconds),
        cmocka_unit_test(two_rests_teach_a_rate),
        cmocka_unit_test(a_greeting_before_the_first_burst_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
