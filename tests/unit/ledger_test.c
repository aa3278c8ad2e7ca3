/* ledger_test.c - the life of a task, by every way it can take, and what it costs in bytes. */
#include "ledger_play.h"

static void
ids_count_from_zero(void **state)
{
    (void)state;
    struct ledger *l = new();
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(pushed(l, i, i, T0)->id, i);
    assert_int_equal(ledger_find(l, 3)->from, 3);
    assert_null(ledger_find(l, 5));
    ledger_free(l);
}

static void
the_good_way(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    struct ledger_entry *e = ledger_add(l, 100, 199, T0);
    assert_int_equal(ledger_pending(l), 1);
    ledger_pushed(l, e, T0);
    assert_int_equal(ledger_unanswered(l), 1);
    assert_int_equal(e->tries, 1);
    assert_null(ledger_next(l, T0));
    ledger_took(l, e, 7, T0 + 5);
    assert_int_equal(ledger_unanswered(l), 0);
    assert_true(ledger_holds(e, 7));
    assert_false(ledger_holds(e, 8));
    ledger_fetched(l, e, T0 + 100);
    assert_int_equal(ledger_committed(l, e, 100, 199, &gone, T0 + 200), 100);
    assert_true(gone);
    assert_null(ledger_find(l, 0));
    assert_int_equal(ledger_count(l), 0);
    assert_int_equal(ledger_due_ms(l, T0 + 200), -1);
    ledger_free(l);
}

static void
no_answer_makes_pending_again(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = pushed(l, 1, 2, T0);
    assert_int_equal(ledger_due_ms(l, T0), T0 + LEDGER_ANSWER_MS);
    ledger_tick(l, T0 + LEDGER_ANSWER_MS - 1);
    assert_int_equal(ledger_unanswered(l), 1);
    ledger_tick(l, T0 + LEDGER_ANSWER_MS);
    assert_int_equal(ledger_unanswered(l), 0);
    assert_ptr_equal(ledger_next(l, T0 + LEDGER_ANSWER_MS), e);
    ledger_took(l, e, 1, T0 + 2500); /* the answer came after all */
    assert_null(ledger_next(l, T0 + 2500));
    assert_int_equal(e->state, LEDGER_OUT);
    ledger_free(l);
}

static void
an_overdue_answer_frees_the_credit_early(void **state)
{
    (void)state;
    struct ledger *l = new();
    for (int i = 0; i < 100; i++)
        out(l, 1, 1, 1, T0); /* all answered at once: so that is what can be expected */
    struct ledger_entry *e = pushed(l, 1, 2, T0);
    assert_int_equal(ledger_unanswered(l), 1);
    ledger_tick(l, T0 + LEDGER_ANSWER_MS / 4);
    assert_int_equal(ledger_unanswered(l), 0);
    assert_int_equal(e->state, LEDGER_PUSHED); /* but it is not pushed again so soon */
    ledger_tick(l, T0 + LEDGER_ANSWER_MS - 1);
    assert_int_equal(e->state, LEDGER_PUSHED);
    ledger_tick(l, T0 + LEDGER_ANSWER_MS + LEDGER_ANSWER_MS / 4);
    assert_int_equal(e->state, LEDGER_PENDING);
    ledger_pushed(l, e, T0 + 5000);
    ledger_tick(l, T0 + 6000);
    assert_int_equal(ledger_unanswered(l), 0);
    ledger_declined(l, e, T0 + 6500, T0 + 6000); /* late, but heard */
    assert_int_equal(e->state, LEDGER_PENDING);
    ledger_free(l);
}

static void
the_lease_runs_out(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = out(l, 1, 2, 1, T0);
    ledger_tick(l, T0 + LEASE - 1);
    assert_int_equal(e->state, LEDGER_OUT);
    ledger_tick(l, T0 + LEASE);
    assert_ptr_equal(ledger_next(l, T0 + LEASE), e);
    assert_int_equal(e->attempts, 0); /* nobody failed */
    ledger_pushed(l, e, T0 + LEASE);
    assert_int_equal(e->tries, 2);
    ledger_free(l);
}

