/* verdict_test.c - every answer in verdict_cases.h means what it says there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/verdict_cases.h"

enum { NOON = 1700049600 /* 2023-11-15 12:00 UTC */ };

static struct span
maybe(const char *text)
{
    return text ? span_of(text) : SPAN("");
}

static struct answer_facts
facts_of(const struct verdict_case *c, long status)
{
    uint64_t from = c->from ? c->from : 1000000, blocks = c->blocks ? c->blocks : 100000;

    return (struct answer_facts){
        .transport = c->transport,
        .status = status,
        .retry_after_ms = c->retry_after_ms == 0 ? -1 : c->retry_after_ms == -2 ? 0 : c->retry_after_ms,
        .json = !c->body && c->transport == TRANSPORT_OK,
        .has_error = c->message != NULL,
        .code = c->code,
        .message = maybe(c->message),
        .data = maybe(c->data),
        .body = maybe(c->body),
        .result_null = c->null,
        .result_missing = c->missing,
        .foreign = c->foreign,
        .kind = c->kind,
        .blocks = blocks,
        .from = from,
        .to = from + blocks - 1,
        .items = c->items,
        .batch = c->batch ? c->batch : 1,
        .whole_batch = c->whole,
        .head = c->head,
        .now_unix = NOON,
    };
}

static unsigned
differs(const struct verdict_case *c, const char *what, int64_t got, int64_t want)
{
    if (got == want)
        return 0;
    print_error("%s (\"%.60s\"): %s is %lld, expected %lld\n", c->who, c->message ? c->message : c->body ? c->body : "-",
                what, (long long)got, (long long)want);
    return 1;
}

static const char *
name_of(enum verdict v)
{
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_OK] = "ok", [VERDICT_RATE] = "rate", [VERDICT_QUOTA] = "quota",
        [VERDICT_RANGE] = "range", [VERDICT_DENSITY] = "density", [VERDICT_FILTER] = "filter",
        [VERDICT_BATCH] = "batch", [VERDICT_NOTYET] = "not-yet", [VERDICT_PRUNED] = "pruned",
        [VERDICT_NOBLOCK] = "no-block",
        [VERDICT_NOMETHOD] = "no-method", [VERDICT_AUTH] = "auth",
        [VERDICT_TRANSIENT] = "transient", [VERDICT_BADDATA] = "bad-data",
        [VERDICT_CALLER] = "caller",
    };

    return names[v];
}

static unsigned
failures_of(const struct verdict_case *c, long status)
{
    struct answer_facts f = facts_of(c, status);
    struct judgement j = judge(&f);
    unsigned bad = 0;

    if (j.verdict != c->want) {
        print_error("%s (HTTP %ld, \"%.60s\"): %s by rule %s, expected %s\n", c->who, status,
                    c->message ? c->message : c->body ? c->body : "-", name_of(j.verdict), j.rule,
                    name_of(c->want));
        return 1;
    }
    bad += differs(c, "max_blocks", (int64_t)j.max_blocks, (int64_t)c->max_blocks);
    bad += differs(c, "max_items", (int64_t)j.max_items, (int64_t)c->max_items);
    bad += differs(c, "max_logs", (int64_t)j.max_logs, (int64_t)c->max_logs);
    bad += differs(c, "min_block", (int64_t)j.min_block, (int64_t)c->min_block);
    bad += differs(c, "per_second", (int64_t)j.per_second, (int64_t)c->per_second);
    bad += differs(c, "wait_ms", j.wait_ms, c->wait_ms ? c->wait_ms : -1);
    return bad;
}

static void
every_answer(void **state)
{
    unsigned bad = 0;

    (void)state;
    for (size_t i = 0; i < sizeof verdict_cases / sizeof verdict_cases[0]; i++) {
        const struct verdict_case *c = &verdict_cases[i];

        if (c->status || c->transport != TRANSPORT_OK) {
            bad += failures_of(c, c->status);
        } else {
            bad += failures_of(c, 200);
            bad += failures_of(c, 400);
        }
    }
    assert_int_equal(bad, 0);
}

static void
results_pass(void **state)
{
    struct answer_facts f = {.status = 200, .json = true, .retry_after_ms = -1, .batch = 1};

    (void)state;
    assert_int_equal(judge(&f).verdict, VERDICT_OK);
    f.status = 503; /* a result under an error status is not trusted */
    assert_int_equal(judge(&f).verdict, VERDICT_TRANSIENT);
}

static void
unknown_errors_have_a_name(void **state)
{
    struct answer_facts f = {.status = 200, .json = true, .has_error = true, .message = SPAN("new"), .retry_after_ms = -1};

    (void)state;
    assert_string_equal(judge(&f).rule, "unknown");
    f.json = f.has_error = false;
    assert_string_equal(judge(&f).rule, "not-json");
}

/* Texts of any bytes and lengths neither crash nor hang. */
static void
noise(void **state)
{
    char text[5000];
    uint32_t x = 1;

    (void)state;
    for (int round = 0; round < 50; round++) {
        struct answer_facts f = {.json = round & 1, .has_error = true, .status = 200, .batch = 1, .blocks = 9, .to = 8,
                                 .retry_after_ms = -1, .message = {text, sizeof text}, .data = {text, sizeof text},
                                 .body = {text, sizeof text}};

        for (size_t i = 0; i < sizeof text; i++) {
            x = x * 1664525 + 1013904223;
            text[i] = round < 25 ? (char)(x >> 24) : "0123456789kx,.[]-range limit"[(x >> 24) % 28];
        }
        assert_true(judge(&f).verdict < VERDICT_COUNT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer),
        cmocka_unit_test(results_pass),
        cmocka_unit_test(unknown_errors_have_a_name),
        cmocka_unit_test(noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
