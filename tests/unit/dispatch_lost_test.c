/* What is late or lost: copies, silence, goodbyes, other writers. */
#include "dispatch_play.h"

static void
idle_credit_gets_copies_of_the_oldest(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 3, "closed");
    credit(d, T0, "b", 0, "closed");
    for (unsigned i = 0; i < 3; i++) {
        taken(d, T0, "a", i, 2 - i);
    }
    fetched(d, T0 + 80, "a", 2, 0); /* now it is known how long a task takes */
    committed(d, T0 + 90, 2, 2000, 2999);
    credit(d, T0 + 300, "a", 2, "closed");
    expect_push(d, T0 + 300, ""); /* the one that works on it does not get the copy */
    credit(d, T0 + 400, "b", 2, "closed");
    expect_push(d, T0 + 400, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    expect_push(d, T0 + 400, "task=1 try=2 run=r1 dataset=logs from=1000 to=1999 avoid=a");
    expect_push(d, T0 + 500, "");
    took(d, T0 + 500, "b", 0, 1);
    failed(d, T0 + 600, "b", 0, 2);
    assert_int_equal(dispatch_working(d), 2); /* the first one goes on */
    committed(d, T0 + 700, 0, 0, 999);
    committed(d, T0 + 700, 1, 1000, 1999);
    dispatch_tick(d, T0 + 700);
    assert_true(dispatch_done(d));
    end(d);
}

static void
no_copies_before_the_time_of_a_task_is_known(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 0, "closed");
    taken(d, T0, "a", 0, 0);
    credit(d, T0 + 4900, "a", 0, "closed");
    credit(d, T0 + 4900, "b", 2, "closed");
    expect_push(d, T0 + 4900, "");
    expect_push(d, T0 + 5100, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    end(d);
}

static void
no_copies_while_there_is_work(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 99999, 1000);
    credit(d, T0, "a", 1, "closed");
    taken(d, T0, "a", 0, 0);
    credit(d, T0 + 4000, "b", 50, "closed");
    for (int i = 1; i <= 50; i++)
        assert_null(strstr(push(d, T0 + 4000), "task=0 "));
    end(d);
}

static void
no_copies_while_the_writer_is_behind(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 3999, 1000);
    credit(d, T0, "a", 4, "closed");
    credit(d, T0, "b", 0, "closed");
    for (unsigned task = 0; task < 4; task++) {
        taken(d, T0, "a", task, 3 - task);
    }
    fetched(d, T0 + 80, "a", 1, 0);
    fetched(d, T0 + 80, "a", 2, 0);
    fetched(d, T0 + 80, "a", 3, 0);
    credit(d, T0 + 1000, "b", 2, "closed");
    expect_push(d, T0 + 1000, ""); /* who is late may only wait for the writer, too */
    committed(d, T0 + 1100, 1, 1000, 1999);
    expect_push(d, T0 + 1100, "");
    committed(d, T0 + 1200, 2, 2000, 2999);
    expect_push(d, T0 + 1200, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    end(d);
}

