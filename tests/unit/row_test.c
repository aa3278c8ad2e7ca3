/* row_test.c - rows in binary COPY form: golden bytes (taken from PostgreSQL's own COPY), the check
 * of strangers' rows, and ndjson and CSV. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/row.h"

static const struct table every_type = {
    .name = "every",
    .columns = {
        {"a", COL_INT4, true},         {"b", COL_INT8, false},   {"c", COL_BYTEA, false},
        {"d", COL_TIMESTAMPTZ, false}, {"e", COL_NUMERIC, false}, {"f", COL_TEXT, false},
        {"g", COL_INT4_ARRAY, false},
    },
    .key = {"a"},
};

static void
assert_bytes(const struct buf *b, const char *want, size_t n)
{
    assert_int_equal(b->n, n);
    assert_memory_equal(b->p, want, n);
}
#define ASSERT_BYTES(b, literal) assert_bytes(b, literal, sizeof(literal) - 1)

static struct span
bytes_of(const struct buf *b)
{
    return (struct span){b->p, b->n};
}

static void
fields_are_big_endian(void **state)
{
    struct buf b = {0};
    (void)state;

    row_begin(&b, &every_type);
    row_int4(&b, -2);
    row_int8(&b, 0x0102030405060708);
    row_bytes(&b, "xyz", 3);
    row_bytes(&b, NULL, 0);
    row_null(&b);
    ASSERT_BYTES(&b, "\0\7"
                     "\0\0\0\4\xFF\xFF\xFF\xFE"
                     "\0\0\0\x08\1\2\3\4\5\6\7\x08"
                     "\0\0\0\3xyz"
                     "\0\0\0\0"
                     "\xFF\xFF\xFF\xFF");
    buf_free(&b);
}

static void
times_count_from_2000(void **state)
{
    struct buf b = {0};
    (void)state;

    row_unix_time(&b, ROW_PG_EPOCH + 1);
    ASSERT_BYTES(&b, "\0\0\0\x08\0\0\0\0\0\x0F\x42\x40");
    b.n = 0;
    row_unix_time(&b, 0);
    ASSERT_BYTES(&b, "\0\0\0\x08\xFF\xFC\xA2\xFE\xC4\xC8\x20\x00");
    b.n = 0;
    row_unix_time(&b, INT64_MAX); /* no overflow: UBSan watches */
    assert_int_equal(b.n, 12);
    buf_free(&b);
}

