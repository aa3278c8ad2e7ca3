/* bucket_test.c - rates given and rates learned. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/bucket.h"

enum { LATENCY_MS = 10, AT_ONCE = 10 /* requests in flight */ };

enum counting { BUCKET, CLOCK, SLIDING };

/* Allows so many calls a second: in the mean and `burst` at once, or in each second of its clock, or in
 * any second. */
struct server {
    enum counting counts;
    double rate, burst, tokens;
    int64_t filled_ms;
    int64_t phase_ms, second; /* of its clock */
    size_t in_second;
    int64_t sent_ms[512];     /* the last ones served */
    size_t n;
};

static bool
serves_bucket(struct server *s, int64_t now_ms)
{
    s->tokens = fmin(s->tokens + s->rate * (double)(now_ms - s->filled_ms) / 1000, s->burst);
    s->filled_ms = now_ms;
    if (s->tokens + 1e-6 < 1)
        return false;
    s->tokens -= 1;
    return true;
}

static bool
serves_clock(struct server *s, int64_t now_ms)
{
    int64_t second = (now_ms + s->phase_ms) / 1000;

    if (second != s->second)
        s->in_second = 0;
    s->second = second;
    return (double)++s->in_second <= s->rate;
}

static bool
serves_sliding(struct server *s, int64_t now_ms)
{
    size_t most = (size_t)s->rate;

    if (s->n >= most && now_ms - s->sent_ms[(s->n - most) % 512] < 1000)
        return false;
    s->sent_ms[s->n++ % 512] = now_ms;
    return true;
}

static bool
serves(struct server *s, int64_t now_ms)
{
    return s->counts == BUCKET ? serves_bucket(s, now_ms)
           : s->counts == CLOCK ? serves_clock(s, now_ms) : serves_sliding(s, now_ms);
}

/* A server, its client, and what is in flight between them, by the millisecond of the answer. */
struct scene {
    struct server server;
    struct bucket bucket;
    int64_t now_ms, rest_ms, until_ms; /* how long a refusal makes rest, and until when it does */
    int64_t refusal_ms;                /* after so long it comes */
    bool late;                         /* now and then the client has no time for 40 ms */
    size_t in_flight, good[LATENCY_MS], bad[LATENCY_MS];
    uint64_t served, refused; /* since they were last looked at */
};

static struct scene
scene(double rate, double burst)
{
    struct scene c = {.server = {.rate = rate, .burst = burst, .tokens = burst}, .refusal_ms = LATENCY_MS};

    bucket_init(&c.bucket, 0, 0);
    return c;
}

/* Without being told to, it rests when slowing down was not enough, as the endpoint does. */
static void
refuse(struct scene *c)
{
    bool soon = c->bucket.cut_ms >= 0 && c->now_ms - c->bucket.cut_ms < 1000;

    if (!bucket_refused(&c->bucket, c->now_ms - c->refusal_ms, 0, c->now_ms) || (!c->rest_ms && !soon))
        return;
    c->until_ms = c->now_ms + (c->rest_ms ? c->rest_ms : 750);
    bucket_rest(&c->bucket, c->until_ms);
}

static void
answers(struct scene *c)
{
    size_t *good = &c->good[c->now_ms % LATENCY_MS], *bad = &c->bad[c->now_ms % LATENCY_MS];

    for (; *good; --*good, c->in_flight--)
        bucket_served(&c->bucket, 1, c->now_ms - LATENCY_MS, c->now_ms);
    for (; *bad; --*bad, c->in_flight--)
        refuse(c);
}

static void
ask(struct scene *c)
{
    bool ok = serves(&c->server, c->now_ms);

    c->in_flight++;
    c->served += ok;
    c->refused += !ok;
    c->good[c->now_ms % LATENCY_MS] += ok;
    c->bad[(c->now_ms + c->refusal_ms) % LATENCY_MS] += !ok;
}

/* Asks as fast as the bucket lets. */
static void
ask_for(struct scene *c, int64_t ms)
{
    c->served = c->refused = 0;
    for (int64_t end = c->now_ms + ms; c->now_ms < end; c->now_ms++) {
        answers(c);
        if (c->now_ms < c->until_ms || (c->late && c->now_ms % 700 < 40))
            continue;
        while (c->in_flight < AT_ONCE && bucket_take(&c->bucket, 1, c->now_ms) == 0)
            ask(c);
    }
}

/* Asks but once in a while. */
static void
ask_seldom(struct scene *c, int64_t pause_ms, int64_t ms)
{
    for (int64_t end = c->now_ms + ms; c->now_ms < end; c->now_ms++) {
        answers(c);
        if (c->now_ms % pause_ms == 0 && bucket_take(&c->bucket, 1, c->now_ms) == 0)
            ask(c);
    }
}

