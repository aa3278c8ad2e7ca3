/* take.c - answers become rows: logs here, blocks in take_blocks.c, state and hashes in take_units.c. */
#include "fetcher/take.h"

#include <stdio.h>
#include <string.h>

#include "fetcher/take_blocks.h"

enum {
    SILENCE = 16,         /* logs expected: that none comes by chance is most unlikely, if they are spread evenly */
    SILENCES_MAX = 3,     /* more such answers are believed, */
    SILENCES_CAUGHT = 8,  /* or more, once one was not true */
};
enum { DOUBTS_MAX = 3 }; /* checks of one step's silence that came to nothing */

/* --- all or nothing --- */

void
rows_mark(const struct job *j, struct rows_mark *m)
{
    *m = (struct rows_mark){0};
    for (size_t i = 0; i < j->n_list; i++) {
        m->bytes[i] = j->rows[i].data.n;
        m->rows[i] = j->rows[i].n;
        m->touches[i] = j->touches[i].n;
    }
}

void
rows_undo(struct job *j, const struct rows_mark *m)
{
    for (size_t i = 0; i < j->n_list; i++) {
        j->rows[i].data.n = m->bytes[i];
        j->rows[i].n = m->rows[i];
        j->touches[i].n = m->touches[i];
    }
}

void
answer_is_bad(struct rpc_answer *a, const char *why)
{
    a->judgement = (struct judgement){.verdict = VERDICT_BADDATA, .wait_ms = -1, .rule = "bad data"};
    a->text = span_of(why);
}

enum decode
log_rows(struct log *l, void *context, char *why)
{
    struct log_target *target = context;
    struct job *j = target->job;
    if (target->has_timestamp && !l->has_timestamp) {
        l->timestamp = target->timestamp;
        l->has_timestamp = true;
    }
    if (target->n++ == 0)
        target->first = l->block_number;
    for (size_t i = 0; i < j->n_list; i++)
        if (j->list[i]->log && j->list[i]->log(l, &j->rows[i], why) != DECODE_OK)
            return DECODE_BAD;
    return DECODE_OK;
}

/* --- logs --- */

/* The lowest of these blocks whose bloom could match, though no log of it was sent; UINT64_MAX: none. */
static uint64_t
suspicious_block(const struct step *s, struct piece silent, const struct task *view)
{
    enum { VALUES_MAX = 16 }; /* hashing more for each block costs more than it finds */
    size_t n = view->n_addresses;
    for (size_t i = 0; i < TASK_TOPICS; i++)
        n += view->n_topics[i];
    if (n > VALUES_MAX)
        return UINT64_MAX;
    for (uint64_t b = silent.from; b <= silent.to; b++) {
        const struct header *h = &s->window->headers[b - s->window->at.from];
        if (h->has_bloom && bloom_may_match(h->bloom, view))
            return b;
    }
    return UINT64_MAX;
}

/* With headers: one block that should have logs tells. True: it is asked for. */
static bool
doubt_by_bloom(struct flight *f, struct piece silent, bool empty, const struct task *view)
{
    uint64_t block = suspicious_block(f->step, silent, view);
    if (block == UINT64_MAX)
        return false;
    struct step *control = step_new(STEP_CONTROL, (struct piece){block, block});
    control->origin = f->step;
    f->step->empty = empty;
    job_put(f->job, control);
    return true;
}

/* Silence is not always the truth: a node without old logs answers as if there were none, for a
 * whole range or for the first blocks of it. True: the step waits for the proof. */
