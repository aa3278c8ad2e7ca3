/* store_test.c - the jobs that results belong to: their filters, datasets and ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "writer/sql.h"
#include "writer/store.h"

static void
every_table_has_its_place(void **state)
{
    size_t n = 0;

    (void)state;
    for (; tables[n]; n++)
        assert_int_equal(sql_table_index(tables[n]), n);
    assert_in_range(n, 1, TABLES_MAX);
}

static void
filters_read_the_same_whatever_their_form(void **state)
{
    struct buf a = {0}, b = {0};
    char err[200];

    (void)state;
    assert_true(store_filter(SPAN("topic0=0xAB00000000000000000000000000000000000000000000000000000000000001 "
                                  "address=0x0000000000000000000000000000000000000002,"
                                  "0x000000000000000000000000000000000000000A"), &a, err, sizeof err));
    assert_true(store_filter(SPAN("address=0x000000000000000000000000000000000000000a,"
                                  "0x0000000000000000000000000000000000000002 "
                                  "topic0=0xab00000000000000000000000000000000000000000000000000000000000001"), &b,
                             err, sizeof err));
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, a.n);
    buf_addc(&a, '\0');
    assert_string_equal(a.p, "{\"address\":[\"0x0000000000000000000000000000000000000002\","
                             "\"0x000000000000000000000000000000000000000a\"],"
                             "\"topic0\":[\"0xab00000000000000000000000000000000000000000000000000000000000001\"]}");
    buf_free(&a);
    buf_free(&b);
    assert_true(store_filter(SPAN(""), &a, err, sizeof err));
    assert_int_equal(a.n, 2);
    assert_false(store_filter(SPAN("address=0x12"), &b, err, sizeof err));
    assert_false(store_filter(SPAN("colour=blue"), &b, err, sizeof err));
    assert_false(store_filter(SPAN("'); DROP"), &b, err, sizeof err));
    buf_free(&a);
    buf_free(&b);
}

static void
jobs_of_a_filter(void **state)
{
    static const struct span filter = SPAN("address=0x0000000000000000000000000000000000000002");
    const struct table *list[TABLES_MAX];
    struct store s = {.schema = "public"};
    char err[200];

    (void)state;
    assert_int_equal(store_datasets(SPAN("logs,blocks"), list), 2);
    assert_int_equal(store_datasets(SPAN("logs,logs"), list), 0);
    assert_int_equal(store_datasets(SPAN("logs,"), list), 0);
    assert_int_equal(store_datasets(SPAN(""), list), 0);
    const struct table *logs = table_find("logs", 4), *blocks = table_find("blocks", 6);
    uint64_t one = store_job(&s, 1, logs, filter, err, sizeof err)->serial;
    assert_int_equal(store_job(&s, 1, logs, filter, err, sizeof err)->serial, one);
    assert_true(store_job(&s, 2, logs, filter, err, sizeof err)->serial != one);
    assert_string_equal(store_job(&s, 1, blocks, filter, err, sizeof err)->json, "{}"); /* no filter touches it */
    store_learn(&s, one, 77);
    assert_int_equal(store_job(&s, 1, logs, filter, err, sizeof err)->id, 77);
    store_forget(&s);
    assert_int_equal(store_job(&s, 1, logs, filter, err, sizeof err)->id, 0);
    store_forget(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_its_place),
        cmocka_unit_test(filters_read_the_same_whatever_their_form),
        cmocka_unit_test(jobs_of_a_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
