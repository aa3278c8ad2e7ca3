/* endpoint.c - puts the parts together: which answer teaches which of them.
 *
 *              breaker  method's  bucket   pause       aimd     other
 *   ok         success  success   served   -           latency
 *   rate       success  -         refused  see throttle  -
 *   quota      success  -         -        as long as told  -
 *   timeout    failure  failure   -        -           cut      two in a row: narrower eth_getLogs
 *   transient  failure  failure   -        if told     -
 *   bad data   failure  failure   -        -           -
 *   no method  success  see there -        -           -
 *   the rest   success  success   served   -           -        (refusals of a size are answers)
 *
 * While the breaker is not closed only the probe (eth_chainId) speaks for it: answers to what was
 * sent before it opened come late and say nothing new.
 */
#include "fetcher/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "fetcher/aimd.h"
#include "fetcher/bucket.h"
#include "fetcher/ceiling.h"
#include "fetcher/methods.h"
#include "fetcher/portion.h"
#include "fetcher/rest.h"
#include "fetcher/width.h"

enum {
    QUOTA_UNTOLD_MS = 3600 * 1000,
    LEARN_MS = 5000,
    SOON_MS = 1000, /* a refusal so short after slowing down: that was not enough */
};

static const char PROBE[] = "eth_chainId";

struct endpoint {
    struct endpoint_options o;
    struct endpoint_stats stats;
    struct breaker breaker;
    struct methods methods;
    struct bucket bucket;
    struct aimd aimd;
    struct width width;
    struct portion portion;
    struct ceiling batch;
    bool started;              /* the clock is known */
    uint32_t in_flight;
    uint32_t throttled;        /* refusals for the rate that slowing down did not end */
    uint32_t heavy;            /* timeouts of eth_getLogs, none answered between */
    struct rest rest;
    int64_t learn_until_ms;    /* the first eth_getLogs go one by one; 0: none planned yet */
    uint64_t rebased_width;    /* that latencies are compared at */
    uint64_t head, min_block;
};

struct endpoint *
endpoint_new(const struct endpoint_options *o)
{
    struct endpoint *e = xcalloc(1, sizeof *e);

    e->o = *o;
    rest_init(&e->rest, o->backoff_min_ms,
              o->backoff_max_ms < o->breaker_cooldown_ms ? o->backoff_max_ms : o->breaker_cooldown_ms, o->seed);
    breaker_init(&e->breaker, o->breaker_threshold, o->breaker_cooldown_ms);
    methods_init(&e->methods, o->breaker_threshold, o->breaker_cooldown_ms);
    aimd_init(&e->aimd, o->concurrency);
    width_init(&e->width, o->max_blocks, o->target_bytes);
    portion_init(&e->portion, o->target_bytes);
    ceiling_init(&e->batch, o->batch, o->batch, o->batch);
    e->rebased_width = 1;
    return e;
}

void
endpoint_free(struct endpoint *e)
{
    free(e);
}

/* --- may something be asked now? --- */

static uint32_t
most_in_flight(const struct endpoint *e, int64_t now_ms)
{
    if (e->throttled > 0)
        return 1; /* after a pause one asks whether it is over */
    if (now_ms < e->learn_until_ms && width_learning(&e->width))
        return 1;
    return e->o.fixed_concurrency ? e->aimd.most : aimd_limit(&e->aimd);
}

uint32_t
endpoint_slots(struct endpoint *e, int64_t now_ms)
{
    uint32_t most = most_in_flight(e, now_ms);

    if (breaker_state(&e->breaker, now_ms) != BREAKER_CLOSED || rest_asked(&e->rest, now_ms))
        return 0;
    return e->in_flight < most ? most - e->in_flight : 0;
}

int64_t
endpoint_take(struct endpoint *e, size_t calls, int64_t now_ms)
{
    int64_t wait = rest_left(&e->rest, now_ms);

    if (!e->started) {
        bucket_init(&e->bucket, e->o.rps, now_ms);
        e->started = true;
    }
    if (!wait)
        wait = bucket_take(&e->bucket, calls, now_ms);
    if (!wait && e->o.pause_ms)
        e->rest.next_ms = now_ms + e->o.pause_ms;
    return wait;
}

bool
endpoint_probe_due(struct endpoint *e, int64_t now_ms)
{
    return breaker_state(&e->breaker, now_ms) == BREAKER_HALF_OPEN && !rest_asked(&e->rest, now_ms)
        && breaker_allow(&e->breaker, now_ms);
}

