/* json_test.c - the C face on the JSON parser: types, look-ups, iteration, printing, refusal. */
#include "records.h"

static struct json_doc *doc;

static int
setup(void **state)
{
    (void)state;
    doc = json_new();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    json_free(doc);
    return 0;
}

static struct json
parse(const char *text)
{
    struct buf b = {0};
    struct json root;
    const char *error;

    buf_adds(&b, text);
    memset(buf_room(&b, JSON_PADDING), 'x', JSON_PADDING); /* what is behind the text does not matter */
    if (!json_parse(doc, b.p, b.n, &root, &error))
        fail_msg("%s: %s", text, error);
    buf_free(&b); /* the document does not need it any more */
    return root;
}

static bool
refused(const char *text, size_t n)
{
    struct buf b = {0};
    struct json root;
    const char *error = NULL;

    buf_add(&b, text, n);
    memset(buf_room(&b, JSON_PADDING), 0, JSON_PADDING);
    bool ok = json_parse(doc, b.p, b.n, &root, &error);
    buf_free(&b);
    if (!ok)
        assert_non_null(error);
    return !ok;
}

static void
tells_types(void **state)
{
    static const enum json_type want[] = {
        JSON_NULL, JSON_BOOL, JSON_BOOL, JSON_NUMBER, JSON_NUMBER, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT,
    };
    struct json_items it = json_items(parse("[null,true,false,-1,18446744073709551615,1.5,\"\",[],{}]"));
    struct json v;
    size_t n = 0;

    (void)state;
    for (; json_next(&it, &v); n++)
        assert_int_equal(json_type(v), want[n]);
    assert_int_equal(n, sizeof want / sizeof want[0]);
}

