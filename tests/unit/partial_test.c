/* Ends match their chunks, or the range is not covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "writer/partial.h"

static struct wire
attempt(const char *run, const char *fetcher, uint64_t task, uint32_t try)
{
    return (struct wire){.run = span_of(run), .fetcher = span_of(fetcher), .task = task, .try = try};
}

static void
chunk(struct partial *p, struct wire w, uint32_t seq, uint32_t rows, size_t table)
{
    w.kind = WIRE_ROWS;
    w.seq = seq;
    w.rows = rows;
    partial_chunk(p, &w, table);
}

static bool
end(struct partial *p, struct wire w, uint32_t chunks, uint64_t rows[TABLES_MAX])
{
    char *why;

    w.kind = WIRE_END;
    w.chunks = chunks;
    bool whole = partial_end(p, &w, rows, &why);
    assert_null(why);
    return whole;
}

static void
whole_attempt_counts_its_rows(void **state)
{
    struct partial *p = partial_new(16);
    struct wire w = attempt("r", "f", 7, 1);
    uint64_t rows[TABLES_MAX];

    (void)state;
    chunk(p, w, 0, 10, 0);
    chunk(p, w, 1, 5, 1);
    chunk(p, w, 2, 2, 0);
    assert_true(end(p, w, 3, rows));
    assert_int_equal(rows[0], 12);
    assert_int_equal(rows[1], 5);
    assert_int_equal(rows[2], 0);
    assert_false(end(p, w, 3, rows)); /* it is forgotten */
    partial_free(p);
}

static void
empty_range_is_whole(void **state)
{
    struct partial *p = partial_new(16);
    uint64_t rows[TABLES_MAX] = {9};

    (void)state;
    assert_true(end(p, attempt("r", "f", 1, 1), 0, rows));
    assert_int_equal(rows[0], 0);
    assert_false(end(p, attempt("r", "f", 1, 1), 1, rows)); /* a writer that came too late */
    partial_free(p);
}

static void
missing_chunks_are_noticed(void **state)
{
    struct partial *p = partial_new(16);
    struct wire w = attempt("r", "f", 7, 1);
    uint64_t rows[TABLES_MAX];

    (void)state;
    chunk(p, w, 0, 10, 0); /* 1 is lost */
    chunk(p, w, 2, 10, 0);
    assert_false(end(p, w, 3, rows));
    chunk(p, w, 1, 10, 0); /* as after a restart: 0 went to the one before */
    assert_false(end(p, w, 1, rows));
    chunk(p, w, 0, 10, 0); /* the last is lost */
    assert_false(end(p, w, 2, rows));
    chunk(p, w, 0, 10, 0); /* more than was meant */
    chunk(p, w, 1, 10, 0);
    assert_false(end(p, w, 1, rows));
    partial_free(p);
}

static void
refused_rows_keep_their_reason(void **state)
{
    struct partial *p = partial_new(16);
    struct wire w = attempt("r", "f", 7, 1);
    uint64_t rows[TABLES_MAX];
    char *why;

    (void)state;
    chunk(p, w, 0, 10, 0);
    partial_spoil(p, &w, "too long");
    partial_spoil(p, &w, "too wide");
    w.chunks = 1;
    assert_false(partial_end(p, &w, rows, &why));
    assert_string_equal(why, "too long");
    free(why);
    partial_spoil(p, &w, "too long"); /* before any chunk was accepted */
    w.chunks = 0;
    assert_false(partial_end(p, &w, rows, &why));
    assert_string_equal(why, "too long");
    free(why);
    partial_spoil(p, &w, "too long");
    chunk(p, w, 0, 10, 0);
    chunk(p, w, 0, 10, 0); /* begun anew */
    w.chunks = 1;
    assert_true(partial_end(p, &w, rows, &why));
    assert_null(why);
    partial_spoil(p, &w, "never asked for");
    partial_free(p);
}

