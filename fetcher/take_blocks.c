/* take_blocks.c - what was asked block by block becomes rows; see take.h. */
#include "fetcher/take_blocks.h"

#include <stdio.h>
#include <string.h>

#include "fetcher/hexfield.h"

enum { ODD_MAX = 3 }; /* blocks whose receipts came odd: from then on none are asked for at once */

/* --- one block, all replies there --- */

static bool
is_receipt_of(struct json receipt, struct json tx)
{
    struct json v;
    uint8_t wanted[32], got[32];
    bool known = hex_transaction(tx, wanted) && member(receipt, "transactionHash", &v) && hex_bytes(v, got, 32);
    return !known || memcmp(wanted, got, 32) == 0;
}

/* One for each transaction of the block, in its order. */
static enum decode
receipts_complete(const struct block_replies *b, char *why)
{
    struct json list, tx, receipt;
    if (!b->has_block || !b->has_receipts || !json_get(b->block, "transactions", &list))
        return DECODE_OK;
    if (json_count(list) != json_count(b->receipts)) {
        snprintf(why, WHY_MAX, "block %llu has %zu transactions, but %zu receipts were sent",
                 (unsigned long long)b->number, json_count(list), json_count(b->receipts));
        return DECODE_BAD;
    }
    struct json_items txs = json_items(list), receipts = json_items(b->receipts);
    while (json_next(&txs, &tx) && json_next(&receipts, &receipt))
        if (!is_receipt_of(receipt, tx)) {
            snprintf(why, WHY_MAX, "block %llu: receipt of another transaction", (unsigned long long)b->number);
            return DECODE_BAD;
        }
    return DECODE_OK;
}

static enum decode
receipt_logs(struct job *j, const struct step *s, const struct block_replies *b,
             const struct header *h, char *why)
{
    struct task view = j->task;
    struct log_target target = {.job = j};
    uint64_t n;
    if (s->kind == STEP_DENSE)
        view = values_view(&j->task, &s->values);
    if (h) {
        target.has_timestamp = true;
        target.timestamp = h->timestamp;
    }
    if (s->kind == STEP_DENSE && json_count(b->receipts) == 0) {
        snprintf(why, WHY_MAX, "no receipt of block %llu, which has too many logs to be sent",
                 (unsigned long long)b->number);
        return DECODE_BAD;
    }
    if (h && h->has_bloom && !bloom_is_empty(h->bloom) && json_count(b->receipts) == 0) {
        snprintf(why, WHY_MAX, "no receipt of block %llu, whose bloom is not empty",
                 (unsigned long long)b->number);
        return DECODE_BAD;
    }
    return receipts_logs_decode(b->receipts, &view, b->number, log_rows, &target, &n, why);
}

static enum decode
dataset_rows(struct job *j, const struct block_replies *b, char *why)
{
    for (size_t i = 0; i < j->n_list; i++) {
        const struct dataset *d = j->list[i];
        if (d->block && d->block(b, &j->rows[i], why) != DECODE_OK)
            return DECODE_BAD;
        if (d->touched && d->touched(b, &j->touches[i], why) != DECODE_OK)
            return DECODE_BAD;
    }
    return DECODE_OK;
}

static enum decode
block_rows(struct job *j, const struct step *s, const struct block_replies *b,
           struct header *h, char *why)
{
    if (b->has_block && header_decode(b->block, b->number, h, why) != DECODE_OK)
        return DECODE_BAD;
    if (receipts_complete(b, why) != DECODE_OK)
        return DECODE_BAD;
    if (s->kind == STEP_DENSE)
        return receipt_logs(j, s, b, s->window ? &s->window->headers[b->number - s->window->at.from] : NULL, why);
    if (j->from_receipts && receipt_logs(j, s, b, b->has_block ? h : NULL, why) != DECODE_OK)
        return DECODE_BAD;
    return dataset_rows(j, b, why);
}

