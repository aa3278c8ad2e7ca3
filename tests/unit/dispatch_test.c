/* dispatch_test.c - what is pushed, and what comes of every answer; fetchers and writer are played
 * by control lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/words.h"
#include "producer/dispatch.h"

enum { T0 = 1000000 };

static const struct dispatch_options plain = {
    .task = {.run = "r1", .dataset = "logs", .filter = ""},
    .hashes = 2, .lease_ms = 300000, .attempts = 3, .tell_failures = true,
};

static struct plan *plan;
static struct dispatch_event event; /* of the last line heard */
static struct buf line;             /* pushed last */

static struct dispatch *
start(const struct dispatch_options *o, uint64_t from, uint64_t to, uint64_t step)
{
    plan = plan_of_range(from, to, step);
    return dispatch_new(o, plan, T0);
}

static void
end(struct dispatch *d)
{
    dispatch_free(d);
    plan_close(plan);
    buf_free(&line);
}

static void __attribute__((format(printf, 3, 4)))
hear(struct dispatch *d, int64_t now, const char *format, ...)
{
    struct control c;
    char text[500], err[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!control_parse(span_of(text), &c, err, sizeof err))
        fail_msg("\"%s\": %s", text, err);
    dispatch_hear(d, &c, now, &event);
}

static void
credit(struct dispatch *d, int64_t now, const char *name, unsigned free, const char *state)
{
    hear(d, now, "credit run=- fetcher=%s.1 endpoint=%s chain=1 free=%u head=5000 requests=0 "
                 "failures=0 latency_us=0 state=%s", name, name, free, state);
}

/* The line that is pushed now, or "". */
static const char *
push(struct dispatch *d, int64_t now)
{
    dispatch_tick(d, now);
    if (!dispatch_push(d, now, &line))
        return "";
    buf_addc(&line, '\0');
    line.n--;
    dispatch_pushed(d, now);
    return line.p;
}

static void
expect_push(struct dispatch *d, int64_t now, const char *text)
{
    assert_string_equal(push(d, now), text);
}

static void
took(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    hear(d, now, "took run=r1 fetcher=%s.1 task=%u free=%u", name, task, free);
}

static void
failed(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    hear(d, now, "failed run=r1 fetcher=%s.1 task=%u free=%u error=boom 500", name, task, free);
}

static void
committed(struct dispatch *d, int64_t now, unsigned task, unsigned from, unsigned to)
{
    hear(d, now, "committed run=r1 task=%u endpoint=a rows=7 from=%u to=%u", task, from, to);
}

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
    push(d, T0);
    took(d, T0, "a", 0, 4);
    took(d, T0, "a", 1, 3);
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=4");
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 5, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 4);
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
    push(d, T0);
    took(d, T0, "a", 0, 1);
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
a_failure_prefers_another_endpoint(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    credit(d, T0, "b", 0, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    const struct failure *told = failures_next(f, now);
    assert_int_equal(told->from, 0);
    assert_int_equal(told->to, 999);
    assert_int_equal(told->chain, 1);
    failures_told(f, now);
    assert_null(failures_next(f, now + FAILURES_RETRY_MS - 1));
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
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    push(d, now);
    took(d, now, "a", 0, 0);
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    push(d, T0);
    took(d, T0, "a", 0, 2);
    took(d, T0, "a", 1, 1);
    failed(d, T0, "a", 0, 2);
    expect_push(d, T0, "");
    assert_false(dispatch_done(d)); /* what is out is waited for */
    committed(d, T0, 1, 1000, 1999);
    assert_true(dispatch_done(d));
    assert_false(dispatch_complete(d));
    end(d);
}

static void
idle_credit_gets_copies_of_the_oldest(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 3, "closed");
    credit(d, T0, "b", 0, "closed");
    for (unsigned i = 0; i < 3; i++) {
        push(d, T0);
        took(d, T0, "a", i, 2 - i);
    }
    hear(d, T0 + 80, "fetched run=r1 fetcher=a.1 task=2 free=0"); /* now it is known how long a task takes */
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
    push(d, T0);
    took(d, T0, "a", 0, 0);
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
    push(d, T0);
    took(d, T0, "a", 0, 0);
    credit(d, T0 + 4000, "b", 50, "closed");
    for (int i = 1; i <= 50; i++)
        assert_null(strstr(push(d, T0 + 4000), "task=0 "));
    end(d);
}