bool
endpoint_method_ok(struct endpoint *e, const char *method, int64_t now_ms)
{
    return methods_allow(&e->methods, method, now_ms);
}

bool
endpoint_slips(struct endpoint *e, const char *method)
{
    return methods_slips(&e->methods, method);
}

bool
endpoint_lacks(struct endpoint *e, const char *method, int64_t now_ms)
{
    return methods_lacking(&e->methods, method, now_ms);
}

/* --- what was answered --- */

void
endpoint_sent(struct endpoint *e)
{
    e->in_flight++;
    e->stats.requests++;
}

static void
pause_until(struct endpoint *e, int64_t until_ms)
{
    if (rest_pause(&e->rest, until_ms))
        bucket_rest(&e->bucket, until_ms);
}

/* The first refusal of a wave slows the bucket, which is mostly enough. Only if requests that were
 * sent after that are refused too, all requests pause, and then one at a time asks. */
static void
throttle(struct endpoint *e, const struct judgement *j, int64_t sent_ms, int64_t now_ms)
{
    bool after_cut = e->bucket.cut_ms >= 0 && sent_ms > e->bucket.cut_ms;
    bool soon = now_ms - e->bucket.cut_ms < SOON_MS;
    bool fresh = bucket_refused(&e->bucket, sent_ms, (double)j->per_second, now_ms);
    bool again = fresh && after_cut && (soon || e->throttled > 0);

    e->throttled += again;
    if (j->wait_ms >= 0)
        pause_until(e, now_ms + j->wait_ms);
    else if (again)
        pause_until(e, now_ms + rest_backoff_ms(&e->rest, e->throttled - 1));
}

static bool
is_failure(enum verdict v)
{
    return v == VERDICT_TRANSIENT || v == VERDICT_BADDATA;
}

static void
heed_failure(struct endpoint *e, const char *method, const struct judgement *j, int64_t sent_ms, int64_t now_ms)
{
    if (j->wait_ms > 0)
        pause_until(e, now_ms + j->wait_ms);
    if (!j->rule || strcmp(j->rule, "timeout") != 0)
        return;
    aimd_timeout(&e->aimd, sent_ms, now_ms);
    /* one alone may be chance; the step that met it is split by its owner anyhow */
    if (strcmp(method, "eth_getLogs") == 0 && ++e->heavy >= 2)
        width_timeout(&e->width, sent_ms, now_ms);
}

static void
heed_service(struct endpoint *e, const char *method, const struct judgement *j, size_t calls,
             int64_t latency_us, int64_t sent_ms, int64_t now_ms)
{
    bucket_served(&e->bucket, calls, sent_ms, now_ms);
    e->throttled = 0;
    if (strcmp(method, "eth_getLogs") == 0)
        e->heavy = 0;
    if (j->verdict != VERDICT_OK)
        return;
    aimd_answer(&e->aimd, latency_us, e->in_flight + 1, now_ms);
    ceiling_passed(&e->batch, calls);
    ceiling_next(&e->batch, 0); /* a wider one is tried when due */
}

static bool
tell_breaker(struct endpoint *e, const char *method, bool failed, int64_t now_ms)
{
    if (breaker_state(&e->breaker, now_ms) != BREAKER_CLOSED && strcmp(method, PROBE) != 0)
        return false;
    return failed ? breaker_fail(&e->breaker, now_ms) : breaker_succeed(&e->breaker, now_ms);
}

static void
tell_method(struct endpoint *e, const char *method, enum verdict v, int64_t now_ms)
{
    if (strcmp(method, PROBE) == 0)
        return;
    if (v == VERDICT_NOMETHOD)
        methods_lacks(&e->methods, method, now_ms);
    else if (is_failure(v))
        methods_fail(&e->methods, method, now_ms);
    else if (v != VERDICT_RATE && v != VERDICT_QUOTA)
        methods_succeed(&e->methods, method, now_ms);
}

bool
endpoint_answer(struct endpoint *e, const char *method, const struct judgement *j, size_t calls,
                int64_t latency_us, int64_t now_ms)
{
    int64_t sent_ms = now_ms - (latency_us + 999) / 1000; /* not later than it was */
    enum verdict v = j->verdict;

    if (e->in_flight)
        e->in_flight--;
    e->stats.latency_us += latency_us > 0 ? (uint64_t)latency_us : 0;
    e->stats.failures += is_failure(v) || v == VERDICT_RATE || v == VERDICT_QUOTA || v == VERDICT_AUTH
                      || v == VERDICT_CALLER;
    if (v == VERDICT_RATE)
        throttle(e, j, sent_ms, now_ms);
    else if (v == VERDICT_QUOTA)
        e->rest.quota_until_ms = now_ms + (j->wait_ms >= 0 ? j->wait_ms : QUOTA_UNTOLD_MS);
    else if (is_failure(v))
        heed_failure(e, method, j, sent_ms, now_ms);
    else
        heed_service(e, method, j, calls, latency_us, sent_ms, now_ms);
    tell_method(e, method, v, now_ms);
    return tell_breaker(e, method, is_failure(v), now_ms);
}

