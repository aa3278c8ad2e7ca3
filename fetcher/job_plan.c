/* job_plan.c - which step of a job comes next, and how large it may be; see job.h. */
#include <stdlib.h>

#include "fetcher/job.h"

static size_t
bits(unsigned n)
{
    size_t count = 0;
    for (; n; n &= n - 1)
        count++;
    return count;
}

/* Calls that one unit (block, receipt, hash, address) of a step takes. */
static size_t
unit_calls(const struct step *s)
{
    switch (s->kind) {
    case STEP_BLOCKS:
    case STEP_DENSE:
    case STEP_HASHES:
    case STEP_STATE:
        return bits(s->needs);
    default:
        return 1;
    }
}

static unsigned
lowest(unsigned needs, size_t count)
{
    unsigned out = 0;
    for (; count > 0 && needs; count--, needs &= needs - 1)
        out |= needs & -needs;
    return out;
}

/* What needs more calls than a request may have is asked for in several. */
static struct step *
fit_unit(struct job *j, struct step *s, size_t batch)
{
    if (!s->assembly)
        s->assembly = job_assembly(j, s, s->at.from);
    struct step *rest = step_copy(s, s->at);
    s->needs = lowest(s->needs, batch);
    rest->needs &= ~s->needs;
    rest->not_before_ms = 0;
    job_put(j, rest);
    return s;
}

/* How many units of the step one request may ask for. */
static uint64_t
most_units(const struct step *s, const struct job_limits *limits, size_t batch, size_t calls)
{
    uint64_t most = calls > 0 && batch > calls ? batch / calls : 1;
    bool whole = s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
    return whole && limits->whole > 0 && limits->whole < most ? limits->whole : most;
}

static uint64_t
logs_width(struct endpoint *e, uint64_t from, const struct job_limits *limits, int64_t now_ms)
{
    uint64_t width = endpoint_logs_width(e, from, now_ms);
    return width < limits->blocks ? width : limits->blocks;
}

/* Makes the step small enough for one request; what is too much goes back to the list. */
static struct step *
fit(struct job *j, struct step *s, struct endpoint *e, const struct job_limits *limits, int64_t now_ms)
{
    size_t batch = endpoint_batch(e), calls = unit_calls(s);

    if (batch == 0)
        batch = 1;
    if (s->kind == STEP_CONTROL)
        return s;
    struct step *rest = step_cut(s, s->kind == STEP_LOGS ? logs_width(e, s->at.from, limits, now_ms)
                                                         : most_units(s, limits, batch, calls));
    if (rest)
        job_put(j, rest);
    while (s->kind == STEP_LOGS && limits->values && values_longest(&s->values) > limits->values)
        job_split_values(j, s, limits->values);
    return calls > batch ? fit_unit(j, s, batch) : s;
}

static struct step *
blocks_step(const struct job *j, struct piece at)
{
    struct step *s = step_new(STEP_BLOCKS, at);
    s->needs = j->needs;
    return s;
}

/* Takes up to width blocks off *next. */
static struct piece
advance(uint64_t *next, uint64_t last, uint64_t width)
{
    struct piece rest, at = piece_cut((struct piece){*next, last}, width ? width : 1, &rest);
    *next = at.to + 1;
    return at;
}

static uint64_t
last_plannable(const struct job *j, const struct endpoint *e)
{
    uint64_t head = endpoint_head(e);
    return head < j->want.to ? head : j->want.to;
}

static struct window *
open_window(struct job *j, uint64_t last)
{
    size_t n = 0;
    struct window **tail = &j->windows;
    for (; *tail; tail = &(*tail)->next, n++)
        if ((*tail)->planned <= (*tail)->at.to)
            return *tail;
    if (n >= JOB_WINDOWS || j->planned > last)
        return NULL;
    struct window *w = xcalloc(1, sizeof *w);
    w->at = advance(&j->planned, last, JOB_WINDOW);
    w->planned = w->at.from;
    w->headers = xcalloc(piece_width(w->at), sizeof *w->headers);
    *tail = w;
    return w;
}

static uint64_t
blocks_wide(const struct job *j, const struct endpoint *e)
{
    size_t batch = endpoint_batch(e), calls = bits(j->needs);
    return batch > calls ? batch / calls : 1;
}