static void
a_given_rate_is_kept(void **state)
{
    struct bucket b;
    uint64_t n = 0;

    (void)state;
    bucket_init(&b, 25, 0);
    for (int64_t now = 0; now < 10000; now++)
        while (bucket_take(&b, 1, now) == 0)
            n++;
    assert_in_range(n, 248, 253);
}

static void
a_batch_larger_than_the_burst_goes_and_is_paid_for(void **state)
{
    struct bucket b;
    uint64_t n = 0;

    (void)state;
    bucket_init(&b, 10, 0);
    for (int64_t now = 0; now < 20000; now++)
        while (bucket_take(&b, 25, now) == 0)
            n += 25;
    assert_in_range(n, 175, 225);
}

static void
the_wait_is_right(void **state)
{
    struct bucket b;
    int64_t wait;

    (void)state;
    bucket_init(&b, 2, 0);
    assert_int_equal(bucket_take(&b, 1, 0), 0);
    wait = bucket_take(&b, 1, 0);
    assert_in_range(wait, 500, 502);
    assert_int_equal(bucket_take(&b, 1, wait), 0);
}

static void
no_limit_no_wait(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(bucket_take(&b, 25, 0), 0);
}

static void
a_refusal_halves_for_a_while(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 990, 100, 1000);
    for (int64_t now = 1100; now < 20000; now += 10)
        bucket_served(&b, 1, now - 5, now);
    assert_true(bucket_refused(&b, 19990, 0, 20000));
    assert_true(bucket_rate(&b, 20000) > 47 && bucket_rate(&b, 20000) < 50);
    assert_true(bucket_rate(&b, 20600) > 94 && bucket_rate(&b, 20600) < 98);
    /* the others of its wave say nothing new */
    assert_false(bucket_refused(&b, 19995, 0, 20005));
    assert_true(bucket_rate(&b, 20600) > 94);
}

static void
a_told_rate_is_believed(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    bucket_refused(&b, 5, 15, 10);
    assert_true(bucket_rate(&b, 1000) > 14 && bucket_rate(&b, 1000) <= 15);
    /* nor is it climbed over */
    for (int64_t now = 1000; now < 600000; now++)
        if (bucket_take(&b, 1, now) == 0)
            bucket_served(&b, 1, now, now);
    assert_true(bucket_rate(&b, 600000) <= 15);
    /* but it may be too high, told again or not */
    bucket_refused(&b, 600000, 15, 600010);
    assert_true(bucket_rate(&b, 602000) < 14.6);
}

static void
refusing_everything_is_no_rate(void **state)
{
    struct bucket b;

    (void)state;
    bucket_init(&b, 0, 0);
    for (int64_t now = 100; now < 1000; now += 100)
        bucket_refused(&b, now - 10, 0, now);
    assert_true(bucket_rate(&b, 1000) == 0); /* still unlimited: the pause is not the bucket's */
}

/* Learned for a minute, then used for two. Where one call may go at once and no more, the smallest
 * unevenness is refused. */
static void
assert_used_up(struct scene c)
{
    static const char *const counts[] = {"bucket", "clock", "sliding"};
    double most = 120 * c.server.rate, wanted = c.server.burst > 1 ? 0.95 : 0.9;

    ask_for(&c, 60000);
    ask_for(&c, 120000);
    if ((double)c.served < wanted * most || (double)c.refused > 0.02 * (double)c.served)
        fail_msg("%s, %.0f a second, %.0f at once, rest of %lld ms: %.3f of it used, %llu refused",
                 counts[c.server.counts], c.server.rate, c.server.burst, (long long)c.rest_ms,
                 (double)c.served / most, (unsigned long long)c.refused);
}

static const double RATES[] = {5, 50, 500};

static void
a_hidden_limit_is_used_up_and_seldom_passed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 4 * 2; i++) {
        double rate = RATES[i % 3];
        const double bursts[] = {1, 10, rate, 10 * rate};
        struct scene c = scene(rate, bursts[i / 3 % 4]);

        c.rest_ms = i / 12 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
a_limit_of_each_second_is_used_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 10 * 2; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = CLOCK;
        c.server.phase_ms = (int64_t)(i / 3 % 10) * 100;
        c.rest_ms = i / 30 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
a_limit_of_any_second_is_used_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3 * 2; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = SLIDING;
        c.rest_ms = i / 3 ? 1000 : 0;
        assert_used_up(c);
    }
}

static void
refusals_come_sooner_than_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct scene c = scene(RATES[i % 3], RATES[i % 3]);

        c.server.counts = (enum counting)(i / 3);
        c.refusal_ms = 1;
        c.rest_ms = 1000;
        assert_used_up(c);
    }
}

