/* loop.c - the fetcher's one loop; see loop.h. */
#include "fetcher/loop_inside.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "common/num.h"
#include "common/talk.h"

enum {
    LIFE_SIGN_MS = 1000,
    HIGH_WATER_RESULTS = 4,
    HIGH_WATER_LINES = 1000,
    BAD_LINES_TOLD = 10,
    GATHER = 16 << 10,    /* bytes of results: fewer may wait for more */
    GATHER_MS = 5,        /* since some left */
    PASSED_MS = 5,        /* how long messages may lie unread that pass by here */
    FULL_MS = 250,        /* how long tasks may lie unread while results find no room: there may be some by then */
};

/* --- start --- */

/* Random bytes make the name unique over hosts and restarts. */
static uint32_t
draw(void)
{
    uint32_t n = (uint32_t)getpid() ^ (uint32_t)clock_us();
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (read(fd, &n, sizeof n) != (ssize_t)sizeof n)
            n ^= (uint32_t)clock_us() << 7;
        close(fd);
    }
    return n;
}

static struct link *
open_link(const char *option, const char *address, enum link_role role, int high_water, link_frame *frame)
{
    char err[256];
    struct link_options o = {
        .address = address, .role = role, .high_water = high_water, .frame = frame};
    struct link *l = link_open(&o, err, sizeof err);
    if (!l)
        warn("--%s %s", option, err);
    return l;
}

static bool
open_links(struct loop *l)
{
    if (l->o->check)
        return true;
    l->tasks = open_link("tasks", l->o->tasks, LINK_PULL, HIGH_WATER_LINES, link_frame_line);
    l->results = open_link("results", l->o->results, LINK_PUSH, HIGH_WATER_RESULTS, wire_frame);
    if (l->o->control)
        l->control = open_link("control", l->o->control, LINK_PUSH, HIGH_WATER_LINES, link_frame_line);
    return l->tasks && l->results && (l->control || !l->o->control);
}

static void
prepare(struct loop *l)
{
    const struct loop_options *o = l->o;
    l->now_ms = l->start_ms = l->calm_ms = clock_ms();
    snprintf(l->name, sizeof l->name, "%.48s.%08x", o->endpoint_name, draw());
    l->endpoint = endpoint_new(&o->endpoint);
    l->output = output_new(l->results, o->format);
    l->news = news_new(l->control);
    l->coping = (struct coping){.endpoint = l->endpoint, .retries = o->retries,
                                .alone = !o->control, .seed = o->endpoint.seed};
    l->report = (struct report){.endpoint = l->endpoint, .name = o->endpoint_name,
                                .threshold = o->endpoint.breaker_threshold};
    l->survey = (struct survey){.rpc = l->rpc, .endpoint = l->endpoint, .report = &l->report,
                                .coping = &l->coping, .wanted_chain = o->chain,
                                .head_asked_ms = -1};
    holdings_init(&l->survey.holdings);
    l->coping.holdings = &l->survey.holdings;
    struct work_parts parts = {
        .endpoint = l->endpoint, .rpc = l->rpc, .output = l->output, .news = l->news,
        .coping = &l->coping, .survey = &l->survey, .report = &l->report,
        .endpoint_name = o->endpoint_name, .fetcher_name = l->name,
        .prefetch = o->prefetch, .prefetch_given = o->prefetch_given,
        .max_jobs = 4u * (o->endpoint.concurrency + o->prefetch), .max_bytes = o->rpc.max_bytes,
        .csv = o->format == OUTPUT_CSV,
    };
    l->work = work_new(&parts);
    l->begun = !l->coping.alone || o->check;
}

/* --- the turn --- */

static void
bad_line(struct loop *l, const char *err)
{
    if (l->bad_lines++ < BAD_LINES_TOLD)
        warn("message %llu of %s is refused: %s", (unsigned long long)l->lines,
             link_is_pipe(l->tasks) ? "standard input" : l->o->tasks, err);
    if (l->coping.alone) { /* whoever writes this does not speak the protocol */
        l->status = EXIT_USAGE;
        l->input_ended = true;
    }
}

