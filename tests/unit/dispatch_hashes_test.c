/* Tasks of hashes: they keep their hashes, and halves of them are tried. */
#include "dispatch_play.h"

/* A plan of n hashes, `per` in a task: 0x11..., 0x22..., as many digits the same. */
static struct dispatch *
start_hashes(struct dispatch_options *o, unsigned n, size_t per)
{
    size_t size;
    *o = plain;
    o->hashes = per;
    o->task.dataset = "transactions";
    plan = plan_of_lines(1000, per);
    for (unsigned i = 1; i <= n; i++) {
        char *room = plan_room(plan, &size);
        memset(room, '0' + (int)i, 67);
        room[1] = 'x', room[0] = '0', room[66] = '\n';
        plan_fed(plan, 67);
    }
    plan_eof(plan);
    return dispatch_new(o, plan, T0);
}

static void
expect_hashes(const char *text, unsigned task, unsigned try, unsigned first, unsigned last)
{
    struct buf expected = {0};
    buf_addf(&expected, "task=%u try=%u run=r1 dataset=transactions hashes=", task, try);
    for (unsigned i = first; i <= last; i++) {
        buf_adds(&expected, i > first ? ",0x" : "0x");
        for (int digit = 0; digit < 64; digit++)
            buf_addc(&expected, (char)('0' + i));
    }
    buf_addc(&expected, '\0');
    assert_string_equal(text, expected.p);
    buf_free(&expected);
}

static void
hash_tasks_keep_their_hashes(void **state)
{
    (void)state;
    struct dispatch_options o;
    struct dispatch *d = start_hashes(&o, 2, 2);
    credit(d, T0, "a", 1, "closed");
    expect_hashes(push(d, T0), 0, 1, 1, 2);
    hear(d, T0, "declined run=r1 fetcher=a.1 task=0 free=1 reason=slot wait=0");
    expect_hashes(push(d, T0), 0, 2, 1, 2);
    took(d, T0, "a", 0, 0);
    hear(d, T0 + 1100, "committed run=r1 task=0 endpoint=a rows=2");
    assert_int_equal(event.news, DISPATCH_COMMITTED);
    assert_int_equal(event.hashes, 2);
    dispatch_tick(d, T0 + 1100);
    assert_true(dispatch_done(d));
    end(d);
}

static void
of_hashes_that_fail_each_half_is_tried_for_itself(void **state)
{
    (void)state;
    struct dispatch_options o;
    struct dispatch *d = start_hashes(&o, 5, 5);
    credit(d, T0, "a", 4, "closed");
    expect_hashes(push(d, T0), 0, 1, 1, 5);
    took(d, T0, "a", 0, 3);
    failed(d, T0, "a", 0, 4);
    assert_true(event.halved);
    expect_push(d, T0 + 900, ""); /* there is no other endpoint */
    expect_hashes(push(d, T0 + 1000), 0, 2, 1, 3);
    expect_hashes(push(d, T0 + 1000), 1, 1, 4, 5);
    took(d, T0 + 1000, "a", 0, 3);
    took(d, T0 + 1000, "a", 1, 2);
    hear(d, T0 + 1100, "committed run=r1 task=0 endpoint=a rows=3");
    assert_int_equal(event.hashes, 3);
    failed(d, T0 + 1100, "a", 1, 4);
    expect_hashes(push(d, T0 + 3100), 1, 2, 4, 4);
    expect_hashes(push(d, T0 + 3100), 2, 1, 5, 5);
    took(d, T0 + 3100, "a", 1, 3);
    took(d, T0 + 3100, "a", 2, 2);
    failed(d, T0 + 3200, "a", 1, 3); /* the third: attempts are counted on */
    assert_int_equal(event.news, DISPATCH_GAVE_UP);
    assert_false(event.halved);
    hear(d, T0 + 3200, "committed run=r1 task=2 endpoint=a rows=1");
    dispatch_tick(d, T0 + 3200);
    assert_true(dispatch_done(d));
    assert_string_equal(failures_line(dispatch_failures(d), 0), "failed task 1 of 1 transactions after 3 attempts on \"a\": boom 500");
    end(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_tasks_keep_their_hashes),
        cmocka_unit_test(of_hashes_that_fail_each_half_is_tried_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
