/* bucket_change_test.c - rates that were learned, and change, or are not asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bucket_play.h"

/* Asks but once in a while. */
static void
ask_seldom(struct scene *c, int64_t pause_ms, int64_t ms)
{
    for (int64_t end = c->now_ms + ms; c->now_ms < end; c->now_ms++) {
        answers(c);
        if (c->now_ms % pause_ms == 0 && bucket_take(&c->bucket, 1, c->now_ms) == 0)
            ask(c);
    }
}

static void
a_limit_that_goes_is_noticed(void **state)
{
    struct scene c = scene(10, 10);

    (void)state;
    ask_for(&c, 20000);
    c.server.rate = 200;
    ask_for(&c, 70000);
    ask_for(&c, 10000);
    assert_true(c.served > 10 * 150);
}

static void
a_limit_that_falls_is_kept(void **state)
{
    struct scene c = scene(100, 20);

    (void)state;
    ask_for(&c, 20000);
    c.server.rate = 10;
    ask_for(&c, 10000);
    ask_for(&c, 20000);
    assert_true(c.served >= 170 && c.refused <= 4);
}

/* For a minute, from the first moments on or later, it serves nothing, or next to nothing. */
static void
a_closed_minute_is_made_up_for(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scene c = scene(100, 20);

        c.rest_ms = 1000;
        ask_for(&c, i / 2 ? 90000 : 100);
        c.server.rate = i % 2;
        c.server.tokens = 0;
        ask_for(&c, 60000);
        c.server.rate = 100;
        ask_for(&c, i % 2 ? 150000 : 60000);
        ask_for(&c, 20000);
        if ((double)c.served < 0.8 * 20 * 100)
            fail_msg("case %d: %.0f a second", i, (double)c.served / 20);
    }
}

/* For two minutes there is little to ask: no higher rate is proven by that, and no lower one. */
static void
a_rate_outlasts_a_time_of_little_work(void **state)
{
    static const int64_t pauses_ms[] = {1000, 200, 50, 20};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct scene c = scene(100, 20);

        ask_for(&c, 40000);
        ask_seldom(&c, pauses_ms[i], 120000);
        ask_for(&c, 20000);
        assert_true((double)c.served >= 0.95 * 20 * 100);
        assert_true(c.refused <= 4);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_that_goes_is_noticed),
        cmocka_unit_test(a_limit_that_falls_is_kept),
        cmocka_unit_test(a_closed_minute_is_made_up_for),
        cmocka_unit_test(a_rate_outlasts_a_time_of_little_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
