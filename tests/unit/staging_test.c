/* staging_test.c - when rows are copied straight into a table, and when by way of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "writer/staging.h"

static void
staging_goes_on_while_keys_are_met(void **state)
{
    struct staging s = {0};

    (void)state;
    staging_conflict(&s);
    for (int i = 0; i < 1000; i++)
        staging_written(&s, true, true);
    assert_true(s.on);
    staging_written(&s, false, false); /* without rows nothing is learnt */
    assert_true(s.on);
    staging_written(&s, true, false);
    assert_false(s.on);
}

static void
staging_doubles_with_each_conflict(void **state)
{
    struct staging s = {0};

    (void)state;
    for (unsigned wanted = 1; wanted < 300; wanted *= 2) { /* 1, 2, 4 ... that meet nothing, in a row */
        unsigned clean = 0;
        staging_conflict(&s);
        staging_written(&s, true, true);
        if (wanted > 1) {
            staging_written(&s, true, false);
            staging_written(&s, true, true);
        }
        for (; s.on; clean++)
            staging_written(&s, true, false);
        assert_int_equal(clean, wanted < STAGING_MAX ? wanted : STAGING_MAX);
    }
    staging_written(&s, true, false); /* a COPY went well */
    staging_conflict(&s);
    staging_written(&s, true, false);
    assert_false(s.on);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staging_goes_on_while_keys_are_met),
        cmocka_unit_test(staging_doubles_with_each_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
