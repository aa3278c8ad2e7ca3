/* What is pushed, to whom and when, and how a job ends. */
#include "dispatch_play.h"

static void
nothing_without_credit(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    expect_push(d, T0, "");
    credit(d, T0, "a", 2, "closed");
    expect_push(d, T0, "task=0 try=1 run=r1 dataset=logs from=0 to=999");
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=1000 to=1999");
    expect_push(d, T0, ""); /* two are unanswered */
    took(d, T0, "a", 0, 1);
    expect_push(d, T0, ""); /* one free, one unanswered */
    took(d, T0, "a", 1, 1);
    expect_push(d, T0, "task=2 try=1 run=r1 dataset=logs from=2000 to=2999");
    end(d);
}

static void
a_blocked_link_loses_nothing(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    dispatch_tick(d, T0);
    assert_true(dispatch_push(d, T0, &line)); /* and it was not taken */
    expect_push(d, T0 + 10, "task=0 try=1 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
commits_end_the_job(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    credit(d, T0, "a", 5, "closed");
    push(d, T0);
    taken(d, T0, "a", 0, 4);
    took(d, T0, "a", 1, 3);
    fetched(d, T0, "a", 0, 4);
    committed(d, T0 + 5, 0, 0, 999);
    assert_int_equal(event.news, DISPATCH_COMMITTED);
    assert_int_equal(event.blocks, 1000);
    assert_int_equal(event.rows, 7);
    assert_int_equal(event.from, 0);
    assert_int_equal(event.to, 999);
    assert_false(dispatch_done(d));
    committed(d, T0 + 6, 0, 0, 999); /* a copy's */
    assert_int_equal(event.news, DISPATCH_NOTHING);
    committed(d, T0 + 7, 1, 1000, 1499);
    assert_int_equal(event.blocks, 500);
    assert_false(dispatch_done(d));
    committed(d, T0 + 8, 1, 1500, 1999);
    dispatch_tick(d, T0 + 8);
    assert_true(dispatch_done(d));
    assert_true(dispatch_complete(d));
    assert_false(dispatch_empty(d));
    end(d);
}

static void
other_runs_are_not_heard(void **state)
{
    (void)state;
    struct dispatch *d = one_out(4);
    hear(d, T0, "committed run=old task=0 endpoint=a rows=7 from=0 to=999");
    assert_int_equal(event.news, DISPATCH_NOTHING);
    hear(d, T0, "failed run=old fetcher=a.1 task=0 free=2 error=x");
    assert_int_equal(dispatch_working(d), 1);
    hear(d, T0, "committed run=r1 task=77 endpoint=a rows=7 from=0 to=999");
    assert_int_equal(event.news, DISPATCH_NOTHING);
    assert_false(dispatch_done(d));
    end(d);
}

static void
no_slot_is_pushed_again_at_once(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    credit(d, T0, "a", 0, "closed");
    credit(d, T0, "b", 1, "closed");
    push(d, T0);
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=0 reason=slot wait=0");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

/* By the answers the messages went to a, b, a, b ... */
static void
who_has_no_room_is_passed_over(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    credit(d, T0, "a", 3, "closed");
    credit(d, T0, "b", 1, "closed");
    assert_int_equal(dispatch_room(d), 1); /* not known whose turn it is */
    push(d, T0);
    dispatch_turn(d);
    push(d, T0);
    dispatch_turn(d);
    took(d, T0, "a", 0, 2);
    took(d, T0, "b", 1, 0);
    assert_int_equal(dispatch_room(d), 2);
    push(d, T0);
    assert_int_equal(dispatch_room(d), 1);
    dispatch_turn(d);
    assert_int_equal(dispatch_room(d), 0);
    dispatch_turn(d);
    assert_int_equal(dispatch_room(d), 1); /* a has not answered yet */
    hear(d, T0, "bye fetcher=b.1");
    assert_int_equal(dispatch_room(d), 1); /* another order: not known */
    end(d);
}

static void
nobody_takes_it_and_no_loop_is_busy(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    int pushes = 0;
    credit(d, T0, "a", 1, "closed"); /* its credit cannot be reached */
    credit(d, T0, "b", 0, "closed");
    for (int64_t now = T0; now < T0 + 1000; now++)
        for (int i = 0; i < 100 && push(d, now)[0]; i++) {
            hear(d, now, "declined run=r1 fetcher=b.1 task=0 free=0 reason=slot wait=0");
            pushes++;
        }
    assert_in_range(pushes, 50, 150);
    end(d);
}

static void
an_open_breaker_is_waited_for(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    credit(d, T0, "a", 2, "closed");
    taken(d, T0, "a", 0, 1);
    credit(d, T0, "a", 0, "open");
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=0 reason=breaker wait=400");
    credit(d, T0 + 1, "a", 1, "closed");
    assert_int_equal(dispatch_working(d), 0);
    assert_string_equal(push(d, T0 + 399), "task=1 try=1 run=r1 dataset=logs from=1000 to=1999");
    took(d, T0 + 399, "a", 1, 1);
    expect_push(d, T0 + 400, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
beyond_the_head_goes_to_who_has_it(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 4000, 4999, 1000);
    credit(d, T0, "a", 1, "closed");
    push(d, T0);
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=1 reason=head wait=12000");
    expect_push(d, T0 + 100, ""); /* nobody else: at least a while */
    expect_push(d, T0 + 1000, "task=0 try=2 run=r1 dataset=logs from=4000 to=4999");
    credit(d, T0 + 1000, "b", 1, "closed"); /* head 5000 */
    hear(d, T0 + 1000, "declined run=r1 fetcher=a.1 task=0 free=1 reason=head wait=12000");
    assert_string_not_equal(push(d, T0 + 1050), "");
    end(d);
}

static void
an_endpoint_of_another_chain_is_told_once(void **state)
{
    (void)state;
    struct dispatch_options o = plain;
    o.task.chain = 11155111;
    struct dispatch *d = start(&o, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed"); /* chain=1 */
    assert_int_equal(event.news, DISPATCH_FOREIGN);
    assert_memory_equal(event.endpoint.p, "a", event.endpoint.n);
    credit(d, T0, "a", 2, "closed");
    assert_int_equal(event.news, DISPATCH_NOTHING);
    expect_push(d, T0, "");
    hear(d, T0, "credit run=- fetcher=b.1 endpoint=b chain=11155111 free=1 head=0 requests=0 "
                "failures=0 latency_us=0 state=closed");
    expect_push(d, T0, "task=0 try=1 run=r1 chain=11155111 dataset=logs from=0 to=999");
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=2 reason=chain wait=0");
    expect_push(d, T0, "task=0 try=2 run=r1 chain=11155111 dataset=logs from=0 to=999");
    end(d);
}

static void
input_is_asked_for_only_when_needed(void **state)
{
    (void)state;
    size_t size;
    plan = plan_of_lines(1000, 2);
    struct dispatch *d = dispatch_new(&plain, plan, T0);
    expect_push(d, T0, "");
    assert_true(dispatch_hungry(d));
    memcpy(plan_room(plan, &size), "1-5\n", 4);
    plan_fed(plan, 4);
    dispatch_fed(d);
    expect_push(d, T0, "");
    assert_false(dispatch_hungry(d)); /* one piece waits, and there is no credit */
    credit(d, T0, "a", 1, "closed");
    expect_push(d, T0, "task=0 try=1 run=r1 dataset=logs from=1 to=5");
    took(d, T0, "a", 0, 1);
    expect_push(d, T0, "");
    assert_true(dispatch_hungry(d));
    plan_eof(plan);
    dispatch_fed(d);
    dispatch_tick(d, T0);
    assert_false(dispatch_done(d));
    committed(d, T0, 0, 1, 5);
    assert_true(dispatch_done(d));
    end(d);
}

static void
stopping_waits_for_what_is_out(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    credit(d, T0, "a", 5, "closed");
    push(d, T0);
    taken(d, T0, "a", 0, 4);
    took(d, T0, "a", 1, 3);
    dispatch_stop(d);
    expect_push(d, T0, "");
    assert_false(dispatch_done(d));
    committed(d, T0, 0, 0, 999);
    failed(d, T0, "a", 1, 4); /* is not waited for: nobody works on it */
    assert_true(dispatch_done(d));
    assert_false(dispatch_complete(d));
    end(d);
}

static void
how_long_nothing_works(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 9999, 1000);
    dispatch_tick(d, T0 + 500);
    assert_int_equal(dispatch_down_ms(d, T0 + 500), 500);
    credit(d, T0 + 600, "a", 5, "closed");
    dispatch_tick(d, T0 + 600);
    assert_int_equal(dispatch_down_ms(d, T0 + 900), 0);
    credit(d, T0 + 1000, "a", 0, "open");
    dispatch_tick(d, T0 + 1000);
    credit(d, T0 + 2000, "a", 0, "half-open"); /* is not working yet */
    dispatch_tick(d, T0 + 2000);
    assert_int_equal(dispatch_down_ms(d, T0 + 3000), 2000);
    end(d);
}

static void
how_long_blocks_do_not_come(void **state)
{
    (void)state;
    uint64_t block = 0;
    struct dispatch *d = start(&plain, 4000, 6999, 1000); /* the head is 5000 */
    credit(d, T0, "a", 5, "closed");
    push(d, T0);
    push(d, T0);
    taken(d, T0, "a", 0, 4);
    took(d, T0, "a", 1, 3);
    assert_int_equal(dispatch_beyond_ms(d, T0 + 100, &block), 0);
    hear(d, T0 + 100, "declined run=r1 fetcher=a.1 task=2 free=3 reason=head wait=1000 from=6000 to=6999");
    hear(d, T0 + 100, "declined run=r1 fetcher=a.1 task=1 free=3 reason=head wait=1000 from=5001 to=5999");
    assert_int_equal(dispatch_beyond_ms(d, T0 + 900, &block), 0); /* task 0 is worked on */
    fetched(d, T0 + 900, "a", 0, 4);
    committed(d, T0 + 900, 0, 4000, 4999);
    committed(d, T0 + 900, 1, 5000, 5000);
    assert_int_equal(dispatch_beyond_ms(d, T0 + 1000, &block), 0); /* that was a sign of life */
    for (unsigned task = 2; task <= 3; task++) {
        taken(d, T0 + 1200, "a", task, 4);
    }
    hear(d, T0 + 1200, "declined run=r1 fetcher=a.1 task=2 free=3 reason=head wait=1000");
    assert_int_equal(dispatch_beyond_ms(d, T0 + 3000, &block), 1800); /* task 3 can only be declined */
    assert_int_equal(block, 6000);
    hear(d, T0 + 3000, "declined run=r1 fetcher=a.1 task=3 free=3 reason=head wait=1000");
    dispatch_beyond_ms(d, T0 + 3000, &block);
    assert_int_equal(block, 5001);
    hear(d, T0 + 3000, "failed run=r1 fetcher=a.1 task=3 free=4 error=boom");
    assert_int_equal(dispatch_beyond_ms(d, T0 + 3000, &block), 0);
    end(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_without_credit),
        cmocka_unit_test(a_blocked_link_loses_nothing),
        cmocka_unit_test(commits_end_the_job),
        cmocka_unit_test(other_runs_are_not_heard),
        cmocka_unit_test(no_slot_is_pushed_again_at_once),
        cmocka_unit_test(who_has_no_room_is_passed_over),
        cmocka_unit_test(nobody_takes_it_and_no_loop_is_busy),
        cmocka_unit_test(an_open_breaker_is_waited_for),
        cmocka_unit_test(beyond_the_head_goes_to_who_has_it),
        cmocka_unit_test(an_endpoint_of_another_chain_is_told_once),
        cmocka_unit_test(input_is_asked_for_only_when_needed),
        cmocka_unit_test(stopping_waits_for_what_is_out),
        cmocka_unit_test(how_long_nothing_works),
        cmocka_unit_test(how_long_blocks_do_not_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
