/* traffic_test.c - timeouts and memory of requests in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/traffic.h"

enum { TIMEOUT = 30000, BOUND = 1000 };

static const struct traffic empty = {.timeout_ms = TIMEOUT, .max_bytes = BOUND};
static int switches;

static void
count_switch(struct trip *trip, bool on)
{
    (void)trip, (void)on;
    switches++;
}

static void
silence_is_late_after_the_whole_time(void **state)
{
    struct traffic t = empty;
    struct trip a, b;

    (void)state;
    traffic_add(&t, &a, 0);
    traffic_add(&t, &b, 10);
    assert_null(traffic_late(&t, TIMEOUT - 1));
    assert_ptr_equal(traffic_late(&t, TIMEOUT), &a);
    traffic_remove(&t, &a);
    assert_null(traffic_late(&t, TIMEOUT));
    assert_ptr_equal(traffic_late(&t, TIMEOUT + 10), &b);
    traffic_remove(&t, &b);
    assert_null(traffic_late(&t, 10 * TIMEOUT));
    assert_int_equal(t.n, 0);
}

static void
a_stalled_body_is_late_after_half(void **state)
{
    struct traffic t = empty;
    struct trip a;

    (void)state;
    traffic_add(&t, &a, 0);
    traffic_heard(&t, &a, 5, 1000);
    traffic_heard(&t, &a, 5, 9000);
    assert_null(traffic_late(&t, 9000 + TIMEOUT / 2 - 1));
    assert_ptr_equal(traffic_late(&t, 9000 + TIMEOUT / 2), &a);
    /* but never later than the whole */
    traffic_heard(&t, &a, 5, TIMEOUT - 1);
    assert_ptr_equal(traffic_late(&t, TIMEOUT), &a);
}

static void
all_but_the_oldest_pause(void **state)
{
    struct traffic t = empty;
    struct trip a, b, c, d;

    (void)state;
    switches = 0;
    traffic_add(&t, &a, 0); /* waits for its first byte */
    traffic_add(&t, &b, 0);
    traffic_add(&t, &c, 0);
    traffic_add(&t, &d, 0);
    traffic_heard(&t, &b, 500, 1);
    traffic_heard(&t, &c, 500, 1);
    traffic_balance(&t, 1, count_switch);
    assert_int_equal(switches, 0);
    traffic_heard(&t, &d, 1, 1);
    traffic_balance(&t, 2, count_switch);
    assert_int_equal(switches, 2);
    assert_true(a.paused_ms < 0 && b.paused_ms < 0 && c.paused_ms == 2 && d.paused_ms == 2);
    /* the oldest ends, the next takes its place */
    traffic_heard(&t, &b, 5000, 3);
    traffic_remove(&t, &b);
    traffic_heard(&t, &a, 900, 3);
    traffic_balance(&t, 4, count_switch);
    assert_true(a.paused_ms < 0 && c.paused_ms == 2);
    traffic_remove(&t, &a);
    traffic_balance(&t, 5, count_switch); /* well under the bound: all go on */
    assert_true(c.paused_ms < 0 && d.paused_ms < 0);
    assert_int_equal(switches, 4);
    assert_int_equal(t.bytes, 501);
}

static void
pauses_do_not_count(void **state)
{
    struct traffic t = empty;
    struct trip a, b;

    (void)state;
    traffic_add(&t, &a, 0);
    traffic_add(&t, &b, 0);
    traffic_heard(&t, &a, 2000, 100);
    traffic_heard(&t, &b, 10, 100);
    traffic_balance(&t, 100, count_switch);
    traffic_remove(&t, &a);
    assert_null(traffic_late(&t, 50000)); /* paused by us: not late */
    traffic_balance(&t, 50100, count_switch);
    assert_null(traffic_late(&t, 50100 + TIMEOUT / 2 - 1));
    assert_ptr_equal(traffic_late(&t, 50100 + TIMEOUT / 2), &b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_late_after_the_whole_time),
        cmocka_unit_test(a_stalled_body_is_late_after_half),
        cmocka_unit_test(all_but_the_oldest_pause),
        cmocka_unit_test(pauses_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
