/* work.h - all tasks that this fetcher holds: taken, asked for step by step, ended or given back.
 *
 * Tasks are worked in order of arrival. The credit announced is the room for requests plus a
 * prefetch, less the requests that the tasks held still need, counted in tasks as large as the last.
 * The prefetch is what the endpoint answers in a few times the time that a new task takes to come, so it holds
 * little but what it works on, and asks for a few at a time.
 *
 * Every task taken ends in exactly one way: an end for the results link (fetched), or a line to the
 * producer (declined, failed, refused), or both, for one part each; or with the message that all that
 * came before is doubted (doubt.h). With nobody to hand back to (a pipe) what fails is recorded as given up.
 */
#ifndef SLUICE_WORK_H
#define SLUICE_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/cope.h"
#include "fetcher/endpoint.h"
#include "fetcher/news.h"
#include "fetcher/output.h"
#include "fetcher/report.h"
#include "fetcher/rpc.h"
#include "fetcher/survey.h"

enum { WORK_LONG_REST_MS = 5000 /* an endpoint that asks to be left alone for longer holds no tasks meanwhile */ };

struct work_parts { /* all the caller's, they outlive the work */
    struct endpoint *endpoint;
    struct rpc *rpc;
    struct output *output;
    struct news *news;
    struct coping *coping;
    struct survey *survey;
    struct report *report;
    const char *endpoint_name;
    const char *fetcher_name;
    uint32_t prefetch; /* tasks beyond what the slots take, at most; at least 1 or what is given */
    bool prefetch_given;
    size_t max_jobs;
    size_t max_bytes;  /* of bodies in flight, from which on no request starts */
    bool csv;          /* one table only */
};

struct work; /* opaque: lists of jobs */

struct work *work_new(const struct work_parts *p);
void work_free(struct work *w);

/* How many more tasks it takes now. */
uint64_t work_credit(struct work *w, int64_t now_ms);
/* One task line: taken, declined or refused (the producer is told), or not a task (false: err). */
bool work_take(struct work *w, struct span line, int64_t now_ms, char *err, size_t size);
void work_clock(struct work *w, int64_t now_ms); /* before answers come in */
/* Sends what may go now, ends what is over. */
void work_turn(struct work *w, int64_t now_ms);
/* When work_turn has something to do by itself; INT64_MAX: never. */
int64_t work_next_ms(struct work *w, int64_t now_ms);

/* Gives back everything (the breaker is open, or it is time to leave) or, gently, only what is
 * not yet under way. */
void work_give_back(struct work *w, enum control_reason reason, int64_t wait_ms, bool gently,
                    int64_t now_ms);
void work_leave(struct work *w, int64_t now_ms); /* no more tasks; finishes what is in flight */
bool work_asked(const struct work *w); /* for tasks, by the newest line */
bool work_credit_changed(struct work *w, int64_t now_ms); /* since it was told */
void work_tell_credit(struct work *w, int64_t now_ms);

bool work_idle(const struct work *w);      /* holds no task */
int64_t work_age_ms(const struct work *w, int64_t now_ms); /* of the task held for longest; 0: none */
uint64_t work_given_up(const struct work *w); /* in a pipe: tasks, and times that all was doubted */

#endif
