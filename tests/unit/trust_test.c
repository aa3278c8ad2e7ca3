/* How far an endpoint's answers for logs are believed, and what they hold. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fetcher/tally.h"
#include "fetcher/trust.h"

/* --- which answers are asked for twice --- */

static int
tried(struct trust *t, int answers)
{
    int n = 0;
    while (answers-- > 0)
        n += trust_due(t);
    return n;
}

static void
a_new_endpoint_is_tried_more(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    assert_int_equal(tried(&t, 2), 2);
    assert_int_equal(tried(&t, 98), 3);
    assert_int_equal(tried(&t, 900), 3);
    assert_in_range(tried(&t, 100000), 380, 400); /* less than 0.5 % */
}

static void
a_liar_is_tried_always(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    tried(&t, 1000);
    assert_true(trust_caught(&t));
    assert_true(t.recheck);
    assert_int_equal(tried(&t, 1000), 1000);
    t.recheck = false;
    assert_false(trust_caught(&t)); /* told once, and what was at hand goes back once */
    assert_false(t.recheck);
}

static void
bursts_raise_what_is_odd(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    double before = t.silence;
    trust_silence_true(&t);
    assert_true(t.silence > before);
    trust_caught(&t);
    assert_true(t.silence == before);
    trust_silence_true(&t); /* not from a liar */
    assert_true(t.silence == before);
}

static void
blooms_that_mean_nothing_are_found_out(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    for (int i = 0; i < 20; i++) {
        trust_bloom(&t, false);
        trust_bloom(&t, false);
        assert_true(trust_blooms(&t));
        trust_bloom(&t, true);
    }
    for (int i = 0; i < 3; i++)
        trust_bloom(&t, false);
    assert_false(trust_blooms(&t));
}

static void
a_limit_shows_twice(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    trust_cut_off(&t, 1000);
    assert_int_equal(t.cap, 0);
    trust_cut_off(&t, 37);
    trust_cut_off(&t, 1000);
    assert_int_equal(t.cap, 0);
    trust_cut_off(&t, 1000);
    assert_int_equal(t.cap, 1000);
}

/* --- backends that lag --- */

static void
small_answers_bring_a_proof_where_it_matters(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    assert_true(trust_wants_proof(&t, 900, 1000, true));
    assert_false(trust_wants_proof(&t, 900, 1000, false));
    assert_false(trust_wants_proof(&t, 900, 1e6, true));
    trust_behind(&t, 500);
    assert_true(trust_wants_proof(&t, 400, 1000, false)); /* others may lag further */
    assert_false(trust_wants_proof(&t, 500, 1e6, false));
    assert_true(trust_wants_proof(&t, 501, 1e6, false));
    assert_true(trust_lags(&t, 501));
    assert_false(trust_lags(&t, 500));
}

static void
the_head_is_asked_for_as_long_as_answers_are_not_proved(void **state)
{
    struct trust t;
    int n = 0;
    (void)state;
    trust_init(&t);
    for (int i = 0; i < 10000; i++) {
        trust_unproved(&t, 1);
        n += t.want_head;
        if (i < 2)
            assert_true(t.want_head);
        t.want_head = false;
    }
    assert_in_range(n, 30, 50); /* less than 0.5 % */
}

static void
who_has_caught_up_is_not_behind(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    trust_behind(&t, 500);
    for (int i = 0; i < 1000; i++)
        trust_proved(&t, 500); /* which it had */
    for (int i = 0; i < 255; i++)
        trust_proved(&t, 900);
    assert_true(trust_lags(&t, 900));
    trust_lacks(&t, 900); /* it does not have that one yet */
    for (int i = 0; i < 255; i++)
        trust_proved(&t, 900);
    trust_behind(&t, 600); /* and told an old head */
    for (int i = 0; i < 255; i++)
        trust_proved(&t, 900);
    assert_true(t.behind);
    assert_int_equal(t.low, 500);
    trust_proved(&t, 501);
    assert_false(t.behind);
    assert_false(trust_wants_proof(&t, 900, 1000, false));
    trust_behind(&t, 800); /* again */
    assert_true(trust_lags(&t, 801));
    assert_false(trust_lags(&t, 800));
}

/* A block that it lacks tells only that it has none from there on. */
static void
how_far_a_backend_is_is_asked(void **state)
{
    struct trust t;
    int n = 0;
    (void)state;
    trust_init(&t);
    trust_lacks(&t, 700);
    assert_int_equal(t.low, 699);
    for (; t.want_head; n++)
        trust_head(&t, 900); /* others answer */
    assert_int_equal(n, 32);
    trust_lacks(&t, 800); /* no news */
    assert_false(t.want_head);
    trust_lacks(&t, 600);
    assert_true(t.want_head);
    trust_behind(&t, 450);
    trust_head(&t, 450);
    assert_false(t.want_head);
}

static void
what_a_lagging_backend_may_have_answered_goes_back(void **state)
{
    struct trust t;
    (void)state;
    trust_init(&t);
    trust_unproved(&t, 700);
    trust_unproved(&t, 300);
    trust_behind(&t, 700);
    assert_true(t.behind);
    assert_false(t.recheck);
    trust_behind(&t, 900); /* another one, not as far */
    assert_int_equal(t.low, 700);
    trust_behind(&t, 699);
    assert_true(t.recheck);
    assert_true(t.doubt);
    assert_int_equal(t.doubt_from, 700);
    t.recheck = t.doubt = false;
    trust_behind(&t, 699); /* no news */
    assert_false(t.recheck);
    assert_false(t.caught);
    trust_behind(&t, 400); /* the same one, or one further behind */
    assert_true(t.recheck);
    assert_int_equal(t.doubt_from, 401);
    t.once = true;
    trust_caught(&t); /* before that was told */
    assert_int_equal(t.doubt_from, 0);
    trust_unproved(&t, 800);
    trust_behind(&t, 300);
    assert_int_equal(t.doubt_from, 0);
}