/* Big-endian 256 bits from 64 hex digits. */
static void
numeric_of(struct buf *b, const char *hex)
{
    uint8_t value[32];

    for (size_t i = 0; i < 32; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        value[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    b->n = 0;
    row_numeric_u256(b, value);
}

#define ZEROS_48 "000000000000000000000000000000000000000000000000"
#define NUMERIC_U64_MAX "\0\0\0\x12\0\5\0\4\0\0\0\0\7\x34\x1A\x58\x02\xE1\x03\xBB\x06\x4F"

static void
numerics_are_those_of_numeric_send(void **state)
{
    struct buf b = {0};
    (void)state;

    numeric_of(&b, ZEROS_48 "0000000000000000");
    ASSERT_BYTES(&b, "\0\0\0\x08\0\0\0\0\0\0\0\0");
    numeric_of(&b, ZEROS_48 "0000000000000001");
    ASSERT_BYTES(&b, "\0\0\0\x0A\0\1\0\0\0\0\0\0\0\1");
    numeric_of(&b, ZEROS_48 "000000000000270f"); /* 9999 */
    ASSERT_BYTES(&b, "\0\0\0\x0A\0\1\0\0\0\0\0\0\x27\x0F");
    numeric_of(&b, ZEROS_48 "0000000000002710"); /* 10000: trailing zeros are not kept */
    ASSERT_BYTES(&b, "\0\0\0\x0A\0\1\0\1\0\0\0\0\0\1");
    numeric_of(&b, ZEROS_48 "0000000005f5e101"); /* 100000001 */
    ASSERT_BYTES(&b, "\0\0\0\x0E\0\3\0\2\0\0\0\0\0\1\0\0\0\1");
    numeric_of(&b, ZEROS_48 "0de0b6b3a7640000"); /* 10^18 */
    ASSERT_BYTES(&b, "\0\0\0\x0A\0\1\0\4\0\0\0\0\0\x64");
    b.n = 0;
    row_numeric_u64(&b, UINT64_C(1000000000000000000));
    ASSERT_BYTES(&b, "\0\0\0\x0A\0\1\0\4\0\0\0\0\0\x64");
    b.n = 0;
    row_numeric_u64(&b, 0);
    ASSERT_BYTES(&b, "\0\0\0\x08\0\0\0\0\0\0\0\0");
    buf_free(&b);
}

static char *
printed(enum row_format f, const struct table *t, const struct buf *rows, bool with_table)
{
    struct buf out = {0};

    row_print(&out, f, t, bytes_of(rows), with_table);
    buf_addc(&out, '\0');
    return out.p; /* the caller frees */
}

static void
numerics_print_as_decimals(void **state)
{
    static const struct {
        const char *hex, *decimal;
    } cases[] = {
        {ZEROS_48 "0000000000000000", "0"},
        {ZEROS_48 "000000000000270f", "9999"},
        {ZEROS_48 "0000000000002710", "10000"},
        {ZEROS_48 "ffffffffffffffff", "18446744073709551615"},
        {"000000000000000000000000000000000000000000000001" "0000000000000000", "18446744073709551616"},
        {ZEROS_48 "002386f26fc10001", "10000000000000001"},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
        {"1d7d843dc3b48000000000000000000000000000000000000000000000000000",
         "13338841187696696623151052524316291134217505319486073339904000000000000000000"},
    };
    static const struct table one = {.name = "one", .columns = {{"n", COL_NUMERIC, true}}, .key = {"n"}};
    struct buf field = {0}, row = {0};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        row.n = 0;
        row_begin(&row, &one);
        numeric_of(&field, cases[i].hex);
        buf_add(&row, field.p, field.n);
        assert_true(row_check(&one, bytes_of(&row), 1));
        char *text = printed(ROW_CSV, &one, &row, false);
        text[strcspn(text, "\n")] = '\0';
        assert_string_equal(text, cases[i].decimal);
        free(text);
    }
    buf_free(&field);
    buf_free(&row);
}

static void
u64_and_u256_agree(void **state)
{
    static const uint64_t values[] = {0, 1, 9999, 10000, 10001, 99999999, 100000000, 100000001,
                                      UINT64_C(9999999999999999), UINT64_C(10000000000000000), UINT64_MAX};
    struct buf a = {0}, b = {0};
    (void)state;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t wide[32] = {0};
        for (size_t k = 0; k < 8; k++)
            wide[31 - k] = (uint8_t)(values[i] >> 8 * k);
        a.n = b.n = 0;
        row_numeric_u64(&a, values[i]);
        row_numeric_u256(&b, wide);
        assert_bytes(&a, b.p, b.n);
    }
    ASSERT_BYTES(&a, NUMERIC_U64_MAX);
    buf_free(&a);
    buf_free(&b);
}

static void
arrays_are_those_of_array_send(void **state)
{
    static const int32_t v[] = {3, -1};
    struct buf b = {0};
    (void)state;

    row_int4_array(&b, v, 2);
    ASSERT_BYTES(&b, "\0\0\0\x24\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\3\0\0\0\4\xFF\xFF\xFF\xFF");
    b.n = 0;
    row_int4_array(&b, NULL, 0);
    ASSERT_BYTES(&b, "\0\0\0\x0C\0\0\0\0\0\0\0\0\0\0\0\x17");
    buf_free(&b);
}

