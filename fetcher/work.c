/* work.c - all tasks that this fetcher holds; see work.h. */
#include "fetcher/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/talk.h"
#include "fetcher/ask.h"
#include "fetcher/job.h"
#include "fetcher/take.h"

enum {
    BEYOND_FAR = 16,        /* blocks: in a pipe nobody waits for a block further off */
    BEYOND_WAIT_MS = 15000, /* nor longer than this */
    METHOD_WAIT_MS = 10000,
    FIRST_LOGS = 64,        /* blocks: how dense the chain is shows in one small answer, not in ten large ones */
};

struct work {
    struct work_parts p;
    struct taking taking;
    struct json_doc *null_doc;
    struct job *jobs;   /* in order of arrival */
    struct job *gone;   /* given back, but with requests still under way */
    size_t n_jobs;
    struct flight *flights;
    char run[33];       /* of the newest task */
    bool leaving;       /* takes no more tasks */
    uint64_t told_free; /* by the newest line */
    uint64_t given_up;
    uint64_t logs_flying; /* blocks whose logs are being asked for */
    int64_t blocked_until_ms; /* no tokens before */
    int64_t now_ms;     /* of this turn */
};

struct work *
work_new(const struct work_parts *p)
{
    const char *error;
    static char null_text[4 + JSON_PADDING] = "null";
    struct work *w = xcalloc(1, sizeof *w);
    w->p = *p;
    snprintf(w->run, sizeof w->run, "-");
    w->taking = (struct taking){.coping = p->coping, .holdings = &p->survey->holdings};
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
    free(w);
}

bool
work_idle(const struct work *w)
{
    return !w->jobs;
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
        endpoint_state(w->p.endpoint, now_ms) != BREAKER_CLOSED || w->n_jobs >= w->p.max_jobs)
        return 0;
    uint64_t slots = endpoint_slots(w->p.endpoint, now_ms), held = load(w, now_ms);
    if (now_ms < w->blocked_until_ms)
        slots = 0;
    uint64_t room = slots + w->p.prefetch;
    return room > held ? room - held : 0;
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
    w->told_free = work_credit(w, now_ms);
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
work_credit_changed(struct work *w, int64_t now_ms)
{
    return w->told_free != work_credit(w, now_ms);
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

/* --- tasks in --- */

/* A line about a task as a whole, or about a part of it. */
static struct control
line_about(struct work *w, const struct task *t, enum control_verb verb, int64_t now_ms)
{
    w->told_free = work_credit(w, now_ms);
    return (struct control){.verb = verb,
                            .run = span_of(t->run),
                            .fetcher = span_of(w->p.fetcher_name),
                            .task = t->id,
                            .free = w->told_free};
}

static void
give_up(struct work *w, const struct task *t, struct piece rest, const char *error)
{
    w->given_up++;
    if (t->by_hash) {
        warn("endpoint \"%s\": task %llu (%zu hashes) given up: %s", w->p.endpoint_name,
             (unsigned long long)t->id, t->n_hashes, error);
        return;
    }
    warn("endpoint \"%s\": task %llu (blocks %llu-%llu) given up: %s", w->p.endpoint_name,
         (unsigned long long)t->id, (unsigned long long)rest.from, (unsigned long long)rest.to, error);
    struct wire record = {.kind = WIRE_GIVEN_UP, .run = span_of(t->run), .task = t->id, .try = t->try,
                          .endpoint = span_of(w->p.endpoint_name), .chain = w->p.survey->chain,
                          .dataset = span_of(t->dataset), .filter = span_of(t->filter),
                          .from = rest.from, .to = rest.to, .error = span_of(error)};
    output_end(w->p.output, &record, (struct span){0});
}

static void
turn_away(struct work *w, struct task *t, enum control_verb verb, enum control_reason reason,
          int64_t wait_ms, const char *error)
{
    struct control c = line_about(w, t, verb, w->now_ms);
    c.reason = reason;
    c.wait_ms = wait_ms > 0 ? (uint64_t)wait_ms : 0;
    c.error = span_of(error);
    if (w->p.coping->alone)
        give_up(w, t, (struct piece){t->from, t->to}, error);
    else
        news_tell(w->p.news, &c);
    task_free(t);
}

static bool
avoids(const struct task *t, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = t->avoid; p && *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == n && strncmp(p, name, n) == 0)
            return true;
    return false;
}

/* Why the task is not for this endpoint: true, and it is turned away. */
static bool
not_for_us(struct work *w, struct task *t)
{
    char error[160];
    if (!w->p.coping->alone && avoids(t, w->p.endpoint_name)) {
        turn_away(w, t, CONTROL_DECLINED, REASON_AVOID, 0, "it failed here");
    } else if (t->chain && w->p.survey->chain && t->chain != w->p.survey->chain) {
        snprintf(error, sizeof error, "the endpoint is of chain %llu, not %llu",
                 (unsigned long long)w->p.survey->chain, (unsigned long long)t->chain);
        turn_away(w, t, CONTROL_DECLINED, REASON_CHAIN, 0, error);
    } else if (!w->p.coping->alone && work_credit(w, w->now_ms) == 0) {
        turn_away(w, t, CONTROL_DECLINED, REASON_SLOT, 0, "no room");
    } else {
        return false;
    }
    return true;
}

