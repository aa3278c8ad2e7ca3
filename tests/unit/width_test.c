/* width_test.c - learned widths of eth_getLogs, against endpoints that refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fetcher/width.h"

enum { CONCURRENCY = 10, PENDING = 4096, LOG_BYTES = 700, SMALL = 16 };

/* An endpoint, and the chain behind it. */
struct server {
    uint64_t max_blocks, max_logs; /* 0: none */
    bool tells;
    double density;                /* logs per block */
    double scatter;                /* of the density, as a part of it */
    bool uneven;                   /* see uneven_logs */
    uint64_t clump;                /* logs in a block that has any; 0: all have some */
    uint64_t max_after;            /* after this many requests, max_blocks becomes ... */
    uint64_t max_then;
};

struct piece {
    uint64_t from, to;
};

struct run {
    struct server s;
    struct width w;
    struct piece flying[CONCURRENCY], pending[PENDING];
    size_t n_flying, n_pending;
    uint64_t next, end;
    uint64_t requests, refused, late_requests, late_refused;
    uint64_t covered;
    uint32_t random;
    bool begins_small;             /* as work_requests.c does */
};

static double
chance(struct run *r)
{
    r->random = r->random * 1664525 + 1013904223;
    return (double)(r->random >> 8) / (1 << 24);
}

static uint64_t
logs_in(struct run *r, uint64_t blocks)
{
    uint64_t clumps = 0;

    for (uint64_t b = 0; r->s.clump && b < blocks; b++)
        clumps += chance(r) < r->s.density / (double)r->s.clump;
    if (r->s.clump)
        return clumps * r->s.clump;
    /* the more blocks, the less scatter of their mean */
    double spread = r->s.scatter * (chance(r) + chance(r) + chance(r) - 1.5) * 2, n = (double)blocks;

    for (uint64_t k = blocks; k > 4; k /= 4)
        spread /= 2;
    return spread > -1 ? (uint64_t)(n * r->s.density * (1 + spread)) : 0;
}

/* Few logs in most blocks, and in one of 500 by itself as many as fit. */
static uint64_t
uneven_logs(const struct run *r, struct piece p, uint64_t *fits)
{
    uint64_t n = 0;

    *fits = 0;
    for (uint64_t b = p.from; b <= p.to; b++) {
        uint64_t x = (b + 1) * 0x9e3779b97f4a7c15U;

        x ^= x >> 29;
        n += x % 500 == 0 ? r->s.max_logs : x % 4 == 0 ? (x >> 32) % 21 : 0;
        if (n <= r->s.max_logs)
            ++*fits;
    }
    return n;
}

static bool
send_one(struct run *r)
{
    struct piece p;
    uint64_t width;

    if (r->n_pending)
        p = r->pending[--r->n_pending];
    else if (r->next < r->end)
        p = (struct piece){r->next, r->end - 1};
    else
        return false;
    width = width_next(&r->w, p.from);
    assert_true(width >= 1);
    if (r->begins_small && r->w.served < 2 && width > SMALL)
        width = SMALL;
    if (p.to - p.from + 1 > width) {
        if (p.to == r->end - 1) {
            r->next = p.from + width;
        } else {
            assert_true(r->n_pending < PENDING);
            r->pending[r->n_pending++] = (struct piece){p.from + width, p.to};
        }
        p.to = p.from + width - 1;
    } else if (p.to == r->end - 1) {
        r->next = r->end;
    }
    r->flying[r->n_flying++] = p;
    return true;
}

static void
refuse(struct run *r, struct piece p, enum verdict v, uint64_t told, uint64_t fits)
{
    uint64_t blocks = p.to - p.from + 1, first = fits ? fits : (blocks + 1) / 2;
    struct judgement j = {.verdict = v, .wait_ms = -1};

    assert_true(blocks > 1);
    if (v == VERDICT_RANGE)
        j.max_blocks = told;
    else
        j.max_logs = told;
    if (fits)
        j.max_blocks = fits;
    r->refused++;
    width_refused(&r->w, blocks, &j);
    r->pending[r->n_pending++] = (struct piece){p.from + first, p.to};
    r->pending[r->n_pending++] = (struct piece){p.from, p.from + first - 1};
}

static void
answer_one(struct run *r)
{
    struct piece p = r->flying[0];
    uint64_t blocks = p.to - p.from + 1, logs = logs_in(r, blocks);

    uint64_t fits = 0;

    if (r->s.uneven)
        logs = uneven_logs(r, p, &fits);
    memmove(r->flying, r->flying + 1, --r->n_flying * sizeof p);
    if (++r->requests == r->s.max_after)
        r->s.max_blocks = r->s.max_then;
    if (r->s.max_blocks && blocks > r->s.max_blocks) {
        refuse(r, p, VERDICT_RANGE, r->s.tells ? r->s.max_blocks : 0, 0);
    } else if (r->s.max_logs && logs > r->s.max_logs) {
        refuse(r, p, VERDICT_DENSITY, r->s.tells ? r->s.max_logs : 0, fits);
    } else {
        r->covered += blocks;
        width_ok(&r->w, blocks, logs, logs * LOG_BYTES + 40);
    }
}

static bool
alone(const struct run *r)
{
    return width_learning(&r->w) || (r->begins_small && r->w.served == 0);
}

static void
run_for(struct run *r, uint64_t blocks)
{
    r->end = r->next + blocks;
    do {
        while (r->n_flying < (alone(r) ? 1 : CONCURRENCY) && send_one(r))
            ;
        if (r->n_flying)
            answer_one(r);
    } while (r->n_flying || r->n_pending || r->next < r->end);
}

static struct run
start(const struct server *s)
{
    struct run r = {.s = *s, .next = 1000, .random = 12345};

    width_init(&r.w, 10000, 4 << 20);
    return r;
}

/* Learns on some blocks, then is measured on many. */
static void
check(const struct server *s, double refused_most, double requests_most)
{
    struct run r = start(s);
    uint64_t per_request = s->max_blocks ? s->max_blocks : UINT64_MAX;
    uint64_t before, before_refused, blocks;
    double ideal, share, times;

    if (s->max_logs && (double)s->max_logs / s->density < (double)per_request)
        per_request = (uint64_t)((double)s->max_logs / s->density);
    blocks = per_request * 1000;
    run_for(&r, blocks / 5);
    before = r.requests;
    before_refused = r.refused;
    run_for(&r, blocks);
    assert_int_equal(r.covered, blocks + blocks / 5);
    ideal = 1000;
    share = (double)(r.refused - before_refused) / (double)(r.requests - before);
    times = (double)(r.requests - before) / ideal;
    print_message("blocks %llu, logs %llu (%s), %.2f logs a block: %.2f %% refused, %.2f x ideal; learning: %llu refused of %llu\n",
                  (unsigned long long)s->max_blocks, (unsigned long long)s->max_logs, s->tells ? "told" : "not told",
                  s->density, share * 100, times, (unsigned long long)before_refused, (unsigned long long)before);
    assert_true(share <= refused_most);
    assert_true(times <= requests_most);
}

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