static void
the_lease_of_fetched_rows_runs_out(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = fetched(l, 1, 2, 1, T0);
    for (int64_t t = T0; t < T0 + LEASE; t += 1000)
        ledger_tick(l, t);
    assert_int_equal(e->state, LEDGER_FETCHED);
    ledger_tick(l, T0 + LEASE);
    assert_int_equal(e->state, LEDGER_PENDING);
    ledger_free(l);
}

static void
what_later_commits_overtake_is_lost(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    struct ledger_entry *e = fetched(l, 1, 2, 1, T0);
    struct ledger_entry *near = fetched(l, 3, 4, 1, T0 + LEDGER_LATE_MS - 100);
    ledger_committed(l, near, 3, 4, &gone, T0 + LEDGER_LATE_MS);
    ledger_tick(l, T0 + 2 * LEDGER_LATE_MS);
    assert_int_equal(e->state, LEDGER_FETCHED); /* not long enough */
    struct ledger_entry *far = fetched(l, 5, 6, 1, T0 + LEDGER_LATE_MS + 100);
    ledger_committed(l, far, 5, 6, &gone, T0 + 2 * LEDGER_LATE_MS);
    ledger_tick(l, T0 + 3 * LEDGER_LATE_MS);
    assert_int_equal(e->state, LEDGER_PENDING);
    ledger_free(l);
}

static void
a_slow_writer_is_given_more_time(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    assert_int_equal(ledger_late_ms(l), LEDGER_LATE_MS);
    for (int i = 0; i < 200; i++)
        ledger_committed(l, fetched(l, 1, 1, 1, T0 + i), 1, 1, &gone, T0 + i + 2000);
    assert_in_range(ledger_late_ms(l), 14000, 17000);
    ledger_free(l);
}

static void
declined_waits_as_told(void **state)
{
    (void)state;
    struct ledger *l = new();
    struct ledger_entry *e = pushed(l, 1, 2, T0);
    ledger_declined(l, e, T0 + 500, T0 + 1);
    assert_int_equal(ledger_unanswered(l), 0);
    assert_null(ledger_next(l, T0 + 499));
    assert_int_equal(ledger_due_ms(l, T0), T0 + 500);
    assert_ptr_equal(ledger_next(l, T0 + 500), e);
    ledger_declined(l, e, T0 + 9000, T0 + 2); /* said twice: nothing happens */
    assert_ptr_equal(ledger_next(l, T0 + 500), e);
    ledger_free(l);
}

static void
pending_comes_in_order_of_time_and_id(void **state)
{
    (void)state;
    struct ledger *l = new();
    for (uint64_t i = 0; i < 100; i++)
        ledger_add(l, i, i, T0);
    ledger_put_off(l, ledger_find(l, 0), T0 + 10);
    for (uint64_t i = 1; i < 100; i++) {
        struct ledger_entry *e = ledger_next(l, T0 + 10);
        assert_int_equal(e->id, i);
        ledger_pushed(l, e, T0 + 10);
    }
    assert_int_equal(ledger_next(l, T0 + 10)->id, 0);
    ledger_free(l);
}

static void
the_mean_follows_the_tasks(void **state)
{
    (void)state;
    struct ledger *l = new();
    bool gone;
    for (int i = 0; i < 200; i++) {
        int64_t t = T0 + i * 1000;
        struct ledger_entry *e = out(l, 1, 1, 1, t);
        ledger_fetched(l, e, t + 480);
        ledger_committed(l, e, 1, 1, &gone, t + 500);
    }
    assert_in_range(ledger_task_ms(l), 440, 500);
    ledger_free(l);
}

