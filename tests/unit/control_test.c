/* control_test.c - control lines: what is formatted reads back, and nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/control.h"

static char err[300];

static struct buf
formatted(const struct control *c)
{
    struct buf b = {0};

    control_format(&b, c);
    buf_addc(&b, '\0');
    b.n--;
    return b;
}

/* Formats c as `line`, which reads back as the same line. */
static void
reads_back(const struct control *c, const char *line)
{
    struct buf b = formatted(c), again = {0};
    struct control got;

    assert_string_equal(b.p, line);
    assert_true(control_parse((struct span){b.p, b.n}, &got, err, sizeof err));
    assert_int_equal(got.verb, c->verb);
    control_format(&again, &got);
    assert_int_equal(again.n, b.n);
    assert_memory_equal(again.p, b.p, b.n);
    buf_free(&again);
    buf_free(&b);
}

static void
every_verb_reads_back(void **state)
{
    struct control c = {
        .run = SPAN("5f"), .fetcher = SPAN("host-1"), .endpoint = SPAN("ankr"), .task = 17, .from = 5, .to = 9,
        .free = 3, .chain = 1, .head = 100, .requests = 7, .failures = 2, .latency_us = 12345,
        .state = STATE_HALF_OPEN, .reason = REASON_HEAD, .wait_ms = 1500, .rows = 412, .error = SPAN("HTTP 500: a=b c"),
    };
    (void)state;

    c.verb = CONTROL_CREDIT;
    reads_back(&c, "credit run=5f fetcher=host-1 endpoint=ankr chain=1 free=3 head=100 requests=7 failures=2 "
                   "latency_us=12345 state=half-open");
    c.verb = CONTROL_TOOK;
    reads_back(&c, "took run=5f fetcher=host-1 task=17 free=3");
    c.verb = CONTROL_BYE;
    reads_back(&c, "bye fetcher=host-1");
    c.verb = CONTROL_HELLO;
    reads_back(&c, "hello");
    c.verb = CONTROL_LOST;
    reads_back(&c, "lost run=5f task=17");
    c.verb = CONTROL_FETCHED;
    reads_back(&c, "fetched run=5f fetcher=host-1 task=17 free=3");
    c.has_range = true;
    c.verb = CONTROL_DECLINED;
    reads_back(&c, "declined run=5f fetcher=host-1 task=17 free=3 reason=head wait=1500 from=5 to=9");
    c.verb = CONTROL_FETCHED;
    reads_back(&c, "fetched run=5f fetcher=host-1 task=17 free=3 from=5 to=9");
    c.verb = CONTROL_FAILED;
    reads_back(&c, "failed run=5f fetcher=host-1 task=17 free=3 from=5 to=9 error=HTTP 500: a=b c");
    c.verb = CONTROL_REFUSED;
    reads_back(&c, "refused run=5f fetcher=host-1 task=17 free=3 from=5 to=9 error=HTTP 500: a=b c");
    c.verb = CONTROL_COMMITTED;
    reads_back(&c, "committed run=5f task=17 endpoint=ankr rows=412 from=5 to=9");
    c.verb = CONTROL_LOST;
    reads_back(&c, "lost run=5f task=17 from=5 to=9");
    c.verb = CONTROL_REJECTED;
    reads_back(&c, "rejected run=5f task=17 endpoint=ankr from=5 to=9 error=HTTP 500: a=b c");
    c.verb = CONTROL_UNCOVERED;
    reads_back(&c, "uncovered run=5f endpoint=ankr rows=412 from=5 to=9");
    c.verb = CONTROL_TOOK; /* has no range */
    reads_back(&c, "took run=5f fetcher=host-1 task=17 free=3");
}

static void
fields_are_parsed(void **state)
{
    struct control c;
    (void)state;

    assert_true(control_parse(SPAN("declined task=9 run=- fetcher=f free=0 wait=250 reason=breaker from=1 to=2"), &c,
                              err, sizeof err));
    assert_int_equal(c.verb, CONTROL_DECLINED);
    assert_int_equal(c.task, 9);
    assert_true(span_is(c.run, "-"));
    assert_true(span_is(c.fetcher, "f"));
    assert_int_equal(c.reason, REASON_BREAKER);
    assert_int_equal(c.wait_ms, 250);
    assert_true(c.has_range);
    assert_int_equal(c.from, 1);
    assert_int_equal(c.to, 2);
    assert_int_equal(c.error.n, 0);
}

static void
nasty_texts_stay_one_line(void **state)
{
    struct control c = {.verb = CONTROL_FAILED, .fetcher = SPAN("my host\n"), .error = SPAN("two\nlines\r\x1B[1m\xFF")};
    struct control empty = {.verb = CONTROL_FAILED};
    (void)state;

    reads_back(&c, "failed run=- fetcher=my_host_ task=0 free=0 error=two lines  [1m?");
    reads_back(&empty, "failed run=- fetcher=- task=0 free=0 error=-");
    char *long_text = malloc(1 << 20);
    memset(long_text, 'e', 1 << 20);
    c.error = (struct span){long_text, 1 << 20};
    struct buf b = formatted(&c);
    assert_true(b.n < 1200);
    buf_free(&b);
    free(long_text);
}

static void
refused(const char *line, const char *message)
{
    struct control c;

    assert_false(control_parse(span_of(line), &c, err, sizeof err));
    assert_string_equal(err, message);
}

static void
mistakes_are_named(void **state)
{
    (void)state;
    refused("greet a=1", "unknown verb \"greet\"");
    refused("took run=a fetcher=f task=1", "took: missing free");
    refused("took run=a fetcher=f task=1 free=1 rows=2", "took: unknown key \"rows\"");
    refused("took run=a fetcher=f task=1 free=1 from=1 to=2", "took: unknown key \"from\"");
    refused("uncovered run=a endpoint=e rows=0 from=1", "uncovered: missing to");
    refused("uncovered run=a rows=0 from=1 to=2", "uncovered: missing endpoint");
    refused("uncovered run=a endpoint=e rows=0 task=1 from=1 to=2", "uncovered: unknown key \"task\"");
    refused("uncovered run=a endpoint=e rows=0 from=3 to=2", "uncovered: from 3 is greater than to 2");
    refused("took run=a fetcher=f task=-1 free=1", "took: task: expected a number, not \"-1\"");
    refused("took run=A fetcher=f task=1 free=1", "took: run: expected 1 to 32 of a-z and 0-9, or \"-\", not \"A\"");
    refused("lost run=a task=1 from=1", "lost: missing to");
    refused("lost run=a task=1 to=1", "lost: missing from");
    refused("lost run=a task=1 from=2 to=1", "lost: from 2 is greater than to 1");
    refused("lost run=a task=1 from=1 to=9223372036854775808",
            "lost: to: expected a block number, not \"9223372036854775808\"");
    refused("declined run=a fetcher=f task=1 free=0 reason=none wait=0",
            "declined: reason: expected slot, breaker, head, avoid, chain or stopping, not \"none\"");
    refused("credit run=a fetcher=f endpoint=e chain=1 free=1 head=0 requests=0 failures=0 latency_us=0 state=ajar",
            "credit: state: expected closed, open or half-open, not \"ajar\"");
    refused("bye fetcher=f fetcher=g", "a key given twice: \"fetcher\"");
    refused("", "expected a line of words: \"\"");
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(every_verb_reads_back),
        cmocka_unit_test(fields_are_parsed),
        cmocka_unit_test(nasty_texts_stay_one_line),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
