/* progress_test.c - the text that people see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "producer/progress.h"

enum { T0 = 5000 };

static void
expect(struct buf *b, const char *text)
{
    buf_addc(b, '\0');
    assert_string_equal(b->p, text);
    buf_free(b);
}

static struct crew *
crew(const char *state)
{
    struct crew *c = crew_new();
    struct control line;
    char text[300], err[200];
    snprintf(text, sizeof text,
             "credit run=- fetcher=a endpoint=ankr chain=1 free=1 head=0 requests=25 failures=1 "
             "latency_us=2237500 state=%s", state);
    assert_true(control_parse(span_of(text), &line, err, sizeof err));
    crew_hear(c, &line, T0);
    return c;
}

static struct progress
fresh(uint64_t blocks, uint64_t batches)
{
    struct progress p;
    progress_init(&p, &(struct progress_options){.noun = "logs", .dataset = "transactions", .blocks_wanted = blocks,
                                                 .batches_wanted = batches}, T0);
    return p;
}

static void
expect_bar(const struct progress *p, const struct crew *c, size_t width, int64_t now, const char *text)
{
    struct buf b = {0};
    progress_add_bar(&b, p, c, width, now);
    expect(&b, text);
}

static void
a_task_line(void **state)
{
    (void)state;
    struct buf b = {0};
    struct dispatch_event e = {.news = DISPATCH_COMMITTED, .task = 0, .from = 8950000,
                               .to = 8950999, .rows = 412, .endpoint = SPAN("publicnode")};
    progress_add_task(&b, &e, "logs");
    expect(&b, "[publicnode] completed task 0 (blocks 8950000-8950999): 412 logs");
    e.rows = 1;
    progress_add_task(&b, &e, "rows");
    expect(&b, "[publicnode] completed task 0 (blocks 8950000-8950999): 1 row");
}

static void
batches(void **state)
{
    (void)state;
    struct buf b = {0};
    struct progress p = fresh(0, 137);
    p.batches = 45;
    progress_add_batches(&b, &p, 6);
    expect(&b, "Progress: 45/137 batches (32.8 %), 6 active workers");
    progress_event(&p, &(struct dispatch_event){.halved = true});
    progress_add_batches(&b, &p, 6);
    expect(&b, "Progress: 45/138 batches (32.6 %), 6 active workers");
    p = fresh(0, 0);
    p.batches = 45;
    progress_add_batches(&b, &p, 1);
    expect(&b, "Progress: 45 batches, 1 active worker");
    p = fresh(4000, 0);
    p.blocks = 512;
    progress_add_batches(&b, &p, 6);
    expect(&b, "Progress: 512/4000 blocks (12.8 %), 6 active workers");
}

static void
an_endpoint(void **state)
{
    (void)state;
    struct buf b = {0};
    struct crew *c = crew("closed");
    progress_add_endpoint(&b, crew_endpoint(c, 0));
    expect(&b, "[ankr] requests=25 failures=1 avg_latency=90ms"); /* 89.5, rounded */
    crew_free(c);
    progress_add_endpoint(&b, &(struct crew_endpoint){.name = (char[]){"idle"}});
    expect(&b, "[idle] requests=0 failures=0 avg_latency=0ms");
}

static void
the_bar(void **state)
{
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(1000, 0);
    p.blocks = 400;
    p.rows = 5000;
    expect_bar(&p, c, 200, T0 + 2000, "[============>                 ] 40.0 %  2500 rows/s  200 blocks/s  3s left");
    p.blocks = 1000;
    expect_bar(&p, c, 200, T0 + 2000, "[==============================] 100.0 %  2500 rows/s  500 blocks/s");
    crew_free(c);
}

static void
a_narrow_bar_leaves_parts_out(void **state)
{
    static const struct {
        size_t width;
        const char *text;
    } cases[] = {
        {79, "[======>        ] 40.0 %  2500 rows/s  200 blocks/s  3s left"},
        {60, "[====>       ] 40.0 %  2500 rows/s  200 blocks/s  3s left"},
        {50, "[====>     ] 40.0 %  2500 rows/s  3s left"},
        {30, "[==>   ] 40.0 %  3s left"},
        {17, "40.0 %  3s left"},
        {10, "40.0 %"},
        {3, "40."},
    };
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(1000, 0);
    p.blocks = 400;
    p.rows = 5000;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_bar(&p, c, cases[i].width, T0 + 2000, cases[i].text);
    }
    crew_free(c);
}

static void
batches_show_that_requests_go_on(void **state)
{
    (void)state;
    struct crew *c = crew("closed"); /* 25 requests so far */
    struct progress p = fresh(0, 15);
    expect_bar(&p, c, 200, T0 + 5000, "[>                             ] 0.0 %  0 rows/s  5 requests/s");
    crew_free(c);
}

static void
progress_is_said_when_it_moves(void **state)
{
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(0, 15);
    assert_int_equal(progress_due_ms(&p), T0 + PROGRESS_IDLE_MS);
    p.batches = 1;
    assert_int_equal(progress_due_ms(&p), T0 + PROGRESS_SAY_MS);
    progress_tick(&p, c, T0 + PROGRESS_SAY_MS);
    assert_int_equal(progress_due_ms(&p), T0 + PROGRESS_SAY_MS + PROGRESS_IDLE_MS);
    p = fresh(1000, 0);
    assert_int_equal(progress_due_ms(&p), -1);
    p.o.scattered = true;
    p.blocks = 1;
    assert_int_equal(progress_due_ms(&p), T0 + PROGRESS_SAY_MS);
    crew_free(c);
}

