/* job.c - a task in work: its life; the plan is in job_plan.c. See job.h. */
#include "fetcher/job.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"

enum { PER_BLOCK = NEED_HEADER | NEED_BLOCK | NEED_RECEIPTS | NEED_TRACES };

/* Which requests the datasets need, each once. */
static void
choose_sources(struct job *j)
{
    unsigned needs = 0;
    for (size_t i = 0; i < j->n_list; i++)
        needs |= j->list[i]->needs;
    if (needs & NEED_BLOCK)
        needs &= ~(unsigned)NEED_HEADER;
    j->needs = needs & PER_BLOCK;
    j->from_receipts = (needs & NEED_LOGS) && (needs & NEED_RECEIPTS);
    j->by_range = (needs & NEED_LOGS) && !j->from_receipts;
    j->with_state = needs & NEED_STATE;
    if (j->from_receipts && !(j->needs & NEED_BLOCK))
        j->needs |= NEED_HEADER; /* a receipt has no timestamp */
}

static bool
hashes_possible(struct job *j, char *err, size_t size)
{
    char why[256];
    uint64_t number;
    if (!tables_check(j->task.dataset, false, true, why, sizeof why)) {
        snprintf(err, size, "%s", why);
        return false;
    }
    for (size_t i = 0; !j->list[0]->transaction && i < j->task.n_hashes; i++)
        if (!num_word(j->task.hashes[i], &number)) {
            snprintf(err, size, "hash %zu of the task is no block number, as %s want it", i, j->list[0]->name);
            return false;
        }
    return true;
}

struct job *
job_new(struct task *task, char *err, size_t size)
{
    struct job *j = xcalloc(1, sizeof *j);
    j->n_list = dataset_list(task->dataset, j->list, err, size);
    if (j->n_list == 0) {
        free(j);
        return NULL;
    }
    j->task = *task;
    if (task->by_hash && !hashes_possible(j, err, size)) {
        free(j);
        return NULL;
    }
    *task = (struct task){0};
    if (j->task.by_hash) {
        j->want = (struct piece){0, j->task.n_hashes - 1};
        return j;
    }
    choose_sources(j);
    if (j->by_range)
        dataset_narrow(j->list, j->n_list, &j->task);
    j->want = (struct piece){j->task.from, j->task.to};
    j->planned = j->want.from;
    return j;
}

static void
window_free(struct window *w)
{
    free(w->headers);
    free(w);
}

void
job_free(struct job *j)
{
    if (!j)
        return;
    steps_free(&j->ready);
    for (struct window *w = j->windows, *next; w; w = next) {
        next = w->next;
        window_free(w);
    }
    for (struct group *g = j->groups, *next; g; g = next) {
        next = g->next;
        free(g);
    }
    for (struct assembly *a = j->assemblies, *next; a; a = next) {
        next = a->next;
        assembly_free(a);
    }
    for (size_t i = 0; i < j->n_list; i++) {
        buf_free(&j->rows[i].data);
        buf_free(&j->touches[i]);
    }
    pieces_free(&j->done);
    task_free(&j->task);
    free(j);
}

void
job_put(struct job *j, struct step *s)
{
    if (j->stopped)
        step_free(s);
    else
        steps_put(&j->ready, s);
}

bool
job_split_values(struct job *j, struct step *s, size_t max)
{
    struct values rest;
    if (s->kind != STEP_LOGS || !values_split(&s->values, max, &rest))
        return false;
    if (!s->group) {
        s->group = xcalloc(1, sizeof *s->group);
        s->group->at = s->at;
        s->group->left = 1;
        s->group->next = j->groups;
        j->groups = s->group;
    }
    s->group->left++;
    s->opinion = (struct opinion){0}; /* it was asked with all values */
    struct step *other = step_copy(s, s->at);
    other->values = rest;
    other->not_before_ms = 0;
    job_put(j, other);
    return true;
}