static struct step *
next_blocks(struct job *j, struct endpoint *e, const struct job_limits *limits, int64_t now_ms)
{
    uint64_t last = last_plannable(j, e);
    if (j->by_range && j->needs) {
        struct window *w = open_window(j, last);
        return w ? blocks_step(j, advance(&w->planned, w->at.to, blocks_wide(j, e))) : NULL;
    }
    if (j->planned > last)
        return NULL;
    if (!j->by_range)
        return blocks_step(j, advance(&j->planned, last, blocks_wide(j, e)));
    uint64_t width = logs_width(e, j->planned, limits, now_ms);
    struct step *s = step_new(STEP_LOGS, advance(&j->planned, last, width));
    s->values = values_all(&j->task);
    return s;
}

/* State is asked for once all blocks are done: only then all addresses are known. */
static struct step *
next_state(struct job *j, const struct endpoint *e)
{
    if (!j->with_state || !pieces_hold(&j->done, j->want))
        return NULL;
    for (; j->state_dataset < j->n_list; j->state_dataset++, j->state_planned = 0) {
        const struct dataset *d = j->list[j->state_dataset];
        struct buf *touches = &j->touches[j->state_dataset];
        if (!(d->needs & NEED_STATE) || !d->state)
            continue;
        if (j->state_planned == 0)
            touches_unique(touches);
        size_t n = touches->n / sizeof(struct touch), per = bits(d->state_needs);
        if (n == 0 || j->state_planned == n)
            continue;
        size_t wide = endpoint_batch(e) > per ? endpoint_batch(e) / per : 1;
        uint64_t next = j->state_planned;
        struct step *s = step_new(STEP_STATE, advance(&next, n - 1, wide));
        j->state_planned = (size_t)next;
        s->dataset = j->state_dataset;
        s->needs = d->state_needs * (unsigned)NEED_BLOCK; /* in the order of enum state_part */
        return s;
    }
    return NULL;
}

/* What a hash leads to: the transaction and its receipt, or a block's header. */
static unsigned
hash_needs(const struct job *j)
{
    return j->list[0]->transaction ? NEED_BLOCK | NEED_RECEIPTS : NEED_HEADER;
}

static size_t
hashes_wide(const struct job *j, const struct endpoint *e)
{
    size_t calls = bits(hash_needs(j));
    return endpoint_batch(e) > calls ? endpoint_batch(e) / calls : 1;
}

static struct step *
next_hashes(struct job *j, const struct endpoint *e)
{
    if (j->planned > j->want.to)
        return NULL;
    struct step *s = step_new(STEP_HASHES, advance(&j->planned, j->want.to, hashes_wide(j, e)));
    s->needs = hash_needs(j);
    return s;
}

struct step *
job_step(struct job *j, struct endpoint *e, const struct job_limits *limits, int64_t now_ms)
{
    if (j->stopped)
        return NULL;
    struct step *s = steps_take(&j->ready, now_ms);
    if (!s && j->task.by_hash)
        s = next_hashes(j, e);
    else if (!s)
        s = next_blocks(j, e, limits, now_ms);
    if (!s)
        s = next_state(j, e);
    if (!s)
        return NULL;
    size_t calls = unit_calls(s);
    steps_join(&j->ready, s, calls > 0 ? endpoint_batch(e) / calls : 0, now_ms);
    j->flying++;
    return fit(j, s, e, limits, now_ms);
}

uint64_t
job_load(const struct job *j, struct endpoint *e, int64_t now_ms)
{
    if (j->stopped)
        return 0;
    uint64_t n = steps_count(j->ready, now_ms), wide = 1, last = last_plannable(j, e);
    if (j->task.by_hash) {
        wide = hashes_wide(j, e);
        last = j->want.to;
    } else {
        wide = j->needs ? blocks_wide(j, e) : endpoint_logs_width(e, j->planned, now_ms);
    }
    for (const struct window *w = j->windows; w; w = w->next)
        if (w->planned <= w->at.to)
            n += (w->at.to - w->planned) / wide + 1;
    if (j->planned <= last)
        n += (last - j->planned) / (wide ? wide : 1) + 1;
    return n;
}

bool
job_beyond(const struct job *j, uint64_t head)
{
    return !j->task.by_hash && !j->stopped && j->planned <= j->want.to && j->planned > head;
}
