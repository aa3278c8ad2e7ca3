/* survey_test.c - what an endpoint is asked about itself, and what its answers mean, in virtual time. */
#include "survey_play.h"

static const char *chain_answer;
static unsigned chains_asked;

static enum web_then
answer(const struct web_request *r, struct buf *out, void *context)
{
    const char *id = memmem(r->body.p, r->body.n, "\"id\":", 5);
    bool chain = memmem(r->body.p, r->body.n, "eth_chainId", 11) != NULL;
    struct buf body = {0};

    (void)context;
    chains_asked += chain;
    buf_addf(&body, "{\"id\":%llu,\"result\":%s}", strtoull(id + 5, NULL, 10), chain ? chain_answer : "\"0x64\"");
    web_reply(out, "200 OK", "", (struct span){body.p, body.n});
    buf_free(&body);
    return WEB_KEEP;
}

static int
set_up(void **state)
{
    (void)state;
    chain_answer = "\"0x7a69\"";
    chains_asked = 0;
    return set_up_with(answer);
}

static void
other_requests(unsigned n)
{
    const struct judgement ok = {.verdict = VERDICT_OK, .wait_ms = -1};

    for (; n; n--) {
        endpoint_sent(endpoint, 1);
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
    static const char *const forms[] = {"\"<nil>\"", "null", "{}", "\"0x08c379a0zz\""};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        chain_answer = forms[i];
        turn(T0 + (int64_t)i * 100000);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chain_ids_of_every_form),
        TEST(what_is_no_number_is_no_chain),
        TEST(another_chain_is_refused),
        TEST(a_chain_that_changes_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
