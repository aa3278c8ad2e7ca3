/* tables_test.c - what every reader of the tables relies on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/tables.h"

static const struct column *
find_column(const struct table *t, const char *name)
{
    for (size_t i = 0; i < table_column_count(t); i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

static void
tables_are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(table_find("logs", 4)->name, "logs");
    assert_string_equal(table_find("logs,blocks", 4)->name, "logs");
    assert_null(table_find("log", 3));
    assert_null(table_find("logs2", 5));
    assert_null(table_find("", 0));
}

static void
columns_are_counted_and_typed(void **state)
{
    (void)state;
    assert_int_equal(table_column_count(table_find("logs", 4)), 11);
    for (const struct table *const *t = tables; *t; t++) {
        size_t n = table_column_count(*t);
        assert_in_range(n, 1, TABLE_COLUMNS_MAX);
        for (size_t i = 0; i < n; i++) {
            assert_non_null(column_sql_type((*t)->columns[i].type));
            assert_ptr_equal(find_column(*t, (*t)->columns[i].name), &(*t)->columns[i]); /* no name twice */
        }
    }
    assert_string_equal(column_sql_type(COL_TIMESTAMPTZ), "timestamptz");
}

static void
keys_are_columns_that_are_never_null(void **state)
{
    (void)state;
    for (const struct table *const *t = tables; *t; t++) {
        assert_non_null((*t)->key[0]);
        for (size_t i = 0; i < TABLE_KEY_MAX && (*t)->key[i]; i++) {
            const struct column *c = find_column(*t, (*t)->key[i]);
            assert_non_null(c);
            assert_true(c->not_null);
            assert_ptr_equal(c, &(*t)->columns[i]); /* the first columns, see writer/array.c */
            assert_true(c->type != COL_NUMERIC && c->type != COL_TEXT);
            if ((*t)->newest)
                assert_ptr_equal(find_column(*t, (*t)->newest), c + 1);
        }
        if ((*t)->newest)
            assert_true(find_column(*t, (*t)->newest)->type == COL_INT8 && find_column(*t, (*t)->newest)->not_null);
        if ((*t)->unique)
            assert_non_null(find_column(*t, (*t)->unique));
        if ((*t)->newest)
            assert_true(find_column(*t, (*t)->newest)->not_null);
    }
}

static void
jobs_make_sense(void **state)
{
    static const struct {
        const char *names, *why;
        bool filter, by_hash;
    } cases[] = {
        {"logs", NULL, true, false},
        {"logs,blocks,accounts", NULL, true, false},
        {"blocks,transactions", NULL, false, false},
        {"transactions", NULL, false, true},
        {"blocks", NULL, false, true},
        {"blocks,transactions", "hashes are those of one dataset, not of blocks,transactions", false, true},
        {"foo", "there is no dataset \"foo\": expected logs, blocks, transactions, token_transfers, traces, contracts, accounts", false, false},
        {"logs,", "there is no dataset \"\"", false, false},
        {"", "there is no dataset \"\"", false, false},
        {"log", "\"log\"", false, false},
        {"logs,blocks,logs", "dataset \"logs\" is named twice", false, false},
        {"blocks,traces", "(address, topic0 to topic3) has no effect on blocks,traces", true, false},
        {"transactions,logs", "logs cannot be fetched by transaction hash: expected --dataset blocks, transactions", false, true},
    };
    char err[256];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool good = tables_check(cases[i].names, cases[i].filter, cases[i].by_hash, err, sizeof err);
        assert_int_equal(good, cases[i].why == NULL);
        if (!good)
            assert_non_null(strstr(err, cases[i].why));
    }
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(tables_are_found_by_name),
        cmocka_unit_test(columns_are_counted_and_typed),
        cmocka_unit_test(keys_are_columns_that_are_never_null),
        cmocka_unit_test(jobs_make_sense),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
