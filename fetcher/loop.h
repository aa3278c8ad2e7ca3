/* loop.h - the fetcher's one loop: links in, links out, the endpoint, the clock. */
#ifndef SLUICE_FETCHER_LOOP_H
#define SLUICE_FETCHER_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/endpoint.h"
#include "fetcher/output.h"
#include "fetcher/rpc.h"

struct loop_options {
    const char *endpoint_name;
    const char *host;                /* of the endpoint, for people */
    const char *tasks, *results;     /* addresses, or "-" */
    const char *control;             /* address; NULL: a pipe, nobody to hand back to */
    enum output_format format;
    uint64_t chain;                  /* 0: any */
    uint32_t retries, prefetch;
    bool prefetch_given;
    int64_t give_up_ms;              /* without a good answer; 0: never */
    int64_t task_limit_ms;           /* a task that takes longer ends the process; 0: none */
    bool check;                      /* print chain and head, and leave */
    struct endpoint_options endpoint;
    struct rpc_options rpc;
};

/* Runs until the end of input, a signal, or an endpoint that must not be used. Returns the exit status. */
int loop_run(const struct loop_options *o);

#endif
