/* patience_test.c - what is said while nothing moves, how often, and when it ends the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "producer/patience.h"

enum { T0 = 1000000, TURN_MS = 250 };

static char text[200];

static enum patience_now
ask(struct patience *p, const struct standstill *s, int64_t now_ms)
{
    text[0] = '\0';
    return patience_ask(p, s, now_ms, text, sizeof text);
}

/* All endpoints are down for ten minutes: told after 15 s, then once a minute. */
static void
an_outage_is_told_once_a_minute(void **state)
{
    struct patience p = {0};
    int64_t last = 0;
    int said = 0;

    (void)state;
    for (int64_t ms = 0; ms < 600000; ms += TURN_MS) {
        struct standstill s = {.down_ms = ms, .idle_ms = ms, .connected = true, .working = 3};

        if (ask(&p, &s, T0 + ms) == PATIENCE_QUIET)
            continue;
        if (said++ == 0) {
            assert_int_equal(ms, 15000);
            assert_string_equal(text, "no endpoint has worked for 15 s, waiting");
        } else {
            assert_int_equal(ms - last, 60000);
        }
        last = ms;
    }
    assert_int_equal(said, 10);
    assert_string_equal(text, "");
    assert_int_equal(ask(&p, &(struct standstill){.down_ms = 615000, .connected = true}, T0 + 615000), PATIENCE_SAY);
    assert_string_equal(text, "no endpoint has worked for 615 s, waiting");
}

static void
an_end_of_it_is_silence(void **state)
{
    struct patience p = {0};
    const struct standstill down = {.down_ms = 20000, .connected = true}, moves = {0};

    (void)state;
    assert_int_equal(ask(&p, &down, T0), PATIENCE_SAY);
    assert_int_equal(ask(&p, &moves, T0 + 100000), PATIENCE_QUIET);
    assert_int_equal(ask(&p, &down, T0 + 200000), PATIENCE_SAY); /* the next one is told again */
}

static void
what_is_waited_for_is_named(void **state)
{
    const struct {
        struct standstill s;
        const char *says;
    } cases[] = {
        {{.down_ms = 15000}, "no fetcher has been connected for 15 s, waiting"},
        {{.idle_ms = 59999, .working = 1}, ""},
        {{.idle_ms = 60000, .working = 1}, "nothing was committed for 60 s, 1 task is out"},
        {{.idle_ms = 61000, .working = 12}, "nothing was committed for 61 s, 12 tasks are out"},
        {{.idle_ms = 60000, .beyond_ms = 1, .block = 77, .working = 1}, "nothing was committed for 60 s: block 77 is not there yet"},
        {{.idle_ms = 60000}, ""},
        {{.stuck_ms = 15000, .recording = true, .unrecorded = 1}, "1 failed range is not recorded by the writer for 15 s, waiting"},
        {{.stuck_ms = 16000, .recording = true, .unrecorded = 2, .down_ms = 99000},
         "2 failed ranges are not recorded by the writer for 16 s, waiting"},
        {{.stuck_ms = 99000, .unrecorded = 2}, ""}, /* there is other work */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct patience p = {0};

        assert_int_equal(ask(&p, &cases[i].s, T0), *cases[i].says ? PATIENCE_SAY : PATIENCE_QUIET);
        assert_string_equal(text, cases[i].says);
    }
}

static void
give_up_ends_the_run(void **state)
{
    const struct {
        struct standstill s;
        enum patience_now now;
        const char *says;
    } cases[] = {
        {{.down_ms = 29999, .idle_ms = 90000}, PATIENCE_SAY, "no fetcher has been connected for 29 s, waiting"},
        {{.down_ms = 30000, .connected = true}, PATIENCE_LEAVE_SOON, "no endpoint has worked for 30 s, giving up"},
        {{.beyond_ms = 30000, .block = 9}, PATIENCE_LEAVE, "block 9 did not come for 30 s, giving up"},
        {{.stuck_ms = 30000, .recording = true, .unrecorded = 2}, PATIENCE_LEAVE,
         "2 failed ranges are not recorded by the writer for 30 s, giving up"},
        {{.stuck_ms = 30000, .unrecorded = 2}, PATIENCE_QUIET, ""},
        {{.idle_ms = 30000, .working = 1}, PATIENCE_QUIET, ""}, /* slow is not down */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct patience p = {.give_up_ms = 30000};

        assert_int_equal(ask(&p, &cases[i].s, T0), cases[i].now);
        assert_string_equal(text, cases[i].says);
    }
    struct patience never = {0};
    assert_int_equal(ask(&never, &(struct standstill){.down_ms = 86400000}, T0), PATIENCE_SAY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_is_told_once_a_minute),
        cmocka_unit_test(an_end_of_it_is_silence),
        cmocka_unit_test(what_is_waited_for_is_named),
        cmocka_unit_test(give_up_ends_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
