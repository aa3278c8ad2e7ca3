/* ledger_holders_test.c - tasks with two holders, with none left, and with rows that got lost. */
#include "ledger_play.h"

static void
a_holder_that_is_gone_loses_its_tasks(void **state)
{
    (void)state;
    struct ledger *l = new();
    for (unsigned i = 0; i < 100; i++)
        out(l, i, i, 1 + i % 2, T0);
    struct ledger_entry *old = fetched(l, 1000, 1000, 1, T0);
    struct ledger_entry *recent = fetched(l, 1001, 1001, 1, T0 + 4500);
    assert_int_equal(ledger_release(l, 1, true, T0 + 5000), 51);
    assert_int_equal(ledger_pending(l), 51);
    assert_int_equal(old->state, LEDGER_PENDING);
    assert_int_equal(recent->state, LEDGER_FETCHED);
    for (unsigned i = 0; i < 51; i++) {
        struct ledger_entry *e = ledger_next(l, T0 + 5000);
        assert_non_null(e);
        assert_int_equal(e->from % 2, 0);
        ledger_pushed(l, e, T0 + 5000);
    }
    assert_null(ledger_next(l, T0 + 5000));
    ledger_free(l);
}

static void
goodbye_keeps_what_was_fetched(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = fetched(l, 1, 1, 1, T0);
    struct ledger_entry *f = out(l, 2, 2, 1, T0);
    assert_int_equal(ledger_release(l, 1, false, T0 + 60000), 1);
    assert_int_equal(e->state, LEDGER_FETCHED);
    assert_int_equal(f->state, LEDGER_PENDING);
    ledger_free(l);
}

static void
copies_are_of_the_oldest(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *b = out(l, 2, 2, 1, T0 + 100);
    struct ledger_entry *a = out(l, 1, 1, 1, T0);
    out(l, 3, 3, 1, T0 + 900);
    assert_null(ledger_hedge(l, 1500, -1, T0 + 1000));
    assert_ptr_equal(ledger_hedge(l, 250, -1, T0 + 1000), a);
    ledger_pushed(l, a, T0 + 1000);
    assert_int_equal(ledger_unanswered(l), 1);
    assert_int_equal(a->state, LEDGER_OUT);
    assert_ptr_equal(ledger_hedge(l, 250, -1, T0 + 1000), b); /* a's copy is unanswered */
    ledger_took(l, a, 2, T0 + 1010);
    assert_true(ledger_holds(a, 1));
    assert_true(ledger_holds(a, 2));
    assert_ptr_equal(ledger_hedge(l, 250, -1, T0 + 1020), a);
    ledger_pushed(l, a, T0 + 1020);
    ledger_took(l, a, 3, T0 + 1030);
    assert_ptr_equal(ledger_hedge(l, 250, -1, T0 + 1040), b); /* two copies are enough */
    ledger_free(l);
}

static void
no_copies_where_more_is_fetched_than_out(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *a = out(l, 1, 1, 1, T0), *b = fetched(l, 2, 2, 1, T0);
    fetched(l, 3, 3, 1, T0);
    assert_null(ledger_hedge(l, 250, -1, T0 + 1000));
    assert_ptr_equal(ledger_hedge(l, 250, 500, T0 + 1000), b); /* but what is fetched may be late, too */
    ledger_lost(l, b, T0 + 1000);
    assert_ptr_equal(ledger_hedge(l, 250, -1, T0 + 1000), a);
    ledger_free(l);
}

static void
a_task_with_two_holders_survives_one(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 1, 9, 1, T0);
    ledger_pushed(l, e, T0 + 1000);
    ledger_took(l, e, 2, T0 + 1001);
    assert_int_equal(ledger_release(l, 1, true, T0 + 6000), 0);
    assert_int_equal(e->state, LEDGER_OUT);
    assert_true(ledger_holds(e, 2));
    assert_true(ledger_returned(l, e, 2, T0 + 6100, T0 + 6000));
    assert_null(ledger_next(l, T0 + 6099));
    assert_ptr_equal(ledger_next(l, T0 + 6100), e);
    ledger_free(l);
}

static void
a_failure_of_one_of_two_changes_nothing(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 1, 9, 1, T0);
    ledger_pushed(l, e, T0 + 1000);
    ledger_took(l, e, 2, T0 + 1001);
    assert_false(ledger_returned(l, e, 2, T0, T0 + 1100));
    assert_int_equal(e->state, LEDGER_OUT);
    assert_true(ledger_holds(e, 1));
    ledger_free(l);
}

static void
an_unanswered_copy_costs_nothing(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 1, 9, 1, T0);
    ledger_pushed(l, e, T0 + 1000);
    ledger_tick(l, T0 + 1000 + LEDGER_ANSWER_MS);
    assert_int_equal(ledger_unanswered(l), 0);
    assert_int_equal(e->state, LEDGER_OUT);
    ledger_tick(l, T0 + LEASE - 1);
    assert_int_equal(e->state, LEDGER_OUT);
    ledger_tick(l, T0 + LEASE);
    assert_int_equal(e->state, LEDGER_PENDING);
    ledger_free(l);
}

static void
lost_rows_are_asked_for_again(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = fetched(l, 1, 9, 1, T0);
    ledger_lost(l, e, T0 + 10);
    assert_ptr_equal(ledger_next(l, T0 + 10), e);
    ledger_pushed(l, e, T0 + 10);
    struct ledger_entry *working = out(l, 10, 19, 1, T0 + 10);
    ledger_lost(l, working, T0 + 20); /* an old copy's: somebody works on it */
    assert_int_equal(working->state, LEDGER_OUT);
    ledger_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_holder_that_is_gone_loses_its_tasks),
        cmocka_unit_test(goodbye_keeps_what_was_fetched),
        cmocka_unit_test(copies_are_of_the_oldest),
        cmocka_unit_test(no_copies_where_more_is_fetched_than_out),
        cmocka_unit_test(a_task_with_two_holders_survives_one),
        cmocka_unit_test(a_failure_of_one_of_two_changes_nothing),
        cmocka_unit_test(an_unanswered_copy_costs_nothing),
        cmocka_unit_test(lost_rows_are_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
