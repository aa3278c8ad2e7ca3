/* Gaps against a bitmap, covers sorted, SQL quoted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "writer/coverage.h"

static void
write_gap(uint64_t from, uint64_t to, void *context)
{
    buf_addf(context, "%llu-%llu ", (unsigned long long)from, (unsigned long long)to);
}

static void
expect(struct gaps *g, const char *wanted)
{
    struct buf *b = g->context;

    gaps_end(g);
    buf_addc(b, '\0');
    assert_string_equal(b->p, wanted);
    buf_free(b);
}

static void
gaps_of_one_job(void **state)
{
    struct gaps g;
    struct buf out = {0};

    (void)state;
    gaps_begin(&g, 100, 199, 1, write_gap, &out);
    expect(&g, "100-199 ");
    gaps_begin(&g, 100, 199, 1, write_gap, &out);
    gaps_covered(&g, 0, 50, 119);
    gaps_covered(&g, 0, 130, 139);
    gaps_covered(&g, 0, 131, 133); /* inside the last */
    gaps_covered(&g, 0, 140, 150);
    gaps_covered(&g, 0, 180, 500);
    expect(&g, "120-129 151-179 ");
    gaps_begin(&g, 100, 199, 1, write_gap, &out);
    gaps_covered(&g, 0, 0, 99);
    gaps_covered(&g, 0, 200, 300);
    expect(&g, "100-199 ");
    gaps_begin(&g, 0, 0, 1, write_gap, &out);
    gaps_covered(&g, 0, 0, 0);
    expect(&g, "");
    gaps_begin(&g, 5, INT64_MAX - 1, 1, write_gap, &out);
    gaps_covered(&g, 0, 0, 9);
    expect(&g, "10-9223372036854775806 ");
}

static void
gaps_of_several_jobs(void **state)
{
    struct gaps g;
    struct buf out = {0};

    (void)state;
    gaps_begin(&g, 0, 99, 2, write_gap, &out);
    gaps_covered(&g, 0, 0, 49);
    gaps_covered(&g, 1, 10, 59);
    gaps_covered(&g, 0, 50, 99);
    expect(&g, "0-9 60-99 "); /* what either lacks, joined */
    gaps_begin(&g, 0, 99, 2, write_gap, &out);
    gaps_covered(&g, 0, 0, 99);
    expect(&g, "0-99 "); /* the other has nothing */
}

/* Random ranges of up to three jobs, held against a bitmap. */
static void
gaps_against_a_bitmap(void **state)
{
    enum { BLOCKS = 64, ROUNDS = 20000 };
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char covered[3][BLOCKS + 32] = {{0}};
        size_t jobs = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 3;
        struct buf out = {0}, wanted = {0};
        struct gaps g;

        gaps_begin(&g, 8, BLOCKS - 8, jobs, write_gap, &out);
        for (uint64_t from = 0; from < BLOCKS; from++)
            for (size_t job = 0; job < jobs; job++) {
                unsigned draw = (seed = seed * 1103515245 + 12345) / 65536;
                uint64_t to = from + draw / 8 % 12;
                if (draw % 8)
                    continue;
                gaps_covered(&g, job, from, to);
                memset(covered[job] + from, 1, to - from + 1);
            }
        for (uint64_t i = 8, first = 0; i <= BLOCKS - 7; i++) {
            bool gap = false;
            for (size_t job = 0; job < jobs; job++)
                gap |= i <= BLOCKS - 8 && !covered[job][i];
            if (gap && !first)
                first = i;
            if (!gap && first) {
                write_gap(first, i - 1, &wanted);
                first = 0;
            }
        }
        buf_addc(&wanted, '\0');
        expect(&g, wanted.p);
        buf_free(&wanted);
    }
}

static void
covers_are_sorted_and_unique(void **state)
{
    struct cover list[] = {
        {.job = 2, .from = 5, .to = 9},  {.job = 1, .from = 7, .to = 8, .failed = true},
        {.job = 1, .from = 7, .to = 8},  {.job = 1, .from = 7, .to = 12, .rows = 3},
        {.job = 1, .from = 0, .to = 6},  {.job = 1, .from = 7, .to = 8}, {.job = 1, .from = 7, .to = 12, .rows = 9},
    };

    (void)state;
    assert_int_equal(coverage_sort(list, 7), 4);
    assert_int_equal(list[0].from, 0);
    assert_int_equal(list[1].to, 12); /* the one that reaches farthest */
    assert_int_equal(list[1].rows, 3); /* the first of these */
    assert_int_equal(list[2].job, 2);
    assert_true(list[3].failed);
    assert_int_equal(coverage_sort(NULL, 0), 0);
}

