/* work.c - all tasks that this fetcher holds; see work.h. */
#include "fetcher/work_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/control.h"
#include "common/talk.h"

enum {
    BEYOND_FAR = 16,        /* blocks: in a pipe nobody waits for a block further off */
    BEYOND_WAIT_MS = 15000, /* nor longer than this */
    PACE_MS = 50,           /* how often the prefetch is fitted to the pace */
    NEXT_TASK_US = 5000,    /* from an answer over its credit to the next task, at most */
};

struct work *
work_new(const struct work_parts *p)
{
    const char *error;
    static char null_text[4 + JSON_PADDING] = "null";
    struct work *w = xcalloc(1, sizeof *w);
    w->p = *p;
    snprintf(w->run, sizeof w->run, "-");
    w->task_requests = 1;
    w->prefetch = p->prefetch_given || p->prefetch < 1 ? p->prefetch : 1;
    w->taking = (struct taking){.coping = p->coping, .holdings = &p->survey->holdings, .name = p->endpoint_name};
    trust_init(&p->coping->trust);
    for (size_t i = 0; i < 3; i++)
        w->taking.docs[i] = json_new();
    w->null_doc = json_new();
    json_parse(w->null_doc, null_text, 4, &w->taking.null, &error);
    return w;
}

static void
jobs_free(struct job *list)
{
    while (list) {
        struct job *j = list;
        list = j->next;
        job_free(j);
    }
}

void
work_free(struct work *w)
{
    if (!w)
        return;
    while (w->flights) {
        struct flight *f = w->flights;
        w->flights = f->next;
        step_free(f->step);
        free(f);
    }
    jobs_free(w->jobs);
    jobs_free(w->gone);
    for (size_t i = 0; i < 3; i++)
        json_free(w->taking.docs[i]);
    json_free(w->null_doc);
    free(w->dataset);
    free(w->filter);
    free(w);
}

bool
work_idle(const struct work *w)
{
    return !w->jobs;
}

int64_t
work_age_ms(const struct work *w, int64_t now_ms)
{
    return w->jobs ? now_ms - w->jobs->since_ms : 0; /* in order of arrival */
}

uint64_t
work_given_up(const struct work *w)
{
    return w->given_up;
}

/* --- credit --- */

static uint64_t
load(struct work *w, int64_t now_ms)
{
    uint64_t n = 0;
    for (struct job *j = w->jobs; j; j = j->next)
        n += job_load(j, w->p.endpoint, now_ms);
    return n;
}

uint64_t
work_credit(struct work *w, int64_t now_ms)
{
    if (w->leaving || !survey_ready(w->p.survey) || w->p.coping->fatal[0] || output_full(w->p.output) ||
        endpoint_state(w->p.endpoint, now_ms) != BREAKER_CLOSED ||
        endpoint_rest_ms(w->p.endpoint, now_ms) > WORK_LONG_REST_MS || w->n_jobs >= w->p.max_jobs)
        return 0;
    uint64_t slots = endpoint_slots(w->p.endpoint, now_ms), held = load(w, now_ms);
    if (now_ms < w->blocked_until_ms)
        slots = 0;
    uint64_t room = slots + w->prefetch;
    return room > held ? (room - held + w->task_requests - 1) / w->task_requests : 0;
}

/* Where more than half of the prefetch is at hand no more is asked for: tasks come a few at a time, since each message
 * costs something, at both ends and at those that PUSH passes over for it. */
uint64_t
work_offer(struct work *w, int64_t now_ms)
{
    uint64_t credit = work_credit(w, now_ms);
    return credit * w->task_requests > w->prefetch / 2 ? credit : 0;
}

static enum control_state
control_state(enum breaker_state s)
{
    if (s == BREAKER_OPEN)
        return STATE_OPEN;
    return s == BREAKER_HALF_OPEN ? STATE_HALF_OPEN : STATE_CLOSED;
}

void
work_tell_credit(struct work *w, int64_t now_ms)
{
    const struct endpoint_stats *s = endpoint_stats(w->p.endpoint);
    enum control_state state = control_state(endpoint_state(w->p.endpoint, now_ms));
    w->told_free = work_offer(w, now_ms);
    struct control c = {
        .verb = CONTROL_CREDIT,
        .run = span_of(w->run),
        .fetcher = span_of(w->p.fetcher_name),
        .endpoint = span_of(w->p.endpoint_name),
        .chain = w->p.survey->chain,
        .free = w->told_free,
        .head = endpoint_head(w->p.endpoint),
        .requests = s->requests,
        .failures = s->failures,
        .latency_us = s->latency_us,
        .state = survey_ready(w->p.survey) ? state : STATE_OPEN,
    };
    news_tell(w->p.news, &c);
}

bool
work_asked(const struct work *w)
{
    return w->told_free > 0;
}

bool
work_credit_changed(struct work *w, int64_t now_ms)
{
    return w->told_free != work_offer(w, now_ms);
}

void
work_leave(struct work *w, int64_t now_ms)
{
    w->leaving = true;
    work_give_back(w, REASON_STOPPING, 0, true, now_ms);
}