static void
a_client_that_is_late_makes_no_clumps(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct scene c = scene(RATES[1 + i % 2], i < 2 ? 10 : RATES[1 + i % 2]);

        c.server.counts = (enum counting)(i / 2);
        c.late = true;
        c.rest_ms = 1000;
        ask_for(&c, 60000);
        ask_for(&c, 120000);
        assert_true((double)c.served >= 0.9 * 120 * c.server.rate);
        assert_true(c.refused <= 4);
    }
}

/* What a refusal costs is a rest: few are needed. */
static void
learning_takes_a_few_seconds(void **state)
{
    static const double wanted[] = {[BUCKET] = 0.85, [CLOCK] = 0.75, [SLIDING] = 0.95};

    (void)state;
    for (size_t i = 0; i < 3 * 2 * 2; i++) {
        double rate = i / 3 % 2 ? 500 : 50;
        struct scene c = scene(rate, 10);

        c.server.counts = (enum counting)(i % 3);
        c.refusal_ms = i / 6 ? 1 : LATENCY_MS;
        c.rest_ms = 1000;
        ask_for(&c, 4000);
        ask_for(&c, 8000);
        assert_true((double)c.served >= wanted[i % 3] * 8 * rate);
        assert_true(c.refused <= 10);
    }
}

static void
two_rests_teach_a_rate(void **state)
{
    (void)state;
    for (double rate = 30; rate <= 80; rate += 10) {
        struct scene c = scene(rate, 10);

        c.rest_ms = 1000;
        ask_for(&c, 4000);
        ask_for(&c, 8000);
        assert_int_equal(c.refused, 0);
        assert_true((double)c.served >= 0.94 * 8 * rate);
    }
}

static void
a_limit_that_goes_is_noticed(void **state)
{
    struct scene c = scene(10, 10);

    (void)state;
    ask_for(&c, 20000);
    c.server.rate = 200;
    ask_for(&c, 70000);
    ask_for(&c, 10000);
    assert_true(c.served > 10 * 150);
}

static void
a_limit_that_falls_is_kept(void **state)
{
    struct scene c = scene(100, 20);

    (void)state;
    ask_for(&c, 20000);
    c.server.rate = 10;
    ask_for(&c, 10000);
    ask_for(&c, 20000);
    assert_true(c.served >= 170 && c.refused <= 4);
}

/* For a minute, from the first moments on or later, it serves nothing, or next to nothing. */
static void
a_closed_minute_is_made_up_for(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct scene c = scene(100, 20);

        c.rest_ms = 1000;
        ask_for(&c, i / 2 ? 90000 : 100);
        c.server.rate = i % 2;
        c.server.tokens = 0;
        ask_for(&c, 60000);
        c.server.rate = 100;
        ask_for(&c, i % 2 ? 150000 : 60000);
        ask_for(&c, 20000);
        if ((double)c.served < 0.8 * 20 * 100)
            fail_msg("case %d: %.0f a second", i, (double)c.served / 20);
    }
}

/* For two minutes there is little to ask: no higher rate is proven by that, and no lower one. */
static void
a_rate_outlasts_a_time_of_little_work(void **state)
{
    static const int64_t pauses_ms[] = {1000, 200, 50, 20};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct scene c = scene(100, 20);

        ask_for(&c, 40000);
        ask_seldom(&c, pauses_ms[i], 120000);
        ask_for(&c, 20000);
        assert_true((double)c.served >= 0.95 * 20 * 100);
        assert_true(c.refused <= 4);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_rate_is_kept),
        cmocka_unit_test(a_batch_larger_than_the_burst_goes_and_is_paid_for),
        cmocka_unit_test(the_wait_is_right),
        cmocka_unit_test(no_limit_no_wait),
        cmocka_unit_test(a_refusal_halves_for_a_while),
        cmocka_unit_test(a_told_rate_is_believed),
        cmocka_unit_test(refusing_everything_is_no_rate),
        cmocka_unit_test(a_hidden_limit_is_used_up_and_seldom_passed),
        cmocka_unit_test(a_limit_of_each_second_is_used_up),
        cmocka_unit_test(a_limit_of_any_second_is_used_up),
        cmocka_unit_test(refusals_come_sooner_than_answers),
        cmocka_unit_test(a_client_that_is_late_makes_no_clumps),
        cmocka_unit_test(learning_takes_a_few_seconds),
        cmocka_unit_test(two_rests_teach_a_rate),
        cmocka_unit_test(a_limit_that_goes_is_noticed),
        cmocka_unit_test(a_limit_that_falls_is_kept),
        cmocka_unit_test(a_closed_minute_is_made_up_for),
        cmocka_unit_test(a_rate_outlasts_a_time_of_little_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