static void
rows_that_never_arrive_are_fetched_again(void **state)
{
    (void)state;
    struct dispatch *d = one_out(0);
    fetched(d, T0 + 10, "a", 0, 1); /* then the writer died */
    const char *got = "";
    int64_t now = T0 + 10;
    for (; now < T0 + 60000 && !got[0]; now += 100) {
        credit(d, now, "a", 1, "closed");
        got = push(d, now);
    }
    assert_string_equal(got, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    assert_in_range(now, T0 + 2500, T0 + 5000);
    end(d);
}

static void
a_silent_fetcher_loses_its_tasks(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    credit(d, T0, "a", 2, "closed");
    push(d, T0);
    taken(d, T0, "a", 0, 1);
    took(d, T0, "a", 1, 0);
    credit(d, T0 + 5300, "b", 2, "closed");
    expect_push(d, T0 + 5300, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    expect_push(d, T0 + 5300, "task=1 try=2 run=r1 dataset=logs from=1000 to=1999");
    committed(d, T0 + 5400, 0, 0, 999); /* it had done so much after all */
    assert_int_equal(event.news, DISPATCH_COMMITTED);
    end(d);
}

static void
goodbye_gives_tasks_back(void **state)
{
    (void)state;
    struct dispatch *d = one_out(1);
    hear(d, T0, "bye fetcher=a.1");
    expect_push(d, T0, "");
    credit(d, T0, "b", 1, "closed");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
lost_rows_come_again(void **state)
{
    (void)state;
    struct dispatch *d = one_out(1);
    fetched(d, T0, "a", 0, 2);
    hear(d, T0, "lost run=r1 task=0");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
a_loss_before_fetched_is_not_lost(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    credit(d, T0, "a", 2, "closed");
    taken(d, T0, "a", 0, 1);
    hear(d, T0, "lost run=r1 task=0");
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=1000 to=1999");
    took(d, T0, "a", 1, 0);
    fetched(d, T0 + 10, "a", 0, 1);
    expect_push(d, T0 + 10, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    took(d, T0 + 10, "a", 0, 0);
    fetched(d, T0 + 20, "a", 0, 1); /* and this time for good */
    expect_push(d, T0 + 20, "");
    committed(d, T0 + 30, 0, 0, 999);
    assert_int_equal(event.news, DISPATCH_COMMITTED);
    end(d);
}

static void
a_loss_before_a_part_came_back_is_not_lost(void **state)
{
    (void)state;
    struct dispatch *d = one_out(1);
    hear(d, T0, "lost run=r1 task=0 from=0 to=499");
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=2 reason=stopping wait=0 from=500 to=999");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=499");
    expect_push(d, T0 + 100, "task=1 try=1 run=r1 dataset=logs from=500 to=999");
    end(d);
}

static void
what_went_to_another_writer_comes_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 3, "closed");
    for (unsigned task = 0; task < 3; task++) {
        taken(d, T0, "a", task, 2 - task);
    }
    fetched(d, T0, "a", 0, 1);
    fetched(d, T0, "a", 1, 2);
    hear(d, T0, "hello"); /* of the first: late, but it has them */
    expect_push(d, T0, "");
    hear(d, T0, "hello");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    expect_push(d, T0, "task=1 try=2 run=r1 dataset=logs from=1000 to=1999");
    expect_push(d, T0, ""); /* the third is still out */
    end(d);
}

/* The rest of it is still out. */
static void
a_part_that_was_fetched_is_not_the_task(void **state)
{
    (void)state;
    struct dispatch *d = one_out(0);
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=1 from=0 to=499");
    hear(d, T0, "hello");
    hear(d, T0, "hello");
    expect_push(d, T0, "");
    fetched(d, T0, "a", 0, 1);
    hear(d, T0, "hello");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

/* The writer's first hello that a producer hears that was started again is of the next writer. */
static void
what_was_fetched_long_before_a_hello_comes_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    credit(d, T0, "a", 2, "closed");
    for (unsigned task = 0; task < 2; task++) {
        taken(d, T0, "a", task, 1 - task);
    }
    fetched(d, T0, "a", 0, 1);
    fetched(d, T0 + 2500, "a", 1, 2);
    hear(d, T0 + 2500, "hello");
    expect_push(d, T0 + 2500, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    expect_push(d, T0 + 2500, ""); /* the other one came just now: the new one has it */
    end(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_credit_gets_copies_of_the_oldest),
        cmocka_unit_test(no_copies_before_the_time_of_a_task_is_known),
        cmocka_unit_test(no_copies_while_there_is_work),
        cmocka_unit_test(no_copies_while_the_writer_is_behind),
        cmocka_unit_test(rows_that_never_arrive_are_fetched_again),
        cmocka_unit_test(a_silent_fetcher_loses_its_tasks),
        cmocka_unit_test(goodbye_gives_tasks_back),
        cmocka_unit_test(lost_rows_come_again),
        cmocka_unit_test(a_loss_before_fetched_is_not_lost),
        cmocka_unit_test(a_loss_before_a_part_came_back_is_not_lost),
        cmocka_unit_test(what_went_to_another_writer_comes_again),
        cmocka_unit_test(what_was_fetched_long_before_a_hello_comes_again),
        cmocka_unit_test(a_part_that_was_fetched_is_not_the_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