/* Two rows: one full, one as null as it may be. */
static struct buf
two_rows(void)
{
    static const int32_t v[] = {1, 2};
    struct buf b = {0};

    row_begin(&b, &every_type);
    row_int4(&b, -5);
    row_int8(&b, INT64_MAX);
    row_bytes(&b, "\xAB\0", 2);
    row_unix_time(&b, 1769860800);
    row_numeric_u64(&b, 123456789);
    row_bytes(&b, "a\"b,\xC3\xA9", 6);
    row_int4_array(&b, v, 2);
    row_begin(&b, &every_type);
    row_int4(&b, 6);
    for (int i = 0; i < 6; i++)
        row_null(&b);
    return b;
}

static void
ndjson(void **state)
{
    struct buf rows = two_rows();
    char *text = printed(ROW_NDJSON, &every_type, &rows, false);
    (void)state;

    assert_string_equal(text,
        "{\"a\":-5,\"b\":9223372036854775807,\"c\":\"0xab00\",\"d\":\"2026-01-31T12:00:00Z\","
        "\"e\":\"123456789\",\"f\":\"a\\\"b,\xC3\xA9\",\"g\":[1,2]}\n"
        "{\"a\":6,\"b\":null,\"c\":null,\"d\":null,\"e\":null,\"f\":null,\"g\":null}\n");
    free(text);
    text = printed(ROW_NDJSON, &every_type, &rows, true);
    assert_memory_equal(text, "{\"table\":\"every\",\"a\":-5,", 24);
    free(text);
    buf_free(&rows);
}

static void
csv(void **state)
{
    struct buf rows = two_rows(), out = {0};
    (void)state;

    row_print_header(&out, ROW_NDJSON, &every_type);
    assert_int_equal(out.n, 0);
    row_print_header(&out, ROW_CSV, &every_type);
    row_print(&out, ROW_CSV, &every_type, bytes_of(&rows), true);
    ASSERT_BYTES(&out, "a,b,c,d,e,f,g\n"
                       "-5,9223372036854775807,0xab00,2026-01-31T12:00:00Z,123456789,\"a\"\"b,\xC3\xA9\",\"{1,2}\"\n"
                       "6,,,,,,\n");
    buf_free(&out);
    buf_free(&rows);
}

static void
empty_values_are_not_null(void **state)
{
    struct buf row = {0};
    (void)state;

    row_begin(&row, &every_type);
    row_int4(&row, 1);
    row_null(&row);
    row_bytes(&row, "", 0);
    row_int8(&row, -1); /* a microsecond before 2000 */
    row_null(&row);
    row_bytes(&row, "", 0);
    row_int4_array(&row, NULL, 0);
    assert_true(row_check(&every_type, bytes_of(&row), 1));
    char *text = printed(ROW_CSV, &every_type, &row, false);
    assert_string_equal(text, "1,,0x,1999-12-31T23:59:59.999999Z,,\"\",\"{}\"\n");
    free(text);
    text = printed(ROW_NDJSON, &every_type, &row, false);
    assert_string_equal(text, "{\"a\":1,\"b\":null,\"c\":\"0x\",\"d\":\"1999-12-31T23:59:59.999999Z\","
                              "\"e\":null,\"f\":\"\",\"g\":[]}\n");
    free(text);
    buf_free(&row);
}

static void
checks_how_long_a_numeric_is(void **state)
{
    static const struct {
        unsigned digits, weight, held /* digits that are there */;
        bool fits;
    } cases[] = {
        {0, 0, 0, true},  {1, 0, 1, true},  {1, 19, 1, true},  {20, 19, 20, true},  {1, 0, 2, false},       {2, 1, 1, false},
        {2, 0, 2, false}, {1, 20, 1, false}, {1, 256, 1, false}, {21, 20, 21, false}, {1, 0xFFFF, 1, false},
    };
    const struct table t = {.name = "t", .columns = {{"x", COL_NUMERIC, true}}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = 8 + 2 * cases[i].held;
        char row[64] = {[1] = 1, [5] = (char)n, [7] = (char)cases[i].digits, [8] = (char)(cases[i].weight >> 8),
                        [9] = (char)cases[i].weight};
        assert_int_equal(row_check(&t, (struct span){row, 6 + n}, 1), cases[i].fits);
    }
}

