/* What fails, is refused or rejected: tried again elsewhere, and given up in the end. */
#include "dispatch_play.h"

static void
a_failure_prefers_another_endpoint(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 0, "closed");
    taken(d, T0, "a", 0, 0);
    failed(d, T0, "a", 0, 1);
    expect_push(d, T0, ""); /* only the one that failed has room */
    credit(d, T0 + 50, "b", 1, "closed");
    expect_push(d, T0 + 50, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    end(d);
}

static void
avoiding_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 0, "closed"); /* hangs: says so every second, and never has room */
    taken(d, T0, "a", 0, 0);
    failed(d, T0, "a", 0, 1);
    const char *got = "";
    int64_t now = T0;
    for (; now < T0 + 20000 && !got[0]; now += 10) {
        if (now % 1000 == 0) {
            credit(d, now, "a", 1, "closed");
            credit(d, now, "b", 0, "closed");
        }
        got = push(d, now);
    }
    assert_string_equal(got, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    assert_in_range(now, T0 + 4000, T0 + 7000);
    end(d);
}

static void
the_only_endpoint_is_tried_again_after_a_pause(void **state)
{
    (void)state;
    struct dispatch *d = one_out(0);
    failed(d, T0, "a", 0, 1);
    expect_push(d, T0 + 999, "");
    expect_push(d, T0 + 1000, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
attempts_run_out(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 1999, 1000);
    int64_t now = T0;
    for (int i = 0; i < 3; i++, now += 5000) {
        credit(d, now, "a", 1, "closed");
        assert_non_null(strstr(push(d, now), "task=0 "));
        took(d, now, "a", 0, 0);
        assert_int_not_equal(event.news, DISPATCH_GAVE_UP);
        failed(d, now, "a", 0, 1);
    }
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    struct failures *f = dispatch_failures(d);
    assert_int_equal(failures_count(f), 1);
    assert_string_equal(failures_line(f, 0),
                        "failed blocks 0-999 after 3 attempts on \"a\": boom 500");
    credit(d, now, "a", 1, "closed");
    assert_non_null(strstr(push(d, now), "task=1 ")); /* the rest goes on */
    committed(d, now, 1, 1000, 1999);
    dispatch_tick(d, now);
    assert_false(dispatch_done(d)); /* it is not recorded yet */
    assert_true(dispatch_recording(d));
    const struct failure *told = failures_next(f, now);
    assert_int_equal(told->from, 0);
    assert_int_equal(told->to, 999);
    assert_int_equal(told->chain, 1);
    failures_told(f, now);
    assert_null(failures_next(f, now + FAILURES_RETRY_MS - 1));
    hear(d, now, "hello"); /* another writer, which has not heard of it */
    assert_non_null(failures_next(f, now));
    failures_told(f, now);
    assert_non_null(failures_next(f, now + FAILURES_RETRY_MS));
    hear(d, now, "committed run=r1 task=0 endpoint=a rows=0 from=0 to=999");
    assert_true(dispatch_done(d));
    assert_int_equal(failures_count(f), 1);
    end(d);
}

static void
a_late_success_is_no_failure(void **state)
{
    (void)state;
    struct dispatch_options o = plain;
    o.attempts = 1;
    struct dispatch *d = start(&o, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    taken(d, T0, "a", 0, 0);
    failed(d, T0, "a", 0, 1);
    assert_int_equal(failures_count(dispatch_failures(d)), 1);
    committed(d, T0, 0, 0, 999); /* with rows */
    assert_int_equal(failures_count(dispatch_failures(d)), 0);
    assert_null(failures_line(dispatch_failures(d), 0));
    end(d);
}

static void
only_the_failed_part_is_tried_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 1, "closed");
    taken(d, T0, "a", 0, 0);
    hear(d, T0, "failed run=r1 fetcher=a.1 task=0 free=1 from=600 to=999 error=boom 500");
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=600 to=999 avoid=a");
    took(d, T0, "b", 1, 0);
    committed(d, T0, 0, 0, 599);
    assert_int_equal(event.blocks, 600);
    committed(d, T0, 1, 600, 999);
    dispatch_tick(d, T0);
    assert_true(dispatch_done(d));
    end(d);
}

static void
what_all_refuse_is_given_up_at_once(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 1, "closed");
    int64_t now = T0 + 3000;
    taken(d, now, "a", 0, 0);
    hear(d, now, "refused run=r1 fetcher=a.1 task=0 free=1 error=pruned");
    assert_int_equal(event.news, DISPATCH_NOTHING);
    expect_push(d, now, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    took(d, now, "b", 0, 0);
    hear(d, now, "refused run=r1 fetcher=b.1 task=0 free=1 error=pruned as well");
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    assert_string_equal(failures_line(dispatch_failures(d), 0),
                        "failed blocks 0-999 after 2 attempts on \"b\": pruned as well");
    end(d);
}

static void
refusals_of_very_many_endpoints_end(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    char name[8];
    for (unsigned i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "e%u", i);
        credit(d, T0, name, 1, "closed");
    }
    for (unsigned i = 0; i < plain.attempts; i++) {
        assert_int_equal(event.news, DISPATCH_NOTHING);
        assert_string_not_equal(push(d, T0 + 3000), "");
        took(d, T0 + 3000, name, 0, 0);
        hear(d, T0 + 3000, "refused run=r1 fetcher=%s.1 task=0 free=1 error=pruned", name);
    }
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    end(d);
}