static bool
doubt(struct taking *t, struct flight *f, struct piece silent, const struct task *view)
{
    struct step *s = f->step;
    bool believed = holdings_believe(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    bool empty = silent.to == s->at.to;
    if (s->proved || silent.from > silent.to || (believed && !(empty && s->window)))
        return false;
    if (s->window)
        return doubt_by_bloom(f, silent, empty, view);
    if (++s->doubts > DOUBTS_MAX) {
        job_stop(f->job, CONTROL_FAILED, REASON_NONE, 0,
                 "no logs of blocks %llu-%llu, and it cannot be checked that there are none",
                 (unsigned long long)silent.from, (unsigned long long)silent.to);
        step_free(s);
        return true;
    }
    holdings_doubt(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    s->not_before_ms = INT64_MAX; /* until the check is over: work.c */
    job_put(f->job, s);
    return true;
}

/* Behind some names are nodes that have all logs and nodes that have none, by turns. An empty answer
 * where many logs were expected is asked for again a few times. Where it proves true, logs come in
 * bursts, and more are expected before the next doubt. */
static bool
doubt_by_density(struct taking *t, struct flight *f, double expected)
{
    struct step *s = f->step;
    if (t->silence < SILENCE)
        t->silence = SILENCE;
    if (s->window || (expected >= 0 && expected < t->silence))
        return false;
    if (s->silences++ >= (t->caught ? SILENCES_CAUGHT : SILENCES_MAX)) {
        if (!t->caught && expected >= 0)
            t->silence *= 2;
        return false;
    }
    job_put(f->job, s);
    return true;
}

static bool
proof_holds(struct flight *f, struct rpc_answer *answers)
{
    struct header head;
    if (!f->with_proof)
        return true;
    if (answers[1].judgement.verdict == VERDICT_OK &&
        header_decode(answers[1].result, f->step->at.to, &head, f->why) != DECODE_OK)
        answer_is_bad(&answers[1], f->why);
    if (answers[1].judgement.verdict == VERDICT_OK || answers[1].judgement.verdict == VERDICT_NOBLOCK)
        return true;
    answers[0] = answers[1];
    return false;
}

/* Base's gateway says that no backend is healthy when a range is too wide for it. Wider than what it
 * answered before, that is believed. */
static void
read_between_lines(const struct taking *t, const struct step *s, struct rpc_answer *a)
{
    struct judgement *j = &a->judgement;
    if (j->verdict == VERDICT_TRANSIENT && j->rule && strcmp(j->rule, "proxyd-no-backend") == 0 &&
        t->widest > 0 && piece_width(s->at) > t->widest)
        *j = (struct judgement){.verdict = VERDICT_DENSITY, .wait_ms = -1, .rule = "proxyd-too-wide"};
}

static void
note_size(struct taking *t, uint64_t width, size_t bytes)
{
    double now = (double)bytes / (double)width;
    t->block_bytes = t->widest == 0 ? now : 0.8 * t->block_bytes + 0.2 * now;
    if (width > t->widest)
        t->widest = width;
}

bool
take_text(struct taking *t, struct flight *f, struct span body, uint64_t id)
{
    struct job *j = f->job;
    struct step *s = f->step;
    struct task view = values_view(&j->task, &s->values);
    struct log_target target = {.job = j};

    rows_mark(j, &t->mark);
    for (size_t i = 0; i < j->n_list; i++)
        if (j->list[i]->log)
            buf_room(&j->rows[i].data, body.n / 2); /* about what rows take; so that they do not grow bit by bit */
    f->taken = logs_scan(body, id, &view, s->at.from, s->at.to, s->window ? s->window->headers : NULL,
                         s->window ? (size_t)piece_width(s->window->at) : 0, log_rows, &target, &f->logs);
    f->first = target.first;
    if (!f->taken)
        rows_undo(j, &t->mark);
    return f->taken;
}

/* Makes rows of the logs in a good answer; if they do not stand the tests it is no longer good. */
static void
read_logs(struct taking *t, struct flight *f, const struct task *view, struct rpc_answer *answers)
{
    struct job *j = f->job;
    struct step *s = f->step;
    struct log_target target = {.job = j};

    rows_mark(j, &t->mark);
    if (answers[0].judgement.verdict != VERDICT_OK || !proof_holds(f, answers))
        return;
    if (logs_decode(answers[0].result, view, s->at.from, s->at.to, s->window ? s->window->headers : NULL,
                    s->window ? (size_t)piece_width(s->window->at) : 0, log_rows, &target, &f->logs,
                    f->why) != DECODE_OK) {
        rows_undo(j, &t->mark);
        if (json_count(answers[0].result) == 0)
            holdings_doubt(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
        answer_is_bad(&answers[0], f->why);
    }
    f->first = target.first;
}

static void
take_logs(struct taking *t, struct flight *f, const struct rpc_request *r,
          struct rpc_answer *answers)
{
    struct job *j = f->job;
    struct step *s = f->step;
    struct task view = values_view(&j->task, &s->values);

    if (!f->taken)
        read_logs(t, f, &view, answers);
    if (answers[0].judgement.verdict != VERDICT_OK) {
        read_between_lines(t, s, &answers[0]);
        cope(t->coping, j, s, &answers[0], "eth_getLogs", r->n, t->now_ms);
        return;
    }
    note_size(t, piece_width(s->at), r->bytes);
    double expected = endpoint_logs_expected(t->coping->endpoint, piece_width(s->at));
    if (f->logs == 0 && doubt_by_density(t, f, expected))
        return;
    if (f->logs > 0 && s->silences > 0) {
        t->caught = true;
        t->silence = SILENCE;
    }
    endpoint_logs_waited(t->coping->endpoint, r->wait_us);
    endpoint_logs_ok(t->coping->endpoint, s->at.from, s->at.to, f->logs, r->bytes);
    struct piece silent = s->at;
    if (f->logs > 0)
        silent.to = f->first - 1; /* of none, if it is the range's first block */
    if (f->logs > 0 && f->first == s->at.from)
        silent = (struct piece){1, 0};
    if (doubt(t, f, silent, &view)) {
        rows_undo(j, &t->mark);
        return;
    }
    if (f->logs > 0)
        holdings_saw(t->holdings, f->first, endpoint_head(t->coping->endpoint));
    job_done(j, s);
}

/* Are there any logs in the block whose bloom says so? If not the empty answer was a lie. */
static void
take_control(struct taking *t, struct flight *f, const struct rpc_request *r,
             struct rpc_answer *a)
{
    struct step *s = f->step, *origin = s->origin;
    enum verdict v = a->judgement.verdict;
    bool any = v == VERDICT_RANGE || v == VERDICT_DENSITY ||
               (v == VERDICT_OK && json_type(a->result) == JSON_ARRAY && json_count(a->result) > 0);
    if (v != VERDICT_OK && !any) {
        cope(t->coping, f->job, s, a, "eth_getLogs", r->n, t->now_ms);
        return;
    }
    if (any) {
        a->judgement.verdict = VERDICT_OK;
        holdings_saw(t->holdings, origin->at.from, endpoint_head(t->coping->endpoint)); /* blocks before this one cannot have any that match */
        s->origin = NULL;
        origin->proved = true;
        if (origin->empty)
            job_done(f->job, origin);
        else
            job_put(f->job, origin);
        step_free(s);
        return;
    }
    snprintf(f->why, sizeof f->why, "no log of block %llu, whose bloom is not empty",
             (unsigned long long)s->at.from);
    answer_is_bad(a, f->why);
    holdings_doubt(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    s->origin = NULL;
    step_free(s);
    cope(t->coping, f->job, origin, a, "eth_getLogs", r->n, t->now_ms);
}

void
take_answers(struct taking *t, struct flight *f, const struct rpc_request *r,
             struct rpc_answer *answers)
{
    f->job->flying--;
    switch (f->step->kind) {
    case STEP_LOGS:
        take_logs(t, f, r, answers);
        break;
    case STEP_CONTROL:
        take_control(t, f, r, answers);
        break;
    case STEP_HASHES:
    case STEP_STATE:
        take_units(t, f, r, answers);
        break;
    case STEP_RECEIPTS:
        take_receipts(t, f, r, answers);
        break;
    case STEP_BLOCKS:
    case STEP_DENSE:
        take_blocks(t, f, r, answers);
        break;
    }
}