void
endpoint_counts_calls(struct endpoint *e, int64_t now_ms)
{
    bucket_counts_calls(&e->bucket, now_ms);
}

void
endpoint_served(struct endpoint *e, const char *method, int64_t now_ms)
{
    methods_succeed(&e->methods, method, now_ms);
}

/* --- ranges and batches --- */

void
endpoint_logs_ok(struct endpoint *e, uint64_t from, uint64_t to, uint64_t logs, uint64_t bytes)
{
    uint64_t blocks = to - from + 1;

    width_ok(&e->width, blocks, logs, bytes);
    if (blocks / 2 > e->rebased_width || blocks < e->rebased_width / 2) {
        e->rebased_width = blocks;
        aimd_rebase(&e->aimd);
    }
}

void
endpoint_logs_waited(struct endpoint *e, int64_t us)
{
    portion_waited(&e->portion, us);
}

void
endpoint_logs_refused(struct endpoint *e, uint64_t from, uint64_t to, const struct judgement *j)
{
    width_refused(&e->width, to - from + 1, j);
}

double
endpoint_logs_expected(const struct endpoint *e, uint64_t blocks)
{
    return e->width.blocks > 0 ? e->width.logs / e->width.blocks * (double)blocks : -1;
}

uint64_t
endpoint_logs_widest(const struct endpoint *e)
{
    return e->width.range.good;
}

static uint64_t
portion(const struct endpoint *e, int64_t now_ms)
{
    double rate = e->started ? bucket_rate(&e->bucket, now_ms) : e->o.rps, pause_us = (double)e->o.pause_ms * 1e3;
    double apart_us = rate > 0 ? 1e6 / rate : 0;
    uint32_t most = e->o.fixed_concurrency ? e->aimd.most : aimd_limit(&e->aimd);

    return portion_bytes(&e->portion, e->throttled > 0 ? 1 : most, apart_us > pause_us ? apart_us : pause_us);
}

uint64_t
endpoint_logs_width(struct endpoint *e, uint64_t from, int64_t now_ms)
{
    e->width.target_bytes = portion(e, now_ms);
    if (e->learn_until_ms == 0)
        e->learn_until_ms = now_ms + LEARN_MS;
    return width_next(&e->width, from);
}

size_t
endpoint_batch(const struct endpoint *e)
{
    return (size_t)(e->batch.probe ? e->batch.probe : e->batch.now);
}

void
endpoint_batch_refused(struct endpoint *e, const struct judgement *j, size_t sent)
{
    ceiling_refused(&e->batch, sent, j->max_items);
}

/* --- head and history --- */

void
endpoint_saw_head(struct endpoint *e, uint64_t head)
{
    if (head > e->head)
        e->head = head;
}

uint64_t
endpoint_head(const struct endpoint *e)
{
    return e->head;
}

void
endpoint_pruned(struct endpoint *e, uint64_t min_block)
{
    if (min_block > e->min_block)
        e->min_block = min_block;
}

uint64_t
endpoint_min_block(const struct endpoint *e)
{
    return e->min_block;
}

/* --- for people and the loop --- */

uint32_t
endpoint_failures(const struct endpoint *e)
{
    return e->breaker.failures;
}

enum breaker_state
endpoint_state(struct endpoint *e, int64_t now_ms)
{
    return breaker_state(&e->breaker, now_ms);
}

int64_t
endpoint_rest_ms(struct endpoint *e, int64_t now_ms)
{
    int64_t wait = breaker_wait_ms(&e->breaker, now_ms), asked = rest_asked(&e->rest, now_ms);

    return wait > asked ? wait : asked;
}

int64_t
endpoint_next_ms(struct endpoint *e, int64_t now_ms)
{
    int64_t wait = endpoint_rest_ms(e, now_ms), left = rest_left(&e->rest, now_ms);

    return left > wait ? left : wait > 0 ? wait : -1;
}

const struct endpoint_stats *
endpoint_stats(const struct endpoint *e)
{
    return &e->stats;
}
