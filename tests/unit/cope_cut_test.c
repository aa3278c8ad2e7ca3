/* cope_cut_test.c - a task in work: what an endpoint will not take at once is cut, and all of it is waited for. */
#include "job_play.h"

#define ONE "0x0000000000000000000000000000000000000001"
#define TWO "0x0000000000000000000000000000000000000002"

static void
a_wide_range_is_cut_and_goes_on_at_once(void **state)
{
    const struct judgement range = {.verdict = VERDICT_RANGE, .wait_ms = -1, .max_blocks = 10};
    struct job *j = job_of("task=1 dataset=logs from=0 to=99");
    struct step *s = next_step(j, 0);
    uint64_t covered = 0;
    (void)state;
    trouble(j, s, range, "eth_getLogs", 0);
    while ((s = next_step(j, 0))) {
        assert_true(piece_width(s->at) <= 11);
        covered += piece_width(s->at);
        good(j, s);
    }
    assert_int_equal(covered, 100);
    finished(j, 0, 99);
    job_free(j);
}

static void
one_block_is_cut_by_its_filter_then_by_receipts(void **state)
{
    struct job *j = job_of("task=1 dataset=logs from=7 to=7 address=" ONE "," TWO);
    struct step *s = next_step(j, 0), *t;
    (void)state;
    trouble(j, s, density, "eth_getLogs", 0);
    t = next_step(j, 0);
    s = next_step(j, 0);
    assert_int_equal(s->values.of[0].n, 1);
    assert_int_equal(t->values.of[0].n, 1);
    assert_int_equal(t->values.of[0].from, 1);
    good(j, s);
    assert_false(pieces_hold(&j->done, (struct piece){7, 7})); /* the other half is missing */
    trouble(j, t, density, "eth_getLogs", 0);
    t = next_step(j, 0);
    assert_int_equal(t->kind, STEP_DENSE);
    assert_int_equal(t->needs, NEED_HEADER | NEED_RECEIPTS);
    assert_int_equal(t->values.of[0].from, 1);
    good(j, t);
    finished(j, 7, 7);
    job_free(j);
}

static void
a_limit_of_addresses_is_remembered(void **state)
{
    const struct judgement filter = {.verdict = VERDICT_FILTER, .wait_ms = -1, .max_items = 1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=399 address=" ONE "," TWO
                           ",0x0000000000000000000000000000000000000003");
    struct step *s = next_step(j, 0);
    int steps = 0;
    (void)state;
    trouble(j, s, filter, "eth_getLogs", 0);
    for (; (s = next_step(j, 0)); steps++) {
        assert_int_equal(s->values.of[0].n, 1);
        good(j, s);
    }
    assert_int_equal(steps, 12); /* four ranges, three addresses */
    finished(j, 0, 399);
    job_free(j);
}

