/* An answer for logs that contradicts nothing: what is believed, what is asked for again, what is found out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "fetcher/doubt.h"

static struct endpoint *endpoint;
static struct holdings holdings;
static struct coping coping;
static struct taking taking;
static struct job *job;
static struct json_doc *docs[2];
static struct buf body, head; /* of an answer */

static const struct endpoint_options options = {
    .concurrency = 10, .batch = 25, .breaker_threshold = 5, .breaker_cooldown_ms = 10000,
    .backoff_min_ms = 1000, .backoff_max_ms = 30000, .max_blocks = 10000, .target_bytes = 4 << 20,
    .seed = 1, .fixed_concurrency = true};

static int
set_up(void **state)
{
    struct task t;
    char err[256];
    (void)state;
    endpoint = endpoint_new(&options);
    endpoint_saw_head(endpoint, 100000);
    holdings_init(&holdings);
    holdings_saw(&holdings, 0, 100000);
    coping = (struct coping){.endpoint = endpoint, .retries = 3, .seed = 7, .holdings = &holdings};
    trust_init(&coping.trust);
    taking = (struct taking){.coping = &coping, .holdings = &holdings, .name = "unit"};
    assert_true(task_parse(SPAN("task=1 dataset=logs from=10 to=13"), &t, err, sizeof err));
    job = job_new(&t, err, sizeof err);
    docs[0] = json_new();
    docs[1] = json_new();
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    job_free(job);
    json_free(docs[0]);
    json_free(docs[1]);
    buf_free(&body);
    buf_free(&head);
    endpoint_free(endpoint);
    return 0;
}

static void
add_log(struct buf *out, uint64_t block, unsigned index, unsigned address)
{
    buf_addf(out, "%s{\"address\":\"0x%040x\",\"topics\":[],\"data\":\"0x\",\"blockNumber\":\"0x%llx\","
             "\"logIndex\":\"0x%x\",\"transactionIndex\":\"0x0\",\"removed\":false}",
             out->p[out->n - 1] == '[' ? "" : ",", address, (unsigned long long)block, index);
}

/* "10.0 10.1 12.0" as the text of so many logs. */
static const char *
logs(const char *places, const char *before, const char *after)
{
    unsigned long long block;
    unsigned index;
    int used;
    body.n = 0;
    buf_adds(&body, before);
    buf_addc(&body, '[');
    for (; sscanf(places, "%llu.%u%n", &block, &index, &used) == 2; places += used)
        add_log(&body, block, index, index + 1);
    buf_addc(&body, ']');
    buf_adds(&body, after);
    buf_addc(&body, '\0');
    return body.p;
}

static struct json
parsed(size_t doc, const char *text)
{
    static char room[2][20000 + JSON_PADDING];
    const char *error;
    struct json v;
    snprintf(room[doc], sizeof room[doc], "%s", text);
    assert_true(json_parse(docs[doc], room[doc], strlen(room[doc]), &v, &error));
    return v;
}

static struct step *
next_step(void)
{
    const struct job_limits limits = {.blocks = 100};
    return job_step(job, endpoint, &limits, 0);
}

static const char *
header_of(uint64_t block, char bits)
{
    head.n = 0;
    buf_addf(&head, "{\"number\":\"0x%llx\",\"hash\":\"0x%064x\",\"timestamp\":\"0x1\",\"logsBloom\":\"0x",
             (unsigned long long)block, 1);
    for (int i = 0; i < 512; i++)
        buf_addc(&head, bits);
    buf_adds(&head, "\"}");
    buf_addc(&head, '\0');
    return head.p;
}

/* The next step gets this answer, and a header with these hex digits as its bloom where one is asked for.
 * Returns what was asked. */
static const char *
answer(const char *text, char bloom)
{
    struct step *s = next_step();
    struct flight f = {.job = job, .step = s};
    static const char *method;
    assert_non_null(s);
    f.with_proof = s->opinion.times > 0;
    f.proof = s->proof;
    struct rpc_request *r = ask_request(&f, &coping.lacks, endpoint);
    struct rpc_answer a[2] = {{.judgement = {.verdict = VERDICT_OK}}, {.judgement = {.verdict = VERDICT_OK}}};
    a[0].result = parsed(0, text);
    if (r->n > 1)
        a[1].result = parsed(1, header_of(r->calls[1].from, bloom));
    method = r->calls[0].method;
    take_answers(&taking, &f, r, a);
    rpc_request_free(r);
    return method;
}

