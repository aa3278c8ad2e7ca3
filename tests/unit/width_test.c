/* width_test.c - learned widths of eth_getLogs, against endpoints that refuse. */
#include "width_play.h"

static void
range_limits(void **state)
{
    static const uint64_t limits[] = {10, 100, 2000, 10000, 777};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        for (int tells = 0; tells < 2; tells++)
            for (int dense = 0; dense < 2; dense++)
                check(&(struct server){.max_blocks = limits[i], .tells = tells, .density = dense ? 0.4 : 0.001, .scatter = 0.5},
                      0.02, 1.25);
}

static void
result_limits(void **state)
{
    static const uint64_t limits[] = {1000, 10000};
    static const double densities[] = {0.5, 5, 120};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < 3; k++)
            for (int tells = 0; tells < 2; tells++)
                if ((double)limits[i] / densities[k] < 20000 && limits[i] * LOG_BYTES < 4 << 20)
                    check(&(struct server){.max_logs = limits[i], .tells = tells, .density = densities[k], .scatter = 0.5},
                          (double)limits[i] / densities[k] > 100 ? 0.02 : 0.03, /* of 8 blocks each counts */
                          (double)limits[i] / densities[k] > 100 ? 1.25 : 1.9);
}

static void
both_limits(void **state)
{
    (void)state;
    check(&(struct server){.max_blocks = 2000, .max_logs = 1000, .tells = true, .density = 3, .scatter = 0.5}, 0.02, 1.25);
    check(&(struct server){.max_blocks = 100, .max_logs = 1000, .tells = false, .density = 3, .scatter = 0.5}, 0.02, 1.25);
}

