/* take_units.c - what was asked one by one becomes rows: state of addresses, transactions, scattered blocks. */
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "fetcher/take_blocks.h"

/* Up to three replies about one thing. */
struct unit {
    size_t index; /* which hash or address */
    struct json parts[3];
};

static size_t
part_of(enum source need)
{
    return need == NEED_BLOCK || need == NEED_HEADER ? 0 : need == NEED_RECEIPTS ? 1 : 2;
}

static bool
hash_is(struct json tx, const uint8_t hash[32])
{
    struct json v;
    struct span text;
    uint8_t got[32];
    return json_get(tx, "hash", &v) && json_string(v, &text) && num_hex(text, got, 32) &&
           memcmp(got, hash, 32) == 0;
}

static enum decode
transaction_rows(struct flight *f, const struct unit *u)
{
    struct job *j = f->job;
    if (!hash_is(u->parts[0], j->task.hashes[u->index])) {
        snprintf(f->why, sizeof f->why, "another transaction than the one asked for");
        return DECODE_BAD;
    }
    return j->list[0]->transaction(u->parts[0], u->parts[1], &j->rows[0], f->why);
}

static enum decode
header_rows(struct flight *f, const struct unit *u)
{
    struct block_replies r = {.has_block = true, .block = u->parts[0]};
    num_word(f->job->task.hashes[u->index], &r.number);
    return f->job->list[0]->block(&r, &f->job->rows[0], f->why);
}

static enum decode
state_rows(struct flight *f, const struct unit *u)
{
    struct job *j = f->job;
    size_t d = f->step->dataset;
    struct touch touch;
    memcpy(&touch, j->touches[d].p + u->index * sizeof touch, sizeof touch);
    return j->list[d]->state(&touch, j->want.to, u->parts[0], u->parts[1], u->parts[2], &j->rows[d],
                             f->why);
}

static bool
unit_rows(struct flight *f, const struct unit *u)
{
    struct rows_mark mark;
    rows_mark(f->job, &mark);
    enum decode done = f->step->kind == STEP_STATE         ? state_rows(f, u)
                       : f->job->list[0]->transaction ? transaction_rows(f, u)
                                                      : header_rows(f, u);
    if (done != DECODE_OK)
        rows_undo(f->job, &mark);
    return done == DECODE_OK;
}

/* All replies are there: true, in u. Otherwise the good ones are kept, or asked for again. */
static bool
collect(struct taking *t, struct flight *f, const struct rpc_request *r, struct rpc_answer *answers,
        size_t first, size_t n, struct unit *u)
{
    struct assembly *a = f->step->assembly;
    struct rpc_answer *wrong = NULL;
    for (size_t i = first; i < first + n; i++) {
        if (answers[i].judgement.verdict != VERDICT_OK)
            wrong = wrong ? wrong : &answers[i];
        else if (a)
            assembly_keep(a, f->need[i], answers[i].result);
        else
            u->parts[part_of(f->need[i])] = answers[i].result;
    }
    if (wrong) {
        struct step *s = step_copy(f->step, (struct piece){u->index, u->index});
        if (a)
            s->needs &= ~a->have;
        cope(t->coping, f->job, s, wrong, r->calls[wrong - answers].method, r->n, t->now_ms);
        return false;
    }
    struct block_replies kept;
    if (!a)
        return true;
    if (a->have != a->origin.needs)
        return false;
    if (!assembly_replies(a, t->docs, &kept)) /* cannot be; nulls are no rows, and it is asked for again */
        return true;
    if (kept.has_block)
        u->parts[0] = kept.block;
    if (kept.has_receipts)
        u->parts[1] = kept.receipts;
    if (kept.has_traces)
        u->parts[2] = kept.traces;
    return true;
}

static void
finish(struct taking *t, struct flight *f, const struct rpc_request *r, struct rpc_answer *first,
       const struct unit *u)
{
    struct step *s = step_copy(f->step, (struct piece){u->index, u->index});
    bool good = unit_rows(f, u);
    if (f->step->assembly) {
        s->needs = f->step->assembly->origin.needs;
        s->assembly = NULL;
        job_assembled(f->job, f->step->assembly);
    }
    if (!good) {
        answer_is_bad(first, f->why);
        cope(t->coping, f->job, s, first, r->calls[0].method, r->n, t->now_ms);
    } else if (s->kind == STEP_STATE) {
        step_free(s);
    } else {
        job_done(f->job, s);
    }
}

void
take_units(struct taking *t, struct flight *f, const struct rpc_request *r, struct rpc_answer *answers)
{
    size_t n = r->n / (size_t)piece_width(f->step->at);
    for (uint64_t i = f->step->at.from; i <= f->step->at.to; i++) {
        size_t first = (size_t)(i - f->step->at.from) * n;
        struct unit u = {.index = (size_t)i, .parts = {t->null, t->null, t->null}};
        if (collect(t, f, r, answers, first, n, &u))
            finish(t, f, r, &answers[first], &u);
    }
    step_free(f->step);
}
