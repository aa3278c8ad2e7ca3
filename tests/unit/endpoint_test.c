/* endpoint_test.c - which answer changes what may be asked next. */
#include "endpoint_play.h"

static void
a_pause_lies_between_requests(void **state)
{
    struct endpoint_options o = plain;
    o.pause_ms = 150;
    struct endpoint *e = endpoint_new(&o);

    (void)state;
    assert_int_equal(endpoint_take(e, 25, 1000), 0);
    assert_int_equal(endpoint_take(e, 25, 1000), 150);
    assert_int_equal(endpoint_take(e, 1, 1149), 1);
    assert_int_equal(endpoint_take(e, 25, 1150), 0);
    assert_int_equal(endpoint_take(e, 25, 1200), 100);
    endpoint_free(e);
}

/* Our own distance between two requests is no rest that it asked for, however long. */
static void
a_distance_is_no_rest(void **state)
{
    struct endpoint_options o = plain;
    struct judgement quota = judged(VERDICT_QUOTA);

    (void)state;
    o.pause_ms = 60000;
    struct endpoint *e = endpoint_new(&o);
    assert_int_equal(endpoint_take(e, 1, 1000), 0);
    assert_int_equal(endpoint_next_ms(e, 1000), 60000);
    assert_int_equal(endpoint_rest_ms(e, 1000), 0);
    quota.wait_ms = 5000;
    endpoint_sent(e);
    endpoint_answer(e, "eth_getLogs", &quota, 1, LATENCY_US, 1000);
    assert_int_equal(endpoint_rest_ms(e, 1000), 5000);
    assert_int_equal(endpoint_next_ms(e, 1000), 60000);
    endpoint_free(e);
}

static void
slots_are_what_is_not_in_flight(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement ok = judged(VERDICT_OK);

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(endpoint_slots(e, 0), 10 - i);
        endpoint_sent(e);
    }
    assert_int_equal(endpoint_slots(e, 0), 0);
    endpoint_answer(e, "eth_getLogs", &ok, 1, LATENCY_US, 50);
    assert_int_equal(endpoint_slots(e, 50), 1);
    endpoint_free(e);
}

static void
breaker_opens_probes_and_closes(void **state)
{
    struct endpoint *e = endpoint_new(&plain);

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_false(answer(e, VERDICT_TRANSIENT, i * 100));
    assert_true(answer(e, VERDICT_TRANSIENT, 400));
    assert_int_equal(endpoint_state(e, 450), BREAKER_OPEN);
    assert_int_equal(endpoint_slots(e, 450), 0);
    assert_false(endpoint_probe_due(e, 450));
    assert_int_equal(endpoint_next_ms(e, 450), COOLDOWN);
    assert_true(endpoint_probe_due(e, 450 + COOLDOWN));
    assert_false(endpoint_probe_due(e, 450 + COOLDOWN));
    assert_int_equal(endpoint_slots(e, 450 + COOLDOWN), 0);
    /* an answer of the time before is not the probe's */
    endpoint_sent(e);
    assert_false(answer(e, VERDICT_OK, 460 + COOLDOWN));
    assert_int_equal(endpoint_state(e, 460 + COOLDOWN), BREAKER_HALF_OPEN);
    assert_true(exchange(e, "eth_chainId", judged(VERDICT_OK), 470 + COOLDOWN));
    assert_int_equal(endpoint_state(e, 600 + COOLDOWN), BREAKER_CLOSED);
    assert_true(endpoint_slots(e, 600 + COOLDOWN) > 0);
    endpoint_free(e);
}

static void
only_failures_open_the_breaker(void **state)
{
    static const enum verdict harmless[] = {VERDICT_NOTYET, VERDICT_PRUNED, VERDICT_RANGE, VERDICT_DENSITY,
                                            VERDICT_BATCH, VERDICT_FILTER, VERDICT_NOMETHOD, VERDICT_CALLER};

    (void)state;
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        struct endpoint *e = endpoint_new(&plain);

        for (int k = 0; k < 20; k++)
            assert_false(answer(e, harmless[i], k * 100));
        assert_int_equal(endpoint_state(e, 3000), BREAKER_CLOSED);
        endpoint_free(e);
    }
}

static void
bad_data_opens_the_breaker(void **state)
{
    struct endpoint *e = endpoint_new(&plain);

    (void)state;
    for (int i = 0; i < 5; i++)
        answer(e, VERDICT_BADDATA, i);
    assert_int_equal(endpoint_state(e, 100), BREAKER_OPEN);
    endpoint_free(e);
}

static void
one_method_fails_alone(void **state)
{
    struct endpoint *e = endpoint_new(&plain);

    (void)state;
    for (int i = 0; i < 5; i++) {
        exchange(e, "trace_block", judged(VERDICT_TRANSIENT), i * 100);
        exchange(e, "eth_getLogs", judged(VERDICT_OK), i * 100 + 50);
    }
    assert_int_equal(endpoint_state(e, 600), BREAKER_CLOSED);
    assert_true(endpoint_method_ok(e, "eth_getLogs", 600));
    assert_false(endpoint_method_ok(e, "trace_block", 600));
    assert_true(endpoint_method_ok(e, "trace_block", 600 + COOLDOWN)); /* its probe */
    assert_false(endpoint_method_ok(e, "trace_block", 601 + COOLDOWN));
    assert_true(endpoint_method_ok(e, "trace_block", 602 + 2 * COOLDOWN)); /* never sent: another */
    exchange(e, "trace_block", judged(VERDICT_OK), 700 + 2 * COOLDOWN);
    assert_true(endpoint_method_ok(e, "trace_block", 800 + 2 * COOLDOWN));
    assert_true(endpoint_method_ok(e, "trace_block", 800 + 2 * COOLDOWN));
    endpoint_free(e);
}