static void
the_bar_names_who_does_not_answer(void **state)
{
    (void)state;
    struct crew *c = crew("open");
    struct progress p = fresh(1000, 0);
    /* no time has passed, nothing is done */
    expect_bar(&p, c, 200, T0, "[>                             ] 0.0 %  0 rows/s  0 blocks/s  not answering: ankr");
    crew_free(c);
    c = crew_new();
    struct control line = {.verb = CONTROL_CREDIT, .fetcher = SPAN("a"), .endpoint = SPAN("new"), .state = STATE_OPEN};
    crew_hear(c, &line, T0); /* it has not been asked yet */
    expect_bar(&p, c, 200, T0, "[>                             ] 0.0 %  0 rows/s  0 blocks/s");
    crew_free(c);
}

static void
the_bar_without_a_total(void **state)
{
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(0, 0);
    p.blocks = 400;
    expect_bar(&p, c, 200, T0 + 1000, "400 blocks  0 rows/s  400 blocks/s");
    crew_free(c);
}

static void
rates_are_recent(void **state)
{
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(0, 0);
    for (int64_t t = T0; t <= T0 + 100000; t += 500) {
        p.blocks += t < T0 + 50000 ? 1000 : 5; /* it has become slow */
        progress_tick(&p, c, t);
    }
    expect_bar(&p, c, 200, T0 + 100000, "100505 blocks  0 rows/s  10 blocks/s");
    crew_free(c);
}

static void
totals(void **state)
{
    (void)state;
    struct buf b = {0};
    struct progress p = fresh(1000, 0);
    p.blocks = 1000;
    p.rows = 4120;
    progress_add_totals(&b, &p, T0 + 2500);
    expect(&b, "1000 blocks, 4120 logs in 2.5 s, 1648 logs/s");
    progress_add_totals(&b, &p, T0);
    expect(&b, "1000 blocks, 4120 logs in 0.0 s, 0 logs/s");
    p.batches = 137;
    p.hashes = 68173;
    progress_add_workers(&b, &p, 8, T0 + 10000);
    expect(&b, "Workers: 8, processed: 68173 transactions, duration: 10.0 s, "
               "rate: 6817.3 transactions/s");
}

/* How often a text stands in what is said while that is done. */
static unsigned
said(const char *text, struct progress *p, const struct crew *c, int64_t now)
{
    static char all[4000];
    unsigned n = 0;
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    progress_summary(p, c, now);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    all[fread(all, 1, sizeof all - 1, file)] = '\0';
    fclose(file);
    for (const char *at = all; (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void
the_summary_does_not_say_it_again(void **state)
{
    (void)state;
    struct crew *c = crew("closed");
    struct progress p = fresh(0, 2);
    p.batches = 1;
    progress_tick(&p, c, T0 + PROGRESS_SAY_MS); /* says so */
    assert_int_equal(said("Progress: 1/2", &p, c, T0 + PROGRESS_SAY_MS), 0);
    p.batches = 2;
    assert_int_equal(said("Progress: 2/2", &p, c, T0 + PROGRESS_SAY_MS), 1);
    assert_int_equal(said("Workers: 1", &p, c, T0 + PROGRESS_SAY_MS), 1);
    progress_free(&p);
    crew_free(c);
}

static void
events_add_up(void **state)
{
    (void)state;
    struct progress p = fresh(100, 0);
    p.o.bar = true; /* lines are kept back */
    struct dispatch_event e = {.news = DISPATCH_COMMITTED, .task = 1, .from = 0, .to = 9,
                               .blocks = 10, .rows = 7, .endpoint = SPAN("a")};
    progress_event(&p, &e);
    p.o.scattered = true; /* no line */
    progress_event(&p, &e);
    e.news = DISPATCH_GAVE_UP;
    progress_event(&p, &e);
    e.news = DISPATCH_NOTHING;
    progress_event(&p, &e);
    assert_int_equal(p.blocks, 20);
    assert_int_equal(p.rows, 14);
    assert_string_equal(p.lines.p, "[a] completed task 1 (blocks 0-9): 7 logs");
    progress_free(&p);
}

static void
the_bar_is_not_drawn_too_often(void **state)
{
    (void)state;
    struct progress p = fresh(100, 0);
    assert_int_equal(progress_due_ms(&p), -1);
    p.o.bar = true;
    p.drawn_ms = T0;
    assert_int_equal(progress_due_ms(&p), T0 + PROGRESS_DRAW_MS);
}

static void
times(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"}, {1, "1s"}, {59000, "59s"}, {60000, "1m00s"}, {80000, "1m20s"},
        {3600000, "1h00m"}, {11100000, "3h05m"}, {187200000, "2d04h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};
        progress_add_time(&b, cases[i].ms);
        expect(&b, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_line),
        cmocka_unit_test(batches),
        cmocka_unit_test(an_endpoint),
        cmocka_unit_test(the_bar),
        cmocka_unit_test(a_narrow_bar_leaves_parts_out),
        cmocka_unit_test(batches_show_that_requests_go_on),
        cmocka_unit_test(progress_is_said_when_it_moves),
        cmocka_unit_test(the_bar_names_who_does_not_answer),
        cmocka_unit_test(the_bar_without_a_total),
        cmocka_unit_test(rates_are_recent),
        cmocka_unit_test(totals),
        cmocka_unit_test(the_summary_does_not_say_it_again),
        cmocka_unit_test(events_add_up),
        cmocka_unit_test(the_bar_is_not_drawn_too_often),
        cmocka_unit_test(times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
