/* endpoint_rate_test.c - how fast it may be asked: rests that are told, quotas, and what is learned of a rate. */
#include "endpoint_play.h"

static void
a_told_wait_is_kept(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement j = judged(VERDICT_RATE);

    (void)state;
    j.wait_ms = 7000;
    exchange(e, "eth_getLogs", j, 1000);
    assert_int_equal(endpoint_slots(e, 1100), 0);
    assert_int_equal(endpoint_take(e, 1, 1050), 7000);
    assert_int_equal(endpoint_next_ms(e, 1050), 7000);
    assert_true(endpoint_slots(e, 8050) > 0);
    assert_int_equal(endpoint_state(e, 1100), BREAKER_CLOSED);
    j = judged(VERDICT_TRANSIENT); /* 503 with Retry-After */
    j.wait_ms = 3000;
    exchange(e, "eth_getLogs", j, 9000);
    assert_int_equal(endpoint_slots(e, 12000), 0);
    assert_true(endpoint_slots(e, 12100) > 0);
    endpoint_free(e);
}

static void
what_was_sent_just_before_a_refusal_confirms_it(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement rate = judged(VERDICT_RATE);

    (void)state;
    for (int64_t now = 0; now < 3000; now += 100)
        answer(e, VERDICT_OK, now);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(endpoint_take(e, 1, 3000), 0);
        endpoint_sent(e);
    }
    endpoint_answer(e, "eth_getLogs", &rate, 1, 5000, 3005);
    endpoint_answer(e, "eth_getLogs", &rate, 1, 5900, 3011); /* sent at 3005.1 */
    assert_true(endpoint_slots(e, 3011) > 0);
    endpoint_free(e);
}

static void
untold_rates_slow_down_first_and_then_back_off(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    int64_t now = 0, first, wait;

    (void)state;
    for (; now < 3000; now += 100)
        answer(e, VERDICT_OK, now);
    answer(e, VERDICT_RATE, now);
    assert_true(endpoint_slots(e, now + 60) > 0); /* slower, but not stopped */
    now += 600;
    answer(e, VERDICT_RATE, now); /* in spite of that */
    first = endpoint_take(e, 1, now + 50);
    assert_in_range(first, 500, 1000);
    now += 50 + first;
    assert_int_equal(endpoint_slots(e, now), 1); /* one asks whether it is over */
    now += 1000;
    answer(e, VERDICT_RATE, now);
    wait = endpoint_take(e, 1, now + 50);
    assert_in_range(wait, 1000, 2000);
    for (int i = 0; i < 8; i++) {
        now += 50 + wait + 5000;
        answer(e, VERDICT_RATE, now);
        wait = endpoint_take(e, 1, now + 50);
        assert_in_range(wait, 1000, COOLDOWN);
    }
    now += 50 + wait + 5000;
    answer(e, VERDICT_OK, now);
    assert_int_equal(endpoint_slots(e, now + 60), 10);
    endpoint_free(e);
}

static void
a_spent_quota_rests_until_it_is_renewed(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement j = judged(VERDICT_QUOTA);

    (void)state;
    j.wait_ms = 3600000;
    exchange(e, "eth_getLogs", j, 0);
    assert_int_equal(endpoint_slots(e, 3600000), 0);
    assert_true(endpoint_slots(e, 3600050) > 0);
    assert_int_equal(endpoint_state(e, 100), BREAKER_CLOSED);
    endpoint_free(e);
}

/* A healthy endpoint of constant latency is used to the full from the first second on. */
static void
health_costs_nothing(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement ok = judged(VERDICT_OK);
    uint32_t due[50] = {0}; /* answers by millisecond */
    uint64_t n = 0;

    (void)state;
    for (int64_t now = 0; now < 10000; now++) {
        for (; due[now % 50]; due[now % 50]--, n++) {
            endpoint_answer(e, "eth_getLogs", &ok, 1, LATENCY_US, now);
            endpoint_logs_ok(e, n * 10000, n * 10000 + 9999, 5, 4000);
        }
        while (endpoint_slots(e, now) > 0 && endpoint_take(e, 1, now) == 0) {
            endpoint_sent(e);
            due[now % 50]++;
        }
    }
    assert_true(n >= 10 * 20 * 10 * 95 / 100);
    endpoint_free(e);
}

/* Allows 50 calls a second, 10 at once, and wants a second's rest after each one too many. */
static bool
serves(double *tokens, int64_t *filled_ms, int64_t now)
{
    *tokens += 0.05 * (double)(now - *filled_ms);
    *filled_ms = now;
    if (*tokens > 10)
        *tokens = 10;
    if (*tokens < 1)
        return false;
    *tokens -= 1;
    return true;
}

/* Two rests of a second, obeyed, is what learning costs; then hardly anything is lost. */
static void
a_rate_is_learned_in_two_rests(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement ok = judged(VERDICT_OK), rate = judged(VERDICT_RATE);
    uint32_t good[20] = {0}, bad[20] = {0}; /* answers by millisecond */
    uint64_t early = 0, late = 0;
    double tokens = 10;
    int64_t filled = 0;

    (void)state;
    rate.wait_ms = 1000;
    for (int64_t now = 0; now < 30000; now++) {
        for (; bad[now % 20]; bad[now % 20]--)
            endpoint_answer(e, "eth_getLogs", &rate, 1, 20000, now);
        for (; good[now % 20]; good[now % 20]--) {
            endpoint_answer(e, "eth_getLogs", &ok, 1, 20000, now);
            endpoint_logs_ok(e, 1, 10000, 5, 4000);
            *(now < 4000 ? &early : &late) += 1;
        }
        while (endpoint_slots(e, now) > 0 && endpoint_take(e, 1, now) == 0) {
            endpoint_sent(e);
            *(serves(&tokens, &filled, now) ? &good[now % 20] : &bad[now % 20]) += 1;
        }
    }
    assert_true(early >= 4 * 50 * 45 / 100);
    assert_true(late >= 26 * 50 * 95 / 100);
    endpoint_free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_told_wait_is_kept),
        cmocka_unit_test(what_was_sent_just_before_a_refusal_confirms_it),
        cmocka_unit_test(untold_rates_slow_down_first_and_then_back_off),
        cmocka_unit_test(a_spent_quota_rests_until_it_is_renewed),
        cmocka_unit_test(health_costs_nothing),
        cmocka_unit_test(a_rate_is_learned_in_two_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
