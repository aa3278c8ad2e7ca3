#include "fetcher/endpoint.h"

#include <stdlib.h>

#include "common/buf.h"

struct endpoint {
    struct endpoint_options o;
    struct endpoint_stats stats;
    struct breaker breaker;
    uint32_t in_flight;
    int64_t pause_until_ms;
    uint64_t max_blocks;
    size_t batch;
    uint64_t head, min_block;
};

struct endpoint *
endpoint_new(const struct endpoint_options *o)
{
    struct endpoint *e = xcalloc(1, sizeof *e);

    e->o = *o;
    e->batch = o->batch;
    e->max_blocks = o->max_blocks;
    breaker_init(&e->breaker, o->breaker_threshold, o->breaker_cooldown_ms);
    return e;
}

void
endpoint_free(struct endpoint *e)
{
    free(e);
}

uint32_t
endpoint_slots(struct endpoint *e, int64_t now_ms)
{
    if (breaker_state(&e->breaker, now_ms) != BREAKER_CLOSED || now_ms < e->pause_until_ms)
        return 0;
    return e->in_flight < e->o.concurrency ? e->o.concurrency - e->in_flight : 0;
}

int64_t
endpoint_take(struct endpoint *e, size_t calls, int64_t now_ms)
{
    (void)calls;
    return now_ms < e->pause_until_ms ? e->pause_until_ms - now_ms : 0;
}

bool
endpoint_probe_due(struct endpoint *e, int64_t now_ms)
{
    return breaker_state(&e->breaker, now_ms) == BREAKER_HALF_OPEN && breaker_allow(&e->breaker, now_ms);
}

bool
endpoint_method_ok(struct endpoint *e, const char *method, int64_t now_ms)
{
    (void)e, (void)method, (void)now_ms;
    return true;
}

void
endpoint_sent(struct endpoint *e, size_t calls, int64_t now_ms)
{
    (void)now_ms;
    e->in_flight++;
    e->stats.requests++;
    e->stats.calls += calls;
}

bool
endpoint_answer(struct endpoint *e, const char *method, const struct judgement *j,
                size_t calls, int64_t latency_us, int64_t now_ms)
{
    (void)method, (void)calls;
    if (e->in_flight)
        e->in_flight--;
    e->stats.latency_us += (uint64_t)latency_us;
    e->stats.verdicts[j->verdict]++;
    if (j->verdict == VERDICT_RATE)
        e->pause_until_ms = now_ms + (j->wait_ms >= 0 ? j->wait_ms : 1000);
    if (j->verdict != VERDICT_TRANSIENT && j->verdict != VERDICT_BADDATA)
        return breaker_succeed(&e->breaker, now_ms);
    e->stats.failures++;
    return breaker_fail(&e->breaker, now_ms);
}

void
endpoint_logs_ok(struct endpoint *e, uint64_t from, uint64_t to, uint64_t logs, uint64_t bytes, int64_t now_ms)
{
    (void)e, (void)from, (void)to, (void)logs, (void)bytes, (void)now_ms;
}

void
endpoint_logs_refused(struct endpoint *e, uint64_t from, uint64_t to, const struct judgement *j, int64_t now_ms)
{
    (void)now_ms;
    e->max_blocks = j->max_blocks ? j->max_blocks : (to - from + 2) / 2;
}

uint64_t
endpoint_logs_width(struct endpoint *e, uint64_t from, int64_t now_ms)
{
    (void)from, (void)now_ms;
    return e->max_blocks;
}

size_t
endpoint_batch(const struct endpoint *e)
{
    return e->batch;
}

void
endpoint_batch_refused(struct endpoint *e, const struct judgement *j, size_t sent)
{
    e->batch = j->max_items ? j->max_items : (sent + 1) / 2;
}

void
endpoint_saw_head(struct endpoint *e, uint64_t head, int64_t now_ms)
{
    (void)now_ms;
    if (head > e->head)
        e->head = head;
}

uint64_t
endpoint_head(const struct endpoint *e)
{
    return e->head;
}

void
endpoint_pruned(struct endpoint *e, uint64_t min_block, int64_t now_ms)
{
    (void)now_ms;
    if (min_block > e->min_block)
        e->min_block = min_block;
}

uint64_t
endpoint_min_block(const struct endpoint *e)
{
    return e->min_block;
}

enum breaker_state
endpoint_state(struct endpoint *e, int64_t now_ms)
{
    return breaker_state(&e->breaker, now_ms);
}

int64_t
endpoint_next_ms(struct endpoint *e, int64_t now_ms)
{
    int64_t wait = breaker_wait_ms(&e->breaker, now_ms);

    if (e->pause_until_ms - now_ms > wait)
        wait = e->pause_until_ms - now_ms;
    return wait > 0 ? wait : -1;
}

const struct endpoint_stats *
endpoint_stats(const struct endpoint *e)
{
    return &e->stats;
}
