/* job_plan_test.c - a task in work: the plan covers it exactly. */
#include "job_play.h"

static void
logs_are_planned_by_width(void **state)
{
    struct job *j = job_of("task=1 dataset=logs from=1000 to=1249");
    struct step *s;
    uint64_t at = 1000;
    (void)state;
    assert_true(endpoint_logs_width(endpoint, 1000, 0) >= WIDTH);
    assert_true(job_load(j, endpoint, 0) >= 1 && job_load(j, endpoint, 0) <= 3);
    while ((s = next_step(j, 0))) {
        assert_int_equal(s->kind, STEP_LOGS);
        assert_int_equal(s->at.from, at);
        assert_true(piece_width(s->at) <= WIDTH);
        at = s->at.to + 1;
        good(j, s);
    }
    assert_int_equal(at, 1250);
    finished(j, 1000, 1249);
    job_free(j);
}

static void
blocks_are_planned_by_batch(void **state)
{
    struct job *j = job_of("task=1 dataset=blocks,transactions from=0 to=99");
    struct step *s;
    int steps = 0;
    (void)state;
    for (; (s = next_step(j, 0)); steps++) {
        assert_int_equal(s->needs, NEED_BLOCK | NEED_RECEIPTS);
        assert_true(piece_width(s->at) * 2 <= 25);
        good(j, s);
    }
    assert_int_equal(steps, 9); /* 12 blocks of 2 calls each */
    finished(j, 0, 99);
    job_free(j);
}

static void
few_large_blocks_are_asked_for_at_once(void **state)
{
    const struct job_limits limits = {.blocks = WIDTH, .whole = 3};
    struct job *j = job_of("task=1 dataset=blocks,transactions from=0 to=99");
    struct step *s;
    (void)state;
    while ((s = job_step(j, endpoint, &limits, 0))) {
        assert_in_range(piece_width(s->at), 1, 3);
        good(j, s);
    }
    finished(j, 0, 99);
    job_free(j);
}

static void
logs_wait_for_the_headers_of_their_window(void **state)
{
    struct job *j = job_of("task=1 dataset=logs,blocks from=0 to=1999");
    struct step *s;
    uint64_t logs = 0, headers = 0;
    (void)state;
    while ((s = next_step(j, 0))) {
        if (s->kind == STEP_LOGS) {
            assert_non_null(s->window);
            assert_true(s->at.from >= s->window->at.from && s->at.to <= s->window->at.to);
            assert_int_equal(s->window->got, piece_width(s->window->at));
            logs += piece_width(s->at);
        } else {
            headers += piece_width(s->at);
        }
        good(j, s);
    }
    assert_int_equal(headers, 2000);
    assert_int_equal(logs, 2000);
    assert_null(j->windows);
    finished(j, 0, 1999);
    job_free(j);
}

/* Their logs wait for all headers of the window. */
static void
a_window_under_way_is_not_cut(void **state)
{
    struct job *j = job_of("task=1 dataset=logs,blocks from=0 to=1999");
    struct step *s = next_step(j, 0);
    (void)state;
    job_cut_before(j, 10, "blocks before 10 are not held here");
    assert_true(j->stopped);
    good(j, s);
    gives_back(j, CONTROL_REFUSED, 0, 1999);
    job_free(j);
}

static void
windows_bound_what_is_kept(void **state)
{
    struct job *j = job_of("task=1 dataset=logs,blocks from=0 to=99999");
    struct step *s;
    size_t n = 0;
    (void)state;
    while ((s = next_step(j, 0))) { /* nothing is answered */
        step_free(s);
        n++;
    }
    assert_true(n * 25 <= (size_t)JOB_WINDOW * JOB_WINDOWS + 25 * JOB_WINDOWS);
    j->flying = 0;
    job_free(j);
}

static void
addresses_are_kept_once_and_not_too_many(void **state)
{
    struct job *j = job_of("task=1 dataset=accounts from=0 to=999");
    struct step *s = next_step(j, 0);
    struct touch t = {.block = 1};
    uint64_t planned = s->at.to;
    (void)state;
    for (uint32_t i = 0; i < 5 * JOB_TOUCHES_MAX; i++) { /* all the same few */
        memcpy(t.address, &(uint32_t){i % JOB_TOUCHES_MAX}, 4);
        buf_add(&j->touches[0], &t, sizeof t);
        job_bound_touches(j, true);
        assert_true(j->touches[0].n <= 2 * JOB_TOUCHES_MAX * sizeof t);
    }
    assert_int_equal(j->want.to, 999);
    for (uint32_t i = 0; i < 5 * JOB_TOUCHES_MAX; i++) {
        memcpy(t.address, &i, 4);
        buf_add(&j->touches[0], &t, sizeof t);
        job_bound_touches(j, false);
    }
    assert_int_equal(j->want.to, 999); /* nobody could take the rest */
    j->touches_kept = 0;
    job_bound_touches(j, true);
    assert_int_equal(j->want.to, planned);
    assert_int_equal(j->cut.verb, CONTROL_DECLINED);
    assert_int_equal(j->cut.reason, REASON_SLOT);
    good(j, s);
    assert_true(pieces_hold(&j->done, j->want));
    job_free(j);
}