static bool
wants_tasks(struct loop *l)
{
    if (l->input_ended || l->stopping || !l->tasks)
        return false;
    return !l->coping.alone || !l->begun || work_credit(l->work, l->now_ms) > 0;
}

/* As link_recv; what came first in a pipe waits until the endpoint is known. */
static int
next_task(struct loop *l, struct link_message *m)
{
    if (!l->held)
        return link_recv(l->tasks, m);
    *m = l->first;
    l->held = false;
    return 1;
}

static void
input_ended(struct loop *l)
{
    l->input_ended = true;
    if (link_error(l->tasks))
        bad_line(l, link_error(l->tasks));
}

static void
await_first(struct loop *l)
{
    int got = wants_tasks(l) ? link_recv(l->tasks, &l->first) : 0;
    l->begun = l->held = got > 0;
    if (got < 0)
        input_ended(l);
}

/* Until when there is no look at what was pushed here; before now_ms: not at all. The writer is slower than all its
 * fetchers together: who has room for results again takes it then, instead of turning it away at once, again and
 * again. Or nothing was asked for, and nothing is to be expected, by the last message: it passed by. */
static int64_t
tasks_lie_until(const struct loop *l)
{
    if (!l->control || l->stopping)
        return 0;
    if (output_full(l->output))
        return l->read_ms + FULL_MS;
    return l->passed_over && !work_asked(l->work) && rpc_in_flight(l->rpc) > 0 ? l->read_ms + PASSED_MS : 0;
}

static bool
lets_tasks_lie(const struct loop *l)
{
    return l->now_ms < tasks_lie_until(l);
}

static void
read_tasks(struct loop *l)
{
    struct link_message m;
    char err[256];
    if (lets_tasks_lie(l))
        return;
    l->read_ms = l->now_ms;
    l->passed_over = false;
    while (wants_tasks(l) || (l->stopping && !l->coping.alone && !l->input_ended)) {
        int got = next_task(l, &m);
        if (got < 0)
            input_ended(l);
        if (got <= 0)
            return;
        l->passed_over = m.size == 0 && l->part == 0;
        l->part = m.size > 0 ? l->part + 1 : 0;
        l->lines += m.size > 0;
        if (m.size > 0 && !work_take(l->work, (struct span){m.data, m.size}, l->now_ms, err, sizeof err))
            bad_line(l, err);
        link_message_free(&m);
    }
}

/* A message wakes three threads on its way to the writer: where small ones follow each other closely, and more are
 * about to come, they leave together. */
static bool
gathers_results(const struct loop *l)
{
    size_t queued = output_queued(l->output);
    return l->control && queued > 0 && queued < GATHER && rpc_in_flight(l->rpc) > 0 && !l->stopping &&
           l->now_ms < l->wrote_ms + GATHER_MS;
}

/* Writes until the link takes no more, and then knows it, so that its descriptor wakes the loop. */
static void
write_results(struct loop *l)
{
    int broken = 0;
    bool was_full = output_full(l->output);
    size_t queued = output_queued(l->output);
    if (!l->results || gathers_results(l))
        return;
    do
        broken = output_flush(l->output, loop_note, l);
    while (broken == 0 && link_is_pipe(l->results) && link_flush(l->results) == 0 &&
           output_queued(l->output) > 0);
    if (broken < 0 || link_error(l->results)) {
        warn("cannot write results: %s", link_error(l->results) ? link_error(l->results) : "broken pipe");
        l->status = EXIT_UNAVAILABLE;
        l->over = true;
    }
    if (output_queued(l->output) < queued)
        l->wrote_ms = l->now_ms;
    l->again = was_full && !output_full(l->output);
}

/* The breaker opened, or the endpoint wants a long rest: what is held goes back, but for what is under
 * way at a rest. It may stay where nobody else could take it. */
