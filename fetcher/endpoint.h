/* endpoint.h - what is known of one endpoint, and what may be asked of it now.
 *
 * Pure policy, no I/O, time is an argument: circuit breaker (of the endpoint and per method),
 * backoff with jitter, token bucket, adaptive concurrency, and learned limits: widest range,
 * batch size, first block held, newest block. Answers tell all of it, to endpoint_answer first, and it is asked by
 * the other functions.
 *
 * How each of these learns is told where it lives: breaker.h, bucket.h (calls per second),
 * aimd.h (concurrency), width.h, ceiling.h and portion.h (ranges, batches).
 */
#ifndef SLUICE_ENDPOINT_H
#define SLUICE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"
#include "verdict.h"

struct endpoint_options {
    uint32_t concurrency;      /* most requests in flight, default 10 */
    bool fixed_concurrency;    /* do not adapt */
    double rps;                /* calls (not HTTP requests) per second, 0: no limit known */
    uint32_t batch;            /* calls per request, default 25; 1: never batch */
    int64_t pause_ms;          /* from one request to the next, 0: none */
    uint32_t breaker_threshold;
    int64_t breaker_cooldown_ms;
    int64_t backoff_min_ms, backoff_max_ms; /* 1 s, 30 s */
    uint64_t max_blocks;       /* widest eth_getLogs range to begin with */
    uint64_t target_bytes;     /* the largest body that a range is sized for */
    uint64_t seed;             /* of the jitter */
};

struct endpoint; /* opaque only to keep this header short; freed with endpoint_free */

struct endpoint *endpoint_new(const struct endpoint_options *o);
void endpoint_free(struct endpoint *e);

/* How many more requests may be in flight now; 0 while the breaker is open or a pause lasts. */
uint32_t endpoint_slots(struct endpoint *e, int64_t now_ms);
/* Takes tokens for a request of `calls` calls. 0: go; otherwise milliseconds until it is worth asking again. */
int64_t endpoint_take(struct endpoint *e, size_t calls, int64_t now_ms);
/* The next probe may go (half-open): one eth_chainId request. */
bool endpoint_probe_due(struct endpoint *e, int64_t now_ms);
/* May this method be asked (its own breaker, NOMETHOD remembered)? */
bool endpoint_method_ok(struct endpoint *e, const char *method, int64_t now_ms);
bool endpoint_slips(struct endpoint *e, const char *method); /* should it say so now, it is not believed yet */
bool endpoint_lacks(struct endpoint *e, const char *method, int64_t now_ms); /* it said that it does not have it */

void endpoint_sent(struct endpoint *e); /* a request */

/* One HTTP request ended: the judgement that speaks for the transport and rate of it (the worst of
 * its calls), once per request. Returns true when the breaker's state changed. */
bool endpoint_answer(struct endpoint *e, const char *method, const struct judgement *j,
                     size_t calls, int64_t latency_us, int64_t now_ms);

/* Of a request some calls were refused for the rate, and others served. */
void endpoint_counts_calls(struct endpoint *e, int64_t now_ms);

/* This call was answered well, whatever became of the others of its request. */
void endpoint_served(struct endpoint *e, const char *method, int64_t now_ms);

/* One eth_getLogs call over [from, to] ended well with that many logs and bytes of JSON; or was
 * judged RANGE or DENSITY. Both teach the width of the next one. */
void endpoint_logs_ok(struct endpoint *e, uint64_t from, uint64_t to, uint64_t logs, uint64_t bytes);
void endpoint_logs_waited(struct endpoint *e, int64_t us); /* it began after so long */
void endpoint_logs_refused(struct endpoint *e, uint64_t from, uint64_t to, const struct judgement *j);
/* How many logs a range so wide has, by those seen lately; -1: nothing was seen yet. */
double endpoint_logs_expected(const struct endpoint *e, uint64_t blocks);
uint64_t endpoint_logs_widest(const struct endpoint *e); /* blocks, that was served; 0: none yet */
/* Width in blocks (>= 1) that the next eth_getLogs from this block should have. */
uint64_t endpoint_logs_width(struct endpoint *e, uint64_t from, int64_t now_ms);

size_t endpoint_batch(const struct endpoint *e); /* calls per request, 1: bare objects */
void endpoint_batch_refused(struct endpoint *e, const struct judgement *j, size_t sent);

void endpoint_saw_head(struct endpoint *e, uint64_t head); /* never goes back */
uint64_t endpoint_head(const struct endpoint *e); /* 0: not known */
void endpoint_pruned(struct endpoint *e, uint64_t min_block);
uint64_t endpoint_min_block(const struct endpoint *e); /* 0: all held as far as known */

uint32_t endpoint_failures(const struct endpoint *e); /* in a row, up to now */
enum breaker_state endpoint_state(struct endpoint *e, int64_t now_ms);
/* Milliseconds until something here changes by itself (probe, pause, tokens); -1: nothing pending. */
int64_t endpoint_next_ms(struct endpoint *e, int64_t now_ms);
/* Milliseconds for which its breaker is open yet, or it asked to be left alone; 0: neither. */
int64_t endpoint_rest_ms(struct endpoint *e, int64_t now_ms);

struct endpoint_stats {
    uint64_t requests, failures; /* HTTP requests, and those judged a failure */
    uint64_t latency_us;         /* sum over requests */
};
const struct endpoint_stats *endpoint_stats(const struct endpoint *e);

#endif
