/* step_test.c - steps that failed together go together once more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/step.h"

static struct step *
blocks(struct step **list, uint64_t from, uint64_t to)
{
    struct step *s = step_new(STEP_BLOCKS, (struct piece){from, to});
    s->needs = 1;
    steps_put(list, s);
    return s;
}

/* The first step of the list, joined with what may join it. */
static struct step *
joined(struct step **list, uint64_t width)
{
    struct step *s = steps_take(list, 0);
    steps_join(list, s, width, 0);
    return s;
}

static void
neighbours_join_up_to_the_width(void **state)
{
    struct step *list = NULL, *s;

    (void)state;
    for (uint64_t b = 10; b < 20; b++)
        blocks(&list, b, b);
    s = joined(&list, 7);
    assert_int_equal(s->at.from, 10);
    assert_int_equal(s->at.to, 16);
    assert_int_equal(list->at.from, 17);
    step_free(s);
    steps_free(&list);
}

static void
a_gap_ends_it(void **state)
{
    struct step *list = NULL, *s;

    (void)state;
    blocks(&list, 10, 12);
    blocks(&list, 14, 14);
    s = joined(&list, 25);
    assert_int_equal(s->at.to, 12);
    step_free(s);
    steps_free(&list);
}

static void
only_equal_steps_join(void **state)
{
    struct step *list = NULL, *s;

    (void)state;
    blocks(&list, 10, 10);
    blocks(&list, 11, 11)->needs = 2;
    s = joined(&list, 25);
    assert_int_equal(s->at.to, 10);
    step_free(s);
    steps_free(&list);

    steps_put(&list, step_new(STEP_LOGS, (struct piece){10, 10}));
    steps_put(&list, step_new(STEP_LOGS, (struct piece){11, 11}));
    s = joined(&list, 25);
    assert_int_equal(s->at.to, 10);
    step_free(s);
    steps_free(&list);
}

static void
what_failed_twice_goes_alone(void **state)
{
    struct step *list = NULL, *s;

    (void)state;
    blocks(&list, 10, 10)->failures = 1;
    blocks(&list, 11, 11)->failures = 1;
    blocks(&list, 12, 12)->failures = 2;
    s = joined(&list, 25);
    assert_int_equal(s->at.to, 11);
    assert_int_equal(s->failures, 1);
    step_free(s);
    s = joined(&list, 25);
    assert_int_equal(s->at.from, 12);
    step_free(s);
    steps_free(&list);
}

static void
a_pause_is_cut_short_by_little(void **state)
{
    struct step *list = NULL, *s;

    (void)state;
    blocks(&list, 10, 10);
    blocks(&list, 11, 11)->not_before_ms = 400;
    blocks(&list, 12, 12)->not_before_ms = 4000;
    s = joined(&list, 25);
    assert_int_equal(s->at.to, 11);
    step_free(s);
    steps_free(&list);
}

static void
a_part_is_doubted_again(void **state)
{
    struct group group = {.left = 1};
    struct step *s = step_new(STEP_LOGS, (struct piece){10, 19}), *rest;

    (void)state;
    s->group = &group;
    s->proved = s->tailed = true;
    assert_null(step_cut(s, 10));
    assert_true(s->proved && s->tailed && group.left == 1);
    rest = step_cut(s, 4);
    assert_int_equal(s->at.to, 13);
    assert_int_equal(rest->at.from, 14);
    assert_int_equal(rest->at.to, 19);
    assert_int_equal(group.left, 2);
    assert_false(s->proved || s->tailed || rest->proved || rest->tailed);
    step_free(s);
    step_free(rest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_join_up_to_the_width),
        cmocka_unit_test(a_gap_ends_it),
        cmocka_unit_test(only_equal_steps_join),
        cmocka_unit_test(a_part_is_doubted_again),
        cmocka_unit_test(what_failed_twice_goes_alone),
        cmocka_unit_test(a_pause_is_cut_short_by_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
