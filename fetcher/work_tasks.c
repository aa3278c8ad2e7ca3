/* work_tasks.c - tasks come in and go out; see work.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/control.h"
#include "common/talk.h"
#include "fetcher/work_inside.h"

/* --- tasks in --- */

/* A line about a task as a whole, or about a part of it. */
static struct control
line_about(struct work *w, const struct task *t, enum control_verb verb, int64_t now_ms)
{
    return (struct control){.verb = verb,
                            .run = span_of(t->run),
                            .fetcher = span_of(w->p.fetcher_name),
                            .task = t->id,
                            .free = work_offer(w, now_ms)};
}

static void
tell(struct work *w, const struct control *c)
{
    w->told_free = c->free;
    news_tell(w->p.news, c);
}

static void
give_up(struct work *w, const struct task *t, struct piece rest, const char *error)
{
    w->given_up++;
    if (t->by_hash) {
        warn("endpoint \"%s\": task %llu (%zu %s) given up: %s", w->p.endpoint_name,
             (unsigned long long)t->id, t->n_hashes, t->dataset, error);
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
        tell(w, &c);
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
    } else if (!w->p.coping->alone && w->leaving) {
        turn_away(w, t, CONTROL_DECLINED, REASON_STOPPING, 0, "the fetcher is leaving");
    } else if (!w->p.coping->alone && work_credit(w, w->now_ms) == 0) {
        turn_away(w, t, CONTROL_DECLINED, REASON_SLOT, 0, "no room");
    } else {
        return false;
    }
    return true;
}

/* A method that the endpoint said it does not have is not found out about again by each task: state is asked for last. */
static void
refuse_lacking(struct work *w, struct job *j)
{
    const struct step logs = {.kind = STEP_LOGS}, blocks = {.kind = STEP_BLOCKS, .needs = j->needs};
    const char *lacking = j->by_range ? work_lacks(w, &logs) : NULL;
    if (!lacking && j->needs)
        lacking = work_lacks(w, &blocks);
    for (size_t i = 0; !lacking && j->with_state && i < j->n_list; i++) {
        struct step state = {.kind = STEP_STATE, .needs = j->list[i]->state_needs * (unsigned)NEED_BLOCK};
        lacking = state.needs ? work_lacks(w, &state) : NULL;
    }
    char name[64];
    if (lacking)
        job_stop(j, CONTROL_REFUSED, REASON_NONE, 0, "%s%s is not served here",
                 job_blamed(j, lacking, name, sizeof name), lacking);
}

/* Of one run all tasks have the same. */
static void
note_job(struct work *w, const struct task *t)
{
    if (w->dataset && strcmp(w->dataset, t->dataset) == 0 && strcmp(w->filter, t->filter) == 0)
        return;
    free(w->dataset);
    free(w->filter);
    w->dataset = xstrdup(t->dataset);
    w->filter = xstrdup(t->filter);
}

static void
add_job(struct work *w, struct job *j)
{
    struct job **tail = &w->jobs;
    while (*tail)
        tail = &(*tail)->next;
    *tail = j;
    j->since_ms = w->now_ms;
    w->n_jobs++;
    snprintf(w->run, sizeof w->run, "%s", j->task.run);
    if (j->by_range)
        note_job(w, &j->task);
    work_cut_unheld(w, j);
    refuse_lacking(w, j);
    output_header(w->p.output, j->list[0]->table);
    uint64_t requests = job_load(j, w->p.endpoint, w->now_ms);
    w->task_requests = requests > 0 ? requests : 1;
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
    if (w->p.csv && strchr(t.dataset, ',')) {
        snprintf(err, size, "--format csv takes one dataset, not \"%.100s\"", t.dataset);
        task_free(&t);
        return false;
    }
    if (!(j = job_new(&t, error, sizeof error))) {
        turn_away(w, &t, CONTROL_REFUSED, REASON_NONE, 0, error);
        return true;
    }
    add_job(w, j);
    struct control c = line_about(w, &j->task, CONTROL_TOOK, now_ms);
    tell(w, &c);
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

void
work_hand_out_rows(struct work *w, struct job *j, bool all)
{
    struct wire wire = wire_of(w, j);
    for (size_t i = 0; i < j->n_list; i++)
        output_rows(w->p.output, &wire, &j->seq, j->list[i]->table, &j->rows[i], all, j->n_list > 1);
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

void
work_doubt(struct work *w, struct job *j)
{
    struct buf note = {0};
    struct wire doubted = {
        .kind = WIRE_DOUBTED, .run = span_of(w->run), .fetcher = span_of(w->p.fetcher_name),
        .endpoint = span_of(w->p.endpoint_name), .task = j ? j->task.id : UINT64_MAX, .chain = w->p.survey->chain,
        .dataset = span_of(w->dataset), .filter = span_of(w->filter), .from = w->doubt_from,
    };
    if (j) {
        struct control c = line_about(w, &j->task, CONTROL_FETCHED, w->now_ms);
        control_format(&note, &c);
        j->told = true;
    }
    output_end(w->p.output, &doubted, (struct span){note.p, note.n});
    buf_free(&note);
    if (!w->p.coping->alone)
        return;
    w->given_up++;
    warn("endpoint \"%s\": what it answered before that may lack logs", w->p.endpoint_name);
}

static void
conclude(struct work *w, struct job *j)
{
    bool alone = w->p.coping->alone;
    struct piece part, rest;
    struct buf note = {0};
    if (j->told)
        return;
    if (j->doubted && !alone) /* nor what came since: an end would count the rows of all with it */
        pieces_free(&j->done);
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
    if (some || j->missing > 0) /* the transactions that are known stay, with no end to say that all are */
        work_hand_out_rows(w, j, true);
    if (some) {
        if (!alone)
            control_format(&note, &c);
        hand_out_end(w, j, part, (struct span){note.p, note.n});
        buf_free(&note);
    } else if (!alone) {
        tell(w, &c);
    }
    if (back && alone && j->cut.reason != REASON_STOPPING)
        give_up(w, &j->task, rest, j->cut.error);
    if (j->doubted && alone && --w->doubted == 0) /* all their ends have left */
        work_doubt(w, NULL);
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

void
work_sweep(struct work *w)
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
    work_recheck(w);
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

