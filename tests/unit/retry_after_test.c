/* retry_after_test.c - seconds, dates, and what is neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/retry_after.h"

enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

static int64_t
of(const char *line)
{
    return retry_after_ms(span_of(line), NOW);
}

static void
seconds_are_read(void **state)
{
    (void)state;
    assert_int_equal(of("Retry-After: 7\r\n"), 7000);
    assert_int_equal(of("RETRY-AFTER: \t 7 \r\n"), 7000);
    assert_int_equal(of("retry-after:0"), 0);
    assert_int_equal(of("Retry-After: 4000000000\r\n"), 86400 * 1000);
}

static void
dates_are_read(void **state)
{
    (void)state;
    assert_int_equal(of("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 0);
    assert_int_equal(of("Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n"), 30000);
    assert_int_equal(of("Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n"), -1);
    assert_int_equal(of("Retry-After: Tue, 29 Feb 2028 00:00:00 GMT\r\n"), 86400 * 1000);
    assert_int_equal(retry_after_ms(SPAN("Retry-After: Wed, 01 Mar 2028 00:00:10 GMT"), 1835481600), 10000);
}

static void
all_else_is_absent(void **state)
{
    static const char *const lines[] = {"", "Retry-After", "Retry-After:", "Retry-After: \r\n", "Retry-After: soon\r\n",
                                        "Retry-After: -1\r\n", "Retry-After: 1.5\r\n", "Retry-After: 5 s\r\n",
                                        "X-Retry-After: 5\r\n", "Retry-After: Sun, 06 Nov 2094\r\n",
                                        "Retry-After: Sun, 06 Nov 2094 08:50:07 GMT and more\r\n",
                                        "Retry-After: Sun, 06 Nov 2094 08:50:07 GMT                                            x\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(of(lines[i]), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_read),
        cmocka_unit_test(dates_are_read),
        cmocka_unit_test(all_else_is_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