#define LOGS(places) logs(places, "", "")
#define RECEIPTS(places) logs(places, "[{\"blockNumber\":\"0xb\",\"logs\":", "}]")

static void
known(void) /* no longer new: answers are not asked for twice */
{
    coping.trust.tries.first = 100;
    coping.trust.tries.wait = 1000;
}

static bool
all_done(void)
{
    return pieces_hold(&job->done, (struct piece){10, 13}) && job_over(job);
}

static void
a_new_endpoint_is_asked_twice(void **state)
{
    (void)state;
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_false(all_done());
    assert_int_equal(job->rows[0].n, 0);
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_true(all_done());
    assert_int_equal(job->rows[0].n, 3);
    assert_false(coping.trust.caught);
    assert_false(coping.trust.once); /* nothing to be doubted later */
}

static void
a_known_one_once(void **state)
{
    (void)state;
    known();
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_true(all_done());
    assert_true(coping.trust.once);
}

static void
the_larger_answer_is_taken(void **state)
{
    (void)state;
    answer(LOGS("10.0 13.0"), '0');
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_true(coping.trust.caught);
    assert_true(coping.trust.recheck);
    answer(LOGS("10.0 13.0"), '0');
    assert_false(all_done());
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_true(all_done());
    assert_int_equal(job->rows[0].n, 3);
}

static void
one_that_always_lies_is_asked_no_more(void **state)
{
    (void)state;
    answer(LOGS("10.0 13.0"), '0');
    answer(LOGS("11.0 13.0"), '0');
    assert_true(coping.lacks.logs);
}

static void
but_in_a_pipe_it_is(void **state)
{
    (void)state;
    coping.alone = true;
    answer(LOGS("10.0 13.0"), '0');
    answer(LOGS("11.0 13.0"), '0');
    assert_false(coping.lacks.logs);
    answer(LOGS("11.0 13.0"), '0');
    assert_false(all_done()); /* twice the same is not enough any more */
}

static void
a_number_left_out_is_looked_into(void **state)
{
    (void)state;
    known();
    answer(LOGS("10.0 11.0 11.2 13.0"), '0');
    assert_string_equal(answer(RECEIPTS("11.0 11.1 11.2"), '0'), "eth_getBlockReceipts");
    assert_true(coping.trust.caught);
    assert_false(all_done());
    struct step *s = next_step(); /* a smaller range */
    assert_int_equal(s->at.from, 10);
    assert_int_equal(s->at.to, 11);
    job->flying--;
    step_free(s);
}

static void
some_chains_leave_numbers_out(void **state)
{
    (void)state;
    known();
    answer(LOGS("10.0 11.0 11.2 13.0"), '0');
    answer(RECEIPTS("11.0 11.2"), '0');
    assert_true(coping.trust.holes);
    answer(LOGS("10.0 11.0 11.2 13.0"), '0');
    assert_true(all_done());
    assert_int_equal(job->rows[0].n, 4); /* once, of three answers */
    assert_false(coping.trust.caught);
}

static void
without_receipts_the_block_is_asked_for_alone(void **state)
{
    (void)state;
    known();
    coping.lacks.receipts = true;
    answer(LOGS("10.0 11.0 11.2 13.0"), '0');
    assert_string_equal(answer(LOGS("11.0 11.1 11.2"), '0'), "eth_getLogs");
    assert_true(coping.trust.caught);
}

static void
the_end_is_asked_for_alone(void **state)
{
    (void)state;
    answer(LOGS("10.0 11.0"), '0');
    struct step *s = next_step();
    assert_int_equal(s->kind, STEP_CONTROL);
    assert_int_equal(s->at.from, 12);
    assert_int_equal(s->at.to, 13);
    job->flying--;
    job_put(job, s);
    answer(LOGS("13.0"), '0');
    assert_true(coping.trust.caught);
    assert_int_equal(coping.trust.cut, 2);
}

