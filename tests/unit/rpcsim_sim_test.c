/* The endpoint without a socket: knobs, scenario, rate, and that its faults repeat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tests/rpcsim/scenario.h"
#include "tests/rpcsim/sim.h"
#include "tests/rpcsim/timers.h"

static const struct chain_options chain = {
    .seed = 5, .head = 1000, .logs_per_block = 2, .txs_per_block = 1, .contracts = 3, .holders = 50, .bloom = true,
};

static struct sim
make(const char *settings)
{
    struct sim s = {.start_ms = -1, .seed = 3, .max_body = 1 << 20, .knobs = knobs_default};
    char err[400] = "", line[400];
    s.chain = chain_new(&chain);
    s.source = chain_source(s.chain);
    snprintf(line, sizeof line, "at 0s %s", settings);
    s.scenario = scenario_parse(span_of(line), err, sizeof err);
    assert_string_equal(err, "");
    return s;
}

static void
end(struct sim *s)
{
    scenario_free(s->scenario);
    chain_free(s->chain);
    knobs_free(&s->knobs);
}

static unsigned
ask(struct sim *s, const char *text, int64_t now_us, struct buf *body)
{
    struct reply r;
    sim_answer(s, span_of(text), now_us, &r);
    if (body) {
        body->n = 0;
        buf_add(body, r.body.p, r.body.n);
        buf_addc(body, '\0');
    }
    unsigned status = r.act == ACT_SEND ? r.status : 0;
    reply_free(&r);
    return status;
}

static const char chain_id[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"eth_chainId\"}";

static void
rate_lets_through_what_it_says(void **state)
{
    (void)state;
    struct sim s = make("rate=10 burst=3");
    unsigned ok = 0;
    for (int64_t now_us = 1000000; now_us < 11000000; now_us += 10000) /* 100 a second, for 10 s */
        ok += ask(&s, chain_id, now_us, NULL) == 200;
    assert_in_range(ok, 102, 103);
    assert_int_equal(s.stats.refused[REFUSED_RATE], 1000 - ok);
    end(&s);
}

static void
faults_repeat(void **state)
{
    (void)state;
    unsigned first[500], failed = 0;
    for (int round = 0; round < 2; round++) {
        struct sim s = make("error-percent=20 errors=500,502,drop,empty,hang");
        for (int i = 0; i < 500; i++) {
            unsigned status = ask(&s, chain_id, i, NULL);
            failed += status != 200;
            if (round == 0)
                first[i] = status;
            else
                assert_int_equal(status, first[i]);
        }
        end(&s);
    }
    assert_in_range(failed / 2, 60, 120);
}

static void
a_scenario_goes_by_time_and_by_requests(void **state)
{
    (void)state;
    struct sim s = make("latency=5ms\nat 2s chain-id=5\nafter 4 requests chain-id=6");
    struct buf body = {0};
    ask(&s, chain_id, 50000000, &body); /* time zero */
    assert_non_null(strstr(body.p, "0x7a69"));
    ask(&s, chain_id, 51999000, &body);
    assert_non_null(strstr(body.p, "0x7a69"));
    ask(&s, chain_id, 52000000, &body);
    assert_non_null(strstr(body.p, "\"0x5\""));
    ask(&s, chain_id, 52000000, NULL);
    ask(&s, chain_id, 52000000, &body);
    assert_non_null(strstr(body.p, "\"0x6\""));
    buf_free(&body);
    end(&s);
}

static void
wrong_scenarios_are_named(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"at 1s latency", "line 1: 'latency', expected name=value"},
        {"# fine\nat 1s speed=5", "line 2: unknown setting 'speed'"},
        {"at 1s dead=yes", "line 1: dead: 'yes', expected off, refuse, reset"},
        {"soon rate=5", "line 1: expected 'at SECONDS' or 'after N requests'"},
        {"after 5 minutes rate=5", "line 1: expected 'at SECONDS' or 'after N requests'"},
        {"at 1s error-percent=101", "line 1: error-percent: '101', expected a number"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char err[400] = "";
        assert_null(scenario_parse(span_of(wrong[i][0]), err, sizeof err));
        assert_string_equal(err, wrong[i][1]);
    }
}

