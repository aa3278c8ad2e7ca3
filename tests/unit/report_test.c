/* report_test.c - what the answers of one request teach the breaker of each method in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/report.h"

enum { COOLDOWN = 10000 };

static const struct judgement well = {.verdict = VERDICT_OK, .wait_ms = -1, .rule = "ok"};
static const struct judgement ill = {.verdict = VERDICT_TRANSIENT, .wait_ms = -1, .rule = "test"};

/* A block and its receipts, in one request. */
static void
exchange(struct report *r, struct judgement receipts, int64_t now)
{
    struct rpc_request q = {.n = 2, .latency_us = 1000};
    struct rpc_answer answers[2] = {{.judgement = well}, {.judgement = receipts, .text = SPAN("no")}};

    q.calls[0].method = "eth_getBlockByNumber";
    q.calls[1].method = "eth_getBlockReceipts";
    endpoint_sent(r->endpoint);
    report_answers(r, &q, answers, now);
}

static struct report
report_of(void)
{
    const struct endpoint_options o = {.concurrency = 10, .batch = 25, .breaker_threshold = 5,
        .breaker_cooldown_ms = COOLDOWN, .backoff_min_ms = 1000, .backoff_max_ms = 30000,
        .max_blocks = 1000, .target_bytes = 1 << 20, .seed = 1};
    return (struct report){.endpoint = endpoint_new(&o), .name = "x", .threshold = 5};
}

static void
only_failures_in_a_row_count_against_a_method(void **state)
{
    struct report r = report_of();
    (void)state;
    for (int i = 0; i < 20; i++) {
        exchange(&r, ill, 100 * i);
        exchange(&r, well, 100 * i + 50);
    }
    assert_true(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", 2000));
    endpoint_free(r.endpoint);
}

static void
a_method_that_works_again_is_asked_without_pause(void **state)
{
    struct report r = report_of();
    int64_t later = 1000 + COOLDOWN;
    (void)state;
    for (int i = 0; i < 5; i++)
        exchange(&r, ill, 1000);
    assert_false(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", 1001));
    assert_true(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", later)); /* one to try */
    assert_false(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", later));
    exchange(&r, well, later + 100);
    assert_true(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", later + 101));
    assert_true(endpoint_method_ok(r.endpoint, "eth_getBlockReceipts", later + 102));
    endpoint_free(r.endpoint);
}

/* 25 requests of two calls in half a second, until both are refused. */
static int64_t
wait_learned(struct report *r)
{
    const struct judgement rate = {.verdict = VERDICT_RATE, .wait_ms = 0, .rule = "test"};
    struct rpc_request q = {.n = 2, .latency_us = 1000, .calls = {{.method = "a"}, {.method = "b"}}};
    struct rpc_answer refused[2] = {{.judgement = rate}, {.judgement = rate}};
    int64_t now = 5000;

    for (; now < 5500; now += 20)
        exchange(r, well, now);
    report_answers(r, &q, refused, now);
    endpoint_take(r->endpoint, 1, now + 1);
    return endpoint_take(r->endpoint, 1, now + 1);
}

static void
calls_count_where_single_ones_are_refused(void **state)
{
    const struct judgement rate = {.verdict = VERDICT_RATE, .wait_ms = 0, .rule = "test"};
    struct report by_request = report_of(), by_call = report_of();

    (void)state;
    endpoint_take(by_request.endpoint, 1, 0);
    endpoint_take(by_call.endpoint, 1, 0);
    exchange(&by_call, rate, 1000);
    assert_in_range(wait_learned(&by_request), 50, 70); /* for one of 25 in a second and a half */
    assert_in_range(wait_learned(&by_call), 25, 35);    /* for one of 50 */
    endpoint_free(by_request.endpoint);
    endpoint_free(by_call.endpoint);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_failures_in_a_row_count_against_a_method),
        cmocka_unit_test(a_method_that_works_again_is_asked_without_pause),
        cmocka_unit_test(calls_count_where_single_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
