/* ledger_parts_test.c - tasks of which a part is committed, or comes back. */
#include "ledger_play.h"

static void
a_failed_end_is_carved_off(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    struct ledger_entry *e = out(l, 100, 199, 3, T0);
    e->failed_on = 5;
    e->attempts = 2;
    assert_true(ledger_returned(l, e, 3, T0, T0));
    struct ledger_entry *part = ledger_carve(l, e, 150, 199, T0 + 50);
    assert_ptr_not_equal(part, e);
    expect_range(part, 150, 199);
    assert_int_equal(part->id, 1);
    assert_int_equal(part->state, LEDGER_PENDING);
    assert_int_equal(part->failed_on, 5);
    assert_int_equal(part->attempts, 2);
    expect_range(e, 100, 149);
    assert_int_equal(e->state, LEDGER_FETCHED);
    assert_int_equal(ledger_committed(l, e, 100, 149, &gone, T0 + 60), 50);
    assert_true(gone);
    assert_int_equal(ledger_count(l), 1);
    ledger_free(l);
}

static void
a_failed_start_is_carved_off(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 100, 199, 3, T0);
    assert_true(ledger_returned(l, e, 3, T0, T0));
    struct ledger_entry *part = ledger_carve(l, e, 100, 100, T0);
    expect_range(part, 100, 100);
    expect_range(e, 101, 199);
    ledger_free(l);
}

static void
odd_parts_are_survived(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 100, 199, 3, T0);
    assert_ptr_equal(ledger_carve(l, e, 100, 199, T0), e);
    assert_ptr_equal(ledger_carve(l, e, 0, UINT64_MAX, T0), e);
    assert_ptr_equal(ledger_carve(l, e, 120, 130, T0), e); /* no end in common: all again */
    assert_null(ledger_carve(l, e, 200, 300, T0));
    assert_null(ledger_carve(l, e, 5, 99, T0));
    assert_null(ledger_carve(l, e, 150, 140, T0));
    expect_range(e, 100, 199);
    assert_int_equal(ledger_count(l), 1);
    ledger_free(l);
}

static void
commits_of_parts_shrink_and_split(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    struct ledger_entry *e = out(l, 100, 199, 3, T0);
    assert_int_equal(ledger_committed(l, e, 50, 109, &gone, T0), 10);
    assert_false(gone);
    expect_range(e, 110, 199);
    assert_int_equal(ledger_committed(l, e, 190, 300, &gone, T0), 10);
    expect_range(e, 110, 189);
    assert_int_equal(ledger_committed(l, e, 0, 50, &gone, T0), 0);
    assert_int_equal(ledger_committed(l, e, 120, 129, &gone, T0), 10);
    assert_false(gone);
    expect_range(e, 110, 119);
    expect_range(ledger_find(l, 1), 130, 189);
    assert_int_equal(ledger_find(l, 1)->state, LEDGER_PENDING);
    assert_int_equal(ledger_committed(l, e, 110, 119, &gone, T0), 10);
    assert_true(gone);
    ledger_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_end_is_carved_off),
        cmocka_unit_test(a_failed_start_is_carved_off),
        cmocka_unit_test(odd_parts_are_survived),
        cmocka_unit_test(commits_of_parts_shrink_and_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