static void
every_style_can_be_chosen_and_filled(void **state)
{
    (void)state;
    struct buf names = {0}, text = {0};
    const struct style_words w = {.max = 12345, .asked = 20000, .from = 100, .to = 20099, .sfrom = 100, .sto = 12444,
                                  .head = 7, .need = 8, .wait = 9, .method = "m"};
    for (int kind = STYLE_RANGE; kind <= STYLE_METHOD; kind++) {
        names.n = 0;
        style_names((enum style_kind)kind, &names);
        for (size_t at = 0; at < names.n;) {
            const char *comma = memchr(names.p + at, ',', names.n - at);
            size_t n = comma ? (size_t)(comma - names.p) - at : names.n - at;
            const struct style *s = style_find((enum style_kind)kind, (struct span){names.p + at, n});
            assert_non_null(s);
            text.n = 0;
            style_fill(s->message, &w, &text);
            style_fill(s->data ? s->data : "", &w, &text);
            buf_addc(&text, '\0');
            assert_null(strstr(text.p, "{max"));
            assert_null(strstr(text.p, "{s"));
            at += n + 2;
        }
    }
    text.n = 0;
    style_fill("{max} {max,} {sfrom}-{sto} {dfrom}-{dto} {no} {", &w, &text);
    assert_int_equal(text.n, strlen("12345 12,345 0x64-0x309c 100-12444 {no} {"));
    assert_memory_equal(text.p, "12345 12,345 0x64-0x309c 100-12444 {no} {", text.n);
    buf_free(&names);
    buf_free(&text);
}

static void
timers_come_in_order(void **state)
{
    (void)state;
    struct timers t = {0};
    int things[100];
    for (int i = 0; i < 100; i++)
        timers_add(&t, i * 37 % 100, &things[i * 37 % 100]);
    timers_remove(&t, &things[50]);
    assert_int_equal(timers_next(&t), 0);
    for (int i = 0; i < 100; i++)
        if (i != 50)
            assert_ptr_equal(timers_due(&t, 99), &things[i]);
    assert_null(timers_due(&t, 99));
    assert_int_equal(timers_next(&t), INT64_MAX);
    timers_free(&t);
}

static void
garbage_is_answered(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "x", "5", "null", "{}", "[]", "[5]", "[[]]", "{\"id\":{}}", "{\"method\":5}",
        "{\"method\":\"eth_getLogs\"}", "{\"method\":\"eth_getLogs\",\"params\":{}}",
        "{\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":5}]}",
        "{\"method\":\"eth_getLogs\",\"params\":[{\"topics\":[1,2,3,4,5]}]}",
        "{\"method\":\"eth_getLogs\",\"params\":[{\"fromBlock\":\"0xffffffffffffffff\",\"toBlock\":\"0xffffffffffffffff\"}]}",
        "{\"method\":\"eth_getBlockByNumber\",\"params\":[\"zz\"]}",
        "{\"method\":\"eth_getTransactionReceipt\",\"params\":[\"0x12\"]}",
        "{\"method\":\"eth_getBalance\",\"params\":[]}",
        "{\"method\":\"trace_block\",\"params\":[\"0xfffffffffffff\"]}",
        "{\"method\":\"\\\"\\\\\\u0001\",\"id\":\"\\u00e9\"}",
    };
    struct sim s = make("latency=0s");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf body = {0};
        assert_int_equal(ask(&s, texts[i], 5, &body), 200);
        json_t *v = json_loads(body.p, 0, NULL);
        assert_non_null(v);
        json_decref(v);
        buf_free(&body);
    }
    end(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_lets_through_what_it_says),
        cmocka_unit_test(faults_repeat),
        cmocka_unit_test(a_scenario_goes_by_time_and_by_requests),
        cmocka_unit_test(wrong_scenarios_are_named),
        cmocka_unit_test(every_style_can_be_chosen_and_filled),
        cmocka_unit_test(timers_come_in_order),
        cmocka_unit_test(garbage_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
