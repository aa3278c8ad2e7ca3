/* events_test.c - descriptors that stay, descriptors of one wait, and the timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/num.h"
#include "fetcher/events.h"

enum { PATIENCE_MS = 10000 };

struct fixture {
    struct events e;
    int a[2], b[2]; /* pipes */
};

static void
begin(struct fixture *f)
{
    assert_true(events_open(&f->e));
    assert_int_equal(pipe(f->a), 0);
    assert_int_equal(pipe(f->b), 0);
}

static void
end(struct fixture *f)
{
    events_close(&f->e);
    for (int i = 0; i < 2; i++) {
        close(f->a[i]);
        close(f->b[i]);
    }
}

static void
those_that_stay_are_found(void **state)
{
    struct fixture f;
    struct event got[4];

    (void)state;
    begin(&f);
    events_watch(&f.e, f.a[0], true, false);
    events_watch(&f.e, f.b[1], false, true);
    assert_int_equal(events_ready(&f.e, got, 4), 1);
    assert_int_equal(got[0].fd, f.b[1]);
    assert_true(got[0].out && !got[0].in);
    assert_int_equal(write(f.a[1], "x", 1), 1);
    assert_int_equal(events_ready(&f.e, got, 4), 2);
    assert_int_equal(events_ready(&f.e, got, 1), 1);
    events_forget(&f.e, f.b[1]);
    events_forget(&f.e, f.b[1]);
    assert_int_equal(events_ready(&f.e, got, 4), 1);
    assert_true(got[0].fd == f.a[0] && got[0].in && !got[0].out);
    events_watch(&f.e, f.a[0], false, false); /* known: it is changed */
    assert_int_equal(events_ready(&f.e, got, 4), 0);
    end(&f);
}

static void
each_of_them_ends_a_wait(void **state)
{
    struct fixture f;
    struct pollfd p;
    int64_t now = clock_ms();

    (void)state;
    begin(&f);
    events_watch(&f.e, f.a[0], true, false);
    p = (struct pollfd){.fd = f.b[0], .events = POLLIN};
    events_wait(&f.e, &p, 1, 0, now);
    assert_int_equal(p.revents, 0);
    assert_int_equal(write(f.b[1], "x", 1), 1);
    events_wait(&f.e, &p, 1, PATIENCE_MS, now);
    assert_int_equal(p.revents, POLLIN);
    p.fd = -1;
    assert_int_equal(write(f.a[1], "x", 1), 1);
    events_wait(&f.e, &p, 1, PATIENCE_MS, now);
    assert_int_equal(p.revents, 0);
    assert_true(clock_ms() - now < PATIENCE_MS);
    end(&f);
}

static void
the_timer_is_due_once(void **state)
{
    struct fixture f;
    int64_t now = clock_ms();

    (void)state;
    begin(&f);
    assert_false(events_timer_due(&f.e, INT64_MAX));
    events_timer(&f.e, now + 2);
    assert_false(events_timer_due(&f.e, now + 1));
    events_wait(&f.e, NULL, 0, PATIENCE_MS, now);
    assert_in_range(clock_ms(), now + 2, now + PATIENCE_MS - 1);
    assert_true(events_timer_due(&f.e, now + 2));
    assert_false(events_timer_due(&f.e, now + 3));
    events_timer(&f.e, now);
    events_timer(&f.e, -1);
    assert_false(events_timer_due(&f.e, now + 3));
    end(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_stay_are_found),
        cmocka_unit_test(each_of_them_ends_a_wait),
        cmocka_unit_test(the_timer_is_due_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
