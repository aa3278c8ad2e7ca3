/* loop.h - the producer at work: links, input and people, around dispatch.h.
 *
 * Prints what there is to say and returns the exit status.
 */
#ifndef SLUICE_LOOP_H
#define SLUICE_LOOP_H

#include <stdint.h>

#include "producer/dispatch.h"
#include "producer/plan.h"
#include "producer/progress.h"

enum {
    LOOP_DRAIN_MS = 30000,  /* the longest wait for what is out, once stopped */
    LOOP_SETTLE_MS = 200,   /* the longest wait for the fetchers' last statistics */
};

struct loop_options {
    struct dispatch_options dispatch;
    struct progress_options progress;
    const char *tasks, *control, *results; /* addresses; results may be NULL */
    const char *wanted;     /* what the plan reads, for messages */
    int input;              /* descriptor that the plan reads, -1: none */
    int64_t give_up_ms;     /* 0: never */
};

/* Over ZeroMQ, until all is committed. */
int loop_run(const struct loop_options *o, struct plan *plan);
/* Task lines to stdout, until the plan ends. */
int loop_pipe(const struct loop_options *o, struct plan *plan);

/* Reads what is there into the plan, waiting at most wait_ms. False: nothing came, or *error. */
bool loop_feed(struct plan *plan, int input, int wait_ms, bool *error);

#endif
