/* sqlstate_test.c - which errors of the database are whose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "writer/sqlstate.h"

static void
errors_fall_into_classes(void **state)
{
    static const struct {
        const char *sqlstate;
        enum pg_class class;
    } cases[] = {
        {"57P01", PG_LOST},     {"57P03", PG_LOST},   {"08006", PG_LOST},     {"25006", PG_LOST},
        {"40P01", PG_AGAIN},    {"40001", PG_AGAIN},  {"55P03", PG_AGAIN},    {"53300", PG_AGAIN},
        {"57014", PG_AGAIN},    {"XX000", PG_AGAIN},  {"99999", PG_STRANGE},  {"53100", PG_FULL},
        {"23505", PG_CONFLICT}, {"22P03", PG_DATA},     {"22008", PG_DATA},
        {"23502", PG_DATA},     {"54000", PG_DATA},   {"42P01", PG_VANISHED}, {"21000", PG_STRANGE},
        {"42703", PG_CONFIG},   {"42501", PG_CONFIG}, {"28P01", PG_ACCESS},   {"3D000", PG_ACCESS},
        {"P0001", PG_DATA},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sqlstate_class(cases[i].sqlstate, "logs"), cases[i].class);
    assert_int_equal(sqlstate_class("23503", "ranges"), PG_VANISHED); /* a job is gone */
    assert_int_equal(sqlstate_class("23503", "logs"), PG_DATA);       /* the user's own */
}

static void
codes_are_cut_out_of_messages(void **state)
{
    char text[] = "connection to server at \"h\", port 1 failed: FATAL:  28P01: password wrong";
    char none[] = "connection to server at \"h\" failed: No such file:  or so";
    char code[6];

    (void)state;
    assert_true(sqlstate_cut(text, code));
    assert_string_equal(code, "28P01");
    assert_string_equal(text, "connection to server at \"h\", port 1 failed: FATAL: password wrong");
    assert_false(sqlstate_cut(none, code));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_fall_into_classes),
        cmocka_unit_test(codes_are_cut_out_of_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
