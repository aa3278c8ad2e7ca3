/* loop.c - the producer's one loop; see loop.h. */
#include "producer/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/control.h"
#include "common/link.h"
#include "common/num.h"
#include "common/talk.h"
#include "common/wire.h"
#include "producer/patience.h"

enum {
    SLEEP_MAX_MS = 1000,
    TASKS_HIGH_WATER = 1000, /* messages a fetcher; credit keeps it far below */
    CONTROL_HIGH_WATER = 10000,
    RESULTS_HIGH_WATER = 100,
    GIVE_UP_DRAIN_MS = 5000, /* no endpoint works: only what is fetched can still come */
    BAD_LINES_SHOWN = 5,
    LINGER_MS = 1000,
};

struct loop {
    const struct loop_options *o;
    struct plan *plan;
    struct link *tasks, *control, *results;
    struct dispatch *dispatch;
    struct progress progress;
    struct buf line;       /* the task being offered */
    int64_t now_ms;
    bool blocked;          /* the tasks link takes nothing now */
    bool open;             /* the message that is being sent wants its last part */
    bool stopping;
    int status;            /* why it stops */
    int64_t deadline_ms;   /* when stopping: leave by then */
    struct patience patience;
    uint64_t bad_lines;
};

/* To the end at once, if that is all: who knows how much is left can share it out better. */
bool
loop_feed(struct plan *plan, int input, int wait_ms, bool *error)
{
    struct pollfd fd = {.fd = input, .events = POLLIN};
    size_t size;
    char *room;
    ssize_t n = 1;
    bool fed = false;
    for (; n > 0 && (room = plan_room(plan, &size)) && size > 0 && poll(&fd, 1, wait_ms) > 0; wait_ms = 0) {
        n = read(input, room, size);
        fed = fed || n >= 0;
        plan_fed(plan, n > 0 ? (size_t)n : 0);
    }
    if (n == 0)
        plan_eof(plan);
    if ((*error = n < 0 && errno != EINTR && errno != EAGAIN))
        warn("reading the ranges: %s", strerror(errno));
    return fed;
}

/* --- stopping --- */

static void
stop(struct loop *l, int status, int64_t drain_ms)
{
    if (l->stopping)
        return;
    l->stopping = true;
    l->status = status;
    l->deadline_ms = l->now_ms + drain_ms;
    dispatch_stop(l->dispatch);
    size_t out = dispatch_working(l->dispatch) + failures_waiting(dispatch_failures(l->dispatch));
    progress_clear(&l->progress);
    if (out > 0 && drain_ms > 0)
        say("stopping: waiting for %zu task%s to be committed or recorded as failed, at most %d s", out,
            out == 1 ? "" : "s", (int)(drain_ms / 1000));
}

static void
watch_reasons_to_stop(struct loop *l)
{
    if (talk_stop_count() > 0)
        stop(l, EXIT_INTERRUPTED, LOOP_DRAIN_MS);
    if (dispatch_bad(l->dispatch) && !l->stopping) {
        progress_clear(&l->progress);
        warn("%s, %s", l->o->wanted, plan_error(l->plan));
        stop(l, EXIT_USAGE, LOOP_DRAIN_MS);
    }
    if (l->o->dispatch.fail_fast && failures_count(dispatch_failures(l->dispatch)) > 0)
        stop(l, EXIT_SOME_FAILED, LOOP_DRAIN_MS);
}

/* --- hearing --- */

static void
bad_line(struct loop *l, const char *why)
{
    if (++l->bad_lines > BAD_LINES_SHOWN)
        return;
    progress_clear(&l->progress);
    warn("a control line is ignored: %s%s", why,
         l->bad_lines == BAD_LINES_SHOWN ? " (no more such messages)" : "");
}

static void
hear(struct loop *l, struct span text)
{
    struct control line;
    struct dispatch_event event;
    char why[256];
    if (!control_parse(text, &line, why, sizeof why)) {
        bad_line(l, why);
        return;
    }
    dispatch_hear(l->dispatch, &line, l->now_ms, &event);
    progress_event(&l->progress, &event);
    if (event.news == DISPATCH_FOREIGN) {
        progress_clear(&l->progress);
        warn("endpoint \"%.*s\": serves another chain, not used", SPAN_ARG(event.endpoint));
    }
}

static void
hear_all(struct loop *l)
{
    struct link_message m;
    while (link_recv(l->control, &m) == 1) {
        hear(l, (struct span){m.data, m.size});
        link_message_free(&m);
    }
}

/* --- pushing --- */