/* What is given back must leave a part that shares an end with the task. */
static void
many_addresses_shorten_what_was_cut(void **state)
{
    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        struct job *j = job_of("task=1 dataset=accounts from=0 to=999");
        struct touch t = {.block = 1};
        if (refused)
            job_cut_before(j, 100, "blocks before 100 are not held here");
        else
            job_cut_after(j, 899, REASON_HEAD, 0);
        struct step *s = next_step(j, 0);
        uint64_t planned = s->at.to;
        for (uint32_t i = 0; i < 3 * JOB_TOUCHES_MAX; i++) {
            memcpy(t.address, &i, 4);
            buf_add(&j->touches[0], &t, sizeof t);
        }
        job_bound_touches(j, true);
        assert_false(j->stopped);
        assert_int_equal(j->want.from, refused ? 100 : 0);
        assert_int_equal(j->want.to, refused ? 999 : planned);
        good(j, s);
        job_free(j);
    }
}

static void
nothing_is_asked_beyond_the_head(void **state)
{
    struct job *j = job_of("task=1 dataset=logs from=99950 to=100049");
    struct step *s = next_step(j, 0);
    (void)state;
    assert_int_equal(s->at.to, 100000);
    good(j, s);
    assert_null(next_step(j, 0));
    assert_true(job_beyond(j, 100000));
    assert_false(job_over(j));
    job_cut_after(j, 100000, REASON_HEAD, 2000);
    gives_back(j, CONTROL_DECLINED, 100001, 100049);
    finished(j, 99950, 100000);
    job_free(j);
}

static void
a_batch_too_small_for_a_block_is_split(void **state)
{
    const struct judgement one = {.verdict = VERDICT_BATCH, .wait_ms = -1, .max_items = 1};
    struct job *j = job_of("task=1 dataset=blocks,transactions from=5 to=6");
    struct step *s;
    unsigned needs = 0;
    (void)state;
    endpoint_batch_refused(endpoint, &one, 25);
    for (int i = 0; i < 2; i++) {
        s = next_step(j, 0);
        assert_non_null(s->assembly);
        assert_int_equal(s->at.from, 5);
        assert_int_equal(s->at.to, 5);
        needs += s->needs;
        j->flying--;
        step_free(s);
    }
    assert_int_equal(needs, NEED_BLOCK + NEED_RECEIPTS);
    job_free(j);
}

static void
hashes_are_planned_in_pairs(void **state)
{
    char line[3000] = "task=1 dataset=transactions hashes=";
    struct step *s;
    uint64_t n = 0;
    (void)state;
    for (int i = 0; i < 30; i++)
        snprintf(line + strlen(line), 80, "%s0x%064x", i ? "," : "", i + 1);
    struct job *j = job_of(line);
    while ((s = next_step(j, 0))) {
        assert_true(piece_width(s->at) <= 12);
        n += piece_width(s->at);
        good(j, s);
    }
    assert_int_equal(n, 30);
    finished(j, 0, 29);
    job_free(j);
}

static void
scattered_blocks_are_planned_by_batch(void **state)
{
    char line[3000] = "task=1 dataset=blocks hashes=";
    struct step *s;
    size_t n = 0;
    (void)state;
    for (int i = 0; i < 30; i++)
        snprintf(line + strlen(line), 80, "%s0x%064x", i ? "," : "", 3 * i);
    struct job *j = job_of(line);
    for (; (s = next_step(j, 0)); n++) {
        assert_int_equal(s->kind, STEP_HASHES);
        assert_int_equal(piece_width(s->at), n ? 5 : 25);
        good(j, s);
    }
    assert_int_equal(n, 2);
    finished(j, 0, 29);
    job_free(j);
}

static void
a_hash_is_no_block_number(void **state)
{
    char err[200];
    struct task t;
    (void)state;
    assert_true(task_parse(SPAN("task=1 dataset=blocks hashes=0x0000000000000000000000000000000000000000000000000000000000000007,"
                                "0x0000000000000000000000000000000000000000000000010000000000000007"), &t, err, sizeof err));
    assert_null(job_new(&t, err, sizeof err));
    assert_string_equal(err, "hash 1 of the task is no block number, as blocks want it");
    task_free(&t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(logs_are_planned_by_width),
        TEST(blocks_are_planned_by_batch),
        TEST(few_large_blocks_are_asked_for_at_once),
        TEST(logs_wait_for_the_headers_of_their_window),
        TEST(a_window_under_way_is_not_cut),
        TEST(windows_bound_what_is_kept),
        TEST(addresses_are_kept_once_and_not_too_many),
        TEST(many_addresses_shorten_what_was_cut),
        TEST(nothing_is_asked_beyond_the_head),
        TEST(a_batch_too_small_for_a_block_is_split),
        TEST(hashes_are_planned_in_pairs),
        TEST(scattered_blocks_are_planned_by_batch),
        TEST(a_hash_is_no_block_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
