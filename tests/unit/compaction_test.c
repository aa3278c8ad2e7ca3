/* When lines of `ranges` are merged, and from where on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "writer/compaction.h"

static void
add(struct compaction *c, int64_t job, int64_t block, uint64_t n)
{
    compaction_added(c, &(struct lines){.first = {job, block}, .n = n});
}

static void
what_former_runs_left_comes_first(void **state)
{
    struct compaction c;

    (void)state;
    compaction_init(&c);
    assert_true(compaction_due(&c));
    assert_false(compaction_urgent(&c));
    compaction_begin(&c);
    assert_false(compaction_due(&c)); /* one at a time */
    compaction_end(&c, (struct spot){1, 700}, COMPACT_STEP);
    assert_true(compaction_due(&c));
    assert_int_equal(c.cursor.job, 1);
    assert_int_equal(c.cursor.block, 700);
    compaction_begin(&c);
    compaction_end(&c, (struct spot){2, 5}, COMPACT_STEP - 1);
    assert_false(compaction_due(&c));
    assert_int_equal(c.cursor.block, 700); /* what is behind is read again, with what joins it */
    compaction_hurry(&c);
    assert_false(compaction_due(&c)); /* nothing new */
}

static void
settle(struct compaction *c, struct spot cursor)
{
    compaction_init(c);
    compaction_begin(c);
    compaction_end(c, cursor, COMPACT_STEP);
    compaction_begin(c);
    compaction_end(c, cursor, 1);
}

static void
new_lines_call_for_more(void **state)
{
    struct compaction c;

    (void)state;
    settle(&c, (struct spot){3, 100});
    add(&c, 3, 150, COMPACT_LINES - 1);
    assert_false(compaction_due(&c));
    add(&c, 4, 7, 0); /* a batch without coverage */
    assert_false(compaction_due(&c));
    add(&c, 3, 151, 1);
    assert_true(compaction_due(&c));
    assert_int_equal(c.cursor.block, 100);
    add(&c, 3, 90, 1);
    assert_int_equal(c.cursor.block, 90);
    add(&c, 2, 5000, 1);
    assert_int_equal(c.cursor.job, 2);
    assert_int_equal(c.cursor.block, 5000);
    assert_false(compaction_urgent(&c));
    add(&c, 9, 1, COMPACT_URGENT - COMPACT_LINES);
    assert_true(compaction_urgent(&c));
    compaction_begin(&c);
    assert_false(compaction_urgent(&c));
    assert_int_equal(c.added, 0);
    settle(&c, (struct spot){3, 100});
    add(&c, 3, 150, 1);
    compaction_hurry(&c);
    assert_true(compaction_due(&c)); /* at the end each counts */
}

static void
lines_that_come_during_a_step_count(void **state)
{
    struct compaction c;

    (void)state;
    settle(&c, (struct spot){3, 100});
    compaction_begin(&c);
    add(&c, 3, 40, COMPACT_URGENT);
    compaction_end(&c, (struct spot){3, 900}, COMPACT_STEP);
    assert_true(compaction_urgent(&c));
    assert_int_equal(c.cursor.block, 40);
}

static void
a_step_that_fails_is_done_again(void **state)
{
    struct compaction c;

    (void)state;
    settle(&c, (struct spot){3, 100});
    add(&c, 3, 150, COMPACT_LINES);
    compaction_begin(&c);
    compaction_fail(&c);
    assert_false(compaction_due(&c)); /* not at once */
    assert_int_equal(c.cursor.block, 100);
    add(&c, 3, 160, COMPACT_LINES);
    assert_true(compaction_due(&c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_former_runs_left_comes_first),
        cmocka_unit_test(new_lines_call_for_more),
        cmocka_unit_test(lines_that_come_during_a_step_count),
        cmocka_unit_test(a_step_that_fails_is_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
