/* words_test.c - lines of key=value words, strict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/words.h"

static char err[200];

static bool
parse(const char *line, bool with_verb, struct words *w)
{
    err[0] = '\0';
    return words_parse(span_of(line), with_verb, w, err, sizeof err);
}

static void
refused(const char *line, bool with_verb, const char *message)
{
    struct words w;

    assert_false(parse(line, with_verb, &w));
    assert_string_equal(err, message);
}

static void
words_are_found(void **state)
{
    struct words w;
    struct span value;
    (void)state;

    assert_true(parse("a=1 b_2=x=y,z c=-", false, &w));
    assert_int_equal(w.n, 3);
    assert_int_equal(w.verb.n, 0);
    assert_true(words_get(&w, "a", &value) && span_is(value, "1"));
    assert_true(words_get(&w, "b_2", &value) && span_is(value, "x=y,z"));
    assert_true(words_get(&w, "c", &value) && span_is(value, "-"));
    assert_false(words_get(&w, "b", &value));
    assert_false(words_get(&w, "", &value));
}

static void
verbs_come_first(void **state)
{
    struct words w;
    (void)state;

    assert_true(parse("took task=1", true, &w));
    assert_true(span_is(w.verb, "took"));
    assert_int_equal(w.n, 1);
    assert_true(parse("bye", true, &w));
    assert_int_equal(w.n, 0);
    refused("task=1", true, "expected a verb: \"task=1\"");
    refused("took", false, "expected key=value: \"took\"");
}

static void
error_runs_to_the_end(void **state)
{
    struct words w;
    struct span value;
    (void)state;

    assert_true(parse("failed task=1 error=HTTP 500  a=b ", true, &w));
    assert_true(words_get(&w, "error", &value));
    assert_true(span_is(value, "HTTP 500  a=b "));
    assert_true(parse("a=x error=y", false, &w));
    assert_true(parse("terror=x y=z", false, &w)); /* another key */
    assert_int_equal(w.n, 2);
}

static void
mistakes_are_named(void **state)
{
    (void)state;
    refused("", false, "expected a line of words: \"\"");
    refused("a=1  b=2", false, "words are separated by single spaces: \"a=1  b=2\"");
    refused(" a=1", false, "words are separated by single spaces: \" a=1\"");
    refused("a=1 ", false, "words are separated by single spaces: \"a=1 \"");
    refused("a=1 a=2", false, "a key given twice: \"a\"");
    refused("a=", false, "an empty value: \"a=\"");
    refused("=1", false, "a key has only a-z, 0-9 and _: \"=1\"");
    refused("A=1", false, "a key has only a-z, 0-9 and _: \"A=1\"");
    refused("a=1\tb=2", false, "a control character in the line: \"a=1\tb=2\"");
    refused("a=1\n", false, "a control character in the line: \"a=1\n\"");
    refused("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee", false,
            "expected key=value: \"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\" ...");
}

static void
counts_and_lengths_are_bounded(void **state)
{
    struct words w;
    struct buf b = {0};
    (void)state;

    for (int i = 0; i < WORDS_MAX; i++)
        buf_addf(&b, "%sk%d=v", i ? " " : "", i);
    assert_true(words_parse((struct span){b.p, b.n}, false, &w, err, sizeof err));
    assert_int_equal(w.n, WORDS_MAX);
    buf_adds(&b, " more=v");
    assert_false(words_parse((struct span){b.p, b.n}, false, &w, err, sizeof err));
    b.n = 0;
    buf_adds(&b, "a=");
    memset(buf_room(&b, WORDS_LINE_MAX), 'x', WORDS_LINE_MAX);
    b.n = WORDS_LINE_MAX;
    assert_true(words_parse((struct span){b.p, b.n}, false, &w, err, sizeof err));
    b.n++;
    assert_false(words_parse((struct span){b.p, b.n}, false, &w, err, sizeof err));
    buf_free(&b);
}

static void
runs_have_a_form(void **state)
{
    (void)state;
    assert_true(words_run_ok(SPAN("5f0c2a91")));
    assert_true(words_run_ok(SPAN("-")));
    assert_true(words_run_ok(SPAN("abcdefghijklmnopqrstuvwxyz012345")));
    assert_false(words_run_ok(SPAN("abcdefghijklmnopqrstuvwxyz0123456")));
    assert_false(words_run_ok(SPAN("")));
    assert_false(words_run_ok(SPAN("--")));
    assert_false(words_run_ok(SPAN("a_b")));
    assert_false(words_run_ok(SPAN("A")));
}

/* Any bytes at all: refused or taken, never read beyond (ASan: each line has its own block). */
static void
garbage_is_survived(void **state)
{
    static const char some[] = "ab=1 ,\n\t_-error=\x80\xFF";
    unsigned seed = 1;
    (void)state;

    for (int i = 0; i < 20000; i++) {
        size_t n = (size_t)(i % 40);
        char *line = malloc(n + 1);
        struct words w;
        for (size_t k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            line[k] = some[(seed >> 16) % (sizeof some - 1)];
        }
        if (words_parse((struct span){line, n}, i & 1, &w, err, sizeof err))
            assert_true(w.n <= WORDS_MAX);
        free(line);
    }
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(words_are_found),       cmocka_unit_test(verbs_come_first),
        cmocka_unit_test(error_runs_to_the_end), cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(counts_and_lengths_are_bounded), cmocka_unit_test(runs_have_a_form),
        cmocka_unit_test(garbage_is_survived),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