static struct cover
one(uint64_t from, uint64_t to, const char *endpoint)
{
    return (struct cover){.job = 1, .from = from, .to = to, .rows = 2, .endpoint = span_of(endpoint)};
}

static void
covers_that_touch_are_joined(void **state)
{
    struct cover list[] = {
        one(0, 4, "a"), one(5, 9, "a"), one(7, 8, "a"), one(10, 11, "b"), one(13, 13, "b"), one(14, 20, "b"),
        {.job = 2, .from = 21, .to = 22, .endpoint = SPAN("b")},
        {.job = 2, .from = 23, .to = 24, .endpoint = SPAN("b"), .failed = true},
        {.job = 2, .from = 25, .to = 26, .endpoint = SPAN("b"), .failed = true},
    };
    struct buf names = {0};

    (void)state;
    assert_int_equal(coverage_join(list, 9, &names), 6);
    assert_int_equal(list[0].from, 0);
    assert_int_equal(list[0].to, 9);
    assert_int_equal(list[0].rows, 6);
    assert_int_equal(list[1].to, 11); /* another endpoint */
    assert_int_equal(list[2].from, 13); /* after a hole */
    assert_int_equal(list[2].to, 20);
    assert_int_equal(list[3].job, 2);
    assert_true(list[4].failed && list[5].failed); /* what was given up stays apart */
    assert_int_equal(coverage_join(NULL, 0, &names), 0);
    buf_free(&names);
}

static void
very_many_are_joined_across_endpoints(void **state)
{
    struct cover list[2 * COVERS_MAX];
    struct buf names = {0};
    size_t n = 2 * COVERS_MAX;

    (void)state;
    for (size_t i = 0; i < n; i++)
        list[i] = one(i, i, i % 2 ? "y" : "x");
    assert_int_equal(coverage_join(list, COVERS_MAX, &names), COVERS_MAX); /* not yet */
    for (size_t i = 0; i < n; i++)
        list[i] = one(i < COVERS_MAX ? i : i + 1, i < COVERS_MAX ? i : i + 1, i % 2 ? "y" : "x");
    assert_int_equal(coverage_join(list, n, &names), 2);
    assert_int_equal(list[0].from, 0);
    assert_int_equal(list[0].to, COVERS_MAX - 1);
    assert_int_equal(list[0].rows, 2 * COVERS_MAX);
    assert_true(span_is(list[0].endpoint, "x,y"));
    assert_int_equal(list[1].from, COVERS_MAX + 1);
    assert_true(span_is(list[1].endpoint, "x,y"));
    buf_free(&names);
    for (size_t i = 0; i < n; i++)
        list[i] = one(i, i, i % 3 == 0 ? "one" : i % 3 == 1 ? "on" : "two");
    assert_int_equal(coverage_join(list, n, &names), 1);
    assert_true(span_is(list[0].endpoint, "one,on,two"));
    buf_free(&names);
}

static void
texts_cannot_break_out(void **state)
{
    struct cover c = {.job = 1, .from = 1, .to = 2, .endpoint = SPAN("a'b\\"), .failed = true,
                      .error = SPAN("'); DROP TABLE x;\n--"), .attempts = UINT64_MAX};
    struct buf b = {0};

    (void)state;
    coverage_sql(&b, "we\"ird", &c, 1);
    buf_addc(&b, '\0');
    assert_non_null(strstr(b.p, "E'a''b\\\\'"));
    assert_non_null(strstr(b.p, "E'''); DROP TABLE x; --'"));
    assert_non_null(strstr(b.p, "\"we\"\"ird\".\"failed_ranges\""));
    assert_non_null(strstr(b.p, "2147483647")); /* attempts is an integer column */
    assert_null(strstr(b.p, "DELETE"));         /* nothing was covered */
    buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_of_one_job),
        cmocka_unit_test(gaps_of_several_jobs),
        cmocka_unit_test(gaps_against_a_bitmap),
        cmocka_unit_test(covers_are_sorted_and_unique),
        cmocka_unit_test(covers_that_touch_are_joined),
        cmocka_unit_test(very_many_are_joined_across_endpoints),
        cmocka_unit_test(texts_cannot_break_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
