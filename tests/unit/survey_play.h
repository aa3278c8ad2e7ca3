/* survey_play.h - for the tests of survey.h: an endpoint, asked in virtual time. */
#ifndef SLUICE_TEST_SURVEY_PLAY_H
#define SLUICE_TEST_SURVEY_PLAY_H

#define _GNU_SOURCE /* memmem, in webserver.h */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fetcher/survey.h"
#include "tests/unit/webserver.h"

#define UNUSED __attribute__((unused))

enum { T0 = 1000000, MINUTE = 60000 };

static struct web web;
static struct rpc *rpc;
static struct endpoint *endpoint;
static struct report report;
static struct coping coping;
static struct survey survey;

/* What the endpoint answers is up to each test. */
static UNUSED int
set_up_with(web_answer *answer)
{
    static const struct endpoint_options e = {
        .concurrency = 10, .batch = 25, .breaker_threshold = 5, .breaker_cooldown_ms = 10000,
        .backoff_min_ms = 1000, .backoff_max_ms = 30000, .max_blocks = 10000, .target_bytes = 4 << 20, .seed = 7,
    };
    char err[200];

    web_start(&web, answer, NULL);
    struct rpc_options o = {.url = web.url, .timeout_ms = 30000, .max_body = 1 << 20, .max_bytes = 8 << 20};
    rpc = rpc_new(&o, err, sizeof err);
    endpoint = endpoint_new(&e);
    report = (struct report){.endpoint = endpoint, .name = "x", .threshold = 5};
    coping = (struct coping){.endpoint = endpoint, .retries = 3, .alone = true, .seed = 7};
    survey = (struct survey){.rpc = rpc, .endpoint = endpoint, .report = &report, .coping = &coping};
    holdings_init(&survey.holdings);
    trust_init(&coping.trust);
    coping.holdings = &survey.holdings;
    return rpc ? 0 : -1;
}

static UNUSED int
tear_down(void **state)
{
    (void)state;
    rpc_free(rpc);
    endpoint_free(endpoint);
    web_stop(&web);
    return 0;
}

/* A turn, until nothing is in flight. */
static UNUSED void
turn(int64_t now_ms)
{
    survey_tick(&survey, now_ms);
    while (rpc_in_flight(rpc) > 0) {
        rpc_perform(rpc, now_ms);
        web_turn(&web);
        if (rpc_in_flight(rpc))
            rpc_wait(rpc, NULL, 0, 1);
        survey_tick(&survey, now_ms);
    }
}

#endif
