/* pattern_test.c - phrases and numbers found in texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/pattern.h"

static uint64_t
number(const char *pattern, const char *text)
{
    struct found f;

    return pattern_find(pattern, span_of(text), &f) && f.n ? f.numbers[f.n - 1] : 0;
}

static int64_t
duration(const char *text)
{
    struct found f;

    return pattern_find("in ~", span_of(text), &f) ? f.duration_ms : -1;
}

static bool
finds(const char *pattern, const char *text)
{
    return pattern_find(pattern, span_of(text), NULL);
}

static void
phrases(void **state)
{
    (void)state;
    assert_true(finds("rate limit", "The RATE Limit was hit"));
    assert_false(finds("rate limit", "rate of limits"));
    assert_true(finds("", ""));
    assert_false(finds("x", ""));
    assert_true(finds("^limit$", "Limit"));
    assert_false(finds("^limit$", "the limit"));
    assert_false(finds("^limit$", "limits"));
    assert_true(finds("a * b * c", "a 1 b 2 b 3 c"));
    assert_false(finds("a * c", "a b"));
    assert_true(finds("limit$", "a limit, a limit"));
    assert_true(finds("aab", "aaab"));
}

static void
numbers(void **state)
{
    (void)state;
    assert_int_equal(number("a @ range", "limited to a 10,000 range"), 10000);
    assert_int_equal(number("a @ range", "limited to a 10.000 range"), 10000);
    assert_int_equal(number("a @ range", "limited to a 2K range"), 2000);
    assert_int_equal(number("is @", "max is 1000."), 1000);
    assert_int_equal(number("is @", "max is 1,000,000, or so"), 1000000);
    assert_int_equal(number("[#, @]", "[0xBDE5F8, 0x102DBCC]"), 0x102DBCC);
    assert_int_equal(number("# - @ block", "0 - 50 blocks"), 50);
    assert_int_equal(number("@-@", "range 6000000-6000509"), 6000509);
    assert_int_equal(number("= @", "a = 1, b = 2"), 1);
    assert_int_equal(number("b = @", "a = 1, b = 2"), 2);
    assert_int_equal(number("is @", "is 99999999999999999999999999"), UINT64_MAX);
    assert_int_equal(number("is @", "is 0xffffffffffffffffffff"), UINT64_MAX);
    assert_int_equal(number("is @ k", "is 10 kb"), 10);
    assert_int_equal(number("is @kb", "is 10kb"), 10);
    assert_int_equal(number("is @", "is none"), 0);
}

static void
durations(void **state)
{
    (void)state;
    assert_int_equal(duration("retry in 10s"), 10000);
    assert_int_equal(duration("retry in 10m0s"), 600000);
    assert_int_equal(duration("retry in 1m30s."), 90000);
    assert_int_equal(duration("retry in 560.270157ms"), 561);
    assert_int_equal(duration("retry in 560ms"), 560);
    assert_int_equal(duration("retry in 1h2m3.5s"), 3723500);
    assert_int_equal(duration("retry in 12\xc2\xb5s"), 1);
    assert_int_equal(duration("retry in 5 seconds"), 5000);
    assert_int_equal(duration("retry in 1 minute, please"), 60000);
    assert_int_equal(duration("retry in 30"), 30000);
    assert_int_equal(duration("retry in 30.5"), 30500);
    assert_int_equal(duration("retry in a while"), -1);
    assert_int_equal(duration("retry in 99999999999999999999h"), 1000000000000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phrases),
        cmocka_unit_test(numbers),
        cmocka_unit_test(durations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