/* What the endpoint no longer has is not asked of it. */
static void
cut_unheld(struct work *w, struct job *j)
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

/* A method that the endpoint said it does not have is not found out about again by each task. */
static void
refuse_lacking(struct work *w, struct job *j)
{
    const struct step logs = {.kind = STEP_LOGS}, blocks = {.kind = STEP_BLOCKS, .needs = j->needs};
    const char *lacking = j->by_range ? ask_lacking(&logs, &w->p.coping->lacks) : NULL;
    if (!lacking && !j->task.by_hash)
        lacking = ask_lacking(&blocks, &w->p.coping->lacks);
    if (lacking)
        job_stop(j, CONTROL_REFUSED, REASON_NONE, 0, "%s is not served here", lacking);
}

static void
add_job(struct work *w, struct job *j)
{
    struct job **tail = &w->jobs;
    while (*tail)
        tail = &(*tail)->next;
    *tail = j;
    w->n_jobs++;
    snprintf(w->run, sizeof w->run, "%s", j->task.run);
    cut_unheld(w, j);
    refuse_lacking(w, j);
    output_header(w->p.output, j->list[0]->table);
}

bool
work_take(struct work *w, struct span line, int64_t now_ms, char *err, size_t size)
{
    struct task t;
    struct job *j = NULL;
    char error[200];
    w->now_ms = now_ms;
    if (!task_parse(line, &t, err, size))
        return false;
    if (not_for_us(w, &t))
        return true;
    if (w->p.csv && strchr(t.dataset, ','))
        snprintf(error, sizeof error, "csv takes one dataset, not \"%.100s\"", t.dataset);
    else
        j = job_new(&t, error, sizeof error);
    if (!j) {
        turn_away(w, &t, CONTROL_REFUSED, REASON_NONE, 0, error);
        return true;
    }
    add_job(w, j);
    struct control c = line_about(w, &j->task, CONTROL_TOOK, now_ms);
    news_tell(w->p.news, &c);
    return true;
}

/* --- tasks out --- */

static struct wire
wire_of(const struct work *w, const struct job *j)
{
    return (struct wire){.run = span_of(j->task.run),
                         .fetcher = span_of(w->p.fetcher_name),
                         .task = j->task.id,
                         .try = j->task.try};
}

static void
hand_out_rows(struct work *w, struct job *j, bool all)
{
    struct wire wire = wire_of(w, j);
    for (size_t i = 0; i < j->n_list; i++) {
        if (j->rows[i].n == 0)
            continue;
        output_rows(w->p.output, &wire, &j->seq, j->list[i]->table, &j->rows[i], all, j->n_list > 1);
    }
}

static void
hand_out_end(struct work *w, struct job *j, struct piece part, struct span note)
{
    struct wire end = wire_of(w, j);
    end.kind = j->task.by_hash ? WIRE_END_HASHES : WIRE_END;
    end.chunks = j->seq;
    end.endpoint = span_of(w->p.endpoint_name);
    end.chain = w->p.survey->chain;
    end.dataset = span_of(j->task.dataset);
    end.filter = span_of(j->task.filter);
    end.from = part.from;
    end.to = part.to;
    end.hashes = j->task.n_hashes;
    output_end(w->p.output, &end, note);
}

static void
conclude(struct work *w, struct job *j)
{
    struct piece part, rest;
    struct buf note = {0};
    bool some = job_result(j, &part, &rest), back = rest.from <= rest.to;
    struct control c = line_about(w, &j->task, back ? j->cut.verb : CONTROL_FETCHED, w->now_ms);
    if (back) {
        c.has_range = some && !j->task.by_hash;
        c.from = rest.from;
        c.to = rest.to;
        c.reason = j->cut.reason;
        c.wait_ms = j->cut.wait_ms > 0 ? (uint64_t)j->cut.wait_ms : 0;
        c.error = span_of(j->cut.error);
    }
    if (some) {
        hand_out_rows(w, j, true);
        if (!w->p.coping->alone || !back)
            control_format(&note, &c);
        hand_out_end(w, j, part, (struct span){note.p, note.n});
        buf_free(&note);
    } else if (!w->p.coping->alone) {
        news_tell(w->p.news, &c);
    }
    if (back && w->p.coping->alone && j->cut.reason != REASON_STOPPING)
        give_up(w, &j->task, rest, j->cut.error);
}

/* Takes the job off the list; it stays in memory while requests of it are under way. */
static void
leave(struct work *w, struct job **at)
{
    struct job *j = *at;
    *at = j->next;
    w->n_jobs--;
    if (j->flying > 0) {
        j->stopped = true;
        j->next = w->gone;
        w->gone = j;
    } else {
        job_free(j);
    }
}