/* The first ranges are small, then one at a time finds the limit: no wave of ten meets it together. */
static void
learning_costs_few_refusals(void **state)
{
    static const struct server servers[] = {
        {.max_logs = 1000, .tells = true, .density = 10, .scatter = 0.1},
        {.max_logs = 10000, .tells = true, .density = 50, .scatter = 0.1},
        {.max_blocks = 100, .tells = true, .density = 3, .scatter = 0.5},
        {.max_blocks = 100, .density = 3, .scatter = 0.5},
        {.max_blocks = 2000, .tells = true, .density = 0.1, .scatter = 0.5},
        {.max_blocks = 10000, .tells = true, .density = 0.05, .scatter = 0.5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct run r = start(&servers[i]);

        r.begins_small = true;
        run_for(&r, servers[i].max_blocks ? 30 * servers[i].max_blocks : 3000);
        print_message("limit %llu of %s: %llu refused of the first %llu\n",
                      (unsigned long long)(servers[i].max_logs + servers[i].max_blocks),
                      servers[i].max_logs ? "logs" : "blocks", (unsigned long long)r.refused,
                      (unsigned long long)r.requests);
        assert_true(r.refused <= (servers[i].tells ? 2 : 4));
    }
}

/* Tasks of one block each teach nothing about widths: they go at once. */
static void
narrow_tasks_do_not_wait_for_each_other(void **state)
{
    struct width w;

    (void)state;
    width_init(&w, 10000, 4 << 20);
    assert_false(width_learning(&w));
    for (int i = 0; i < 3; i++)
        width_ok(&w, 1, 10, 7000);
    assert_false(width_learning(&w));
}

/* From the start on: the scatter is measured before refusals teach it. 1.33 times the ideal is what 2 % of
 * refusals cost if the density is known. */
static void
clumps_are_seldom_refused(void **state)
{
    struct server s = {.max_logs = 1000, .density = 0.2, .clump = 20};

    (void)state;
    for (int tells = 0; tells < 2; tells++) {
        s.tells = tells;
        struct run r = start(&s);

        run_for(&r, 200 * 5000);
        print_message("clumps: %llu refused of %llu\n", (unsigned long long)r.refused, (unsigned long long)r.requests);
        assert_true(r.refused * 50 <= r.requests);
        assert_true(r.requests <= 200 * 175 / 100);
    }
}

/* Nobody could foresee such blocks; the loss must have bounds. */
static void
an_uneven_chain_is_passed(void **state)
{
    struct run r = start(&(struct server){.max_logs = 1000, .tells = true, .uneven = true});

    (void)state;
    run_for(&r, 60000);
    print_message("uneven: %llu requests, %llu refused\n", (unsigned long long)r.requests, (unsigned long long)r.refused);
    assert_int_equal(r.covered, 60000);
    assert_true(r.requests < 2000);
}

static void
a_lower_limit_is_learned_and_a_higher_one_found(void **state)
{
    struct server s = {.max_blocks = 2000, .density = 0.001, .max_after = 500, .max_then = 500};

    (void)state;
    for (int tells = 0; tells < 2; tells++) {
        s.tells = tells;
        struct run r = start(&s);

        run_for(&r, 2000 * 400);
        r.s.max_after = 0;
        r.s.max_blocks = 500;
        run_for(&r, 500 * 400);
        assert_true(r.w.range.now <= 500 && r.w.range.now > 400);
        r.s.max_blocks = 5000;
        run_for(&r, 5000 * 2000);
        assert_true(r.w.range.now <= 5000 && r.w.range.now > 4000);
    }
}

static void
bodies_have_the_wanted_size(void **state)
{
    struct run r = start(&(struct server){.density = 100});

    (void)state;
    run_for(&r, 100000);
    assert_true(width_next(&r.w, 0) > 50 && width_next(&r.w, 0) < 70); /* 4 MiB of 70 kB blocks */
    assert_int_equal(r.refused, 0);
}

static void
suggestions_are_widths_here(void **state)
{
    struct width w;
    struct judgement j = {.verdict = VERDICT_DENSITY, .max_logs = 10000, .max_blocks = 40};

    (void)state;
    width_init(&w, 10000, 64 << 20);
    width_refused(&w, 1000, &j);
    assert_true(width_next(&w, 1) >= 30 && width_next(&w, 1) <= 40);
    j.max_logs = 0;
    width_init(&w, 10000, 64 << 20);
    width_refused(&w, 1000, &j);
    assert_int_equal(width_next(&w, 1), 40);

    /* wider than the endpoint takes: the lesser counts */
    const struct judgement range = {.verdict = VERDICT_RANGE, .max_blocks = 20};

    width_refused(&w, 40, &range);
    assert_int_equal(width_next(&w, 1), 20);
    j.max_blocks = 30;
    width_refused(&w, 100, &j);
    assert_int_equal(width_next(&w, 1), 20);
}

static void
timeouts_narrow_once_a_wave(void **state)
{
    struct width w;

    (void)state;
    width_init(&w, 10000, 4 << 20);
    width_ok(&w, 10000, 0, 40);
    for (int i = 0; i < 10; i++)
        width_timeout(&w, 1000, 31000 + i);
    assert_int_equal(width_next(&w, 1), 5000);
    width_timeout(&w, 40000, 70000);
    assert_int_equal(width_next(&w, 1), 2500);
    for (int i = 0; i < 300; i++)
        width_ok(&w, width_next(&w, (uint64_t)i), 0, 40);
    assert_true(width_next(&w, 1) > 4000); /* grows again */
}

static void
one_block_is_the_least(void **state)
{
    struct width w;
    struct judgement j = {.verdict = VERDICT_DENSITY};

    (void)state;
    width_init(&w, 1, 1);
    for (int i = 0; i < 20; i++) {
        width_ok(&w, 1, 1000000, 700000000);
        width_refused(&w, 1, &j);
        j.verdict = i & 1 ? VERDICT_RANGE : VERDICT_DENSITY;
        assert_true(width_next(&w, (uint64_t)i) >= 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_limits),
        cmocka_unit_test(result_limits),
        cmocka_unit_test(both_limits),
        cmocka_unit_test(learning_costs_few_refusals),
        cmocka_unit_test(narrow_tasks_do_not_wait_for_each_other),
        cmocka_unit_test(clumps_are_seldom_refused),
        cmocka_unit_test(an_uneven_chain_is_passed),
        cmocka_unit_test(a_lower_limit_is_learned_and_a_higher_one_found),
        cmocka_unit_test(bodies_have_the_wanted_size),
        cmocka_unit_test(suggestions_are_widths_here),
        cmocka_unit_test(timeouts_narrow_once_a_wave),
        cmocka_unit_test(one_block_is_the_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