static void
it_gets_full(void **state)
{
    (void)state;
    struct ledger *l = new();
    for (uint64_t i = 0; i < LEDGER_PLAN_MAX; i++) {
        assert_false(ledger_full(l));
        out(l, i * 10, i * 10 + 9, 1, T0);
    }
    assert_true(ledger_full(l));
    for (uint64_t i = 0; i < LEDGER_PLAN_MAX; i++) { /* parts have room, but not without end */
        struct ledger_entry *e = ledger_find(l, i);
        assert_true(ledger_returned(l, e, 1, T0, T0));
        struct ledger_entry *part = ledger_carve(l, e, i * 10 + 5, i * 10 + 9, T0);
        assert_true((part == e) == (i >= LEDGER_MAX - LEDGER_PLAN_MAX));
    }
    assert_int_equal(ledger_count(l), LEDGER_MAX);
    bool gone;
    uint64_t blocks = 0;
    for (uint64_t i = 0; i < LEDGER_MAX; i++) {
        struct ledger_entry *e = ledger_find(l, i);
        blocks += ledger_committed(l, e, e->from, ledger_to(e), &gone, T0);
        assert_true(gone);
    }
    assert_int_equal(blocks, LEDGER_PLAN_MAX * 10);
    assert_int_equal(ledger_count(l), 0);
    ledger_free(l);
}

static uint64_t
draw(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static uint64_t
give_back(struct ledger *l, struct ledger_entry *e, unsigned holder, uint64_t from, uint64_t to,
          int64_t now, uint64_t ids)
{
    if (ledger_returned(l, e, holder, now, now)) {
        struct ledger_entry *part = ledger_carve(l, e, from, to, now);
        if (part && part->id >= ids)
            return part->id + 1;
    }
    return ids;
}

/* A million random events: every block is counted once, whatever happened. */
static void
random_lives_end_in_commits(void **state)
{
    (void)state;
    struct ledger *l = new();
    uint64_t seed = 7, blocks = 0, next = 0, ids = 1;
    int64_t now = T0;
    bool gone;
    enum { TASKS = 2000, STEP = 10 };
    for (int turn = 0; turn < 1000000 && blocks < TASKS * STEP; turn++) {
        now += (int64_t)(draw(&seed) % 3);
        if (turn % 1000 == 0)
            ledger_tick(l, now);
        if (next < TASKS && ledger_count(l) < 300) {
            ids = ledger_add(l, next * STEP, next * STEP + STEP - 1, now)->id + 1;
            next++;
        }
        struct ledger_entry *e = ledger_next(l, now);
        if (e)
            ledger_pushed(l, e, now);
        e = ledger_find(l, ids - 1 - draw(&seed) % (ids < 3000 ? ids : 3000));
        if (!e)
            continue;
        unsigned holder = 1 + (unsigned)(draw(&seed) % 5);
        uint64_t cut = e->from + draw(&seed) % (ledger_to(e) - e->from + 1);
        switch (draw(&seed) % 9) {
        case 0: ledger_took(l, e, holder, now); break;
        case 1: ledger_declined(l, e, now + 5, now); break;
        case 2: ids = give_back(l, e, holder, cut, ledger_to(e), now, ids); break;
        case 3: ids = give_back(l, e, holder, e->from, cut, now, ids); break;
        case 4: ledger_fetched(l, e, now); break;
        case 5: blocks += ledger_committed(l, e, cut, ledger_to(e), &gone, now); break;
        case 6: blocks += ledger_committed(l, e, e->from, cut, &gone, now); break;
        case 7: ledger_lost(l, e, now); break;
        case 8: if (draw(&seed) % 50 == 0) ledger_release(l, holder, true, now); break;
        }
    }
    assert_int_equal(blocks, TASKS * STEP);
    assert_int_equal(ledger_count(l), 0);
    assert_int_equal(ledger_unanswered(l), 0);
    ledger_free(l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_count_from_zero),
        cmocka_unit_test(the_good_way),
        cmocka_unit_test(no_answer_makes_pending_again),
        cmocka_unit_test(an_overdue_answer_frees_the_credit_early),
        cmocka_unit_test(the_lease_runs_out),
        cmocka_unit_test(the_lease_of_fetched_rows_runs_out),
        cmocka_unit_test(what_later_commits_overtake_is_lost),
        cmocka_unit_test(a_slow_writer_is_given_more_time),
        cmocka_unit_test(declined_waits_as_told),
        cmocka_unit_test(pending_comes_in_order_of_time_and_id),
        cmocka_unit_test(the_mean_follows_the_tasks),
        cmocka_unit_test(it_gets_full),
        cmocka_unit_test(random_lives_end_in_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
