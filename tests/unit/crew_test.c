/* crew_test.c - who is there, what they may be given, and what their endpoints did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "producer/crew.h"

enum { T0 = 1000000 };

static unsigned
hear(struct crew *c, int64_t now, const char *text)
{
    struct control line;
    char err[200];
    if (!control_parse(span_of(text), &line, err, sizeof err))
        fail_msg("\"%s\": %s", text, err);
    return crew_hear(c, &line, now);
}

static unsigned
credit(struct crew *c, int64_t now, const char *fetcher, const char *endpoint, unsigned free,
       const char *state)
{
    char text[300];
    snprintf(text, sizeof text,
             "credit run=- fetcher=%s endpoint=%s chain=1 free=%u head=500 requests=10 failures=2 "
             "latency_us=1000 state=%s", fetcher, endpoint, free, state);
    return hear(c, now, text);
}

static void
credit_is_what_was_told_last(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    assert_int_equal(crew_credit(c), 0);
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed");
    unsigned b = credit(c, T0, "b-1", "b", 5, "closed");
    assert_int_equal(a, 1);
    assert_int_equal(b, 2);
    assert_int_equal(crew_credit(c), 8);
    assert_int_equal(hear(c, T0, "took run=x fetcher=a-1 task=0 free=2"), a);
    assert_int_equal(crew_credit(c), 7);
    credit(c, T0, "b-1", "b", 0, "open");
    assert_int_equal(crew_credit(c), 2);
    assert_int_equal(crew_live(c), 2);
    crew_free(c);
}

static void
strangers_are_not_known(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    assert_int_equal(hear(c, T0, "took run=x fetcher=a-1 task=0 free=2"), 0);
    assert_int_equal(crew_credit(c), 0);
    assert_int_equal(crew_endpoint_of(c, 0), -1);
    assert_int_equal(crew_bit(-1), 0);
    crew_free(c);
}

static void
unbelievable_credit_is_bounded(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    hear(c, T0, "credit run=- fetcher=a endpoint=a chain=1 free=18446744073709551615 head=0 "
                "requests=0 failures=0 latency_us=0 state=closed");
    assert_int_equal(crew_credit(c), CREW_FREE_MAX);
    crew_free(c);
}

static void
silence_ends_a_fetcher(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed");
    credit(c, T0 + 1000, "b-1", "b", 5, "closed");
    assert_int_equal(crew_silent(c, T0 + CREW_SILENT_MS - 1), 0);
    assert_int_equal(crew_silent(c, T0 + CREW_SILENT_MS + CREW_SCAN_MS), a);
    assert_int_equal(crew_silent(c, T0 + CREW_SILENT_MS + CREW_SCAN_MS), 0);
    assert_int_equal(crew_credit(c), 5);
    assert_int_equal(crew_live(c), 1);
    assert_int_equal(crew_most(c), 2);
    assert_int_equal(credit(c, T0 + 9000, "a-1", "a", 4, "closed"), a); /* it is back */
    assert_int_equal(crew_credit(c), 9);
    crew_free(c);
}

static void
what_hangs_is_named_in_the_end(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    credit(c, T0, "a-1", "a", 3, "closed");
    credit(c, T0, "b-1", "b", 3, "closed");
    hear(c, T0 + 2000, "credit run=- fetcher=c-1 endpoint=c chain=1 free=1 head=10 "
                       "requests=4 failures=0 latency_us=0 state=closed");
    hear(c, T0 + 2000, "credit run=- fetcher=b-1 endpoint=b chain=1 free=1 head=10 "
                       "requests=2 failures=0 latency_us=0 state=closed");
    hear(c, T0 + 2000, "bye fetcher=b-1");
    int64_t end_ms = T0 + CREW_MUTE_MS + 1;
    assert_string_equal(crew_complaint(crew_endpoint(c, 0), end_ms), "its fetcher fell silent");
    assert_null(crew_complaint(crew_endpoint(c, 0), end_ms - 1));
    assert_null(crew_complaint(crew_endpoint(c, 1), end_ms + CREW_MUTE_MS));
    assert_string_equal(crew_complaint(crew_endpoint(c, 2), end_ms), "it has answered nothing yet");
    crew_free(c);
}

