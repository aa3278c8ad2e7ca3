/* Near the end of a job: who would be the last to finish takes no more. */
#include "dispatch_play.h"
#include "producer/finish.h"

/* A fetcher that has worked for a second by T0 + 1000, ten requests at a time. */
static void
worker(struct dispatch *d, const char *name, unsigned latency_ms, unsigned free)
{
    credit(d, T0, name, 0, "closed");
    hear(d, T0 + 1000, "credit run=- fetcher=%s.1 endpoint=%s chain=1 free=%u head=5000 requests=%u failures=0 "
                       "latency_us=%u state=closed", name, name, free, 10000 / latency_ms, 10000 * 1000);
}

/* So many tasks are left, of as many as there were requests. */
static struct dispatch *
play(unsigned left, unsigned fast_free)
{
    struct dispatch *d = start(&plain, 1, 2200 + left, 1);
    credit(d, T0, "other", 2300, "closed"); /* took what was before */
    for (unsigned i = 0; i < 2200; i++) {
        assert_string_not_equal(push(d, T0), "");
        took(d, T0, "other", i, 2300 - 1 - i);
    }
    hear(d, T0, "bye fetcher=other.1");
    for (unsigned i = 0; i < 2200; i++)
        committed(d, T0, i, i + 1, i + 1);
    worker(d, "fast", 5, fast_free); /* 2 a millisecond */
    worker(d, "slow", 50, 10);
    return d;
}

static void
the_slow_one_gets_no_more_at_the_end(void **state)
{
    (void)state;
    struct dispatch *d = play(95, 0); /* (95 + 10) / 2 = 52.5 ms; the slow one: 50, and 5 until a slot is free */
    expect_push(d, T0 + 1000, "");
    worker(d, "fast", 5, 1);
    assert_string_not_equal(push(d, T0 + 1001), "");
    end(d);
}

static void
it_does_before(void **state)
{
    (void)state;
    struct dispatch *d = play(105, 0); /* (105 + 10) / 2 = 57.5 ms */
    assert_string_not_equal(push(d, T0 + 1000), "");
    end(d);
}

static void
it_does_after_a_while(void **state)
{
    (void)state;
    struct dispatch *d = play(80, 0);
    expect_push(d, T0 + 1000, "");
    assert_int_equal(dispatch_due_ms(d, T0 + 1000), T0 + 1055);
    expect_push(d, T0 + 1054, "");
    assert_string_not_equal(push(d, T0 + 1055), "");
    end(d);
}

static void
it_does_when_the_other_fails(void **state)
{
    (void)state;
    struct dispatch *d = play(80, 0);
    expect_push(d, T0 + 1000, "");
    hear(d, T0 + 1001, "credit run=- fetcher=fast.1 endpoint=fast chain=1 free=0 head=5000 requests=2000 failures=5 "
                       "latency_us=10000000 state=open");
    assert_string_not_equal(push(d, T0 + 1001), "");
    end(d);
}

static void
it_does_while_much_is_wanted_again(void **state)
{
    (void)state;
    struct dispatch *d = play(80, 0);
    hear(d, T0 + 1000, "uncovered run=r1 endpoint=fast rows=7 from=1 to=2200");
    assert_string_not_equal(push(d, T0 + 1000), "");
    end(d);
}

static void
rare(struct dispatch *d, int64_t now, unsigned requests)
{
    hear(d, now, "credit run=- fetcher=rare.1 endpoint=rare chain=1 free=10 head=5000 requests=%u failures=0 "
                 "latency_us=%u state=closed", requests, requests * 50000);
}

/* It was down for long, so little is known of how fast it is now: it waits no longer than the other should need. */
static void
it_does_when_the_other_takes_longer(void **state)
{
    (void)state;
    struct dispatch *d = play(80, 0);
    hear(d, T0 + 1000, "bye fetcher=slow.1");
    rare(d, T0 + 1000, 0);
    rare(d, T0 + 101000, 10);
    hear(d, T0 + 101000, "credit run=- fetcher=fast.1 endpoint=fast chain=1 free=0 head=5000 requests=22000 failures=0 "
                         "latency_us=110000000 state=closed"); /* 220 a second, and ten for a task: in 3.7 s */
    expect_push(d, T0 + 101000, "");
    rare(d, T0 + 104500, 10);
    expect_push(d, T0 + 104500, "");
    assert_string_not_equal(push(d, T0 + 105000), "");
    end(d);
}

static void
it_is_passed_over_meanwhile(void **state)
{
    (void)state;
    struct dispatch *d = play(80, 10);
    took(d, T0 + 1000, "fast", 9999, 10); /* both are there: turns are counted */
    for (unsigned i = 0; i < 2; i++) { /* who is next is learned */
        assert_string_not_equal(push(d, T0 + 1000), "");
        dispatch_turn(d);
        took(d, T0 + 1000, i == 0 ? "slow" : "fast", 2200 + i, 9);
    }
    assert_string_not_equal(push(d, T0 + 1001), "");
    assert_int_equal(dispatch_room(d), 0);
    end(d);
}

/* Fetchers that were there before this run: what they did then is not what they do in it. */
static void
only_this_run_counts(void **state)
{
    static const char told[] = "credit run=- fetcher=%s.1 endpoint=%s chain=1 free=%u head=5000 requests=%u failures=0 "
                               "latency_us=500000000 state=closed";
    (void)state;
    struct dispatch *d = start(&plain, 1, 120, 1);
    hear(d, T0, told, "fast", "fast", 20, 100000);
    for (unsigned i = 0; i < 20; i++)
        taken(d, T0, "fast", i, 19 - i);
    hear(d, T0, told, "slow", "slow", 10, 10000);
    hear(d, T0 + 5, told, "fast", "fast", 0, 100000);
    assert_string_not_equal(push(d, T0 + 5), "");
    end(d);
}

static void
one_alone_is_never_late(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    struct control told;
    char err[100];
    int64_t ms;
    assert_true(control_parse(span_of("credit run=- fetcher=a.1 endpoint=a chain=1 free=1 head=1 requests=0 failures=0 "
                                      "latency_us=0 state=closed"), &told, err, sizeof err));
    crew_hear(c, &told, T0);
    told.requests = 100, told.latency_us = 5000000;
    crew_hear(c, &told, T0);
    assert_int_equal(finish_late(c, 0, T0 + 1000, &ms), 0);
    crew_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_slow_one_gets_no_more_at_the_end),
        cmocka_unit_test(it_does_before),
        cmocka_unit_test(it_does_after_a_while),
        cmocka_unit_test(it_does_when_the_other_fails),
        cmocka_unit_test(it_does_while_much_is_wanted_again),
        cmocka_unit_test(it_does_when_the_other_takes_longer),
        cmocka_unit_test(it_is_passed_over_meanwhile),
        cmocka_unit_test(only_this_run_counts),
        cmocka_unit_test(one_alone_is_never_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
