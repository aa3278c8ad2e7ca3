/* dispatch_play.h - for the tests of dispatch.h: fetchers and writer are played by control lines. */
#ifndef SLUICE_TEST_DISPATCH_PLAY_H
#define SLUICE_TEST_DISPATCH_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/words.h"
#include "producer/dispatch.h"

#define UNUSED __attribute__((unused))

enum { T0 = 1000000 };

static const UNUSED struct dispatch_options plain = {
    .task = {.run = "r1", .dataset = "logs", .filter = ""},
    .hashes = 2, .lease_ms = 300000, .attempts = 3, .tell_failures = true,
};

static struct plan *plan;
static struct dispatch_event event; /* of the last line heard */
static struct buf line;             /* pushed last */

static UNUSED struct dispatch *
start(const struct dispatch_options *o, uint64_t from, uint64_t to, uint64_t step)
{
    plan = plan_of_range(from, to, step);
    return dispatch_new(o, plan, T0);
}

static UNUSED void
end(struct dispatch *d)
{
    dispatch_free(d);
    plan_close(plan);
    buf_free(&line);
}

static UNUSED void __attribute__((format(printf, 3, 4)))
hear(struct dispatch *d, int64_t now, const char *format, ...)
{
    struct control c;
    char text[500], err[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!control_parse(span_of(text), &c, err, sizeof err))
        fail_msg("\"%s\": %s", text, err);
    dispatch_hear(d, &c, now, &event);
}

static UNUSED void
credit(struct dispatch *d, int64_t now, const char *name, unsigned free, const char *state)
{
    hear(d, now, "credit run=- fetcher=%s.1 endpoint=%s chain=1 free=%u head=5000 requests=0 "
                 "failures=0 latency_us=0 state=%s", name, name, free, state);
}

/* The line that is pushed now, or "". */
static UNUSED const char *
push(struct dispatch *d, int64_t now)
{
    dispatch_tick(d, now);
    if (!dispatch_push(d, now, &line))
        return "";
    buf_addc(&line, '\0');
    line.n--;
    dispatch_pushed(d, now);
    return line.p;
}

static UNUSED void
expect_push(struct dispatch *d, int64_t now, const char *text)
{
    assert_string_equal(push(d, now), text);
}

static UNUSED void
took(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    hear(d, now, "took run=r1 fetcher=%s.1 task=%u free=%u", name, task, free);
}

/* Pushed, and taken by that fetcher, which has `free` places left. */
static UNUSED void
taken(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    push(d, now);
    took(d, now, name, task, free);
}

/* A run of one task, blocks 0 to 999: fetcher a works on it, and has `free` places left. */
static UNUSED struct dispatch *
one_out(unsigned free)
{
    struct dispatch *d = start(&plain, 0, 999, 1000);
    credit(d, T0, "a", free + 1, "closed");
    taken(d, T0, "a", 0, free);
    return d;
}

static UNUSED void
fetched(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    hear(d, now, "fetched run=r1 fetcher=%s.1 task=%u free=%u", name, task, free);
}

static UNUSED void
failed(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned free)
{
    hear(d, now, "failed run=r1 fetcher=%s.1 task=%u free=%u error=boom 500", name, task, free);
}

static UNUSED void
committed(struct dispatch *d, int64_t now, unsigned task, unsigned from, unsigned to)
{
    hear(d, now, "committed run=r1 task=%u endpoint=a rows=7 from=%u to=%u", task, from, to);
}

/* By the database: rows of that endpoint. */
static UNUSED void
rejected(struct dispatch *d, int64_t now, const char *name, unsigned task, unsigned from, unsigned to)
{
    hear(d, now, "rejected run=r1 task=%u endpoint=%s from=%u to=%u error=check \"x\"", task, name, from, to);
}

#endif