static void
rows_that_never_arrive_are_fetched_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 1, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 0);
    hear(d, T0 + 10, "fetched run=r1 fetcher=a.1 task=0 free=1"); /* then the writer died */
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
    push(d, T0);
    took(d, T0, "a", 0, 1);
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 1);
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 1);
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=2");
    hear(d, T0, "lost run=r1 task=0");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    end(d);
}

static void
what_went_to_another_writer_comes_again(void **state)
{
    (void)state;
    struct dispatch *d = start(&plain, 0, 2999, 1000);
    credit(d, T0, "a", 3, "closed");
    for (unsigned task = 0; task < 3; task++) {
        push(d, T0);
        took(d, T0, "a", task, 2 - task);
    }
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=1");
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=1 free=2");
    hear(d, T0, "hello"); /* of the first: late, but it has them */
    expect_push(d, T0, "");
    hear(d, T0, "hello");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999");
    expect_push(d, T0, "task=1 try=2 run=r1 dataset=logs from=1000 to=1999");
    expect_push(d, T0, ""); /* the third is still out */
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
    push(d, T0);
    took(d, T0, "a", 0, 1);
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=2");
    hear(d, T0, "rejected run=r1 task=0 endpoint=a from=0 to=999 error=check \"x\"");
    expect_push(d, T0, "task=0 try=2 run=r1 dataset=logs from=0 to=999 avoid=a");
    took(d, T0, "b", 0, 1);
    hear(d, T0, "fetched run=r1 fetcher=b.1 task=0 free=2");
    hear(d, T0, "rejected run=r1 task=0 endpoint=b from=0 to=499 error=check \"x\""); /* a part of it */
    hear(d, T0, "committed run=r1 task=0 endpoint=b rows=1 from=500 to=999");
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=0 to=499");
    took(d, T0, "b", 1, 1);
    hear(d, T0, "fetched run=r1 fetcher=b.1 task=1 free=2");
    hear(d, T0, "rejected run=r1 task=1 endpoint=b from=0 to=499 error=check \"x\"");
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    struct failures *f = dispatch_failures(d);
    assert_string_equal(failures_line(f, 0), "failed blocks 0-499 after 3 attempts on \"b\": check \"x\"");
    assert_int_equal(failures_waiting(f), 1);
    hear(d, T0, "rejected run=r1 task=1 endpoint=b from=0 to=499 error=check \"x\""); /* its record, too */
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
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", 2, "closed");
    push(d, T0);
    took(d, T0, "a", 0, 1);
    hear(d, T0, "fetched run=r1 fetcher=a.1 task=0 free=2");
    for (int i = 0; i < 9; i++) {
        hear(d, T0, "rejected run=r1 task=0 endpoint=a from=%d to=%d error=check", i * 100, i * 100 + 99);
        assert_int_equal(event.news, DISPATCH_NOTHING);
    }
    committed(d, T0, 0, 900, 999);
    assert_int_equal(failures_count(dispatch_failures(d)), 0);
    expect_push(d, T0, "task=1 try=1 run=r1 dataset=logs from=0 to=99");
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
hash_tasks_keep_their_hashes(void **state)
{
    (void)state;
    static const char one[] = "0x1111111111111111111111111111111111111111111111111111111111111111";
    static const char two[] = "0x2222222222222222222222222222222222222222222222222222222222222222";
    char text[300], expected[300];
    size_t size;
    snprintf(text, sizeof text, "%s\n%s\n", one, two);
    plan = plan_of_lines(1000, 2);
    memcpy(plan_room(plan, &size), text, strlen(text));
    plan_fed(plan, strlen(text));
    plan_eof(plan);
    struct dispatch *d = dispatch_new(&plain, plan, T0);
    credit(d, T0, "a", 1, "closed");
    snprintf(expected, sizeof expected, "task=0 try=1 run=r1 dataset=logs hashes=%s,%s", one, two);
    expect_push(d, T0, expected);
    took(d, T0, "a", 0, 0);
    failed(d, T0, "a", 0, 1);
    snprintf(expected, sizeof expected, "task=0 try=2 run=r1 dataset=logs hashes=%s,%s", one, two);
    expect_push(d, T0 + 1000, expected);
    hear(d, T0 + 1100, "committed run=r1 task=0 endpoint=a rows=2");
    assert_int_equal(event.news, DISPATCH_COMMITTED);
    assert_int_equal(event.hashes, 2);
    dispatch_tick(d, T0 + 1100);
    assert_true(dispatch_done(d));
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
    push(d, T0);
    took(d, T0, "a", 0, 4);
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
    push(d, T0);
    took(d, T0, "a", 0, 4);
    took(d, T0, "a", 1, 3);
    assert_int_equal(dispatch_beyond_ms(d, T0 + 100, &block), 0);
    hear(d, T0 + 100, "declined run=r1 fetcher=a.1 task=2 free=3 reason=head wait=1000 from=6000 to=6999");
    hear(d, T0 + 100, "declined run=r1 fetcher=a.1 task=1 free=3 reason=head wait=1000 from=5001 to=5999");
    assert_int_equal(dispatch_beyond_ms(d, T0 + 900, &block), 0); /* task 0 is worked on */
    hear(d, T0 + 900, "fetched run=r1 fetcher=a.1 task=0 free=4");
    committed(d, T0 + 900, 0, 4000, 4999);
    committed(d, T0 + 900, 1, 5000, 5000);
    assert_int_equal(dispatch_beyond_ms(d, T0 + 1000, &block), 0); /* that was a sign of life */
    for (unsigned task = 2; task <= 3; task++) {
        push(d, T0 + 1200);
        took(d, T0 + 1200, "a", task, 4);
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

/* --- a whole run, with fetchers that do everything wrong now and then --- */

enum { WORKERS = 8, SLOTS = 4 };

static uint64_t seed;

static unsigned
draw(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % n);
}

struct worker {
    char name[8];
    unsigned n;
    struct {
        unsigned id, from, to;
    } held[SLOTS];
    bool dead;
};

static void
worker_gets(struct dispatch *d, struct worker *w, int64_t now, const char *text)
{
    unsigned id, from, to;
    assert_int_equal(sscanf(text, "task=%u try=%*u run=r1 dataset=logs from=%u to=%u", &id, &from,
                            &to), 3);
    if (w->dead || draw(50) == 0)
        return; /* swallowed */
    char own[16];
    snprintf(own, sizeof own, "%s", w->name);
    const char *avoid = strstr(text, "avoid=");
    const char *reason = avoid && strstr(avoid, own) ? "avoid" : w->n == SLOTS ? "slot" :
                         draw(40) == 0 ? "breaker" : NULL;
    if (reason) {
        hear(d, now, "declined run=r1 fetcher=%s.1 task=%u free=%u reason=%s wait=50", w->name, id,
             SLOTS - w->n, reason);
        return;
    }
    w->held[w->n].id = id;
    w->held[w->n].from = from;
    w->held[w->n++].to = to;
    took(d, now, w->name, id, SLOTS - w->n);
}

static uint64_t
worker_acts(struct dispatch *d, struct worker *w, int64_t now)
{
    if (w->dead || w->n == 0)
        return 0;
    unsigned id = w->held[0].id, from = w->held[0].from, to = w->held[0].to;
    memmove(w->held, w->held + 1, --w->n * sizeof w->held[0]);
    unsigned free = SLOTS - w->n, what = draw(20);
    uint64_t blocks = 0;
    if (what == 0) {
        failed(d, now, w->name, id, free);
    } else if (what == 1) {
        hear(d, now, "refused run=r1 fetcher=%s.1 task=%u free=%u error=pruned", w->name, id, free);
    } else if (what == 2 && to > from) { /* done to the middle */
        unsigned middle = from + draw(to - from);
        hear(d, now, "failed run=r1 fetcher=%s.1 task=%u free=%u from=%u to=%u error=x", w->name, id,
             free, middle + 1, to);
        committed(d, now, id, from, middle);
        blocks = event.blocks;
    } else {
        hear(d, now, "fetched run=r1 fetcher=%s.1 task=%u free=%u", w->name, id, free);
        if (what == 3)
            hear(d, now, "lost run=r1 task=%u", id);
        else if (what == 4)
            return 0; /* the writer died with it */
        committed(d, now, id, from, to);
        blocks = event.blocks;
        if (what == 5)
            committed(d, now, id, from, to); /* said twice */
    }
    return blocks;
}

static void
every_block_is_counted_once(void **state)
{
    (void)state;
    struct dispatch_options o = plain;
    o.attempts = 255;
    o.lease_ms = 20000;
    enum { BLOCKS = 20000 };
    for (seed = 1; seed <= 5; seed++) {
        uint64_t first_seed = seed, blocks = 0;
        struct worker w[WORKERS] = {0};
        for (unsigned i = 0; i < WORKERS; i++)
            snprintf(w[i].name, sizeof w[i].name, "w%u", i);
        struct dispatch *d = start(&o, 0, BLOCKS - 1, 10);
        int64_t now = T0;
        dispatch_tick(d, now);
        for (; !dispatch_done(d) && now < T0 + 3600000; now += 10) {
            for (unsigned i = 0; i < WORKERS; i++) {
                if (draw(3000) == 0)
                    w[i].dead = true;
                if (w[i].dead && draw(1000) == 0) {
                    w[i].dead = false;
                    w[i].n = 0;
                }
                if (!w[i].dead && now % 1000 == 0)
                    credit(d, now, w[i].name, SLOTS - w[i].n, "closed");
                blocks += worker_acts(d, &w[i], now);
            }
            const char *text;
            while ((text = push(d, now))[0])
                worker_gets(d, &w[draw(WORKERS)], now, text);
        }
        assert_true(dispatch_complete(d));
        assert_int_equal(blocks, BLOCKS);
        assert_int_equal(failures_count(dispatch_failures(d)), 0);
        end(d);
        seed = first_seed;
    }
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
        cmocka_unit_test(nobody_takes_it_and_no_loop_is_busy),
        cmocka_unit_test(an_open_breaker_is_waited_for),
        cmocka_unit_test(beyond_the_head_goes_to_who_has_it),
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
        cmocka_unit_test(idle_credit_gets_copies_of_the_oldest),
        cmocka_unit_test(no_copies_before_the_time_of_a_task_is_known),
        cmocka_unit_test(no_copies_while_there_is_work),
        cmocka_unit_test(rows_that_never_arrive_are_fetched_again),
        cmocka_unit_test(a_silent_fetcher_loses_its_tasks),
        cmocka_unit_test(goodbye_gives_tasks_back),
        cmocka_unit_test(lost_rows_come_again),
        cmocka_unit_test(what_went_to_another_writer_comes_again),
        cmocka_unit_test(rejected_rows_are_failures),
        cmocka_unit_test(rejected_parts_are_failures_of_their_own),
        cmocka_unit_test(an_endpoint_of_another_chain_is_told_once),
        cmocka_unit_test(hash_tasks_keep_their_hashes),
        cmocka_unit_test(input_is_asked_for_only_when_needed),
        cmocka_unit_test(stopping_waits_for_what_is_out),
        cmocka_unit_test(how_long_nothing_works),
        cmocka_unit_test(how_long_blocks_do_not_come),
        cmocka_unit_test(every_block_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