static void
a_missing_method_is_off_for_a_day(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    const int64_t day = 24 * 3600 * 1000;

    (void)state;
    exchange(e, "eth_getBlockReceipts", judged(VERDICT_NOMETHOD), 0);
    assert_false(endpoint_method_ok(e, "eth_getBlockReceipts", 1000));
    assert_true(endpoint_method_ok(e, "eth_getLogs", 1000));
    assert_true(endpoint_method_ok(e, "eth_getBlockReceipts", day + 1000));
    endpoint_free(e);
}

/* One of several backends may lack what the others have. */
static void
a_method_that_was_served_is_missed_three_times(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement ok = judged(VERDICT_OK), none = judged(VERDICT_NOMETHOD);

    (void)state;
    for (int round = 0; round < 2; round++) {
        endpoint_answer(e, "eth_getLogs", &ok, 1, LATENCY_US, 0);
        for (int i = 0; i < 2; i++) {
            assert_true(endpoint_slips(e, "eth_getLogs"));
            endpoint_answer(e, "eth_getLogs", &none, 1, LATENCY_US, 0);
            assert_true(endpoint_method_ok(e, "eth_getLogs", 0));
        }
    }
    assert_false(endpoint_slips(e, "eth_getLogs"));
    endpoint_answer(e, "eth_getLogs", &none, 1, LATENCY_US, 0);
    assert_true(endpoint_lacks(e, "eth_getLogs", 0));
    assert_false(endpoint_method_ok(e, "eth_getLogs", 0));
    endpoint_free(e);
}

static void
timeouts_narrow_ranges_and_concurrency(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement j = judged(VERDICT_TRANSIENT);

    (void)state;
    endpoint_logs_ok(e, 1, 10000, 0, 40);
    j.rule = "timeout";
    for (int i = 0; i < 3; i++)
        endpoint_sent(e);
    for (int i = 0; i < 3; i++)
        endpoint_answer(e, "eth_getLogs", &j, 1, 30000000, 30000 + i);
    assert_int_equal(endpoint_logs_width(e, 5, 30003), 5000);
    assert_int_equal(endpoint_slots(e, 30003), 7);
    endpoint_free(e);
}

static void
batches_are_learned(void **state)
{
    struct endpoint *e = endpoint_new(&plain);
    struct judgement j = judged(VERDICT_BATCH), ok = judged(VERDICT_OK);

    (void)state;
    assert_int_equal(endpoint_batch(e), 25);
    j.max_items = 3;
    endpoint_batch_refused(e, &j, 25);
    assert_int_equal(endpoint_batch(e), 3);
    j.max_items = 1;
    endpoint_batch_refused(e, &j, 3);
    assert_int_equal(endpoint_batch(e), 1);
    for (int i = 0; i < 130; i++) {
        endpoint_sent(e);
        endpoint_answer(e, "eth_getBlockByNumber", &ok, 1, LATENCY_US, i + 50);
    }
    assert_int_equal(endpoint_batch(e), 2); /* tried again */
    j.max_items = 0;
    endpoint_batch_refused(e, &j, 2);
    assert_int_equal(endpoint_batch(e), 1);
    endpoint_free(e);
}

static void
the_head_never_goes_back(void **state)
{
    struct endpoint *e = endpoint_new(&plain);

    (void)state;
    assert_int_equal(endpoint_head(e), 0);
    endpoint_saw_head(e, 100);
    endpoint_saw_head(e, 90);
    assert_int_equal(endpoint_head(e), 100);
    endpoint_pruned(e, 50);
    endpoint_pruned(e, 0);
    assert_int_equal(endpoint_min_block(e), 50);
    endpoint_free(e);
}

static void
answers_are_counted(void **state)
{
    struct endpoint *e = endpoint_new(&plain);

    (void)state;
    answer(e, VERDICT_OK, 0);
    answer(e, VERDICT_RANGE, 100);
    answer(e, VERDICT_TRANSIENT, 200);
    assert_int_equal(endpoint_stats(e)->requests, 3);
    assert_int_equal(endpoint_stats(e)->failures, 1);
    assert_int_equal(endpoint_stats(e)->latency_us, 3 * LATENCY_US);
    endpoint_free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_lies_between_requests),
        cmocka_unit_test(a_distance_is_no_rest),
        cmocka_unit_test(slots_are_what_is_not_in_flight),
        cmocka_unit_test(breaker_opens_probes_and_closes),
        cmocka_unit_test(only_failures_open_the_breaker),
        cmocka_unit_test(bad_data_opens_the_breaker),
        cmocka_unit_test(one_method_fails_alone),
        cmocka_unit_test(a_missing_method_is_off_for_a_day),
        cmocka_unit_test(a_method_that_was_served_is_missed_three_times),
        cmocka_unit_test(timeouts_narrow_ranges_and_concurrency),
        cmocka_unit_test(batches_are_learned),
        cmocka_unit_test(the_head_never_goes_back),
        cmocka_unit_test(answers_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