static void
checks_counts(void **state)
{
    struct buf rows = two_rows();
    (void)state;

    assert_true(row_check(&every_type, bytes_of(&rows), 2));
    assert_false(row_check(&every_type, bytes_of(&rows), 1));
    assert_false(row_check(&every_type, bytes_of(&rows), 3));
    assert_true(row_check(&every_type, (struct span){NULL, 0}, 0));
    assert_false(row_check(&every_type, (struct span){NULL, 0}, 1));
    assert_false(row_check(&every_type, bytes_of(&rows), 0));
    rows.p[1] = 6; /* fields */
    assert_false(row_check(&every_type, bytes_of(&rows), 2));
    buf_free(&rows);
}

static void
checks_lengths_and_nulls(void **state)
{
    static const struct {
        enum column_type type;
        uint32_t length;
        bool fits;
    } cases[] = {
        {COL_INT4, 4, true},      {COL_INT4, 8, false},      {COL_INT8, 8, true},       {COL_INT8, 4, false},
        {COL_TIMESTAMPTZ, 8, true}, {COL_TIMESTAMPTZ, 0, false}, {COL_BYTEA, 0, true},    {COL_TEXT, 3, true},
        {COL_NUMERIC, 8, true},   {COL_NUMERIC, 9, false},   {COL_NUMERIC, 6, false},   {COL_NUMERIC, 10, false},
        {COL_INT4_ARRAY, 12, true}, {COL_INT4_ARRAY, 20, true}, {COL_INT4_ARRAY, 28, true}, {COL_INT4_ARRAY, 24, false},
        {COL_BYTEA, 100, false}, /* beyond the end */
        {COL_BYTEA, 0x80000000, false}, {COL_BYTEA, UINT32_MAX, false} /* null */,
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct table t = {.name = "t", .columns = {{"x", cases[i].type, true}}};
        uint32_t n = cases[i].length;
        size_t held = n <= 28 ? n : 28;
        char *row = calloc(1, 6 + held);
        row[1] = 1;
        for (size_t k = 0; k < 4; k++)
            row[2 + k] = (char)(n >> 8 * (3 - k));
        assert_int_equal(row_check(&t, (struct span){row, 6 + held}, 1), cases[i].fits);
        free(row);
    }
}

/* What passes the check can be printed; truncated and changed rows never make either step too far. */
static void
damage_is_survived(void **state)
{
    struct buf rows = two_rows();
    (void)state;

    for (size_t n = 0; n < rows.n; n++) {
        char *cut = malloc(n + 1);
        memcpy(cut, rows.p, n);
        assert_false(row_check(&every_type, (struct span){cut, n}, 2));
        free(cut);
    }
    for (size_t bit = 0; bit < 8 * rows.n; bit++) {
        char *changed = malloc(rows.n);
        memcpy(changed, rows.p, rows.n);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        struct span data = {changed, rows.n};
        if (row_check(&every_type, data, 2)) {
            struct buf out = {0};
            row_print(&out, ROW_NDJSON, &every_type, data, true);
            row_print(&out, ROW_CSV, &every_type, data, false);
            assert_true(out.n > 0);
            buf_free(&out);
        }
        free(changed);
    }
    buf_free(&rows);
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(fields_are_big_endian),      cmocka_unit_test(times_count_from_2000),
        cmocka_unit_test(checks_how_long_a_numeric_is),
        cmocka_unit_test(numerics_are_those_of_numeric_send), cmocka_unit_test(numerics_print_as_decimals),
        cmocka_unit_test(u64_and_u256_agree),         cmocka_unit_test(arrays_are_those_of_array_send),
        cmocka_unit_test(ndjson),                     cmocka_unit_test(csv),
        cmocka_unit_test(empty_values_are_not_null),  cmocka_unit_test(checks_counts),
        cmocka_unit_test(checks_lengths_and_nulls),   cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
