/* cope_test.c - a task in work: troubles end it in the way that they should. */
#include "job_play.h"

/* Kept, it would have everything refused here, for good. */
static void
a_first_block_beyond_the_newest_is_none(void **state)
{
    const struct judgement pruned = {.verdict = VERDICT_PRUNED, .wait_ms = -1, .min_block = 100001};
    struct holdings holdings;
    struct job *j = job_of("task=1 dataset=logs from=0 to=99");
    (void)state;
    holdings_init(&holdings);
    coping.holdings = &holdings;
    trouble(j, next_step(j, 0), pruned, "eth_getLogs", 0);
    assert_int_equal(coping.logs_from, 0);
    assert_false(j->stopped);
    assert_int_equal(holdings.state, HOLDINGS_SAMPLING); /* where it begins is looked up */
    job_free(j);
}

static void
retries_pause_and_end(void **state)
{
    struct job *j = job_of("task=1 dataset=logs from=5 to=5");
    struct step *s;
    int64_t now = 0;
    int tries = 0;
    (void)state;
    while ((s = next_step(j, now))) {
        tries++;
        trouble(j, s, transient, "eth_getLogs", now);
        if (tries == 1) {
            assert_null(next_step(j, now)); /* not at once */
            assert_true(steps_next_ms(j->ready, now) <= now + 250);
            assert_true(steps_next_ms(j->ready, now) >= now + 125);
        }
        now += 30000;
    }
    assert_int_equal(tries, 4); /* and three retries */
    gives_back(j, CONTROL_FAILED, 5, 5);
    assert_non_null(strstr(j->cut.error, "it said so"));
    job_free(j);
}

static void
what_is_finished_before_a_failure_counts(void **state)
{
    struct job *j = job_of("task=1 dataset=logs from=0 to=299");
    struct step *a = next_step(j, 0), *b = next_step(j, 0), *c = next_step(j, 0);
    const struct judgement lost = {.verdict = VERDICT_NOMETHOD, .wait_ms = -1};
    (void)state;
    trouble(j, b, lost, "eth_getLogs", 0);
    assert_false(job_over(j)); /* two are still under way */
    good(j, a);
    good(j, c);
    gives_back(j, CONTROL_REFUSED, 100, 299);
    finished(j, 0, 99);
    job_free(j);
}

static void
pruned_blocks_go_back_the_others_stay(void **state)
{
    const struct judgement pruned = {.verdict = VERDICT_PRUNED, .wait_ms = -1, .min_block = 60};
    struct job *j = job_of("task=1 dataset=logs from=0 to=99");
    struct step *s = next_step(j, 0);
    (void)state;
    trouble(j, s, pruned, "eth_getLogs", 0);
    s = next_step(j, 0);
    assert_int_equal(s->at.from, 60);
    assert_int_equal(s->at.to, 99);
    good(j, s);
    gives_back(j, CONTROL_REFUSED, 0, 59);
    finished(j, 60, 99);
    assert_int_equal(coping.logs_from, 60);
    job_free(j);
}

