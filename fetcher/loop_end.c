/* loop_end.c - what ends the fetcher's loop, and what is done then; see loop.h. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "common/talk.h"
#include "fetcher/loop_inside.h"

enum {
    LINGER_MS = 2000,     /* at exit, for results not yet sent */
    BYE_MS = 200,         /* for lines not yet sent: the producer may have left first */
    STOP_MS = 25000,      /* most time for what is in flight after a first signal */
    CHECK_MS = 10000,     /* longest --check */
};

/* --- reasons --- */

static void
leave_with(struct loop *l, int status)
{
    l->status = status;
    l->over = true;
}

void
loop_mind_signals(struct loop *l)
{
    int stops = talk_stop_count();
    if (stops >= 2 || (l->stopping && l->now_ms >= l->stop_by_ms)) {
        work_give_back(l->work, REASON_STOPPING, 0, false, l->now_ms);
        leave_with(l, EXIT_INTERRUPTED);
    } else if (stops == 1 && !l->stopping) {
        l->stopping = true;
        l->stop_by_ms = l->now_ms + STOP_MS;
        if (l->coping.alone && !l->input_ended)
            l->status = EXIT_INTERRUPTED;
        work_leave(l->work, l->now_ms);
    }
}

void
loop_mind_fatal(struct loop *l)
{
    if (!l->coping.fatal[0])
        return;
    warn("endpoint \"%s\" (%s): %s", l->o->endpoint_name, l->o->host, l->coping.fatal);
    work_give_back(l->work, REASON_STOPPING, 0, false, l->now_ms);
    leave_with(l, EXIT_UNAVAILABLE);
}

/* Does the endpoint keep somebody waiting? In a pipe also those whose tasks are not read as long as it rests. */
static bool
keeps_waiting(struct loop *l, bool unready)
{
    bool trouble = l->survey.failures > 0 || l->was_open || l->was_resting;
    bool busy = (unready && l->begun) || !work_idle(l->work) || (trouble && l->coping.alone && !l->input_ended);
    if (!busy)
        l->calm_ms = l->now_ms;
    return busy && trouble;
}

/* Alone, an endpoint that does not answer ends the run; otherwise others go on, and this one waits. */
void
loop_mind_silence(struct loop *l)
{
    bool unready = !survey_ready(&l->survey);
    int64_t since = l->report.good_ms > l->calm_ms ? l->report.good_ms : l->calm_ms;
    bool silent = keeps_waiting(l, unready) && l->o->give_up_ms > 0 && l->now_ms - since >= l->o->give_up_ms;
    bool late = l->o->check && l->now_ms - l->start_ms >= CHECK_MS;
    if (unready && l->coping.alone && (late || survey_hopeless(&l->survey) || l->survey.failures > l->o->retries))
        silent = true;
    if (!silent || l->over)
        return;
    warn("endpoint \"%s\" (%s) does not answer: %s", l->o->endpoint_name, l->o->host,
         l->survey.error[0] ? l->survey.error : late ? "no answer within 10 s" :
         l->was_resting ? "it asks to be left alone" : "no good answer");
    work_give_back(l->work, REASON_BREAKER, 0, false, l->now_ms);
    leave_with(l, EXIT_UNAVAILABLE);
}

/* Whatever holds it up, another process may do better: who started this one starts another. The
 * alarm is for a loop that does not come round. */
void
loop_mind_task_limit(struct loop *l)
{
    int64_t limit_ms = l->o->task_limit_ms;
    if (limit_ms <= 0 || l->over)
        return;
    alarm((unsigned)(limit_ms / 1000) + 10);
    if (work_age_ms(l->work, l->now_ms) < limit_ms)
        return;
    warn("endpoint \"%s\" (%s): a task takes over %.0f s, leaving to be replaced", l->o->endpoint_name,
         l->o->host, (double)limit_ms / 1000);
    work_give_back(l->work, REASON_STOPPING, 0, false, l->now_ms);
    leave_with(l, EXIT_SOME_FAILED);
}

void
loop_mind_end(struct loop *l)
{
    if (!work_idle(l->work) || output_queued(l->output) > 0 || (l->results && link_flush(l->results) > 0))
        return;
    if (l->stopping || (l->input_ended && l->coping.alone))
        l->over = true;
}

bool
loop_check_over(struct loop *l)
{
    if (!l->o->check || !survey_ready(&l->survey) || l->over)
        return false;
    printf("chain=%llu head=%llu\n", (unsigned long long)l->survey.chain,
           (unsigned long long)endpoint_head(l->endpoint));
    leave_with(l, talk_printed());
    return true;
}

/* An answer that is none, as far as JSON-RPC goes: not an endpoint, rather than one that is away. */
static bool
no_endpoint(const struct judgement *j)
{
    return j->verdict == VERDICT_BADDATA || j->verdict == VERDICT_CALLER ||
           j->verdict == VERDICT_NOMETHOD || (j->rule && strcmp(j->rule, "not-json") == 0);
}

/* --- the end --- */

void
loop_note(struct span line, void *context)
{
    struct loop *l = context;
    news_line(l->news, line);
    l->noted = true;
}

/* Has everything left that can leave? The producer may be gone: its lines are not waited for long. */
static bool
all_sent(struct loop *l, int64_t since_ms, int64_t now_ms)
{
    bool results = true;
    if (l->results)
        results = output_flush(l->output, loop_note, l) < 0 ||
                  (output_queued(l->output) == 0 && link_flush(l->results) == 0);
    bool lines = news_flush(l->news) || now_ms - since_ms >= BYE_MS;
    return results && lines;
}

static void
say_bye(struct loop *l)
{
    struct control bye = {.verb = CONTROL_BYE, .fetcher = span_of(l->name)};
    int64_t since = clock_ms();
    news_tell(l->news, &bye);
    for (int64_t now = since; now < since + LINGER_MS && !all_sent(l, since, now); now = clock_ms()) {
        struct pollfd fds[2];
        size_t n = 0;
        if (l->results)
            link_pollfd(l->results, &fds[n++]);
        if (l->control)
            link_pollfd(l->control, &fds[n++]);
        poll(fds, (nfds_t)n, 20);
    }
}

void
loop_finish(struct loop *l)
{
    if (work_given_up(l->work) > 0 && l->status == EXIT_COMPLETE)
        l->status = EXIT_SOME_FAILED;
    if (l->o->check && l->status == EXIT_UNAVAILABLE && no_endpoint(&l->survey.last))
        l->status = EXIT_USAGE;
    if (talk_stop_count() < 2)
        say_bye(l);
    else
        news_flush(l->news);
    if (!l->o->check)
        report_print_texts(&l->report);
    if (!l->o->check && l->coping.alone && endpoint_stats(l->endpoint)->requests > 0)
        report_print_statistics(&l->report);
    bool hurry = talk_stop_count() >= 2;
    if (l->held)
        link_message_free(&l->first);
    rpc_free(l->rpc);
    work_free(l->work);
    link_close(l->tasks, 0);
    link_close(l->results, hurry ? 0 : LINGER_MS);
    link_close(l->control, hurry ? 0 : BYE_MS);
    news_free(l->news);
    output_free(l->output);
    endpoint_free(l->endpoint);
    link_terminate();
}