/* True when the step's group (if any) has no other step left; *at is then what is done. */
static bool
group_done(struct job *j, struct step *s, struct piece *at)
{
    struct group *g = s->group;
    *at = s->at;
    if (!g)
        return true;
    if (--g->left > 0)
        return false;
    *at = g->at;
    for (struct group **p = &j->groups; *p; p = &(*p)->next)
        if (*p == g) {
            *p = g->next;
            break;
        }
    free(g);
    return true;
}

static void
drop_windows(struct job *j)
{
    for (struct window **p = &j->windows; *p;) {
        struct window *w = *p;
        if (w->got < piece_width(w->at) || !pieces_hold(&j->done, w->at)) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        window_free(w);
    }
}

void
job_done(struct job *j, struct step *s)
{
    struct piece at;
    if (group_done(j, s, &at)) {
        pieces_add(&j->done, at);
        drop_windows(j);
    }
    step_free(s);
}

void
job_header(struct job *j, const struct header *h)
{
    for (struct window *w = j->windows; w; w = w->next) {
        if (h->number < w->at.from || h->number > w->at.to)
            continue;
        w->headers[h->number - w->at.from] = *h;
        if (++w->got < piece_width(w->at))
            return;
        struct step *s = step_new(STEP_LOGS, w->at);
        s->values = values_all(&j->task);
        s->window = w;
        job_put(j, s);
        return;
    }
}

struct assembly *
job_assembly(struct job *j, const struct step *origin, uint64_t block)
{
    struct assembly *a = assembly_new(origin, block);
    a->next = j->assemblies;
    j->assemblies = a;
    return a;
}

void
job_assembled(struct job *j, struct assembly *a)
{
    for (struct assembly **p = &j->assemblies; *p; p = &(*p)->next)
        if (*p == a) {
            *p = a->next;
            break;
        }
    assembly_free(a);
}

void
job_stop(struct job *j, enum control_verb verb, enum control_reason reason, int64_t wait_ms,
         const char *format, ...)
{
    va_list args;
    j->stopped = true;
    steps_free(&j->ready);
    if (j->cut.set && j->cut.verb != CONTROL_DECLINED)
        return;
    j->cut = (struct job_cut){.set = true, .verb = verb, .reason = reason, .wait_ms = wait_ms};
    va_start(args, format);
    vsnprintf(j->cut.error, sizeof j->cut.error, format, args);
    va_end(args);
}

void
job_drop(struct job *j, struct step *s)
{
    struct piece at;
    if (!j->stopped && s->group && group_done(j, s, &at))
        pieces_add(&j->done, at);
    step_free(s);
}

/* Of a group only the blocks that are still worked count: those outside may be asked for with some of its values. */
static void
drop_outside(struct job *j)
{
    struct step *keep = NULL;
    for (struct group *g = j->groups; g; g = g->next)
        g->at = piece_within(g->at, j->want);
    while (j->ready) {
        struct step *s = j->ready;
        j->ready = s->next;
        bool by_block = s->kind == STEP_LOGS || s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
        if (by_block)
            s->at = piece_within(s->at, j->want);
        if (s->at.from > s->at.to)
            job_drop(j, s);
        else
            steps_put(&keep, s);
    }
    j->ready = keep;
}

void
job_missing(struct job *j, struct step *s)
{
    char first[65] = "";
    uint64_t number;
    if (pieces_hold(&j->done, s->at)) { /* another part of it is missing, too */
        step_free(s);
        return;
    }
    if (j->missing++ == 0)
        j->first_missing = (size_t)s->at.from;
    if (s->needs & NEED_HEADER && num_word(j->task.hashes[j->first_missing], &number))
        snprintf(first, sizeof first, "%" PRIu64, number);
    else
        num_to_hex(j->task.hashes[j->first_missing], 32, first);
    j->cut = (struct job_cut){.set = true, .verb = CONTROL_REFUSED};
    snprintf(j->cut.error, sizeof j->cut.error, "%zu of %zu %s not known, first %s%s", j->missing, j->task.n_hashes,
             j->list[0]->name, s->needs & NEED_HEADER ? "" : "0x", first);
    job_done(j, s);
}