/* A number that no block has: nothing to fetch, and no lack. */
static void
numbers_without_a_block_are_done(void **state)
{
    const struct judgement none = {.verdict = VERDICT_NOBLOCK, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=1");
    struct step *s = next_step(j, 0);
    (void)state;
    trouble(j, s, none, "eth_getLogs", 0);
    s = next_step(j, 0);
    assert_int_equal(s->at.to, 0);
    trouble(j, s, none, "eth_getLogs", 0);
    assert_false(job_over(j));
    good(j, next_step(j, 0));
    finished(j, 0, 1);
    assert_false(j->cut.set);
    job_free(j);

    j = job_of("task=1 dataset=blocks,logs from=5 to=5");
    trouble(j, next_step(j, 0), none, "eth_getBlockByNumber", 0);
    s = next_step(j, 0);
    assert_int_equal(s->kind, STEP_LOGS);
    good(j, s);
    finished(j, 5, 5);
    job_free(j);
}

static void
answers_about_blocks_that_go_back_anyway_change_nothing(void **state)
{
    const struct judgement pruned = {.verdict = VERDICT_PRUNED, .wait_ms = -1, .min_block = 300};
    struct job *j = job_of("task=1 dataset=logs from=0 to=399");
    struct step *first = next_step(j, 0), *second = next_step(j, 0);
    (void)state;
    trouble(j, first, pruned, "eth_getLogs", 0);
    trouble(j, second, pruned, "eth_getLogs", 0);
    first = next_step(j, 0);
    assert_non_null(first);
    assert_int_equal(first->at.from, 300);
    good(j, first);
    gives_back(j, CONTROL_REFUSED, 0, 299);
    finished(j, 300, 399);
    job_free(j);
}

static void
a_block_that_does_not_come_is_declined(void **state)
{
    const struct judgement unseen = {.verdict = VERDICT_NOTYET, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=199");
    struct step *s = next_step(j, 0);
    int64_t now = 0;
    int tries = 0;
    (void)state;
    good(j, s);
    while ((s = next_step(j, now))) {
        assert_true(++tries < 20);
        trouble(j, s, unseen, "eth_getLogs", now);
        now += 10000;
    }
    gives_back(j, CONTROL_DECLINED, 100, 199);
    assert_int_equal(j->cut.reason, REASON_HEAD);
    finished(j, 0, 99);
    job_free(j);
}

static void
an_unknown_transaction_does_not_hold_up_the_others(void **state)
{
    const struct judgement unseen = {.verdict = VERDICT_NOTYET, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=transactions hashes="
                           "0x1111111111111111111111111111111111111111111111111111111111111111,"
                           "0x2222222222222222222222222222222222222222222222222222222222222222");
    struct step *s = next_step(j, 0), *unknown = step_copy(s, (struct piece){1, 1});
    int tries = 0;
    (void)state;
    s->at.to = 0;
    j->flying++;
    good(j, s);
    trouble(j, unknown, unseen, "eth_getTransactionByHash", 0);
    for (int64_t now = 10000; (s = next_step(j, now)); now += 10000) {
        assert_true(++tries < 20);
        trouble(j, s, unseen, "eth_getTransactionByHash", now);
    }
    assert_true(tries > 3);
    assert_false(j->stopped);
    gives_back(j, CONTROL_REFUSED, 0, 1);
    assert_string_equal(j->cut.error, "1 of 2 transactions not known, first "
                        "0x2222222222222222222222222222222222222222222222222222222222222222");
    job_free(j);
}

/* Where transaction and receipt are asked for one by one both are unknown, and it is one that is missing. */
static void
an_unknown_transaction_counts_once(void **state)
{
    const struct judgement unseen = {.verdict = VERDICT_NOTYET, .wait_ms = -1};
    const struct judgement alone = {.verdict = VERDICT_BATCH, .wait_ms = -1, .max_items = 1};
    struct job *j = job_of("task=1 dataset=transactions hashes="
                           "0x2222222222222222222222222222222222222222222222222222222222222222");
    struct step *s;
    (void)state;
    endpoint_batch_refused(endpoint, &alone, 2);
    for (int64_t now = 0; (s = next_step(j, now)); now += 10000)
        trouble(j, s, unseen, "eth_getTransactionByHash", now);
    gives_back(j, CONTROL_REFUSED, 0, 0);
    assert_string_equal(j->cut.error, "1 of 1 transactions not known, first "
                        "0x2222222222222222222222222222222222222222222222222222222222222222");
    job_free(j);
}

static void
bad_data_gets_a_second_chance(void **state)
{
    const struct judgement bad = {.verdict = VERDICT_BADDATA, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=5 to=5");
    (void)state;
    trouble(j, next_step(j, 0), bad, "eth_getLogs", 0);
    assert_false(job_over(j));
    trouble(j, next_step(j, 0), bad, "eth_getLogs", 0);
    gives_back(j, CONTROL_FAILED, 5, 5);
    job_free(j);
}

/* Receipts of a block that do not fit it, time after time, are asked for by their hashes. */
static void
odd_receipts_are_asked_for_one_by_one(void **state)
{
    const struct judgement bad = {.verdict = VERDICT_BADDATA, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=transactions from=5 to=5");
    struct step *s;
    (void)state;
    trouble(j, next_step(j, 0), bad, "eth_getBlockByNumber", 0);
    s = next_step(j, 0);
    assert_int_equal(s->one_by_one, RECEIPTS_OF_BLOCK);
    trouble(j, s, bad, "eth_getBlockByNumber", 0);
    s = next_step(j, 0);
    assert_int_equal(s->one_by_one, RECEIPTS_ODD);
    trouble(j, s, bad, "eth_getBlockByNumber", 0);
    gives_back(j, CONTROL_FAILED, 5, 5);
    job_free(j);
}

static void
receipts_that_never_come_are_asked_for_one_by_one(void **state)
{
    struct job *j = job_of("task=1 dataset=transactions from=5 to=5");
    struct step *s = next_step(j, 0);
    int64_t now = 0;
    int tries = 0;
    (void)state;
    for (; s && s->one_by_one == RECEIPTS_OF_BLOCK; s = next_step(j, now += 60000), tries++)
        trouble(j, s, transient, "eth_getBlockReceipts", now);
    assert_int_equal(tries, coping.retries + 1);
    assert_non_null(s);
    assert_int_equal(s->one_by_one, RECEIPTS_ODD);
    for (tries = 0; s; s = next_step(j, now += 60000), tries++)
        trouble(j, s, transient, "eth_getBlockByNumber", now);
    assert_int_equal(tries, coping.retries + 1);
    gives_back(j, CONTROL_FAILED, 5, 5);
    job_free(j);
}

static void
missing_methods_have_others(void **state)
{
    const struct judgement none = {.verdict = VERDICT_NOMETHOD, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=traces from=5 to=5");
    (void)state;
    trouble(j, next_step(j, 0), none, "trace_block", 0);
    assert_true(coping.lacks.trace_block);
    assert_false(job_over(j));
    trouble(j, next_step(j, 0), none, "debug_traceBlockByNumber", 0);
    gives_back(j, CONTROL_REFUSED, 5, 5);
    job_free(j);
}

static void
a_refused_key_ends_the_fetcher(void **state)
{
    const struct judgement auth = {.verdict = VERDICT_AUTH, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=5 to=5");
    int64_t now = 0;
    (void)state;
    for (int i = 0; i < 3; i++, now += 5000)
        trouble(j, next_step(j, now), auth, "eth_getLogs", now);
    assert_true(coping.fatal[0]);
    gives_back(j, CONTROL_DECLINED, 5, 5);
    job_free(j);
}

static void
pauses_grow_to_thirty_seconds(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 12; n++) {
        int64_t full = n == 1 ? 250 : n < 7 ? 1000 << (n - 2) : 30000;
        int64_t pause = cope_pause_ms(&coping, n);
        assert_true(pause >= full / 2 && pause <= full);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_first_block_beyond_the_newest_is_none),
        TEST(retries_pause_and_end),
        TEST(what_is_finished_before_a_failure_counts),
        TEST(pruned_blocks_go_back_the_others_stay),
        TEST(numbers_without_a_block_are_done),
        TEST(answers_about_blocks_that_go_back_anyway_change_nothing),
        TEST(a_block_that_does_not_come_is_declined),
        TEST(an_unknown_transaction_does_not_hold_up_the_others),
        TEST(an_unknown_transaction_counts_once),
        TEST(bad_data_gets_a_second_chance),
        TEST(odd_receipts_are_asked_for_one_by_one),
        TEST(receipts_that_never_come_are_asked_for_one_by_one),
        TEST(missing_methods_have_others),
        TEST(a_refused_key_ends_the_fetcher),
        TEST(pauses_grow_to_thirty_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