/* Rows of one block; false: nothing was kept, why tells. */
static bool
block_done(struct job *j, const struct step *origin, const struct block_replies *b, char *why)
{
    struct rows_mark mark;
    struct header h = {0};
    rows_mark(j, &mark);
    if (block_rows(j, origin, b, &h, why) != DECODE_OK) {
        rows_undo(j, &mark);
        return false;
    }
    if (origin->kind == STEP_BLOCKS && j->by_range)
        job_header(j, &h);
    else
        job_done(j, step_copy(origin, (struct piece){b->number, b->number}));
    return true;
}

/* --- the answers to one block's calls --- */

struct block_answers {
    struct rpc_answer *a; /* the first */
    const enum source *need;
    size_t n;
    uint64_t number;
};

static struct rpc_answer *
first_wrong(const struct block_answers *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->a[i].judgement.verdict != VERDICT_OK)
            return &b->a[i];
    return NULL;
}

static struct block_replies
live_replies(const struct block_answers *b, bool call_tracer)
{
    struct block_replies out = {.number = b->number, .call_tracer = call_tracer};
    for (size_t i = 0; i < b->n; i++) {
        struct json v = b->a[i].result;
        if (b->need[i] == NEED_RECEIPTS) {
            out.has_receipts = true;
            out.receipts = v;
        } else if (b->need[i] == NEED_TRACES) {
            out.has_traces = true;
            out.traces = v;
        } else {
            out.has_block = true;
            out.block = v;
            out.full = b->need[i] == NEED_BLOCK;
        }
    }
    return out;
}

/* The block is whole: rows, or everything of it again. Frees the assembly. */
static void
assembled(struct taking *t, struct flight *f, struct assembly *a, const struct rpc_request *r,
          struct rpc_answer *answer)
{
    struct block_replies replies;
    struct step *origin = step_copy(&a->origin, a->origin.at);
    bool ok = assembly_replies(a, t->docs, &replies) &&
              block_done(f->job, origin, &replies, f->why);
    origin->assembly = NULL;
    job_assembled(f->job, a);
    if (ok) {
        if (origin->one_by_one == RECEIPTS_ODD && ++t->coping->odd >= ODD_MAX)
            t->coping->lacks.receipts = true;
        job_bound_touches(f->job, !t->coping->alone);
        step_free(origin);
        return;
    }
    answer_is_bad(answer, f->why);
    cope(t->coping, f->job, origin, answer, r->calls[0].method, r->n, t->now_ms);
}

/* Asks for the receipts one by one, now that the block tells their hashes. */
static bool
open_receipts(struct flight *f, struct assembly *a, struct json block)
{
    if (!f->one_by_one || (a->have & NEED_RECEIPTS) || a->hashes)
        return true;
    if (!assembly_open(a, block, f->why))
        return false;
    if (a->n_hashes == 0)
        return true;
    struct step *s = step_copy(&a->origin, (struct piece){0, a->n_hashes - 1});
    s->kind = STEP_RECEIPTS;
    s->one_by_one = f->step->one_by_one;
    s->assembly = a;
    s->group = NULL;
    job_put(f->job, s);
    return true;
}

/* Keeps the good replies of a block that was answered in part, and asks for the others. */
static void
take_part(struct taking *t, struct flight *f, const struct block_answers *b,
          const struct rpc_request *r, size_t first)
{
    struct job *j = f->job;
    struct assembly *a = f->step->assembly;
    struct rpc_answer *wrong = first_wrong(b);
    bool opened = true;
    if (!a)
        a = job_assembly(j, f->step, b->number);
    for (size_t i = 0; i < b->n; i++) {
        if (b->a[i].judgement.verdict != VERDICT_OK)
            continue;
        if (b->need[i] != NEED_HEADER || !(a->have & NEED_BLOCK))
            assembly_keep(a, b->need[i], b->a[i].result);
        if (b->need[i] == NEED_TRACES)
            a->call_tracer = f->call_tracer;
        if (b->need[i] == NEED_BLOCK || b->need[i] == NEED_HEADER)
            opened = open_receipts(f, a, b->a[i].result);
    }
    if (!opened) { /* a block without transactions' hashes: nothing can be done about it here */
        answer_is_bad(&b->a[0], f->why);
        job_stop(j, CONTROL_FAILED, REASON_NONE, 0, "%s", f->why);
        return;
    }
    unsigned missing = f->step->needs & ~a->have;
    if (a->hashes)
        missing &= ~(unsigned)NEED_RECEIPTS;
    if (missing) {
        struct step *s = step_copy(f->step, (struct piece){b->number, b->number});
        s->needs = missing;
        s->assembly = a;
        if (wrong)
            cope(t->coping, j, s, wrong, r->calls[first + (size_t)(wrong - b->a)].method, r->n,
                 t->now_ms);
        else
            job_put(j, s);
    }
    unsigned all = a->origin.needs;
    if (!j->stopped && (a->have & all) == all)
        assembled(t, f, a, r, &b->a[0]);
}