static void
the_first_to_come_does_not_refuse_for_all(void **state)
{
    (void)state;
    struct dispatch *d = one_out(0);
    hear(d, T0 + 50, "refused run=r1 fetcher=a.1 task=0 free=1 error=pruned");
    assert_int_equal(event.news, DISPATCH_NOTHING);
    expect_push(d, T0 + 60, "");
    credit(d, T0 + 1060, "b", 1, "closed");
    expect_push(d, T0 + 1060, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    end(d);
}

static void
fail_fast_stops_at_the_first(void **state)
{
    (void)state;
    struct dispatch_options o = plain;
    o.attempts = 1;
    o.fail_fast = true;
    o.tell_failures = false;
    struct dispatch *d = start(&o, 0, 9999, 1000);
    credit(d, T0, "a", 3, "closed");
    push(d, T0);
    taken(d, T0, "a", 0, 2);
    took(d, T0, "a", 1, 1);
    failed(d, T0, "a", 0, 2);
    expect_push(d, T0, "");
    assert_false(dispatch_done(d)); /* what is out is waited for */
    committed(d, T0, 1, 1000, 1999);
    assert_true(dispatch_done(d));
    assert_false(dispatch_complete(d));
    end(d);
}

/* A failure of the endpoint that they came from. */
static void
rejected_rows_are_failures(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    credit(d, T0, "b", 2, "closed");
    taken(d, T0, "a", 0, 1);
    fetched(d, T0, "a", 0, 2);
    rejected(d, T0, "a", 0, 0, 999);
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    took(d, T0, "b", 0, 1);
    fetched(d, T0, "b", 0, 2);
    rejected(d, T0, "b", 0, 0, 499); /* a part of it */
    hear(d, T0, "committed run=r1 task=0 endpoint=b rows=1 from=500 to=999");
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=0 to=499");
    took(d, T0, "b", 1, 1);
    fetched(d, T0, "b", 1, 2);
    rejected(d, T0, "b", 1, 0, 499);
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    struct failures *f = dispatch_failures(d);
    assert_string_equal(failures_line(f, 0), "failed blocks 0-499 after 3 attempts on \"b\": check \"x\"");
    assert_int_equal(failures_waiting(f), 1);
    rejected(d, T0, "b", 1, 0, 499); /* its record, too */
    assert_int_equal(failures_waiting(f), 0);
    assert_int_equal(failures_count(f), 1);
    expect_push(d, T0, "");
    assert_true(dispatch_complete(d));
    end(d);
}

/* Of a task that came in parts each has attempts of its own. */
static void
rejected_parts_are_failures_of_their_own(void **state)
{
    (void)state;
    struct dispatch *d = one_out(1);
    fetched(d, T0, "a", 0, 2);
    for (unsigned i = 0; i < 9; i++) {
        rejected(d, T0, "a", 0, i * 100, i * 100 + 99);
        assert_int_equal(event.news, DISPATCH_NOTHING);
    }
    committed(d, T0, 0, 900, 999);
    assert_int_equal(failures_count(dispatch_failures(d)), 0);
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=0 to=99");
    end(d);
}

/* One try, of which a part failed and the rest is rejected: no part failed twice. */
static void
the_rest_did_not_fail(void **state)
{
    (void)state;
    struct dispatch *d = one_out(1);
    hear(d, T0, "failed run=r1 fetcher=a.1 task=0 free=2 from=500 to=999 error=boom 500");
    committed(d, T0, 1, 500, 999);
    for (int i = 1; i <= 3; i++) {
        rejected(d, T0, "a", 0, 0, 499);
        assert_int_equal(event.news, i < 3 ? DISPATCH_NOTHING : DISPATCH_GAVE_UP);
        expect_push(d, T0, i < 3 ? i == 1 ? "task=0 try=2 run=r1 dataset=logs from=0 to=499"
                                          : "task=0 try=3 run=r1 dataset=logs from=0 to=499" : "");
        took(d, T0, "a", 0, 1);
        fetched(d, T0, "a", 0, 2);
    }
    end(d);
}

static void
a_rejection_before_fetched_is_not_lost(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    for (int i = 1; i <= 3; i++) { /* as many as there are attempts */
        assert_string_not_equal(push(d, T0), "");
        took(d, T0, "a", 0, 1);
        rejected(d, T0, "a", 0, 0, 999);
        expect_push(d, T0, "");
        fetched(d, T0, "a", 0, 2);
    }
    assert_string_not_equal(push(d, T0), "");
    took(d, T0, "a", 0, 1);
    fetched(d, T0, "a", 0, 2);
    rejected(d, T0, "a", 0, 0, 999);
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    end(d);
}

static void
rejections_before_fetched_end(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    for (int i = 1; i <= 4; i++) {
        assert_string_not_equal(push(d, T0), "");
        took(d, T0, "a", 0, 1);
        rejected(d, T0, "a", 0, 0, 999);
        assert_int_equal(event.news, i < 4 ? DISPATCH_NOTHING : DISPATCH_GAVE_UP);
        fetched(d, T0, "a", 0, 2);
    }
    expect_push(d, T0, "");
    end(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_prefers_another_endpoint),
        cmocka_unit_test(avoiding_does_not_wait_for_ever),
        cmocka_unit_test(the_only_endpoint_is_tried_again_after_a_pause),
        cmocka_unit_test(attempts_run_out),
        cmocka_unit_test(a_late_success_is_no_failure),
        cmocka_unit_test(only_the_failed_part_is_tried_again),
        cmocka_unit_test(what_all_refuse_is_given_up_at_once),
        cmocka_unit_test(refusals_of_very_many_endpoints_end),
        cmocka_unit_test(the_first_to_come_does_not_refuse_for_all),
        cmocka_unit_test(fail_fast_stops_at_the_first),
        cmocka_unit_test(rejected_rows_are_failures),
        cmocka_unit_test(rejected_parts_are_failures_of_their_own),
        cmocka_unit_test(the_rest_did_not_fail),
        cmocka_unit_test(a_rejection_before_fetched_is_not_lost),
        cmocka_unit_test(rejections_before_fetched_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
