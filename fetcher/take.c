/* take.c - answers become rows: logs here, blocks in take_blocks.c, state and hashes in take_units.c. */
#include "fetcher/take.h"

#include <string.h>

#include "fetcher/doubt.h"
#include "fetcher/take_blocks.h"

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
    if (target->tally) {
        tally_log(target->tally, l->block_number, l->log_index);
        if (target->bloom && l->block_number == target->tally->watched)
            bloom_add(target->bloom, l);
    }
    for (size_t i = 0; i < j->n_list; i++)
        if (j->list[i]->log && j->list[i]->log(l, &j->rows[i], why) != DECODE_OK)
            return DECODE_BAD;
    return DECODE_OK;
}

/* --- logs --- */

static bool
proof_holds(struct flight *f, struct rpc_answer *answers)
{
    if (!f->with_proof)
        return true;
    if (answers[1].judgement.verdict == VERDICT_OK &&
        header_decode(answers[1].result, f->proof, &f->head, f->why) != DECODE_OK)
        answer_is_bad(&answers[1], f->why);
    if (answers[1].judgement.verdict == VERDICT_OK || answers[1].judgement.verdict == VERDICT_NOBLOCK)
        return true;
    f->blames_proof = true;
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

size_t
take_text(struct taking *t, struct flight *f, struct span body, uint64_t id)
{
    struct job *j = f->job;
    struct step *s = f->step;
    struct task view = values_view(&j->task, &s->values);
    struct log_target target = {.job = j, .tally = &f->tally, .bloom = f->with_proof ? f->bloom : NULL};
    size_t before = f->with_proof ? 1 : 0; /* bytes: the array's bracket */
    uint64_t n;

    if (before > 0 && (body.n == 0 || body.p[0] != '['))
        return 0;
    rows_mark(j, &t->mark);
    tally_init(&f->tally, s->at, f->proof);
    for (size_t i = 0; i < j->n_list; i++)
        if (j->list[i]->log)
            buf_room(&j->rows[i].data, body.n / 2); /* about what rows take; so that they do not grow bit by bit */
    size_t read = before + logs_scan((struct span){body.p + before, body.n - before}, id, &view, s->at.from, s->at.to,
                                     s->window ? s->window->headers : NULL,
                                     s->window ? (size_t)piece_width(s->window->at) : 0, log_rows, &target, &n);
    tally_end(&f->tally);
    f->taken = before > 0 ? read > before && read < body.n && body.p[read] == ',' : read > 0 && read == body.n;
    if (!f->taken)
        rows_undo(j, &t->mark);
    return f->taken ? read : 0;
}

/* Makes rows of the logs in a good answer; if they do not stand the tests it is no longer good. */
static void
read_logs(struct taking *t, struct flight *f, const struct task *view, struct rpc_answer *answers)
{
    struct job *j = f->job;
    struct step *s = f->step;
    struct log_target target = {.job = j, .tally = &f->tally, .bloom = f->with_proof ? f->bloom : NULL};
    uint64_t n;

    rows_mark(j, &t->mark);
    tally_init(&f->tally, s->at, f->proof);
    memset(f->bloom, 0, sizeof f->bloom);
    if (answers[0].judgement.verdict != VERDICT_OK || !proof_holds(f, answers))
        return;
    if (logs_decode(answers[0].result, view, s->at.from, s->at.to, s->window ? s->window->headers : NULL,
                    s->window ? (size_t)piece_width(s->window->at) : 0, log_rows, &target, &n, f->why) !=
        DECODE_OK) {
        rows_undo(j, &t->mark);
        answer_is_bad(&answers[0], f->why);
    }
    tally_end(&f->tally);
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
    else if (!proof_holds(f, answers))
        rows_undo(j, &t->mark);
    struct rpc_answer *a = &answers[f->blames_proof];
    if (a->judgement.verdict != VERDICT_OK) {
        read_between_lines(t, s, a);
        cope(t->coping, j, s, a, r->calls[f->blames_proof].method, r->n, t->now_ms);
        return;
    }
    note_size(t, piece_width(s->at), r->bytes);
    endpoint_logs_waited(t->coping->endpoint, r->wait_us);
    if (doubt_repeat(t, f, &answers[0])) {
        rows_undo(j, &t->mark);
        return;
    }
    endpoint_logs_ok(t->coping->endpoint, s->at.from, s->at.to, f->tally.n, r->bytes);
    if (doubt_answer(t, f, &view)) {
        rows_undo(j, &t->mark);
        return;
    }
    if (f->tally.n > 0)
        holdings_saw(t->holdings, f->tally.first, endpoint_head(t->coping->endpoint));
    (doubt_proved(f) ? trust_proved : trust_unproved)(&t->coping->trust, s->at.to);
    job_done(j, s);
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
        doubt_control(t, f, r, answers);
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
