/* job_play.h - for the tests of job.h and cope.h: an endpoint, and tasks whose answers are made up. */
#ifndef SLUICE_TEST_JOB_PLAY_H
#define SLUICE_TEST_JOB_PLAY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "fetcher/cope.h"
#include "fetcher/job.h"

#define UNUSED __attribute__((unused))

enum { WIDTH = 100 /* blocks: narrower than what the endpoint takes */ };

static struct endpoint *endpoint;
static struct coping coping;

static UNUSED int
set_up(void **state)
{
    const struct endpoint_options o = {
        .concurrency = 10, .batch = 25, .breaker_threshold = 5, .breaker_cooldown_ms = 10000,
        .backoff_min_ms = 1000, .backoff_max_ms = 30000, .max_blocks = 10000, .target_bytes = 4 << 20,
        .seed = 1, .fixed_concurrency = true};
    (void)state;
    endpoint = endpoint_new(&o);
    endpoint_saw_head(endpoint, 100000);
    coping = (struct coping){.endpoint = endpoint, .retries = 3, .seed = 7};
    return 0;
}

static UNUSED int
tear_down(void **state)
{
    (void)state;
    endpoint_free(endpoint);
    return 0;
}

static UNUSED struct job *
job_of(const char *line)
{
    struct task t;
    char err[256] = "";
    struct job *j = NULL;
    if (task_parse(span_of(line), &t, err, sizeof err))
        j = job_new(&t, err, sizeof err);
    if (!j)
        fail_msg("%s", err);
    return j;
}

static UNUSED struct step *
next_step(struct job *j, int64_t now_ms)
{
    const struct job_limits limits = {.blocks = WIDTH, .values = coping.max_values};
    return job_step(j, endpoint, &limits, now_ms);
}

static UNUSED void
headers_of(struct job *j, const struct step *s)
{
    for (uint64_t n = s->at.from; n <= s->at.to; n++) {
        struct header h = {.number = n};
        job_header(j, &h);
    }
}

/* As if every answer was good. */
static UNUSED void
good(struct job *j, struct step *s)
{
    j->flying--;
    if (s->kind == STEP_BLOCKS && j->by_range) {
        headers_of(j, s);
        step_free(s);
    } else {
        job_done(j, s);
    }
}

static UNUSED void
trouble(struct job *j, struct step *s, struct judgement judgement, const char *method, int64_t now_ms)
{
    struct rpc_answer a = {.judgement = judgement, .text = SPAN("it said so")};
    j->flying--;
    cope(&coping, j, s, &a, method, 1, now_ms);
}

static const struct judgement transient = {.verdict = VERDICT_TRANSIENT, .wait_ms = -1};
static const struct judgement density = {.verdict = VERDICT_DENSITY, .wait_ms = -1};

static UNUSED void
finished(struct job *j, uint64_t from, uint64_t to)
{
    struct piece part, rest;
    assert_true(job_over(j));
    assert_true(job_result(j, &part, &rest));
    assert_int_equal(part.from, from);
    assert_int_equal(part.to, to);
}

static UNUSED void
gives_back(struct job *j, enum control_verb verb, uint64_t from, uint64_t to)
{
    struct piece part, rest;
    assert_true(job_over(j));
    job_result(j, &part, &rest);
    assert_true(j->cut.set);
    assert_int_equal(j->cut.verb, verb);
    assert_int_equal(rest.from, from);
    assert_int_equal(rest.to, to);
}

#endif
