/* loop_inside.h - what loop.c and loop_end.c share: the state of the loop. */
#ifndef SLUICE_FETCHER_LOOP_INSIDE_H
#define SLUICE_FETCHER_LOOP_INSIDE_H

#include "common/link.h"
#include "fetcher/cope.h"
#include "fetcher/loop.h"
#include "fetcher/news.h"
#include "fetcher/report.h"
#include "fetcher/survey.h"
#include "fetcher/work.h"

struct loop {
    const struct loop_options *o;
    struct link *tasks, *results, *control;
    struct endpoint *endpoint;
    struct rpc *rpc;
    struct output *output;
    struct news *news;
    struct coping coping;
    struct survey survey;
    struct report report;
    struct work *work;
    char name[64];       /* of this process, unique */
    int status;          /* exit status so far */
    bool input_ended, over, stopping, was_open, was_resting, was_idle;
    struct link_message first; /* in a pipe: the first task, before which nothing is asked */
    bool begun, held;    /* it came; it is still to be taken */
    uint32_t was_failures; /* of the survey, as told last */
    bool noted;          /* a line went that was written earlier: the credit that it tells is old */
    bool passed_over;    /* the last message had no task, and it came at the newest look */
    size_t part;         /* tasks of the message that is being read */
    bool again;          /* there is room for results again: requests may start */
    int64_t stop_by_ms, life_sign_ms, start_ms, read_ms, wrote_ms, now_ms;
    int64_t calm_ms;     /* when there was nothing to wait for */
    uint64_t lines, bad_lines;
};

/* A line whose rows have left goes to the producer. */
void loop_note(struct span line, void *context);
/* Looks whether anything ends the loop: signals, a fatal answer, an endpoint that says nothing, a task that takes
 * too long, all work done. Then l->over is set, and l->status. */
void loop_mind_signals(struct loop *l);
void loop_mind_fatal(struct loop *l);
void loop_mind_silence(struct loop *l);
void loop_mind_task_limit(struct loop *l);
void loop_mind_end(struct loop *l);
bool loop_check_over(struct loop *l);
/* Says bye, waits for what is still to leave, and frees everything. */
void loop_finish(struct loop *l);

#endif