/* Are blocks after (before) this one already under way in a window? */
static bool
in_window(const struct job *j, uint64_t first, uint64_t last)
{
    for (const struct window *w = j->windows; w; w = w->next)
        if (w->at.from <= last && w->at.to >= first)
            return true;
    return false;
}

void
job_cut_after(struct job *j, uint64_t last, enum control_reason reason, int64_t wait_ms)
{
    if ((j->cut.set && j->cut.verb != CONTROL_DECLINED) || last < j->want.from ||
        in_window(j, last + 1, UINT64_MAX)) {
        job_stop(j, CONTROL_DECLINED, reason, wait_ms, "block %llu is not there yet",
                 (unsigned long long)last + 1);
        return;
    }
    j->cut = (struct job_cut){
        .set = true, .verb = CONTROL_DECLINED, .reason = reason, .wait_ms = wait_ms};
    j->want.to = last;
    drop_outside(j);
}

void
job_cut_before(struct job *j, uint64_t first, const char *error)
{
    if (j->cut.set || first > j->want.to || first <= j->want.from ||
        in_window(j, 0, first - 1)) {
        job_stop(j, CONTROL_REFUSED, REASON_NONE, 0, "%s", error);
        return;
    }
    j->cut = (struct job_cut){.set = true, .verb = CONTROL_REFUSED};
    snprintf(j->cut.error, sizeof j->cut.error, "%s", error);
    j->want.from = first;
    if (j->planned < first)
        j->planned = first;
    drop_outside(j);
}

static size_t
count_touches(const struct job *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n_list; i++)
        n += j->touches[i].n / sizeof(struct touch);
    return n;
}

void
job_bound_touches(struct job *j, bool can_give_back)
{
    if (count_touches(j) <= 2 * (j->touches_kept > JOB_TOUCHES_MAX ? j->touches_kept : JOB_TOUCHES_MAX))
        return;
    for (size_t i = 0; i < j->n_list; i++)
        touches_unique(&j->touches[i]);
    j->touches_kept = count_touches(j);
    if (j->cut.set && j->cut.verb != CONTROL_DECLINED)
        can_give_back = false; /* the first blocks go back already: what is left would share no end with the task */
    if (can_give_back && j->touches_kept > JOB_TOUCHES_MAX && !j->stopped && j->planned <= j->want.to)
        job_cut_after(j, j->planned - 1, REASON_SLOT, 0);
}

static bool
all_planned(const struct job *j)
{
    for (const struct window *w = j->windows; w; w = w->next)
        if (w->planned <= w->at.to)
            return false;
    if (j->planned <= j->want.to)
        return false;
    return !j->with_state || j->state_dataset == j->n_list;
}

bool
job_over(const struct job *j)
{
    if (j->flying > 0)
        return false;
    return j->stopped || (!j->ready && all_planned(j));
}

bool
job_result(const struct job *j, struct piece *part, struct piece *rest)
{
    struct piece whole = {j->task.from, j->task.to};
    if (j->task.by_hash)
        whole = (struct piece){0, j->task.n_hashes - 1};
    bool all_or_nothing = j->task.by_hash || (j->with_state && j->stopped);
    if (all_or_nothing && (j->stopped || j->missing > 0 || !pieces_hold(&j->done, whole))) {
        *part = (struct piece){1, 0};
        *rest = whole;
        return false;
    }
    return pieces_finished(&j->done, whole, part, rest);
}

const char *
job_blamed(const struct job *j, const char *method, char *out, size_t size)
{
    unsigned need = strcmp(method, "eth_getLogs") == 0 ? NEED_LOGS : strstr(method, "trace") ? NEED_TRACES : 0;

    out[0] = '\0';
    for (size_t i = 0; j->n_list > 1 && i < j->n_list && !out[0]; i++)
        if (j->list[i]->needs & need)
            snprintf(out, size, "%s: ", j->list[i]->name);
    return out;
}
