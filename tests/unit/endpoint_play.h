/* endpoint_play.h - for the tests of endpoint.h: requests sent and answered. */
#ifndef SLUICE_TEST_ENDPOINT_PLAY_H
#define SLUICE_TEST_ENDPOINT_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fetcher/endpoint.h"

#define UNUSED __attribute__((unused))

enum { COOLDOWN = 10000, LATENCY_US = 50000 };

static const struct endpoint_options plain = {
    .concurrency = 10,
    .batch = 25,
    .breaker_threshold = 5,
    .breaker_cooldown_ms = COOLDOWN,
    .backoff_min_ms = 1000,
    .backoff_max_ms = 30000,
    .max_blocks = 10000,
    .target_bytes = 4 << 20,
    .seed = 7,
};

static UNUSED struct judgement
judged(enum verdict v)
{
    return (struct judgement){.verdict = v, .wait_ms = -1, .rule = "test"};
}

/* One request sent and answered. */
static UNUSED bool
exchange(struct endpoint *e, const char *method, struct judgement j, int64_t now)
{
    assert_int_equal(endpoint_take(e, 1, now), 0);
    endpoint_sent(e);
    return endpoint_answer(e, method, &j, 1, LATENCY_US, now + 50);
}

static UNUSED bool
answer(struct endpoint *e, enum verdict v, int64_t now)
{
    return exchange(e, "eth_getLogs", judged(v), now);
}

#endif