static void
a_part_that_is_cut_again_is_waited_for(void **state)
{
    const struct judgement filter = {.verdict = VERDICT_FILTER, .wait_ms = -1, .max_items = 1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=99 address=" ONE "," TWO);
    uint64_t blocks[2] = {0};
    struct step *s = next_step(j, 0);
    (void)state;
    trouble(j, s, filter, "eth_getLogs", 0);
    trouble(j, next_step(j, 0), density, "eth_getLogs", 0);
    while ((s = next_step(j, 0))) {
        blocks[s->values.of[0].from] += piece_width(s->at);
        good(j, s);
        assert_int_equal(pieces_hold(&j->done, (struct piece){0, 0}), blocks[0] == 100 && blocks[1] == 100);
    }
    finished(j, 0, 99);
    job_free(j);
}

/* The range is cut by its filter, and one part of it meets the edge of what is held here: blocks that only the
 * other part was answered for are not done. */
static void
a_part_that_is_pruned_holds_back_its_blocks(void **state)
{
    const struct judgement filter = {.verdict = VERDICT_FILTER, .wait_ms = -1, .max_items = 1};
    const struct judgement pruned = {.verdict = VERDICT_PRUNED, .wait_ms = -1, .min_block = 60};
    struct job *j = job_of("task=1 dataset=logs from=0 to=99 address=" ONE "," TWO);
    struct step *s = next_step(j, 0), *first, *second;
    (void)state;
    trouble(j, s, filter, "eth_getLogs", 0);
    first = next_step(j, 0);
    second = next_step(j, 0);
    good(j, first);
    trouble(j, second, pruned, "eth_getLogs", 0);
    second = next_step(j, 0);
    assert_int_equal(second->at.from, 60);
    good(j, second);
    gives_back(j, CONTROL_REFUSED, 0, 59);
    finished(j, 60, 99);
    job_free(j);
}

/* What lies outside of what is kept does not hold up what is inside. */
static void
a_part_that_is_dropped_is_not_waited_for(void **state)
{
    const struct judgement filter = {.verdict = VERDICT_FILTER, .wait_ms = -1, .max_items = 1};
    const struct judgement range = {.verdict = VERDICT_RANGE, .wait_ms = -1, .max_blocks = 50};
    struct job *j = job_of("task=1 dataset=logs from=0 to=99 address=" ONE "," TWO);
    struct step *s = next_step(j, 0), *flying;
    (void)state;
    trouble(j, s, filter, "eth_getLogs", 0);
    trouble(j, next_step(j, 0), range, "eth_getLogs", 0);
    flying = next_step(j, 0);
    assert_int_equal(flying->at.to, 49);
    job_cut_before(j, 60, "blocks before 60 are not held here");
    trouble(j, flying, transient, "eth_getLogs", 0);
    while ((s = next_step(j, 0)))
        good(j, s);
    gives_back(j, CONTROL_REFUSED, 0, 59);
    finished(j, 60, 99);
    job_free(j);
}

static void
rates_are_not_failures(void **state)
{
    const struct judgement rate = {.verdict = VERDICT_RATE, .wait_ms = 700};
    const struct judgement long_rate = {.verdict = VERDICT_RATE, .wait_ms = 600000};
    struct job *j = job_of("task=1 dataset=logs from=5 to=5");
    (void)state;
    trouble(j, next_step(j, 0), rate, "eth_getLogs", 0);
    assert_null(next_step(j, 699));
    trouble(j, next_step(j, 700), long_rate, "eth_getLogs", 700);
    gives_back(j, CONTROL_DECLINED, 5, 5); /* others need not wait ten minutes */
    assert_int_equal(j->cut.wait_ms, 600000);
    job_free(j);
}

/* Some say "too many requests" of a range that is too wide: it is halved now and then, and not for ever. */
static void
a_rate_that_does_not_end_may_be_the_width(void **state)
{
    const struct judgement rate = {.verdict = VERDICT_RATE, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=1");
    struct step *s;
    int64_t now = 0;
    (void)state;
    coping.alone = true;
    for (int i = 0; i < 4; i++) {
        trouble(j, s = next_step(j, now), rate, "eth_getLogs", now);
        assert_int_equal(j->ready->at.to, 1);
    }
    trouble(j, next_step(j, now), rate, "eth_getLogs", now);
    s = next_step(j, now);
    assert_int_equal(s->at.to, 0);
    for (int i = 0; i < 20; i++) { /* one block waits */
        trouble(j, s, rate, "eth_getLogs", now);
        s = next_step(j, now);
        assert_int_equal(s->at.from, 0);
    }
    good(j, s);
    good(j, next_step(j, now));
    finished(j, 0, 1);
    job_free(j);
}

/* Where ranges as wide were served it is an outage. After very many refusals it may be what is in it. */
static void
a_width_that_was_served_is_kept_for_long(void **state)
{
    const struct judgement rate = {.verdict = VERDICT_RATE, .wait_ms = -1};
    struct job *j = job_of("task=1 dataset=logs from=0 to=3");
    (void)state;
    coping.alone = true;
    endpoint_logs_ok(coping.endpoint, 0, 3, 1, 100);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(j->ready ? j->ready->at.to : 3, 3);
        trouble(j, next_step(j, 0), rate, "eth_getLogs", 0);
    }
    assert_int_equal(j->ready->at.to, 1);
    job_free(j);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wide_range_is_cut_and_goes_on_at_once),
        TEST(one_block_is_cut_by_its_filter_then_by_receipts),
        TEST(a_limit_of_addresses_is_remembered),
        TEST(a_part_that_is_cut_again_is_waited_for),
        TEST(a_part_that_is_pruned_holds_back_its_blocks),
        TEST(a_part_that_is_dropped_is_not_waited_for),
        TEST(rates_are_not_failures),
        TEST(a_rate_that_does_not_end_may_be_the_width),
        TEST(a_width_that_was_served_is_kept_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