/* Where nothing more could be sent in the middle of a message, that is done first. */
static void
close_message(struct loop *l)
{
    if (!l->open)
        return;
    l->blocked = link_send(l->tasks, "", 0) != 1;
    l->open = l->blocked;
    if (!l->open)
        dispatch_turn(l->dispatch);
}

/* One message, to whose turn it is: as many tasks as it has room for, and an empty part, which ends it. */
static void
deal(struct loop *l)
{
    size_t room = dispatch_room(l->dispatch);
    l->open = room == 0; /* who has none is passed over */
    for (bool more = true; room > 0 && more; room--) {
        if (link_send_part(l->tasks, l->line.p, l->line.n, true) != 1) {
            l->blocked = true;
            return;
        }
        l->open = true;
        dispatch_pushed(l->dispatch, l->now_ms);
        more = room > 1 && dispatch_push(l->dispatch, l->now_ms, &l->line);
    }
    close_message(l);
}

static void
push(struct loop *l)
{
    l->blocked = false;
    close_message(l);
    while (!l->blocked && dispatch_push(l->dispatch, l->now_ms, &l->line))
        deal(l);
}

static void
push_and_feed(struct loop *l)
{
    bool error = false;
    push(l);
    while (dispatch_hungry(l->dispatch) && loop_feed(l->plan, l->o->input, 0, &error)) {
        dispatch_fed(l->dispatch);
        dispatch_tick(l->dispatch, l->now_ms);
        push(l);
    }
    if (error)
        stop(l, EXIT_USAGE, LOOP_DRAIN_MS);
}

static void
tell_failures(struct loop *l)
{
    struct failures *f = dispatch_failures(l->dispatch);
    const struct failure *one;
    struct buf message = {0};
    while (l->results && (one = failures_next(f, l->now_ms))) {
        const struct taskline *t = &l->o->dispatch.task;
        struct wire w = {
            .kind = WIRE_GIVEN_UP, .run = span_of(t->run), .endpoint = span_of(one->endpoint),
            .task = one->id, .try = one->attempts, .chain = one->chain,
            .dataset = span_of(t->dataset), .filter = span_of(t->filter),
            .from = one->from, .to = one->to, .error = span_of(one->error),
        };
        message.n = 0;
        wire_encode(&message, &w);
        if (link_send(l->results, message.p, message.n) != 1)
            break;
        failures_told(f, l->now_ms);
    }
    buf_free(&message);
}

/* --- nothing moves --- */

static void
heed_standstill(struct loop *l)
{
    const struct failures *f = dispatch_failures(l->dispatch);
    struct standstill s = {
        .down_ms = dispatch_down_ms(l->dispatch, l->now_ms),
        .idle_ms = dispatch_idle_ms(l->dispatch, l->now_ms),
        .stuck_ms = failures_stuck_ms(f, l->now_ms),
        .working = dispatch_working(l->dispatch),
        .unrecorded = failures_waiting(f),
        .connected = crew_live(dispatch_crew(l->dispatch)) > 0,
        .recording = dispatch_recording(l->dispatch),
    };
    char text[200];
    if (l->stopping)
        return;
    s.beyond_ms = dispatch_beyond_ms(l->dispatch, l->now_ms, &s.block);
    enum patience_now now = patience_ask(&l->patience, &s, l->now_ms, text, sizeof text);
    if (now == PATIENCE_QUIET)
        return;
    progress_clear(&l->progress);
    warn("%s", text);
    if (now != PATIENCE_SAY)
        stop(l, EXIT_UNAVAILABLE, now == PATIENCE_LEAVE_SOON ? GIVE_UP_DRAIN_MS : 0);
}

/* --- waiting --- */

static int
sleep_ms(const struct loop *l)
{
    const int64_t dues[] = {
        dispatch_due_ms(l->dispatch, l->now_ms),
        progress_due_ms(&l->progress),
        l->stopping ? l->deadline_ms : -1,
    };
    int64_t ms = SLEEP_MAX_MS;
    for (size_t i = 0; i < sizeof dues / sizeof *dues; i++)
        if (dues[i] >= 0 && dues[i] - l->now_ms < ms)
            ms = dues[i] - l->now_ms;
    return ms > 0 ? (int)ms : 0;
}

static void
wait_for_something(struct loop *l, int ms)
{
    struct pollfd fds[4];
    nfds_t n = 0;
    link_pollfd(l->control, &fds[n++]);
    if (l->blocked)
        link_pollfd(l->tasks, &fds[n++]);
    if (l->results && failures_waiting(dispatch_failures(l->dispatch)) > 0)
        link_pollfd(l->results, &fds[n++]);
    if (l->o->input >= 0 && dispatch_hungry(l->dispatch))
        fds[n++] = (struct pollfd){.fd = l->o->input, .events = POLLIN};
    poll(fds, n, ms);
}

