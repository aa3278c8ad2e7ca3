/* ceiling_test.c - the search for a bound that nobody tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/ceiling.h"

/* Asks n times an endpoint that serves up to limit; returns the refusals. */
static unsigned
ask(struct ceiling *c, unsigned n, uint64_t limit, bool tells)
{
    unsigned refused = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t width = ceiling_next(c, i);

        if (width <= limit) {
            ceiling_passed(c, width);
        } else {
            ceiling_refused(c, width, tells ? limit : 0);
            refused++;
        }
    }
    return refused;
}

static void
grows_while_nothing_is_refused(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 10, 10, 100000);
    assert_int_equal(ask(&c, 20, UINT64_MAX, false), 0);
    assert_int_equal(c.now, 100000);
    ceiling_init(&c, 1000, 1000, UINT64_MAX);
    ask(&c, 100, UINT64_MAX, false);
    assert_int_equal(c.now, UINT64_MAX);
}

static void
usual_limits_are_hit_exactly(void **state)
{
    static const uint64_t limits[] = {5, 10, 50, 100, 500, 1000, 1024, 2000, 3000, 5000, 10000, 50000};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct ceiling c;

        ceiling_init(&c, 1000, 1000, UINT64_MAX);
        ask(&c, 150, limits[i], false);
        assert_int_equal(c.now, limits[i]);
    }
}

static void
odd_limits_are_hit_nearly(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 1000, 1000, UINT64_MAX);
    ask(&c, 400, 7777, false);
    assert_true(c.now <= 7777 && c.now > 7000);
}

static void
a_told_limit_is_taken_at_once(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 10000, 10000, UINT64_MAX);
    ceiling_refused(&c, 10000, 1234);
    assert_int_equal(ceiling_next(&c, 1), 1234);
    ceiling_refused(&c, 10000, 1234); /* sent beside it */
    assert_int_equal(ceiling_next(&c, 2), 1234);
}

static void
refusals_become_rare(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 10000, 10000, UINT64_MAX);
    ask(&c, 10, 1000, true);
    assert_true(ask(&c, 1000, 1000, true) <= 6);
    assert_true(ask(&c, 100000, 1000, true) <= 12);
}

static void
a_wave_of_refusals_halves_once(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 8000, 8000, UINT64_MAX);
    for (int i = 0; i < 10; i++)
        ceiling_refused(&c, 8000, 0);
    assert_int_equal(c.now, 4000);
}

static void
one_probe_at_a_time(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 1000, 1000, UINT64_MAX);
    ceiling_passed(&c, 1000);
    assert_int_equal(ceiling_next(&c, 7), 8000);
    assert_int_equal(ceiling_next(&c, 8), 1000);
    assert_int_equal(ceiling_next(&c, 7), 8000); /* asked again for the same request */
    for (int i = 0; i < 65; i++)
        ceiling_passed(&c, 1000); /* it was never sent */
    assert_int_equal(ceiling_next(&c, 9), 8000);
}

static void
short_rests_prove_nothing(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 1000, 1000, UINT64_MAX);
    for (int i = 0; i < 1000; i++)
        ceiling_passed(&c, 10);
    assert_int_equal(ceiling_next(&c, 1), 1000);
}

static void
never_below_one(void **state)
{
    struct ceiling c;

    (void)state;
    ceiling_init(&c, 0, 0, 0);
    for (int i = 0; i < 10; i++)
        ceiling_refused(&c, 1, 0);
    assert_int_equal(ceiling_next(&c, 1), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_while_nothing_is_refused),
        cmocka_unit_test(usual_limits_are_hit_exactly),
        cmocka_unit_test(odd_limits_are_hit_nearly),
        cmocka_unit_test(a_told_limit_is_taken_at_once),
        cmocka_unit_test(refusals_become_rare),
        cmocka_unit_test(a_wave_of_refusals_halves_once),
        cmocka_unit_test(one_probe_at_a_time),
        cmocka_unit_test(short_rests_prove_nothing),
        cmocka_unit_test(never_below_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
