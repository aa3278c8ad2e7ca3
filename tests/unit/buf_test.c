/* buf_test.c - buffers grow, keep their bytes, and quote what strangers sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/buf.h"

static void
assert_buf(const struct buf *b, const char *text)
{
    assert_int_equal(b->n, strlen(text));
    assert_memory_equal(b->p, text, b->n);
}

static void
grows_and_keeps(void **state)
{
    struct buf b = {0};
    (void)state;

    for (int i = 0; i < 10000; i++)
        buf_addf(&b, "%d,", i);
    assert_int_equal(b.n, 48890);
    assert_memory_equal(b.p + b.n - 10, "9998,9999,", 10);
    buf_drop(&b, b.n - 5);
    assert_buf(&b, "9999,");
    buf_drop(&b, 100);
    assert_int_equal(b.n, 0);
    buf_addc(&b, 'x');
    assert_buf(&b, "x");
    buf_free(&b);
    assert_null(b.p);
    buf_adds(&b, "again");
    assert_buf(&b, "again");
    buf_free(&b);
}

static void
room_is_there(void **state)
{
    struct buf b = {0};
    (void)state;

    memset(buf_room(&b, 100000), 'a', 100000); /* ASan watches */
    assert_int_equal(b.n, 0);
    assert_true(b.cap >= 100000);
    buf_add(&b, NULL, 0);
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void
long_formats_fit(void **state)
{
    struct buf b = {0};
    char text[1000];
    (void)state;

    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t n = 60; n <= 68; n++) { /* around the room that is tried first */
        b.n = 0;
        buf_addf(&b, "%.*s", (int)n, text);
        assert_int_equal(b.n, n);
    }
    b.n = 0;
    buf_addf(&b, "<%s>", text);
    assert_int_equal(b.n, 1001);
    assert_int_equal(b.p[1000], '>');
    buf_free(&b);
}

static void
spans_compare(void **state)
{
    (void)state;
    assert_true(span_is(SPAN("abc"), "abc"));
    assert_false(span_is(SPAN("abc"), "ab"));
    assert_false(span_is(SPAN("ab"), "abc"));
    assert_true(span_eq((struct span){NULL, 0}, SPAN("")));
    assert_false(span_eq(SPAN("a"), SPAN("b")));
    assert_int_equal(span_of("hello").n, 5);
}

static void
utf8_is_told(void **state)
{
    static const char *const good[] = {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80", "a\xFF", "\xE2\x82", "\xF0\x9F\x98"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(span_is_utf8(span_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(span_is_utf8(span_of(bad[i])));
}

static void
json_strings_are_escaped(void **state)
{
    struct buf b = {0};
    (void)state;

    buf_add_json(&b, SPAN("a\"b\\c\nd\te\x01\xC3\xA9\xFF"));
    assert_buf(&b, "\"a\\\"b\\\\c\\nd\\u0009e\\u0001\xC3\xA9\xEF\xBF\xBD\"");
    b.n = 0;
    buf_add_json(&b, (struct span){NULL, 0});
    assert_buf(&b, "\"\"");
    buf_free(&b);
}

static void
lines_are_one_line_and_bounded(void **state)
{
    struct buf b = {0};
    (void)state;

    buf_add_line(&b, SPAN("one\r\ntwo\x1B[0m\xFF"), 100);
    assert_buf(&b, "one  two [0m?");
    b.n = 0;
    buf_add_line(&b, SPAN("ab\xE2\x82\xAC"), 4); /* no half character */
    assert_buf(&b, "ab");
    buf_free(&b);
}

static void
copies_are_whole(void **state)
{
    char *a = xstrdup("text"), *b = xstrndup("text", 2), *c = xstrndup(NULL, 0);
    (void)state;

    assert_string_equal(a, "text");
    assert_string_equal(b, "te");
    assert_string_equal(c, "");
    free(a);
    free(b);
    free(c);
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(grows_and_keeps),          cmocka_unit_test(room_is_there),
        cmocka_unit_test(long_formats_fit),         cmocka_unit_test(spans_compare),
        cmocka_unit_test(utf8_is_told),             cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(lines_are_one_line_and_bounded), cmocka_unit_test(copies_are_whole),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