static void
reads_numbers_of_the_size_asked(void **state)
{
    uint64_t u = 7;
    int64_t i = 7;
    struct span s = {0};
    bool b;

    (void)state;
    assert_true(json_u64(parse("18446744073709551615"), &u) && u == UINT64_MAX);
    assert_true(json_u64(parse("0"), &u) && u == 0);
    assert_true(json_u64(parse("9223372036854775807"), &u) && u == INT64_MAX);
    assert_false(json_u64(parse("-1"), &u));
    assert_false(json_u64(parse("1.0"), &u));
    assert_false(json_u64(parse("\"1\""), &u));
    assert_true(json_i64(parse("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(json_i64(parse("9223372036854775808"), &i));
    assert_false(json_i64(parse("null"), &i));
    assert_true(json_bool(parse("true"), &b) && b);
    assert_true(json_bool(parse("false"), &b) && !b);
    assert_false(json_bool(parse("0"), &b));
    assert_false(json_string(parse("1"), &s));
}

static void
reads_strings_with_escapes(void **state)
{
    struct span s;
    (void)state;
    assert_true(json_string(parse("\"a\\n\\u0000\\u00e9\\\"\""), &s));
    assert_int_equal(s.n, 6);
    assert_memory_equal(s.p, "a\n\0\xc3\xa9\"", 6);
}

static void
finds_members(void **state)
{
    struct json root = parse("{\"a\":{\"b\":[1,{\"a\":5}]},\"ab\":\"x\",\"\":null,\"b\":2}"), v;
    uint64_t n;

    (void)state;
    assert_true(json_get(root, "b", &v) && json_u64(v, &n) && n == 2);
    assert_true(json_get(root, "ab", &v) && json_type(v) == JSON_STRING);
    assert_true(json_get(root, "", &v) && json_type(v) == JSON_NULL);
    assert_false(json_get(root, "c", &v));
    assert_false(json_get(root, "abc", &v));
    assert_true(json_get(root, "a", &v) && json_get(v, "b", &v) && json_count(v) == 2);
    assert_false(json_get(v, "a", &v)); /* an array */
    assert_false(json_get(parse("\"a\""), "a", &v));
    assert_false(json_get(parse("{}"), "a", &v));
}

static void
goes_over_items_and_fields(void **state)
{
    struct json root = parse("{\"a\":[1,[2,3],{\"x\":4},5.5,\"six\",-7,null],\"b\":{},\"c\":1}"), v, inner;
    struct json_items it = json_items(root);
    struct span key;
    size_t n = 0;

    (void)state;
    assert_true(json_next_field(&it, &key, &inner) && span_is(key, "a"));
    for (struct json_items in = json_items(inner); json_next(&in, &v);)
        n++;
    assert_int_equal(n, 7);
    assert_int_equal(json_count(inner), 7);
    assert_true(json_next_field(&it, &key, &v) && span_is(key, "b"));
    assert_true(json_next_field(&it, &key, &v) && span_is(key, "c"));
    assert_false(json_next_field(&it, &key, &v));
    assert_int_equal(json_count(root), 3);

    it = json_items(parse("7"));
    assert_false(json_next(&it, &v));
    assert_int_equal(json_count(parse("7")), 0);
}

static void
refuses_what_is_not_one_document(void **state)
{
    static const char *const bad[] = {
        "", " ", "{", "[1,]", "{\"a\":}", "{\"a\" 1}", "[1]]", "[1] [2]", "nul", "<html>", "'a'", "\"a", "01", "1e",
        "\"\\x\"", "[\"\xff\"]", "error code: 1015", "{\"a\":1}\n{\"b\":2}", "\"\x01\"",
        "99999999999999999999", /* no such number is in any reply */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!refused(bad[i], strlen(bad[i])))
            fail_msg("let pass: %s", bad[i]);
    assert_true(refused("[1\0]", 4));
    parse("[1]"); /* and the document still works */
}

static void
bounds_depth(void **state)
{
    struct buf b = {0};
    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '[');
    assert_true(refused(b.p, b.n));
    b.n = 0;
    for (int i = 0; i < 2100; i++)
        buf_addc(&b, '[');
    for (int i = 0; i < 2100; i++)
        buf_addc(&b, ']');
    assert_false(refused(b.p, b.n));
    buf_free(&b);
}

static void
print_is(const char *text, size_t max, const char *want)
{
    struct buf out = {0};
    buf_adds(&out, ">");
    json_print(&out, parse(text), max);
    buf_addc(&out, '\0');
    assert_string_equal(out.p + 1, want);
    buf_free(&out);
}

static void
prints_compact_text(void **state)
{
    (void)state;
    print_is("{ \"a\" : [ 1 , -2, 1.5, {\"b\":null}, [] , {} ], \"c\":\"x\\\"\\n\\\\\" , \"d\": true, \"e\":[[[]]] }", 1000,
             "{\"a\":[1,-2,1.5,{\"b\":null},[],{}],\"c\":\"x\\\"\\u000a\\\\\",\"d\":true,\"e\":[[[]]]}");
    print_is("18446744073709551615", 1000, "18446744073709551615");
    print_is("\"abcdefgh\"", 4, "\"abc");
    print_is("[1,2,3,4,5]", 4, "[1,2");
    print_is("{\"a\":{\"b\":1}}", 0, "");
}

static void
gives_memory_back(void **state)
{
    struct buf b = {0};
    (void)state;
    buf_addc(&b, '[');
    for (int i = 0; i < 300000; i++)
        buf_adds(&b, "1234567,");
    buf_adds(&b, "0]");
    assert_false(refused(b.p, b.n));
    assert_true(json_memory(doc) > 20u << 20);
    json_shrink(doc, 100u << 20); /* below that: nothing to do */
    assert_true(json_memory(doc) > 20u << 20);
    json_shrink(doc, 1u << 20);
    assert_true(json_memory(doc) <= 1u << 20);
    uint64_t n;
    assert_true(json_u64(parse("5"), &n) && n == 5);
    buf_free(&b);
}

/* The tape's count of items saturates at 2^24 - 1. */
static void
counts_many(void **state)
{
    enum { MANY = 16777300 };
    struct buf b = {0};
    (void)state;
    buf_room(&b, 2 * MANY + 2);
    buf_addc(&b, '[');
    for (int i = 0; i < MANY; i++)
        buf_adds(&b, i ? ",1" : "1");
    buf_addc(&b, ']');
    assert_int_equal(json_count(parsed((struct span){b.p, b.n})), MANY);
    buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_types),
        cmocka_unit_test(reads_numbers_of_the_size_asked),
        cmocka_unit_test(reads_strings_with_escapes),
        cmocka_unit_test(finds_members),
        cmocka_unit_test(goes_over_items_and_fields),
        cmocka_unit_test(refuses_what_is_not_one_document),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(prints_compact_text),
        cmocka_unit_test(gives_memory_back),
        cmocka_unit_test(counts_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
