/* work_requests.c - steps of the tasks held become requests, and their answers rows; see work.h. */
#include <stdio.h>
#include <stdlib.h>

#include "fetcher/work_inside.h"

enum {
    METHOD_WAIT_MS = 10000,
    LOGS_SHARE = 2,  /* part of max_bytes that answers for logs should fill: the larger they are, the fewer */
    WHOLE_BYTES = 1 << 20, /* that blocks asked for together should have, with all that is in them */
    FIRST_WHOLE = 4, /* blocks, as long as nothing is known of them */
    FIRST_LOGS = 16, /* blocks: how dense the chain is shows in one small answer, not in ten large ones */
    RECENT_RANGES = 16, /* before the head, as wide as the widest so far: their small answers bring a proof, */
    RECENT_BLOCKS = 8192, /* and those for so many blocks: a day of 12 s each, and some; */
    RECENT_DENSE = 1024,  /* or so many, where a last block without any log would be odd by itself (doubt.h) */
};

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

/* An answer for a job that is gone is parsed and judged, for what it says of the endpoint. */
static size_t
request_read(const struct rpc_request *r, struct span body, uint64_t id, void *context)
{
    struct work *w = context;
    struct flight *f = r->owner;
    return is_gone(w, f->job) ? 0 : take_text(&w->taking, f, body, id);
}

static void
request_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct work *w = context;
    struct flight *f = r->owner;
    w->taking.now_ms = w->now_ms;
    w->paced++;
    if (f->step->kind == STEP_LOGS)
        w->logs_flying -= piece_width(f->step->at);
    w->bytes_flying -= f->expected;
    if (is_gone(w, f->job)) {
        f->job->flying--;
        step_free(f->step);
    } else {
        take_answers(&w->taking, f, r, answers);
        work_hand_out_rows(w, f->job, false);
    }
    for (size_t i = 0; i < r->n; i++)
        if (answers[i].judgement.verdict == VERDICT_OK)
            w->p.coping->refusals = 0;
    report_answers(w->p.report, r, answers, w->now_ms);
    flight_free(w, f);
    rpc_request_free(r);
    survey_look(w->p.survey, w->now_ms); /* first, or there may never be room for it */
    work_pump(w); /* at once: other answers may wait to be read */
}

/* In a pipe there is nobody else to ask, and what it said once it may take back. */
const char *
work_lacks(struct work *w, const struct step *s)
{
    const char *lacking = ask_lacking(s, &w->p.coping->lacks), *method = ask_method(s, &w->p.coping->lacks);
    if (!lacking && !w->p.coping->alone && endpoint_lacks(w->p.endpoint, method, w->now_ms))
        return method;
    return lacking;
}

/* Where headers are not served, nothing proves that logs of the newest blocks are all there: those go back. */
static bool
cannot_prove(struct work *w, struct job *j, struct step *s)
{
    uint64_t head = endpoint_head(w->p.endpoint), last = head > ASK_NEAR_HEAD ? head - ASK_NEAR_HEAD : 0;
    if (!w->p.coping->lacks.headers || s->kind != STEP_LOGS || s->at.to <= last)
        return false;
    j->flying--;
    job_put(j, s);
    job_cut_after(j, last, REASON_NONE, 0);
    j->cut.verb = CONTROL_REFUSED;
    snprintf(j->cut.error, sizeof j->cut.error,
             "eth_getBlockByNumber is not served here, and logs of the newest blocks are not believed without");
    return true;
}

/* A step that cannot be asked here now ends its job. */
static bool
cannot_ask(struct work *w, struct job *j, struct step *s)
{
    const char *lacking = work_lacks(w, s);
    const char *method = ask_method(s, &w->p.coping->lacks);
    if (lacking)
        job_stop(j, CONTROL_REFUSED, REASON_NONE, 0, "%s is not served here", lacking);
    else if (!endpoint_method_ok(w->p.endpoint, method, w->now_ms) && !w->p.coping->alone)
        job_stop(j, CONTROL_DECLINED, REASON_BREAKER, METHOD_WAIT_MS, "%s fails here", method);
    else
        return cannot_prove(w, j, s);
    j->flying--;
    step_free(s);
    return true;
}

