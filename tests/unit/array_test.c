/* array_test.c - rows that go along with a statement: their form, their order, each key once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/row.h"
#include "writer/array.h"

enum { HEAD = 20, CHUNKS = 4 };

/* Chunks of one table, in the order that they came. */
static struct chunks {
    struct buf data[CHUNKS];
    struct item items[CHUNKS];
    uint32_t order[CHUNKS];
    struct batch batch;
    struct plan plan;
    size_t table;
} c;

static void
begin(const struct table *t)
{
    c.table = sql_table_index(t);
    c.batch = (struct batch){.items = c.items, .n = 1};
    c.items[0] = (struct item){.table = c.table, .wire.kind = WIRE_ROWS};
}

static struct buf *
row(void)
{
    struct item *item = &c.items[c.batch.n - 1];

    item->wire.rows++;
    row_begin(&c.data[c.batch.n - 1], tables[c.table]);
    return &c.data[c.batch.n - 1];
}

static void
next_chunk(void)
{
    c.items[c.batch.n++] = (struct item){.table = c.table, .wire.kind = WIRE_ROWS};
}

static uint32_t
number(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static uint64_t
array_of(struct buf *out)
{
    c.plan = (struct plan){.order = c.order};
    for (size_t i = 0; i < c.batch.n; i++) {
        c.order[i] = (uint32_t)i;
        c.items[i].wire.data = (struct span){c.data[i].p, c.data[i].n};
        assert_true(row_check(tables[c.table], c.items[i].wire.data, c.items[i].wire.rows));
    }
    for (size_t t = c.table; t < TABLES_MAX; t++)
        c.plan.start[t + 1] = c.batch.n;
    array_add(out, &c.batch, &c.plan, c.table, 0x01020304);
    for (size_t i = 0; i < c.batch.n; i++)
        buf_free(&c.data[i]);
    return number(out->p + 12);
}

/* A field of a row of the array. */
static struct span
field(const struct buf *array, size_t at, size_t column)
{
    const char *p = array->p + HEAD;

    for (; at > 0; at--)
        p += 4 + number(p);
    p += 8;
    for (; column > 0; column--)
        p += 8 + (number(p + 4) == UINT32_MAX ? 0 : number(p + 4));
    return (struct span){p + 8, number(p + 4)};
}

static void
add_account(char address, int64_t block, uint64_t balance)
{
    struct buf *b = row();

    row_bytes(b, (char[]){address, 2}, 2);
    row_int8(b, block);
    row_numeric_u64(b, balance);
    row_numeric_u64(b, 0);
    row_null(b);
}

static void
form_is_that_of_an_array_of_rows(void **state)
{
    struct buf out = {0};
    static const char wanted[] = "\0\0\0\1" "\0\0\0\0" "\1\2\3\4" "\0\0\0\1" "\0\0\0\1" /* one row of that type */
                                 "\0\0\0\110" "\0\0\0\5"                                 /* 72 bytes, 5 fields */
                                 "\0\0\0\21" "\0\0\0\2" "\7\2"
                                 "\0\0\0\24" "\0\0\0\10" "\0\0\0\0\0\0\0\11"
                                 "\0\0\6\244" "\0\0\0\12" "\0\1\0\0\0\0\0\0\0\3"
                                 "\0\0\6\244" "\0\0\0\10" "\0\0\0\0\0\0\0\0"
                                 "\0\0\0\21" "\377\377\377\377";

    (void)state;
    begin(&table_accounts);
    add_account(7, 9, 3);
    assert_int_equal(array_of(&out), 1);
    assert_int_equal(out.n, sizeof wanted - 1);
    assert_memory_equal(out.p, wanted, sizeof wanted - 1);
    buf_free(&out);
}

static void
of_one_key_the_newest_is_left(void **state)
{
    struct buf out = {0};

    (void)state;
    begin(&table_accounts);
    add_account((char)0x90, 5, 1);
    add_account(1, 8, 2);
    add_account(1, 7, 3); /* older */
    next_chunk();
    add_account((char)0x90, 5, 4); /* as new, and later */
    add_account(1, -1, 5);
    assert_int_equal(array_of(&out), 2);
    assert_int_equal(field(&out, 0, 0).p[0], 1);
    assert_int_equal(field(&out, 0, 1).p[7], 8);
    assert_int_equal((unsigned char)field(&out, 1, 0).p[0], 0x90);
    assert_int_equal(field(&out, 1, 2).p[9], 4);
    buf_free(&out);
}

static void
add_transfer(int64_t block, int32_t log, int32_t at, const char *standard)
{
    struct buf *b = row();

    row_int8(b, block);
    row_int4(b, log);
    row_int4(b, at);
    row_null(b);
    for (int i = 0; i < 3; i++)
        row_bytes(b, "aaaaaaaaaaaaaaaaaaaa", 20);
    row_null(b);
    row_numeric_u64(b, 1);
    row_bytes(b, standard, strlen(standard));
}

static void
of_one_key_the_last_is_left_in_key_order(void **state)
{
    struct buf out = {0};
    static const char wanted[] = "cbda";

    (void)state;
    begin(&table_token_transfers);
    add_transfer(256, 0, 0, "x");
    add_transfer(3, 1, 2, "b");
    add_transfer(3, 1, 1, "x");
    next_chunk();
    add_transfer(3, 1, 1, "y");
    add_transfer(3, 256, 0, "d");
    next_chunk();
    add_transfer(256, 0, 0, "a");
    add_transfer(3, 1, 1, "c");
    assert_int_equal(array_of(&out), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(field(&out, i, 9).p[0], wanted[i]);
    buf_free(&out);
}

static void
rows_that_are_in_order_stay_as_they_are(void **state)
{
    struct buf out = {0};

    (void)state;
    begin(&table_token_transfers);
    for (int i = 0; i < 100; i++)
        add_transfer(i / 10, i % 10, 0, "a");
    assert_int_equal(array_of(&out), 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(number(field(&out, i, 1).p), i % 10);
    assert_int_equal(field(&out, 99, 0).p[7], 9);
    buf_free(&out);
}

static void
add_trace(int32_t transaction, const int32_t *address, size_t n, const char *type)
{
    struct buf *b = row();

    row_int8(b, 1);
    row_int4(b, transaction);
    row_int4_array(b, address, n);
    for (size_t i = 3; i < 11; i++)
        row_null(b);
    row_bytes(b, type, strlen(type));
    for (size_t i = 12; i < table_column_count(&table_traces); i++)
        row_null(b);
}

static void
order_is_that_of_the_database(void **state)
{
    struct buf out = {0};
    static const char wanted[] = "abcdef"; /* ORDER BY: -1; {}, {0}, {0,5}, {1}; then the next transaction */

    (void)state;
    begin(&table_traces);
    add_trace(1, NULL, 0, "f");
    add_trace(0, (int32_t[]){1}, 1, "e");
    add_trace(0, (int32_t[]){0}, 1, "c");
    add_trace(0, (int32_t[]){0, 5}, 2, "d");
    add_trace(0, NULL, 0, "b");
    add_trace(-1, NULL, 0, "a");
    assert_int_equal(array_of(&out), 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(field(&out, i, 11).p[0], wanted[i]);
    buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(form_is_that_of_an_array_of_rows),
        cmocka_unit_test(of_one_key_the_newest_is_left),
        cmocka_unit_test(of_one_key_the_last_is_left_in_key_order),
        cmocka_unit_test(rows_that_are_in_order_stay_as_they_are),
        cmocka_unit_test(order_is_that_of_the_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