static void
take_block(struct taking *t, struct flight *f, const struct block_answers *b,
           const struct rpc_request *r, size_t first)
{
    struct job *j = f->job;
    struct rpc_answer *wrong = first_wrong(b);
    bool some = false;
    for (size_t i = 0; i < b->n; i++)
        some = some || b->a[i].judgement.verdict == VERDICT_OK;
    if (f->step->assembly || (f->one_by_one && !wrong) || (wrong && some)) {
        take_part(t, f, b, r, first);
        return;
    }
    struct step *s = step_copy(f->step, (struct piece){b->number, b->number});
    if (!wrong) {
        struct block_replies replies = live_replies(b, f->call_tracer);
        if (block_done(j, s, &replies, f->why)) {
            job_bound_touches(j, !t->coping->alone);
            step_free(s);
            return;
        }
        if (replies.has_receipts && json_count(replies.receipts) == 0) /* perhaps nothing so old is held */
            holdings_doubt(t->holdings, b->number, endpoint_head(t->coping->endpoint));
        answer_is_bad(wrong = &b->a[0], f->why);
    }
    cope(t->coping, j, s, wrong, r->calls[first + (size_t)(wrong - b->a)].method, r->n, t->now_ms);
}

static void
note_size(struct taking *t, uint64_t blocks, size_t bytes)
{
    double now = (double)bytes / (double)blocks, faded = 0.9 * t->whole_bytes;
    t->whole_bytes = now > faded ? now : faded;
}

void
take_blocks(struct taking *t, struct flight *f, const struct rpc_request *r,
            struct rpc_answer *answers)
{
    note_size(t, piece_width(f->step->at), r->bytes);
    for (size_t i = 0, end; i < r->n; i = end) {
        for (end = i + 1; end < r->n && r->calls[end].from == r->calls[i].from; end++)
            ;
        struct block_answers b = {.a = answers + i, .need = f->need + i, .n = end - i,
                                  .number = r->calls[i].from};
        take_block(t, f, &b, r, i);
    }
    step_free(f->step);
}

void
take_receipts(struct taking *t, struct flight *f, const struct rpc_request *r,
              struct rpc_answer *answers)
{
    struct assembly *a = f->step->assembly;
    bool last = false;
    for (size_t i = 0; i < r->n; i++) {
        size_t at = (size_t)f->step->at.from + i;
        if (answers[i].judgement.verdict == VERDICT_OK && f->step->one_by_one == RECEIPTS_NULL &&
            a->origin.at.to + ASK_NEAR_HEAD < endpoint_head(t->coping->endpoint))
            t->coping->lacks.receipts = true; /* they are there: null was the method's answer */
        if (answers[i].judgement.verdict == VERDICT_OK)
            last = assembly_receipt(a, at, answers[i].result) || last;
        else
            cope(t->coping, f->job, step_copy(f->step, (struct piece){at, at}), &answers[i],
                 r->calls[i].method, r->n, t->now_ms);
    }
    step_free(f->step);
    if (!f->job->stopped && last && (a->have & a->origin.needs) == a->origin.needs)
        assembled(t, f, a, r, &answers[0]);
}
