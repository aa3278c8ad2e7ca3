/* What was committed is uncovered: wanted again, of others, and the run does not end before. */
#include "dispatch_play.h"
#include "producer/progress.h"

static void
commit_all(struct dispatch *d, unsigned tasks)
{
    for (unsigned i = 0; i < tasks; i++) {
        push(d, T0);
        took(d, T0, "a", i, 9);
        committed(d, T0 + 1, i, 1000 * i, 1000 * i + 999);
    }
}

static void
uncovered_blocks_are_tasks_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 9, "closed");
    credit(d, T0, "b", 9, "closed");
    commit_all(d, 2);
    push(d, T0);
    took(d, T0, "a", 2, 9);
    hear(d, T0 + 2, "fetched run=r1 fetcher=a.1 task=2 free=9"); /* with `doubted` */
    hear(d, T0 + 2, "lost run=r1 task=18446744073709551615"); /* of no task */
    hear(d, T0 + 2, "uncovered run=r0 endpoint=a rows=7 from=0 to=999"); /* another run's */
    assert_int_equal(event.news, DISPATCH_NOTHING);
    hear(d, T0 + 2, "uncovered run=r1 endpoint=a rows=7 from=500 to=1999");
    assert_int_equal(event.news, DISPATCH_UNCOVERED);
    assert_int_equal(event.blocks, 1500);
    assert_int_equal(event.rows, 7);
    hear(d, T0 + 2, "lost run=r1 task=2");
    expect_push(d, T0 + 2, "task=2 try=2 run=r1 dataset=logs from=2000 to=2999");
    expect_push(d, T0 + 2, "task=3 try=1 run=r1 dataset=logs from=500 to=1499 avoid=a");
    expect_push(d, T0 + 2, "task=4 try=1 run=r1 dataset=logs from=1500 to=1999 avoid=a");
    expect_push(d, T0 + 2, "");
    for (unsigned i = 2; i < 5; i++) {
        dispatch_tick(d, T0 + 3);
        assert_false(dispatch_done(d));
        took(d, T0 + 3, "b", i, 9);
        hear(d, T0 + 3, "committed run=r1 task=%u endpoint=b rows=1", i);
    }
    dispatch_tick(d, T0 + 3);
    assert_true(dispatch_complete(d));
    end(d);
}

static void
a_run_does_not_end_before_the_writer_has_told(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    credit(d, T0, "a", 9, "closed");
    commit_all(d, 1);
    push(d, T0);
    took(d, T0, "a", 1, 9);
    hear(d, T0 + 2, "uncovered run=r1 endpoint=a rows=7 from=0 to=999"); /* before `fetched`: another peer's word */
    hear(d, T0 + 2, "lost run=r1 task=1");
    hear(d, T0 + 3, "fetched run=r1 fetcher=a.1 task=1 free=9");
    expect_push(d, T0 + 3, "task=1 try=2 run=r1 dataset=logs from=1000 to=1999");
    expect_push(d, T0 + 3, "task=2 try=1 run=r1 dataset=logs from=0 to=999"); /* there is no other endpoint */
    assert_false(dispatch_done(d));
    end(d);
}

static void
the_plan_comes_first_and_nobody_waits_for_ever(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 9, "closed");
    credit(d, T0, "b", 0, "closed");
    commit_all(d, 1);
    hear(d, T0 + 2, "uncovered run=r1 endpoint=a rows=7 from=0 to=999");
    expect_push(d, T0 + 2, "task=1 try=1 run=r1 dataset=logs from=1000 to=1999");
    expect_push(d, T0 + 2, "task=2 try=1 run=r1 dataset=logs from=2000 to=2999");
    for (unsigned i = 1; i < 3; i++) {
        took(d, T0 + 2, "a", i, 9);
        committed(d, T0 + 2, i, 1000 * i, 1000 * i + 999);
    }
    expect_push(d, T0 + 2, ""); /* b has no room now */
    int64_t now = T0 + 2;
    while (now < T0 + 20000 && !push(d, now)[0]) {
        now += 100;
        credit(d, now, "a", 9, "closed");
        credit(d, now, "b", 0, "closed");
    }
    assert_string_equal(line.p, "task=3 try=1 run=r1 dataset=logs from=0 to=999");
    assert_in_range(now, T0 + 4000, T0 + 6000);
    end(d);
}

static void
a_stopped_run_is_not_complete(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 9, "closed");
    commit_all(d, 1);
    dispatch_stop(d);
    hear(d, T0 + 2, "uncovered run=r1 endpoint=unknown rows=7 from=0 to=9223372036854775807");
    assert_true(event.to == PLAN_BLOCK_MAX);
    expect_push(d, T0 + 2, "");
    assert_false(dispatch_complete(d));
    assert_true(dispatch_done(d));
    end(d);
}

static void
rows_of_a_part_are_counted_once(void **state)
{
    (void)state;
    struct dispatch *d = one_out(9);
    hear(d, T0 + 1, "committed run=r1 task=0 endpoint=a rows=40 from=0 to=399");
    assert_int_equal(event.blocks, 400);
    assert_int_equal(event.rows, 40);
    hear(d, T0 + 2, "committed run=r1 task=0 endpoint=b rows=130 from=0 to=999"); /* a copy's, as a whole */
    assert_int_equal(event.blocks, 600);
    assert_int_equal(event.rows, 78); /* its share */
    assert_true(dispatch_working(d) == 0);
    end(d);
}

static void
blocks_and_rows_count_once(void **state)
{
    struct progress_options o = {.noun = "logs", .blocks_wanted = 100};
    struct progress p;
    struct buf text = {0};
    (void)state;
    progress_init(&p, &o, 0);
    o.scattered = true; /* no line for each */
    p.o = o;
    progress_event(&p, &(struct dispatch_event){.news = DISPATCH_COMMITTED, .blocks = 100, .rows = 7});
    progress_event(&p, &(struct dispatch_event){.news = DISPATCH_UNCOVERED, .blocks = 40, .rows = 3});
    progress_add_batches(&text, &p, 2);
    progress_event(&p, &(struct dispatch_event){.news = DISPATCH_COMMITTED, .blocks = 40, .rows = 8});
    assert_int_equal(p.rows, 7 - 3 + 8);
    progress_event(&p, &(struct dispatch_event){.news = DISPATCH_UNCOVERED, .blocks = 150, .rows = 20}); /* 50 of another run */
    assert_int_equal(p.rows, 0);
    progress_add_batches(&text, &p, 2);
    buf_addc(&text, '\0');
    assert_string_equal(text.p, "Progress: 60/100 blocks (60.0 %), 2 active workers"
                                "Progress: 0/150 blocks (0.0 %), 2 active workers");
    buf_free(&text);
    progress_free(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncovered_blocks_are_tasks_again),
        cmocka_unit_test(rows_of_a_part_are_counted_once),
        cmocka_unit_test(a_run_does_not_end_before_the_writer_has_told),
        cmocka_unit_test(the_plan_comes_first_and_nobody_waits_for_ever),
        cmocka_unit_test(a_stopped_run_is_not_complete),
        cmocka_unit_test(blocks_and_rows_count_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
