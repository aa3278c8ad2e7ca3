/* secrets_test.c - keys of an endpoint never reach people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fetcher/secrets.h"

static void
check(const char *url, const char *header, const char *text, const char *want)
{
    struct secrets s = {.n = 0};
    struct buf out = {0};

    if (url)
        secrets_url(&s, url);
    if (header)
        secrets_header(&s, header);
    secrets_clean(&s, &out, span_of(text), 1000);
    buf_addc(&out, '\0');
    assert_string_equal(out.p, want);
    buf_free(&out);
    secrets_free(&s);
}

static void
parts_of_the_url_are_hidden(void **state)
{
    (void)state;
    check("https://host/v2/aBcD1234", NULL, "key aBcD1234 is bad", "key *** is bad");
    check("https://user12:pa55word@host/", NULL, "no user12 with pa55word", "no *** with ***");
    check("https://user:hunterhunter@host", NULL, "hunterhunter", "***");
    check("https://host/?apikey=zzz999&x=1", NULL, "zzz999", "***");
    check("https://host/rpc/mainnet", NULL, "the mainnet rpc", "the mainnet rpc"); /* words are no keys */
    check("https://host/averylongsecretwithoutdigits", NULL, "averylongsecretwithoutdigits", "***");
    check("https://host/aaaa11/aaaa1122", NULL, "aaaa1122 aaaa11", "*** ***");
    check("", NULL, "text", "text");
}

static void
headers_are_hidden(void **state)
{
    (void)state;
    check(NULL, "Authorization: Bearer abcdef123", "token abcdef123", "token ***");
    check(NULL, "no value", "no value", "no value");
}

static void
urls_in_texts_lose_their_paths(void **state)
{
    (void)state;
    check(NULL, NULL, "see https://docs.example/a/b?c for 'http://x.example/k' and http://y.example",
          "see https://docs.example*** for 'http://x.example***' and http://y.example");
    check(NULL, NULL, "at wss://me:key@host:80/path.", "at wss://host:80***");
    check(NULL, NULL, "a :// b ://", "a :// b ://");
}

static void
texts_are_made_printable_and_bounded(void **state)
{
    struct secrets s = {.n = 0};
    struct buf out = {0};

    (void)state;
    check(NULL, NULL, "a\nb\tc\x1b[0m\xc3\xa9", "a b c [0m??");
    buf_adds(&out, "x");
    secrets_clean(&s, &out, SPAN("0123456789"), 4);
    assert_int_equal(out.n, 5);
    secrets_clean(&s, &out, (struct span){NULL, 0}, 4);
    assert_int_equal(out.n, 5);
    buf_free(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_the_url_are_hidden),
        cmocka_unit_test(headers_are_hidden),
        cmocka_unit_test(urls_in_texts_lose_their_paths),
        cmocka_unit_test(texts_are_made_printable_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
