/* survey_holdings_test.c - from which block on an endpoint has logs: what it answers when it is asked, and what that
 * tells. Every block has a bloom; what there is of its logs and receipts is up to each test. */
#include "survey_play.h"

enum { HEAD = 1000, DOUBTED = 5 };

#define PRUNED "\"error\":{\"code\":4444,\"message\":\"pruned history unavailable\"}"
#define TOO_LARGE "\"error\":{\"code\":-32603,\"message\":\"response exceeds size limit\"}"
#define TOO_MANY "\"error\":{\"code\":-32005,\"message\":\"query returned more than 10000 results\"}"
#define TOO_FAST "\"error\":{\"code\":-32005,\"message\":\"too many requests\"}"
#define NO_METHOD "\"error\":{\"code\":-32601,\"message\":\"the method eth_getBlockReceipts does not exist/is not available\"}"
#define BROKEN "\"error\":{\"code\":-32603,\"message\":\"internal error\"}"
#define NO_LOGS "\"result\":[]"
#define SOME_LOGS "\"result\":[{}]" /* how many there are is all that counts */
#define NO_RECEIPTS "\"result\":null"
#define RECEIPTS "\"result\":[{\"blockNumber\":\"%s\",\"logs\":[]}]"
#define RECEIPTS_WITH_LOGS                                                                                         \
    "\"result\":[{\"blockNumber\":\"%s\",\"logs\":[{\"address\":\"0x1111111111111111111111111111111111111111\","   \
    "\"topics\":[],\"data\":\"0x\",\"blockNumber\":\"%s\",\"logIndex\":\"0x0\"}]}]"

static struct {
    uint64_t first_held;        /* blocks before it are answered for as follows */
    const char *logs, *receipts;
    const char *first_logs;     /* the first answer of all for logs; NULL: as any other */
    const char *headers;        /* as the answer for a header before it; NULL: the header */
    unsigned receipts_asked;
} node;

static void
add_header(struct buf *out, const char *number)
{
    buf_addf(out, "\"result\":{\"number\":\"%s\",\"hash\":\"0x%064d\",\"timestamp\":\"0x1\",\"logsBloom\":\"0x%0512d\"}",
             number, 1, 1);
}

static const char *
logs_of(uint64_t block)
{
    const char *first = node.first_logs;
    node.first_logs = NULL;
    return first ? first : block < node.first_held ? node.logs : SOME_LOGS;
}

static void
add_answer(struct buf *out, const char *method, const char *params)
{
    char number[20];
    sscanf(params, "%*[^x]x%16[0-9a-f]", number + 2); /* the first in the parameters */
    memcpy(number, "0x", 2);
    uint64_t block = strtoull(number, NULL, 16);
    if (strncmp(method, "eth_chainId", 11) == 0) {
        buf_adds(out, "\"result\":\"0x1\"");
    } else if (strncmp(method, "eth_blockNumber", 15) == 0) {
        buf_addf(out, "\"result\":\"0x%x\"", HEAD);
    } else if (strncmp(method, "eth_getBlockByNumber", 20) == 0) {
        node.headers && block < node.first_held ? buf_adds(out, node.headers) : add_header(out, number);
    } else if (strncmp(method, "eth_getLogs", 11) == 0) {
        buf_adds(out, logs_of(block));
    } else {
        node.receipts_asked++;
        buf_addf(out, block < node.first_held ? node.receipts : RECEIPTS_WITH_LOGS, number, number);
    }
}

static enum web_then
answer(const struct web_request *r, struct buf *out, void *context)
{
    struct buf body = {0}, text = {0};
    bool several = r->body.p[0] == '[';
    unsigned n = 0;

    (void)context;
    buf_add(&text, r->body.p, r->body.n);
    buf_addc(&text, '\0');
    for (const char *p = text.p; (p = strstr(p, "\"id\":")); p++, n++) {
        buf_addf(&body, "%s{\"id\":%llu,", n ? "," : several ? "[" : "", strtoull(p + 5, NULL, 10));
        add_answer(&body, strstr(p, "\"method\":") + 10, strstr(p, "\"params\":") + 9);
        buf_addc(&body, '}');
    }
    if (several)
        buf_addc(&body, ']');
    web_reply(out, "200 OK", "", (struct span){body.p, body.n});
    buf_free(&body);
    buf_free(&text);
    return WEB_KEEP;
}

static int
set_up(void **state)
{
    (void)state;
    memset(&node, 0, sizeof node);
    return set_up_with(answer);
}

/* The endpoint answered as if there were no logs in a block; the check runs to its end, or to a pause. */
static void
doubt(uint64_t first_held, const char *logs, const char *receipts)
{
    node.first_held = first_held;
    node.logs = logs;
    node.receipts = receipts;
    turn(T0);
    assert_true(survey_ready(&survey));
    holdings_doubt(&survey.holdings, DOUBTED, HEAD);
    turn(T0);
}

static void
expect_held_from(uint64_t block)
{
    assert_int_equal(survey.holdings.state, HOLDINGS_IDLE);
    assert_int_equal(survey.holdings.min_block, block);
    assert_int_equal(coping.logs_from, block);
    assert_true(holdings_believe(&survey.holdings, block ? block : DOUBTED, HEAD));
    assert_false(holdings_believe(&survey.holdings, block ? block - 1 : DOUBTED - 1, HEAD));
}