static void
what_is_cut_off_is_split(void **state)
{
    (void)state;
    known();
    coping.trust.cap = 3;
    answer(LOGS("10.0 11.0 12.0"), '0');
    struct step *s = next_step();
    assert_true(piece_width(s->at) < 4);
    job->flying--;
    step_free(s);
}

static void
the_bloom_that_comes_along_tells(void **state)
{
    (void)state;
    answer(LOGS("10.0 11.0 13.0"), '0');
    answer(LOGS("10.0 11.0 13.0"), 'f');
    assert_false(all_done());
    struct step *s = next_step();
    assert_int_equal(s->kind, STEP_CONTROL);
    assert_int_equal(s->at.from, 12);
    job->flying--;
    step_free(s);
}

static void
a_block_missing_far_from_the_head_is_remembered(void **state)
{
    struct rpc_answer a = {.judgement = {.verdict = VERDICT_NOTYET, .wait_ms = -1}, .text = SPAN("null")};
    (void)state;
    known();
    struct step *s = next_step();
    job->flying--;
    cope(&coping, job, s, &a, "eth_getLogs", 2, 0);
    assert_true(coping.trust.behind);
}

/* Where a backend is known to lack blocks an answer without a proof is asked for again; with one it is believed, and
 * what the first left out is no lie. */
static void
silence_where_a_backend_lags_is_to_be_proved(void **state)
{
    (void)state;
    known();
    trust_behind(&coping.trust, 12);
    answer("[]", '0');
    assert_false(all_done());
    answer(LOGS("10.0 11.0"), '0'); /* with the header of block 13 */
    assert_true(all_done());
    assert_int_equal(job->rows[0].n, 2);
    assert_false(coping.trust.caught);
}

static void
without_batches_it_is_asked_four_times(void **state)
{
    struct endpoint_options single = options;
    (void)state;
    known();
    single.batch = 1;
    endpoint_free(endpoint);
    coping.endpoint = endpoint = endpoint_new(&single);
    endpoint_saw_head(endpoint, 100000);
    trust_behind(&coping.trust, 12);
    for (int i = 1; i <= 4; i++) {
        answer("[]", '0');
        assert_int_equal(all_done(), i == 4);
    }
    assert_int_equal(coping.trust.unproved, 13);
}

static void
a_log_of_the_last_block_is_a_proof(void **state)
{
    (void)state;
    known();
    trust_behind(&coping.trust, 12);
    answer(LOGS("10.0 13.0"), '0');
    assert_true(all_done());
    assert_int_equal(coping.trust.unproved, 0);
}

/* Near the head, where answers may differ and nobody is caught by it, the silence of the first makes it be asked
 * for again; the second has no silence, and less. */
static void
the_smaller_answer_is_not_taken_near_the_head(void **state)
{
    (void)state;
    known();
    endpoint_free(endpoint);
    coping.endpoint = endpoint = endpoint_new(&options);
    endpoint_saw_head(endpoint, 20);
    endpoint_logs_ok(endpoint, 1, 9, 90, 9000);
    answer(LOGS("10.0 10.1 10.2 10.3"), '0');
    assert_false(all_done());
    answer("[]", '0'); /* its end alone */
    answer(LOGS("10.0 11.0 13.0"), '0');
    assert_false(all_done());
    answer(LOGS("10.0 10.1 10.2 10.3"), '0');
    assert_true(all_done());
    assert_int_equal(job->rows[0].n, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_endpoint_is_asked_twice),
        TEST(a_known_one_once),
        TEST(the_larger_answer_is_taken),
        TEST(one_that_always_lies_is_asked_no_more),
        TEST(but_in_a_pipe_it_is),
        TEST(a_number_left_out_is_looked_into),
        TEST(some_chains_leave_numbers_out),
        TEST(without_receipts_the_block_is_asked_for_alone),
        TEST(the_end_is_asked_for_alone),
        TEST(what_is_cut_off_is_split),
        TEST(the_bloom_that_comes_along_tells),
        TEST(the_smaller_answer_is_not_taken_near_the_head),
        TEST(silence_where_a_backend_lags_is_to_be_proved),
        TEST(without_batches_it_is_asked_four_times),
        TEST(a_log_of_the_last_block_is_a_proof),
        TEST(a_block_missing_far_from_the_head_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
