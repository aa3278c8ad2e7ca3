/* survey_test.c - what an endpoint is asked about itself, and what its answers mean, in virtual time. */
#include "survey_play.h"

static const char *chain_answer, *head_answer, *sample_answer;
static unsigned chains_asked, heads_asked;

static enum web_then
answer(const struct web_request *r, struct buf *out, void *context)
{
    const char *id = memmem(r->body.p, r->body.n, "\"id\":", 5);
    bool chain = memmem(r->body.p, r->body.n, "eth_chainId", 11) != NULL;
    struct buf body = {0};
    unsigned long long n = strtoull(id + 5, NULL, 10);

    (void)context;
    chains_asked += chain;
    heads_asked += memmem(r->body.p, r->body.n, "eth_blockNumber", 15) != NULL;
    if (memmem(r->body.p, r->body.n, "eth_getBlockByNumber", 20))
        buf_addf(&body, sample_answer, n, n + 1);
    else
        buf_addf(&body, "{\"id\":%llu,\"result\":%s}", n, chain ? chain_answer : head_answer);
    web_reply(out, "200 OK", "", (struct span){body.p, body.n});
    buf_free(&body);
    return WEB_KEEP;
}

static int
set_up(void **state)
{
    (void)state;
    chain_answer = "\"0x7a69\"";
    head_answer = "\"0x64\"";
    chains_asked = heads_asked = 0;
    return set_up_with(answer);
}

static void
other_requests(unsigned n)
{
    const struct judgement ok = {.verdict = VERDICT_OK, .wait_ms = -1};

    for (; n; n--) {
        endpoint_sent(endpoint);
        endpoint_answer(endpoint, "eth_getLogs", &ok, 1, 1000, T0);
    }
}

static void
chain_ids_of_every_form(void **state)
{
    static const char *const forms[] = {"\"0x7a69\"", "\"31337\"", "31337"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        survey.chain = 0;
        survey.head_known = false;
        chain_answer = forms[i];
        turn(T0 + (int64_t)i);
        assert_int_equal(survey.chain, 31337);
        assert_true(survey_ready(&survey));
    }
}

static void
what_is_no_number_is_no_chain(void **state)
{
    static const char *const forms[] = {"\"<nil>\"", "null", "{}", "\"0x08c379a0zz\"", "\"0x0\"", "0",
                                        "\"0x7fffffffffffffff\"", "18446744073709551615"};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        chain_answer = forms[i];
        turn(T0 + (int64_t)i * 100000);
        assert_int_equal(chains_asked, i + 1); /* and not again at once */
        assert_false(survey_ready(&survey));
        assert_int_equal(survey.chain, 0);
        assert_non_null(strstr(survey.error, "eth_chainId"));
    }
    assert_string_equal(coping.fatal, "");
}

static void
another_chain_is_refused(void **state)
{
    (void)state;
    survey.wanted_chain = 1;
    turn(T0);
    assert_string_equal(coping.fatal, "chain 31337, not 1");
}

/* Behind a name the nodes change: once a minute of work its chain is asked for again. */
static void
a_chain_that_changes_is_noticed(void **state)
{
    (void)state;
    turn(T0);
    assert_int_equal(chains_asked, 1);
    turn(T0 + 10 * MINUTE);
    assert_int_equal(chains_asked, 2); /* the head was asked for since */
    turn(T0 + 20 * MINUTE);
    assert_int_equal(chains_asked, 2); /* nothing was asked since: nobody needs to know */
    other_requests(3);
    turn(T0 + 20 * MINUTE + 1);
    assert_int_equal(chains_asked, 3);
    other_requests(3);
    chain_answer = "\"0x5\"";
    turn(T0 + 21 * MINUTE);
    assert_int_equal(chains_asked, 3);
    assert_string_equal(coping.fatal, "");
    turn(T0 + 21 * MINUTE + 1);
    assert_int_equal(chains_asked, 4);
    assert_string_equal(coping.fatal, "chain 5, not 31337");
}

static void
head_is(const char *hex, int64_t now_ms)
{
    unsigned asked = heads_asked;

    head_answer = hex;
    coping.trust.want_head = true;
    turn(now_ms);
    assert_int_equal(heads_asked, asked + 1);
    assert_false(coping.trust.want_head);
}

/* One name, several backends: a head far below the highest is that of one which lags. */
static void
a_head_that_goes_back_far_tells_of_a_lagging_backend(void **state)
{
    (void)state;
    head_answer = "\"0x3e8\""; /* 1000 */
    turn(T0);
    assert_int_equal(heads_asked, 1);
    turn(T0 + 5000);
    assert_int_equal(heads_asked, 1); /* nobody wants to know */
    head_is("\"0x3a9\"", T0 + 5000); /* 937: it happens */
    assert_false(coping.trust.behind);
    head_is("\"0x3a8\"", T0 + 5001);
    assert_true(coping.trust.behind);
    assert_int_equal(coping.trust.low, 936);
    assert_int_equal(endpoint_head(endpoint), 1000);
}

static void
the_first_head_may_be_that_of_a_lagging_backend(void **state)
{
    (void)state;
    turn(T0); /* 100 */
    head_is("\"0x3e8\"", T0 + 100);
    assert_true(coping.trust.behind);
    assert_int_equal(coping.trust.low, 100);
    coping.trust.behind = false;
    head_is("\"0x7d0\"", T0 + 2200); /* it has grown since */
    assert_false(coping.trust.behind);
}

static void
a_late_answer_is_that_of_a_chain_that_grew(void **state)
{
    (void)state;
    turn(T0); /* 100 */
    head_answer = "\"0x3e8\"";
    coping.trust.want_head = true;
    survey_tick(&survey, T0 + 100);
    survey.now_ms = T0 + 9000;
    while (rpc_in_flight(rpc) > 0) {
        web_turn(&web);
        rpc_wait(rpc, NULL, 0, 1);
        rpc_perform(rpc, T0 + 9000);
    }
    assert_int_equal(endpoint_head(endpoint), 1000);
    assert_false(coping.trust.behind);
}

/* A sample of old headers, the second of which is not there. */
static void
a_header_missing_far_from_the_head_tells_of_it_too(void **state)
{
    (void)state;
    head_answer = "\"0x3e8\"";
    turn(T0);
    sample_answer = "[{\"id\":%llu,\"result\":{\"number\":\"0xa\"}},{\"id\":%llu,\"result\":null}]";
    holdings_doubt(&survey.holdings, 10, 1000);
    survey_tick(&survey, T0 + 1);
    rpc_perform(rpc, T0 + 1);
    while (!coping.trust.behind && rpc_in_flight(rpc) > 0) {
        web_turn(&web);
        rpc_wait(rpc, NULL, 0, 1);
        rpc_perform(rpc, T0 + 1);
    }
    assert_true(coping.trust.behind);
    assert_int_equal(coping.trust.low, 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chain_ids_of_every_form),
        TEST(what_is_no_number_is_no_chain),
        TEST(another_chain_is_refused),
        TEST(a_chain_that_changes_is_noticed),
        TEST(a_head_that_goes_back_far_tells_of_a_lagging_backend),
        TEST(the_first_head_may_be_that_of_a_lagging_backend),
        TEST(a_late_answer_is_that_of_a_chain_that_grew),
        TEST(a_header_missing_far_from_the_head_tells_of_it_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