/* A node that answers everything else: who waits for the check is not left waiting. */
static void
headers_that_never_come_end_the_check(void **state)
{
    int64_t now = T0;
    (void)state;
    node.headers = BROKEN;
    doubt(100, NO_LOGS, RECEIPTS);
    assert_int_equal(survey.holdings.state, HOLDINGS_SAMPLING);
    while (survey.holdings.state != HOLDINGS_IDLE && now < T0 + 10 * MINUTE)
        turn(now += 1000);
    assert_int_equal(survey.holdings.state, HOLDINGS_IDLE);
    assert_false(holdings_believe(&survey.holdings, DOUBTED, HEAD));
}

static void
headers_that_are_gone_tell_the_same_of_logs(void **state)
{
    (void)state;
    node.headers = PRUNED;
    doubt(100, NO_LOGS, NO_RECEIPTS);
    expect_held_from(100);
}

static void
receipts_with_logs_speak_against_it(void **state)
{
    (void)state;
    doubt(100, NO_LOGS, RECEIPTS_WITH_LOGS);
    expect_held_from(100);
}

static void
receipts_without_logs_speak_for_it(void **state)
{
    (void)state;
    doubt(HEAD + 1, NO_LOGS, RECEIPTS);
    expect_held_from(0);
}

/* One block is enough to tell: a question for each step of the bisection. */
static void
receipts_that_are_gone_tell_the_same_of_logs(void **state)
{
    static const char *const gone[] = {NO_RECEIPTS, PRUNED};

    for (size_t i = 0; i < 2; i++) {
        doubt(900, NO_LOGS, gone[i]);
        expect_held_from(900);
        assert_in_range(node.receipts_asked, 1, 9);
        tear_down(state);
        set_up(state);
    }
}

/* So large because of their logs; and then the endpoint does send them. */
static void
receipts_too_large_speak_against_it(void **state)
{
    (void)state;
    node.first_logs = NO_LOGS;
    doubt(HEAD + 1, SOME_LOGS, RECEIPTS_WITH_LOGS);
    expect_held_from(0);
    assert_int_equal(node.receipts_asked, 1);

    node.first_logs = NO_LOGS;
    holdings_init(&survey.holdings);
    doubt(HEAD + 1, SOME_LOGS, TOO_LARGE);
    expect_held_from(0);
    assert_int_equal(node.receipts_asked, 2);
}

/* Two blocks without logs are as good. */
static void
without_receipts_a_second_block_decides(void **state)
{
    (void)state;
    doubt(100, NO_LOGS, NO_METHOD);
    expect_held_from(100);
    assert_int_equal(node.receipts_asked, 1);
    assert_true(coping.lacks.receipts);
}

static void
logs_that_are_pruned_need_no_witness(void **state)
{
    (void)state;
    doubt(100, PRUNED, NO_RECEIPTS);
    expect_held_from(100);
    assert_int_equal(node.receipts_asked, 0);
}

static void
more_logs_than_fit_are_logs(void **state)
{
    (void)state;
    doubt(HEAD + 1, TOO_MANY, NO_RECEIPTS);
    expect_held_from(0);
    assert_int_equal(node.receipts_asked, 0);
}

/* One every second, until the check has come there. */
static void
turns_until(enum holdings_state state, int64_t *now_ms)
{
    for (int i = 0; i < 100 && survey.holdings.state != state; i++)
        turn(*now_ms += 1000);
    assert_int_equal(survey.holdings.state, state);
}

static void
a_question_that_fails_is_asked_again(void **state)
{
    (void)state;
    int64_t now_ms = T0;
    node.first_logs = TOO_FAST;
    doubt(100, NO_LOGS, TOO_FAST);
    assert_int_equal(survey.holdings.state, HOLDINGS_CONTROL);
    turns_until(HOLDINGS_WITNESS, &now_ms);
    node.receipts = NO_RECEIPTS;
    turns_until(HOLDINGS_IDLE, &now_ms);
    expect_held_from(100);
}

/* 25 headers are 25 calls, where those are counted. */
static void
headers_cost_as_many_tokens(void **state)
{
    const struct endpoint_options paced = {.concurrency = 10, .rps = 10, .batch = 25, .breaker_threshold = 5,
                                           .max_blocks = 10000, .target_bytes = 4 << 20};
    (void)state;
    endpoint_free(endpoint);
    survey.endpoint = coping.endpoint = report.endpoint = endpoint = endpoint_new(&paced);
    survey.chain = 1;
    survey.head_known = true;
    endpoint_saw_head(endpoint, HEAD);
    survey.chain_asked_ms = T0;
    holdings_doubt(&survey.holdings, DOUBTED, HEAD);
    survey_tick(&survey, T0);
    survey_tick(&survey, T0 + 200);
    assert_int_equal(rpc_in_flight(rpc), 1);
    assert_in_range(endpoint_take(endpoint, 1, T0 + 200), 2300, 2500);
    turn(T0 + 200);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(receipts_with_logs_speak_against_it),
        TEST(receipts_without_logs_speak_for_it),
        TEST(receipts_that_are_gone_tell_the_same_of_logs),
        TEST(receipts_too_large_speak_against_it),
        TEST(without_receipts_a_second_block_decides),
        TEST(logs_that_are_pruned_need_no_witness),
        TEST(more_logs_than_fit_are_logs),
        TEST(a_question_that_fails_is_asked_again),
        TEST(headers_that_are_gone_tell_the_same_of_logs),
        TEST(headers_cost_as_many_tokens),
        TEST(headers_that_never_come_end_the_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