static void
reasons_are_bounded(void **state)
{
    struct partial *p = partial_new(PARTIAL_MAX);
    struct wire w = attempt("r", "f", 7, 1);
    uint64_t rows[TABLES_MAX];
    char *why;

    (void)state;
    for (w.task = 0; w.task <= PARTIAL_REASONS_MAX; w.task++)
        partial_spoil(p, &w, "too long");
    w.task = PARTIAL_REASONS_MAX;
    assert_false(partial_end(p, &w, rows, &why));
    assert_null(why);
    w.task = 0;
    assert_false(partial_end(p, &w, rows, &why));
    assert_non_null(why);
    free(why);
    partial_free(p);
}

static void
attempts_are_kept_apart(void **state)
{
    struct partial *p = partial_new(16);
    struct wire list[] = {attempt("r", "f", 7, 1), attempt("r", "f", 7, 2), attempt("r", "g", 7, 1),
                          attempt("s", "f", 7, 1), attempt("r", "f", 8, 1), attempt("rf", "", 7, 1)};
    uint64_t rows[TABLES_MAX];

    (void)state;
    for (uint32_t i = 0; i < 6; i++)
        chunk(p, list[i], 0, i + 1, 0);
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(end(p, list[i], 1, rows));
        assert_int_equal(rows[0], i + 1);
    }
    assert_true(partial_same(&list[0], &list[0]));
    for (int i = 1; i < 6; i++)
        assert_false(partial_same(&list[0], &list[i]));
    partial_free(p);
}

static void
first_chunk_begins_anew(void **state)
{
    struct partial *p = partial_new(16);
    struct wire w = attempt("r", "f", 7, 1);
    uint64_t rows[TABLES_MAX];

    (void)state;
    chunk(p, w, 0, 10, 0);
    chunk(p, w, 2, 10, 0);
    chunk(p, w, 0, 3, 0);
    assert_true(end(p, w, 1, rows));
    assert_int_equal(rows[0], 3);
    partial_free(p);
}

static void
least_recently_used_is_forgotten(void **state)
{
    struct partial *p = partial_new(100);
    uint64_t rows[TABLES_MAX];

    (void)state;
    for (uint64_t task = 0; task < 100; task++)
        chunk(p, attempt("r", "f", task, 1), 0, 1, 0);
    chunk(p, attempt("r", "f", 0, 1), 1, 1, 0); /* used again: 1 is now the oldest */
    chunk(p, attempt("r", "f", 100, 1), 0, 1, 0);
    assert_true(end(p, attempt("r", "f", 0, 1), 2, rows));
    assert_false(end(p, attempt("r", "f", 1, 1), 1, rows));
    for (uint64_t task = 2; task <= 100; task++)
        assert_true(end(p, attempt("r", "f", task, 1), 1, rows));
    partial_free(p);
}

static void
many_come_and_go(void **state)
{
    struct partial *p = partial_new(PARTIAL_MAX);
    uint64_t rows[TABLES_MAX];

    (void)state;
    for (uint64_t task = 0; task < 200000; task++) {
        chunk(p, attempt("r", "f", task, 1), 0, 1, 0);
        if (task >= 1000)
            assert_true(end(p, attempt("r", "f", task - 1000, 1), 1, rows));
    }
    for (uint64_t task = 199000; task < 200000; task++)
        assert_true(end(p, attempt("r", "f", task, 1), 1, rows));
    partial_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_attempt_counts_its_rows),
        cmocka_unit_test(empty_range_is_whole),
        cmocka_unit_test(missing_chunks_are_noticed),
        cmocka_unit_test(refused_rows_keep_their_reason),
        cmocka_unit_test(reasons_are_bounded),
        cmocka_unit_test(attempts_are_kept_apart),
        cmocka_unit_test(first_chunk_begins_anew),
        cmocka_unit_test(least_recently_used_is_forgotten),
        cmocka_unit_test(many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