static void
mind_breaker(struct loop *l)
{
    enum breaker_state state = endpoint_state(l->endpoint, l->now_ms);
    bool open = state != BREAKER_CLOSED;
    int64_t wait = endpoint_rest_ms(l->endpoint, l->now_ms);
    bool resting = wait > WORK_LONG_REST_MS;
    if (((open && !l->was_open) || (resting && !l->was_resting)) && !l->coping.alone)
        work_give_back(l->work, REASON_BREAKER, wait, !open, l->now_ms);
    l->was_resting = resting;
    if (open != l->was_open)
        l->life_sign_ms = l->now_ms;
    l->was_open = open;
}

static void
tell_producer(struct loop *l)
{
    bool idle = work_idle(l->work) && output_queued(l->output) == 0; /* the last `fetched` has gone */
    bool ended = idle && !l->was_idle; /* the totals are told once more */
    bool failed = l->survey.failures > l->was_failures;
    l->was_idle = idle;
    l->was_failures = l->survey.failures;
    if (l->control && (ended || failed || l->noted || l->now_ms >= l->life_sign_ms ||
                       work_credit_changed(l->work, l->now_ms))) {
        work_tell_credit(l->work, l->now_ms);
        l->life_sign_ms = l->now_ms + LIFE_SIGN_MS;
        l->noted = false;
    }
    news_flush(l->news);
}

/* --- waiting --- */

static int
time_left(struct loop *l)
{
    int64_t next = l->now_ms + LIFE_SIGN_MS, t;
    if (l->again)
        return 0;
    if ((t = work_next_ms(l->work, l->now_ms)) < next)
        next = t;
    if ((t = survey_next_ms(&l->survey, l->now_ms)) < next)
        next = t;
    if ((t = endpoint_next_ms(l->endpoint, l->now_ms)) >= 0 && l->now_ms + t < next)
        next = l->now_ms + t;
    if (l->control && l->life_sign_ms < next)
        next = l->life_sign_ms;
    if (gathers_results(l) && l->wrote_ms + GATHER_MS < next)
        next = l->wrote_ms + GATHER_MS;
    if (lets_tasks_lie(l) && tasks_lie_until(l) < next)
        next = tasks_lie_until(l);
    return next > l->now_ms ? (int)(next - l->now_ms) : 0;
}

static void
wait_for_something(struct loop *l)
{
    struct pollfd fds[3];
    size_t n = 0;
    if (l->tasks && !lets_tasks_lie(l) && (wants_tasks(l) || (l->stopping && !l->coping.alone && !l->input_ended)))
        link_pollfd(l->tasks, &fds[n++]);
    if (l->results)
        link_pollfd(l->results, &fds[n++]);
    if (l->control)
        link_pollfd(l->control, &fds[n++]);
    rpc_wait(l->rpc, fds, n, time_left(l));
}

static void
turn(struct loop *l)
{
    l->now_ms = clock_ms();
    work_clock(l->work, l->now_ms);
    loop_mind_signals(l);
    rpc_perform(l->rpc, l->now_ms);
    loop_mind_fatal(l);
    loop_mind_task_limit(l);
    mind_breaker(l);
    loop_mind_silence(l);
    if (l->over || loop_check_over(l))
        return;
    if (!l->begun)
        await_first(l);
    if (l->begun)
        survey_tick(&l->survey, l->now_ms);
    read_tasks(l);
    work_turn(l->work, l->now_ms);
    write_results(l);
    tell_producer(l);
    loop_mind_end(l);
}

int
loop_run(const struct loop_options *o)
{
    struct loop l = {.o = o};
    char err[256];
    l.rpc = rpc_new(&o->rpc, err, sizeof err);
    if (!l.rpc) {
        warn("endpoint \"%s\": %s", o->endpoint_name, err);
        return EXIT_USAGE;
    }
    if (!open_links(&l)) {
        link_close(l.tasks, 0);
        link_close(l.results, 0);
        link_close(l.control, 0);
        rpc_free(l.rpc);
        link_terminate();
        return EXIT_USAGE;
    }
    prepare(&l);
    for (;;) {
        turn(&l);
        if (l.over)
            break;
        wait_for_something(&l);
    }
    loop_finish(&l);
    return l.status;
}