void
work_clock(struct work *w, int64_t now_ms)
{
    w->now_ms = w->p.survey->now_ms = now_ms;
}

static void
fit_prefetch(struct work *w)
{
    int64_t ms = w->now_ms - w->pace_ms;
    if (ms < PACE_MS || w->p.prefetch_given)
        return;
    uint64_t wanted = ((uint64_t)w->paced * NEXT_TASK_US / 1000 + (uint64_t)ms - 1) / (uint64_t)ms;
    wanted = wanted < 1 ? 1 : wanted;
    w->prefetch = wanted < w->p.prefetch ? (uint32_t)wanted : w->p.prefetch;
    w->paced = 0;
    w->pace_ms = w->now_ms;
}

/* --- what waits for something --- */

void
work_cut_unheld(struct work *w, struct job *j)
{
    char error[160];
    uint64_t first = endpoint_min_block(w->p.endpoint);
    if ((j->by_range || (j->needs & NEED_RECEIPTS)) && w->p.coping->logs_from > first)
        first = w->p.coping->logs_from;
    if (j->task.by_hash || j->stopped || first <= j->want.from)
        return;
    snprintf(error, sizeof error, "blocks before %llu are not held here", (unsigned long long)first);
    job_cut_before(j, first, error);
}

static void
beyond_alone(struct work *w, struct job *j, uint64_t head)
{
    if (j->planned - head <= BEYOND_FAR && w->now_ms < j->beyond_ms + BEYOND_WAIT_MS) {
        w->p.survey->want_head = true;
        return;
    }
    job_cut_after(j, head, REASON_HEAD, 0);
    snprintf(j->cut.error, sizeof j->cut.error, "block %llu is beyond the endpoint's newest, %llu",
             (unsigned long long)j->task.to, (unsigned long long)head);
}

/* A task beyond the head: the head is looked up once more, then the rest goes back. */
static void
look_beyond(struct work *w, struct job *j)
{
    uint64_t head = endpoint_head(w->p.endpoint);
    if (!job_beyond(j, head)) {
        j->beyond_ms = 0;
        return;
    }
    if (j->beyond_ms == 0)
        j->beyond_ms = w->now_ms;
    if (w->p.survey->head_asked_ms < j->beyond_ms) {
        w->p.survey->want_head = true;
        return;
    }
    if (w->p.coping->alone) {
        beyond_alone(w, j, head);
        return;
    }
    uint64_t behind = j->want.to - head;
    job_cut_after(j, head, REASON_HEAD, behind < 12 ? (int64_t)behind * 1000 : 12000);
}

/* Steps whose empty answers were doubted go again once the check is over. */
static void
wake_doubted(struct work *w, struct job *j)
{
    if (w->p.survey->holdings.state != HOLDINGS_IDLE)
        return;
    for (struct step *s = j->ready; s; s = s->next)
        if (s->not_before_ms == INT64_MAX)
            s->not_before_ms = 0;
}

/* In a pipe there are no others, and the tasks at hand are doubted as those before, once they are over. */
void
work_recheck(struct work *w)
{
    struct trust *trust = &w->p.coping->trust;
    bool doubt = trust->doubt, alone = w->p.coping->alone;
    struct job *first = NULL;
    if (!trust->recheck)
        return;
    trust->recheck = trust->doubt = false;
    if (doubt && (w->doubted == 0 || trust->doubt_from < w->doubt_from))
        w->doubt_from = trust->doubt_from;
    for (struct job *j = w->jobs; j; j = j->next) {
        if (!j->by_range || j->told)
            continue;
        first = first ? first : j;
        if (alone) {
            w->doubted += doubt && !j->doubted;
            j->doubted |= doubt;
            continue;
        }
        j->doubted = true;
        job_stop(j, CONTROL_DECLINED, REASON_BREAKER, 0, "logs were left out");
    }
    if (doubt && w->doubted == 0)
        work_doubt(w, first);
}

static void
tell_behind(struct work *w)
{
    const struct trust *t = &w->p.coping->trust;
    if (!t->behind || w->told_behind)
        return;
    w->told_behind = true;
    uint64_t head = endpoint_head(w->p.endpoint), n = head > t->low ? head - t->low : 0;
    warn("endpoint \"%s\" lags: some of its answers lack the newest %llu blocks, or more", w->p.endpoint_name,
         (unsigned long long)n);
}

void
work_turn(struct work *w, int64_t now_ms)
{
    w->now_ms = now_ms;
    tell_behind(w);
    work_recheck(w);
    for (struct job *j = w->jobs; j; j = j->next) {
        work_cut_unheld(w, j);
        wake_doubted(w, j);
        look_beyond(w, j);
    }
    work_pump(w);
    work_sweep(w);
    fit_prefetch(w);
}

int64_t
work_next_ms(struct work *w, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    for (const struct job *j = w->jobs; j; j = j->next) {
        int64_t t = steps_next_ms(j->ready, now_ms);
        next = t < next ? t : next;
    }
    if (w->jobs && w->blocked_until_ms > now_ms && w->blocked_until_ms < next)
        next = w->blocked_until_ms;
    return next;
}