static bool
density_known(const struct work *w) /* by an answer that is believed */
{
    return endpoint_logs_expected(w->p.endpoint, 1) >= 0;
}

/* Logs whose size is not known go few at a time; and all together fill only a part of what answers
 * may take, since some turn out larger than expected. */
static bool
too_much(const struct work *w, struct flight *f)
{
    uint64_t width = piece_width(f->step->at);
    if (f->step->kind != STEP_LOGS || w->logs_flying == 0)
        return false;
    if (!density_known(w))
        return w->logs_flying + width > FIRST_LOGS;
    return w->bytes_flying + f->expected > (double)w->p.max_bytes / LOGS_SHARE;
}

static uint64_t
recent_blocks(const struct work *w, uint64_t width)
{
    if (endpoint_logs_expected(w->p.endpoint, 1) >= w->p.coping->trust.silence)
        return RECENT_DENSE;
    uint64_t blocks = RECENT_RANGES * (width > w->taking.widest ? width : w->taking.widest);
    return blocks > RECENT_BLOCKS ? blocks : RECENT_BLOCKS;
}

/* What is asked for a second time is proved by a header, too: of its last block, or of another where that is
 * no news. */
static bool
wants_proof(const struct work *w, struct flight *f)
{
    const struct step *s = f->step;
    const struct trust *t = &w->p.coping->trust;
    bool again = s->opinion.times > 0 && s->opinion_at.from == s->at.from && s->opinion_at.to == s->at.to;
    bool recent = s->at.to + recent_blocks(w, piece_width(s->at)) > endpoint_head(w->p.endpoint);
    f->proof = recent || t->behind ? s->at.to : s->proof;
    return trust_wants_proof(t, s->at.to, f->expected, recent || again);
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
    f->expected = s->kind == STEP_LOGS ? w->taking.block_bytes * (double)piece_width(s->at) : 0;
    f->with_proof = wants_proof(w, f);
    struct rpc_request *r = ask_request(f, &w->p.coping->lacks, w->p.endpoint);
    bool later = too_much(w, f);
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
    r->read = s->kind == STEP_LOGS ? request_read : NULL;
    r->done = request_done;
    r->context = w;
    r->owner = f;
    f->next = w->flights;
    w->flights = f;
    if (s->kind == STEP_LOGS)
        w->logs_flying += piece_width(s->at);
    w->bytes_flying += f->expected;
    endpoint_sent(w->p.endpoint);
    rpc_send(w->p.rpc, r, w->now_ms);
    return true;
}

/* Few blocks at once, if they are large: their answer is read as a document, which takes several times
 * as much memory. */
static uint64_t
most_whole(const struct taking *t)
{
    double n = t->whole_bytes > 0 ? WHOLE_BYTES / t->whole_bytes : FIRST_WHOLE;
    return n < 1 ? 1 : n < RPC_BATCH_MAX ? (uint64_t)n : RPC_BATCH_MAX;
}

void
work_pump(struct work *w)
{
    struct job *j = w->jobs;
    while (j && endpoint_slots(w->p.endpoint, w->now_ms) > 0 && w->now_ms >= w->blocked_until_ms &&
           !output_full(w->p.output) && rpc_bytes_in_flight(w->p.rpc) < w->p.max_bytes) {
        const struct job_limits limits = {.blocks = density_known(w) ? UINT64_MAX : FIRST_LOGS,
                                          .whole = most_whole(&w->taking),
                                          .values = w->p.coping->max_values};
        struct step *s = job_step(j, w->p.endpoint, &limits, w->now_ms);
        if (!s)
            j = j->next;
        else if (!send_step(w, j, s))
            return;
    }
}