/* --- opinions --- */

static void
the_largest_answer_counts(void **state)
{
    struct opinion o = {0};
    (void)state;
    assert_int_equal(opinion_add(&o, 9, 77), OPINION_FIRST);
    assert_int_equal(opinion_add(&o, 10, 5), OPINION_DIFFERS);
    assert_int_equal(opinion_add(&o, 9, 77), OPINION_DIFFERS);
    assert_int_equal(o.times, 1);
    assert_int_equal(opinion_add(&o, 10, 5), OPINION_SAME);
    assert_int_equal(o.times, 2);
    assert_int_equal(o.clashes, 0);
    assert_int_equal(o.asked, 4);
}

static void
equally_large_ones_clash(void **state)
{
    struct opinion o = {0};
    (void)state;
    opinion_add(&o, 9, 77);
    assert_int_equal(opinion_add(&o, 9, 78), OPINION_CLASHES);
    assert_int_equal(o.clashes, 1);
    assert_int_equal(opinion_add(&o, 9, 77), OPINION_CLASHES);
    assert_int_equal(o.times, 1);
}

/* --- what an answer holds --- */

struct place {
    uint64_t block;
    uint32_t index;
};

static struct tally
tally_of(struct piece at, const struct place *p, size_t n)
{
    struct tally t;
    tally_init(&t, at, 12);
    for (size_t i = 0; i < n; i++)
        tally_log(&t, p[i].block, p[i].index);
    tally_end(&t);
    return t;
}

static void
silence_is_the_longest_run(void **state)
{
    const struct place inner[] = {{11, 0}, {16, 0}, {19, 0}}, end[] = {{10, 0}, {12, 0}};
    struct tally t = tally_of((struct piece){10, 20}, inner, 3);
    (void)state;
    assert_int_equal(t.silence.from, 12);
    assert_int_equal(t.silence.to, 15);
    assert_int_equal(t.watched_n, 0);
    t = tally_of((struct piece){10, 20}, end, 2);
    assert_int_equal(t.silence.from, 13);
    assert_int_equal(t.silence.to, 20);
    assert_int_equal(t.first, 10);
    assert_int_equal(t.last, 12);
    assert_int_equal(t.watched_n, 1);
    assert_true(tally_silent(&t, 11) && tally_silent(&t, 20));
    assert_false(tally_silent(&t, 10) || tally_silent(&t, 12));
    t = tally_of((struct piece){10, 20}, NULL, 0);
    assert_int_equal(t.silence.from, 10);
    assert_int_equal(t.silence.to, 20);
    t = tally_of((struct piece){10, 10}, end, 1);
    assert_int_equal(piece_width(t.silence), 0);
}

static void
a_number_left_out_shows(void **state)
{
    const struct place whole[] = {{10, 0}, {10, 1}, {11, 0}, {15, 0}, {15, 1}, {15, 2}};
    const struct place second[] = {{10, 0}, {10, 1}, {15, 0}, {15, 2}, {16, 1}};
    const struct place first[] = {{10, 1}, {11, 0}};
    (void)state;
    assert_false(tally_of((struct piece){10, 20}, whole, 6).holed);
    struct tally t = tally_of((struct piece){10, 20}, second, 5);
    assert_true(t.holed);
    assert_int_equal(t.hole, 15);
    assert_int_equal(t.hole_n, 2);
    t = tally_of((struct piece){10, 20}, first, 2);
    assert_true(t.holed);
    assert_int_equal(t.hole, 10);
    assert_int_equal(t.hole_n, 1);
}

static void
places_make_the_digest(void **state)
{
    struct place p[] = {{10, 0}, {10, 1}, {11, 0}, {12, 4}};
    uint64_t whole = tally_of((struct piece){10, 20}, p, 4).digest;
    (void)state;
    assert_true(tally_of((struct piece){10, 20}, p, 4).digest == whole);
    assert_true(tally_of((struct piece){10, 20}, p, 3).digest != whole);
    p[3].index = 3;
    assert_true(tally_of((struct piece){10, 20}, p, 4).digest != whole);
    p[3] = (struct place){13, 4};
    assert_true(tally_of((struct piece){10, 20}, p, 4).digest != whole);
    p[2] = (struct place){11, 1}; /* and one moved where another makes up for it */
    p[3] = (struct place){12, 3};
    assert_true(tally_of((struct piece){10, 20}, p, 4).digest != whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_endpoint_is_tried_more),
        cmocka_unit_test(a_liar_is_tried_always),
        cmocka_unit_test(bursts_raise_what_is_odd),
        cmocka_unit_test(blooms_that_mean_nothing_are_found_out),
        cmocka_unit_test(a_limit_shows_twice),
        cmocka_unit_test(small_answers_bring_a_proof_where_it_matters),
        cmocka_unit_test(the_head_is_asked_for_as_long_as_answers_are_not_proved),
        cmocka_unit_test(how_far_a_backend_is_is_asked),
        cmocka_unit_test(who_has_caught_up_is_not_behind),
        cmocka_unit_test(what_a_lagging_backend_may_have_answered_goes_back),
        cmocka_unit_test(the_largest_answer_counts),
        cmocka_unit_test(equally_large_ones_clash),
        cmocka_unit_test(silence_is_the_longest_run),
        cmocka_unit_test(a_number_left_out_shows),
        cmocka_unit_test(places_make_the_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