static void
goodbye_ends_a_fetcher(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed");
    assert_int_equal(hear(c, T0, "bye fetcher=a-1"), a);
    crew_bye(c, a);
    assert_int_equal(crew_credit(c), 0);
    crew_bye(c, a);
    assert_int_equal(crew_credit(c), 0);
    assert_false(crew_ready_outside(c, 0));
    crew_free(c);
}

static void
breakers_tell_who_is_ready(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    assert_false(crew_closed(c));
    credit(c, T0, "a-1", "a", 3, "closed");
    credit(c, T0, "b-1", "b", 0, "open");
    uint64_t a = crew_bit(0), b = crew_bit(1);
    assert_true(crew_closed(c));
    assert_true(crew_ready_outside(c, b));
    assert_false(crew_ready_outside(c, a));
    assert_int_equal(crew_credit_outside(c, a), 0);
    assert_int_equal(crew_credit_outside(c, b), 3);
    credit(c, T0, "b-1", "b", 1, "half-open");
    assert_true(crew_ready_outside(c, a));
    credit(c, T0, "a-1", "a", 0, "open");
    assert_false(crew_closed(c)); /* half-open is not known to work yet */
    crew_free(c);
}

static void
fetchers_of_one_endpoint_add_up(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed");
    credit(c, T0, "a-2", "a", 4, "closed");
    assert_int_equal(crew_endpoints(c), 1);
    assert_int_equal(crew_endpoint(c, 0)->free, 7);
    assert_int_equal(crew_endpoint(c, 0)->requests, 20);
    crew_bye(c, a);
    assert_true(crew_ready_outside(c, 0));
    assert_int_equal(crew_endpoint(c, 0)->live, 1);
    assert_int_equal(crew_endpoint(c, 0)->requests, 20); /* what it did stays */
    crew_free(c);
}

static void
totals_outlive_a_restart(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    static const char line[] = "credit run=- fetcher=a endpoint=a chain=1 free=1 head=0 "
                               "requests=%d failures=%d latency_us=%d state=closed";
    static const int told[][3] = {{10, 1, 500}, {25, 2, 900}, {3, 0, 100}, {4, 0, 150}};
    char text[300];
    for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, line, told[i][0], told[i][1], told[i][2]);
        hear(c, T0, text);
    }
    assert_int_equal(crew_endpoint(c, 0)->requests, 29);
    assert_int_equal(crew_endpoint(c, 0)->failures, 2);
    assert_int_equal(crew_endpoint(c, 0)->latency_us, 1050);
    crew_free(c);
}

static void
another_chain_does_not_count(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed");
    credit(c, T0, "b-1", "b", 5, "closed");
    assert_true(crew_foreign(c, a));
    assert_false(crew_foreign(c, a)); /* news only once */
    assert_int_equal(crew_credit(c), 5);
    credit(c, T0, "a-1", "a", 9, "closed");
    credit(c, T0, "a-2", "a", 9, "closed");
    assert_int_equal(crew_credit(c), 5);
    assert_int_equal(crew_credit_outside(c, crew_bit(0)), 5);
    assert_false(crew_ready_outside(c, crew_bit(1)));
    crew_bye(c, a);
    assert_int_equal(crew_credit(c), 5);
    crew_free(c);
}

static void
a_name_that_was_of_another_chain_is_taken_back(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    unsigned a = credit(c, T0, "a-1", "a", 3, "closed"), b = credit(c, T0, "a-2", "a", 4, "closed");
    assert_true(crew_foreign(c, a));
    crew_bye(c, a);
    credit(c, T0, "a-3", "a", 5, "closed");
    assert_int_equal(crew_credit(c), 0); /* one of those is still there */
    crew_bye(c, b);
    crew_bye(c, 3);
    unsigned right = credit(c, T0, "a-4", "a", 6, "closed");
    assert_int_equal(crew_credit(c), 6);
    assert_true(crew_ready_outside(c, 0));
    assert_true(crew_closed(c));
    assert_true(crew_foreign(c, right)); /* it is news again */
    assert_int_equal(crew_credit(c), 0);
    assert_false(crew_ready_outside(c, 0));
    assert_false(crew_closed(c));
    crew_free(c);
}