/* The last totals of the fetchers come within a moment, or are missed. False: blocks are wanted again. */
static bool
settle(struct loop *l)
{
    int64_t until = l->now_ms + LOOP_SETTLE_MS;
    while (!crew_fresh(dispatch_crew(l->dispatch)) && l->now_ms < until && !talk_stop_count()) {
        wait_for_something(l, (int)(until - l->now_ms));
        l->now_ms = clock_ms();
        hear_all(l);
    }
    return dispatch_done(l->dispatch);
}

static void
turn(struct loop *l)
{
    l->now_ms = clock_ms();
    hear_all(l);
    dispatch_tick(l->dispatch, l->now_ms);
    push_and_feed(l);
    tell_failures(l);
    watch_reasons_to_stop(l);
    heed_standstill(l);
    progress_tick(&l->progress, dispatch_crew(l->dispatch), l->now_ms);
}

/* False: it ended before its time. */
static bool
work(struct loop *l)
{
    for (;;) {
        turn(l);
        if (dispatch_done(l->dispatch) && (l->stopping || settle(l)))
            return true;
        if (talk_stop_count() > 1 || (l->stopping && l->now_ms >= l->deadline_ms))
            return false;
        if (link_error(l->tasks) || link_error(l->control)) {
            progress_clear(&l->progress);
            warn("%s", link_error(l->tasks) ? link_error(l->tasks) : link_error(l->control));
            l->status = EXIT_UNAVAILABLE;
            return false;
        }
        wait_for_something(l, sleep_ms(l));
    }
}

/* --- beginning and end --- */

static struct link *
open_link(const char *option, const char *address, enum link_role role, bool bind, int high_water)
{
    char error[256];
    struct link *l = link_open(&(struct link_options){.address = address, .role = role,
                                                      .bind = bind, .high_water = high_water,
                                                      .frame = link_frame_line},
                               error, sizeof error);
    if (!l)
        warn("--%s %s", option, error);
    return l;
}

static bool
open_links(struct loop *l)
{
    l->control = open_link("control", l->o->control, LINK_PULL, true, CONTROL_HIGH_WATER);
    if (l->control)
        l->tasks = open_link("tasks", l->o->tasks, LINK_PUSH, true, TASKS_HIGH_WATER);
    if (l->tasks && l->o->results)
        l->results = open_link("results", l->o->results, LINK_PUSH, false, RESULTS_HIGH_WATER);
    return l->tasks && (l->results || !l->o->results);
}

static void
list_failures(const struct failures *f, uint64_t dropped)
{
    if (dropped > 0)
        warn("%" PRIu64 " blocks that were committed are missing again: run it once more", dropped);
    const char *line;
    size_t shown = 0;
    for (; (line = failures_line(f, shown)); shown++)
        warn("%s", line);
    if (failures_count(f) > shown)
        warn("and %llu more", (unsigned long long)(failures_count(f) - shown));
}

static int
finish(struct loop *l)
{
    const struct failures *f = dispatch_failures(l->dispatch);
    if (dispatch_empty(l->dispatch) && !l->stopping) {
        progress_clear(&l->progress);
        say("nothing to do: no ranges in %s", l->o->wanted);
        return EXIT_COMPLETE;
    }
    progress_summary(&l->progress, dispatch_crew(l->dispatch), l->now_ms);
    list_failures(f, dispatch_dropped(l->dispatch));
    if (l->status && !dispatch_complete(l->dispatch))
        return l->status;
    return failures_count(f) > 0 || dispatch_dropped(l->dispatch) > 0 ? EXIT_SOME_FAILED : EXIT_COMPLETE;
}

int
loop_run(const struct loop_options *o, struct plan *plan)
{
    struct loop l = {.o = o, .plan = plan, .now_ms = clock_ms()};
    int status = EXIT_USAGE;
    l.patience.give_up_ms = o->give_up_ms;
    l.dispatch = dispatch_new(&o->dispatch, plan, l.now_ms);
    progress_init(&l.progress, &o->progress, l.now_ms);
    if (open_links(&l)) {
        bool to_the_end = work(&l);
        status = finish(&l);
        if (!to_the_end && status == EXIT_COMPLETE)
            status = EXIT_INTERRUPTED;
    }
    link_close(l.tasks, 0);
    link_close(l.control, 0);
    link_close(l.results, LINGER_MS);
    link_terminate();
    progress_free(&l.progress);
    dispatch_free(l.dispatch);
    buf_free(&l.line);
    return status;
}
