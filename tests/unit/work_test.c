/* What a fetcher holds: the credit that it tells, in tasks, however many requests each takes; and what is not believed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "common/words.h"
#include "fetcher/work_inside.h"

enum { NOW = 1000, ROOM = 10 /* requests */, WIDTH = 10 /* blocks in a request */ };

static struct endpoint *endpoint;
static struct output *output;
static struct news *news;
static struct coping coping;
static struct report report;
static struct survey survey;
static struct work *work;

static int
set_up_prefetching(uint32_t prefetch)
{
    const struct endpoint_options o = {
        .concurrency = ROOM, .batch = 25, .breaker_threshold = 5, .breaker_cooldown_ms = 10000,
        .backoff_min_ms = 1000, .backoff_max_ms = 30000, .max_blocks = WIDTH, .target_bytes = 4 << 20,
        .seed = 1, .fixed_concurrency = true};
    endpoint = endpoint_new(&o);
    endpoint_saw_head(endpoint, 100000);
    output = output_new(NULL, OUTPUT_MSGPACK);
    news = news_new(NULL);
    coping = (struct coping){.endpoint = endpoint, .retries = 3};
    report = (struct report){.endpoint = endpoint, .name = "e"};
    survey = (struct survey){.endpoint = endpoint, .chain = 1, .head_known = true};
    const struct work_parts parts = {
        .endpoint = endpoint, .output = output, .news = news, .coping = &coping, .survey = &survey,
        .report = &report, .endpoint_name = "e", .fetcher_name = "e.1", .prefetch = prefetch, .prefetch_given = true,
        .max_jobs = 40};
    work = work_new(&parts);
    return 0;
}

static int
set_up(void **state)
{
    (void)state;
    return set_up_prefetching(0);
}

static int
set_up_eight(void **state)
{
    (void)state;
    return set_up_prefetching(8);
}

static int
tear_down(void **state)
{
    (void)state;
    work_free(work);
    news_free(news);
    output_free(output);
    endpoint_free(endpoint);
    return 0;
}

/* Takes a task of so many requests. */
static void
take(int requests)
{
    char line[100], err[200] = "";
    snprintf(line, sizeof line, "task=1 dataset=logs from=1000 to=%d", 999 + requests * WIDTH);
    if (!work_take(work, span_of(line), NOW, err, sizeof err))
        fail_msg("%s", err);
}

static void
it_is_counted_in_tasks_as_large_as_the_last(void **state)
{
    (void)state;
    assert_int_equal(work_credit(work, NOW), ROOM);
    take(4);
    assert_int_equal(work_credit(work, NOW), 2); /* 6 requests: a task and the half of one */
    take(4);
    assert_int_equal(work_credit(work, NOW), 1);
    take(4);
    assert_int_equal(work_credit(work, NOW), 0);
}

static void
one_large_task_does_not_shut_out_small_ones(void **state)
{
    (void)state;
    take(7);
    assert_int_equal(work_credit(work, NOW), 1);
    take(1);
    assert_int_equal(work_credit(work, NOW), 2);
}

static void
each_credit_is_good_for_a_task(void **state)
{
    (void)state;
    take(3);
    for (uint64_t credit = work_credit(work, NOW); credit > 0; credit--) {
        assert_int_equal(work_credit(work, NOW), credit);
        take(3);
    }
    assert_int_equal(work_credit(work, NOW), 0);
}

/* It asks for no more while it has more than half of its prefetch, but takes what comes. */
static void
it_asks_for_a_few_at_a_time(void **state)
{
    (void)state;
    for (int i = 0; i < ROOM + 3; i++)
        take(1);
    assert_int_equal(work_credit(work, NOW), 5);
    work_tell_credit(work, NOW);
    assert_true(work_asked(work));
    take(1);
    assert_false(work_asked(work));
    assert_int_equal(work_credit(work, NOW), 4);
    assert_false(work_credit_changed(work, NOW));
}

/* A task of blocks 1000 to 1039, the first half of which is done. */
static void
do_half(void)
{
    take(4);
    pieces_add(&work->jobs->done, (struct piece){1000, 1019});
}

static void
what_is_done_leaves_as_a_part(void **state)
{
    (void)state;
    do_half();
    work_give_back(work, REASON_BREAKER, 0, false, NOW);
    assert_true(output_queued(output) > 0);
}

/* The endpoint is found to lag, or to lie, and its breaker opens, in the same turn. */
static void
what_is_not_believed_does_not_leave(void **state)
{
    (void)state;
    do_half();
    coping.trust.recheck = true;
    work_give_back(work, REASON_BREAKER, 0, false, NOW);
    assert_int_equal(output_queued(output), 0);
    assert_true(work_idle(work));
}

/* An answer is under way when that is found: what it completes is no part, which would be counted with all rows. */
static void
nor_what_comes_later(void **state)
{
    (void)state;
    do_half();
    work->jobs->flying = 1;
    coping.trust.recheck = true;
    work->blocked_until_ms = NOW + 1;
    work_turn(work, NOW);
    pieces_add(&work->jobs->done, (struct piece){1020, 1029});
    work->jobs->flying = 0;
    work_sweep(work);
    assert_int_equal(output_queued(output), 0);
    assert_true(work_idle(work));
}

static void
doubt_is_told_before_it_leaves(void **state)
{
    (void)state;
    take(4);
    coping.trust.recheck = coping.trust.doubt = true;
    work_give_back(work, REASON_STOPPING, 0, false, NOW);
    assert_true(output_queued(output) > 0);
}

/* A task whose end was told stays until its requests are answered, and is not told again. */
static void
a_task_ends_once(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        take(4);
        struct job *newest = i ? work->jobs->next : work->jobs;
        newest->flying = 1;
        assert_false(newest->told);
        coping.trust.recheck = coping.trust.doubt = true;
        work->blocked_until_ms = NOW + 1;
        work_turn(work, NOW);
        work->blocked_until_ms = 0;
        assert_true(newest->told);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_counted_in_tasks_as_large_as_the_last),
        TEST(one_large_task_does_not_shut_out_small_ones),
        TEST(each_credit_is_good_for_a_task),
        TEST(what_is_done_leaves_as_a_part),
        TEST(what_is_not_believed_does_not_leave),
        TEST(nor_what_comes_later),
        TEST(doubt_is_told_before_it_leaves),
        TEST(a_task_ends_once),
        cmocka_unit_test_setup_teardown(it_asks_for_a_few_at_a_time, set_up_eight, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