static void
heads_tell_who_has_a_block(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    credit(c, T0, "a-1", "a", 3, "closed"); /* head 500 */
    assert_true(crew_ready_at(c, 500, -1));
    assert_false(crew_ready_at(c, 501, -1));
    assert_false(crew_ready_at(c, 500, 0));
    crew_free(c);
}

static void
all_is_said_only_when_all_had_time_to_come(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    assert_false(crew_all_in(c, ~UINT64_C(0), T0));
    credit(c, T0, "a-1", "a", 3, "closed");
    assert_false(crew_all_in(c, crew_bit(0), T0 + 100)); /* others may still be starting */
    credit(c, T0 + 3000, "a-1", "a", 3, "closed");
    assert_true(crew_all_in(c, crew_bit(0), T0 + 3000));
    unsigned b = credit(c, T0 + 3000, "b-1", "b", 3, "closed");
    assert_false(crew_all_in(c, crew_bit(0), T0 + 3000));
    crew_bye(c, b);
    assert_false(crew_all_in(c, crew_bit(0), T0 + 4000)); /* it may come back */
    assert_true(crew_all_in(c, crew_bit(0), T0 + 4000 + CREW_KNOWN_MS));
    crew_free(c);
}

static void
last_words_are_waited_for(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    assert_true(crew_fresh(c));
    credit(c, T0, "a-1", "a", 3, "closed");
    assert_true(crew_fresh(c));
    hear(c, T0, "fetched run=x fetcher=a-1 task=0 free=2");
    assert_false(crew_fresh(c));
    credit(c, T0, "a-1", "a", 3, "closed");
    assert_true(crew_fresh(c));
    crew_free(c);
}

static void
it_is_bounded(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    char name[32];
    for (int i = 0; i < 2 * CREW_MAX - 1; i++) { /* they come and go */
        snprintf(name, sizeof name, "f%d", i);
        unsigned number = credit(c, T0 + i, name, "a", 1, "closed");
        assert_in_range(number, 1, CREW_MAX);
        if (i % 2)
            crew_bye(c, number);
    }
    assert_int_equal(crew_credit(c), CREW_MAX);
    assert_int_equal(credit(c, T0, "one-too-many", "a", 1, "closed"), 0);
    assert_int_equal(crew_credit(c), CREW_MAX);
    assert_int_not_equal(credit(c, T0, "f0", "a", 2, "closed"), 0); /* the others are still known */
    assert_int_equal(crew_credit(c), CREW_MAX + 1);
    crew_free(c);
}

static void
more_endpoints_than_bits(void **state)
{
    (void)state;
    struct crew *c = crew_new();
    char name[32];
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "e%d", i);
        credit(c, T0, name, name, 1, "closed");
    }
    assert_int_equal(crew_bit(63), UINT64_C(1) << 63);
    assert_int_equal(crew_bit(64), 0);
    assert_int_equal(crew_credit(c), 70);
    assert_int_equal(crew_credit_outside(c, ~UINT64_C(0)), 6);
    assert_true(crew_ready_outside(c, ~UINT64_C(0)));
    crew_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credit_is_what_was_told_last),
        cmocka_unit_test(strangers_are_not_known),
        cmocka_unit_test(unbelievable_credit_is_bounded),
        cmocka_unit_test(silence_ends_a_fetcher),
        cmocka_unit_test(what_hangs_is_named_in_the_end),
        cmocka_unit_test(goodbye_ends_a_fetcher),
        cmocka_unit_test(breakers_tell_who_is_ready),
        cmocka_unit_test(fetchers_of_one_endpoint_add_up),
        cmocka_unit_test(totals_outlive_a_restart),
        cmocka_unit_test(another_chain_does_not_count),
        cmocka_unit_test(a_name_that_was_of_another_chain_is_taken_back),
        cmocka_unit_test(heads_tell_who_has_a_block),
        cmocka_unit_test(all_is_said_only_when_all_had_time_to_come),
        cmocka_unit_test(last_words_are_waited_for),
        cmocka_unit_test(it_is_bounded),
        cmocka_unit_test(more_endpoints_than_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