static void
sweep(struct work *w)
{
    for (struct job **at = &w->jobs; *at;) {
        if (!job_over(*at)) {
            at = &(*at)->next;
            continue;
        }
        conclude(w, *at);
        leave(w, at);
    }
    for (struct job **at = &w->gone; *at;) {
        struct job *j = *at;
        if (j->flying > 0) {
            at = &j->next;
            continue;
        }
        *at = j->next;
        job_free(j);
    }
}

void
work_give_back(struct work *w, enum control_reason reason, int64_t wait_ms, bool gently, int64_t now_ms)
{
    w->now_ms = now_ms;
    for (struct job **at = &w->jobs; *at;) {
        struct job *j = *at;
        job_stop(j, CONTROL_DECLINED, reason, wait_ms,
                 reason == REASON_STOPPING ? "the fetcher is leaving" : "the endpoint does not answer");
        if (gently && j->flying > 0) {
            at = &j->next;
            continue;
        }
        conclude(w, j);
        leave(w, at);
    }
}

/* --- requests --- */

static bool
is_gone(const struct work *w, const struct job *j)
{
    for (const struct job *g = w->gone; g; g = g->next)
        if (g == j)
            return true;
    return false;
}

static void
flight_free(struct work *w, struct flight *f)
{
    for (struct flight **at = &w->flights; *at; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    free(f);
}

static void
request_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct work *w = context;
    struct flight *f = r->owner;
    w->taking.now_ms = w->now_ms;
    if (f->step->kind == STEP_LOGS)
        w->logs_flying -= piece_width(f->step->at);
    if (is_gone(w, f->job)) {
        f->job->flying--;
        step_free(f->step);
    } else {
        take_answers(&w->taking, f, r, answers);
        hand_out_rows(w, f->job, false);
    }
    for (size_t i = 0; i < r->n; i++)
        if (answers[i].judgement.verdict == VERDICT_OK)
            w->p.coping->refusals = 0;
    report_answers(w->p.report, r, answers, w->now_ms);
    flight_free(w, f);
    rpc_request_free(r);
}

/* A step that cannot be asked here now ends its job. */
static bool
cannot_ask(struct work *w, struct job *j, struct step *s)
{
    const char *lacking = ask_lacking(s, &w->p.coping->lacks);
    const char *method = ask_method(s, &w->p.coping->lacks);
    if (lacking)
        job_stop(j, CONTROL_REFUSED, REASON_NONE, 0, "%s is not served here", lacking);
    else if (!endpoint_method_ok(w->p.endpoint, method, w->now_ms) && !w->p.coping->alone)
        job_stop(j, CONTROL_DECLINED, REASON_BREAKER, METHOD_WAIT_MS, "%s fails here", method);
    else
        return false;
    j->flying--;
    step_free(s);
    return true;
}

/* True: a request went out. */
static bool
send_step(struct work *w, struct job *j, struct step *s)
{
    if (cannot_ask(w, j, s))
        return true;
    struct flight *f = xcalloc(1, sizeof *f);
    f->job = j;
    f->step = s;
    struct rpc_request *r = ask_request(f, &w->p.coping->lacks, w->p.endpoint);
    bool later = s->kind == STEP_LOGS && w->taking.widest == 0 &&
                 w->logs_flying > 0 && w->logs_flying + piece_width(s->at) > FIRST_LOGS;
    int64_t wait = later ? 0 : endpoint_take(w->p.endpoint, r->n, w->now_ms);
    if (wait > 0)
        w->blocked_until_ms = w->now_ms + wait;
    if (later || wait > 0) {
        j->flying--;
        job_put(j, s);
        rpc_request_free(r);
        free(f);
        return false;
    }
    r->done = request_done;
    r->context = w;
    r->owner = f;
    f->next = w->flights;
    w->flights = f;
    if (s->kind == STEP_LOGS)
        w->logs_flying += piece_width(s->at);
    endpoint_sent(w->p.endpoint, r->n, w->now_ms);
    rpc_send(w->p.rpc, r, w->now_ms);
    return true;
}

static void
pump(struct work *w)
{
    struct job *j = w->jobs;
    while (j && endpoint_slots(w->p.endpoint, w->now_ms) > 0 && w->now_ms >= w->blocked_until_ms &&
           !output_full(w->p.output) && rpc_bytes_in_flight(w->p.rpc) < w->p.max_bytes) {
        const struct job_limits limits = {.blocks = w->taking.widest ? UINT64_MAX : FIRST_LOGS,
                                          .values = w->p.coping->max_values};
        struct step *s = job_step(j, w->p.endpoint, &limits, w->now_ms);
        if (!s)
            j = j->next;
        else if (!send_step(w, j, s))
            return;
    }
}

/* --- what waits for something --- */

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

void
work_turn(struct work *w, int64_t now_ms)
{
    w->now_ms = now_ms;
    for (struct job *j = w->jobs; j; j = j->next) {
        cut_unheld(w, j);
        wake_doubted(w, j);
        look_beyond(w, j);
    }
    pump(w);
    sweep(w);
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
