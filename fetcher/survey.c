/* survey.c - what the endpoint is, and how far it goes; see survey.h. The check of old logs is in survey_check.c. */
#include "fetcher/survey_inside.h"

#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "common/talk.h"

enum {
    CHAIN_EVERY_MS = 60000,
    HEAD_EVERY_MS = 1000, /* at most, when a task waits for it */
    AT_ONCE_MS = 2000,    /* within so long no chain grows by ASK_NEAR_HEAD blocks */
    SILENT_MS = 10000,    /* without a first answer: told */
    UNREACHABLE_MAX = 3,  /* tries at first, where nobody else can do the work */
    UNREACHABLE_PAUSE_MS = 500,
};

/* --- answers --- */

/* Nobody is there: no connection, no such host, no TLS. */
static bool
unreachable(const struct survey *s)
{
    return s->last.rule && strcmp(s->last.rule, "connect") == 0;
}

/* Once, and only where others go on without it: alone, it is the end and told as such. */
static void
tell_silence(struct survey *s, const char *why)
{
    if (s->told || s->chain != 0 || s->coping->alone)
        return;
    s->told = true;
    warn("endpoint \"%s\" does not answer: %s", s->report->name, why);
}

static void
failed(struct survey *s, const struct rpc_request *r, const struct rpc_answer *a)
{
    const struct judgement *j = &a->judgement;
    s->failures++;
    s->last = *j;
    if (unreachable(s))
        snprintf(s->error, sizeof s->error, "%.*s", SPAN_ARG(a->text));
    else
        snprintf(s->error, sizeof s->error, "%s: %.*s", r->calls[0].method, SPAN_ARG(a->text));
    int64_t pause = s->coping->alone && unreachable(s) && s->chain == 0
                        ? UNREACHABLE_PAUSE_MS : cope_pause_ms(s->coping, s->failures);
    s->next_ms = s->now_ms + (j->wait_ms >= 0 ? j->wait_ms : pause);
    tell_silence(s, s->error);
    if (j->verdict == VERDICT_AUTH && ++s->coping->refusals >= 3)
        snprintf(s->coping->fatal, sizeof s->coping->fatal, "%s", s->error);
}

/* A quantity that a chain or a block may have; some nodes send a JSON number, or a decimal string, for the chain's. */
static bool
quantity(const struct rpc_answer *a, uint64_t *out)
{
    struct span text;
    return a->judgement.verdict == VERDICT_OK &&
           (json_u64(a->result, out) ||
            (json_string(a->result, &text) && (num_quantity(text, out) || num_u64(text, out)))) &&
           *out < INT64_MAX;
}

static void
not_a_number(struct survey *s, const struct rpc_request *r, struct rpc_answer *a)
{
    if (a->judgement.verdict == VERDICT_OK) {
        a->judgement = (struct judgement){.verdict = VERDICT_BADDATA, .wait_ms = -1, .rule = "bad data"};
        a->text = SPAN("the answer is not the number of a chain or block");
    }
    failed(s, r, a);
}

static void
check_chain(struct survey *s, uint64_t chain)
{
    uint64_t wanted = s->wanted_chain ? s->wanted_chain : s->chain;
    if (wanted && chain != wanted)
        snprintf(s->coping->fatal, sizeof s->coping->fatal, "chain %llu, not %llu",
                 (unsigned long long)chain, (unsigned long long)wanted);
    s->chain = chain;
}

static void
chain_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct survey *s = context;
    uint64_t chain;
    s->out_chain = false;
    if (quantity(&answers[0], &chain) && chain > 0) {
        s->failures = 0;
        s->coping->refusals = 0;
        check_chain(s, chain);
    } else {
        not_a_number(s, r, &answers[0]);
    }
    report_answers(s->report, r, answers, s->now_ms);
    rpc_request_free(r);
}

/* Two answers far from each other come of two backends. */
static void
compare_heads(struct survey *s, uint64_t head)
{
    uint64_t before = endpoint_head(s->endpoint); /* the highest */
    if (head + ASK_NEAR_HEAD <= before)
        trust_behind(&s->coping->trust, head);
    else if (s->head_known && before + ASK_NEAR_HEAD <= head && s->now_ms < s->head_asked_ms + AT_ONCE_MS)
        trust_behind(&s->coping->trust, before);
    trust_head(&s->coping->trust, head);
}

static void
head_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct survey *s = context;
    uint64_t head;
    s->out_head = false;
    if (quantity(&answers[0], &head)) {
        compare_heads(s, head);
        s->failures = 0;
        s->head_known = true;
        s->want_head = false;
        s->head_asked_ms = s->out_head_ms;
        endpoint_saw_head(s->endpoint, head);
        rpc_head(s->rpc, endpoint_head(s->endpoint));
    } else if (s->chain != 0) { /* else the question for the chain, sent beside this one, fails as well */
        not_a_number(s, r, &answers[0]);
    }
    report_answers(s->report, r, answers, s->now_ms);
    rpc_request_free(r);
}

/* --- questions --- */

void
survey_send(struct survey *s, struct rpc_request *r, void (*done)(struct rpc_request *, struct rpc_answer *, void *))
{
    r->bare = r->n == 1;
    r->done = done;
    r->context = s;
    endpoint_sent(s->endpoint);
    rpc_send(s->rpc, r, s->now_ms);
}

static void
ask_plain(struct survey *s, const char *method,
          void (*done)(struct rpc_request *, struct rpc_answer *, void *))
{
    struct rpc_request *r = rpc_request_new();
    buf_adds(&rpc_request_add(r, method, RPC_OTHER, 1, 0)->params, "[]");
    survey_send(s, r, done);
}

bool
survey_may_send(struct survey *s, size_t calls)
{
    return s->now_ms >= s->next_ms && endpoint_slots(s->endpoint, s->now_ms) > 0 &&
           endpoint_take(s->endpoint, calls, s->now_ms) == 0;
}

static bool
head_due(const struct survey *s)
{
    if (!s->head_known)
        return s->chain != 0 || (s->out_chain && s->failures == 0);
    return s->coping->trust.want_head || (s->want_head && s->now_ms >= s->out_head_ms + HEAD_EVERY_MS);
}

/* The first question, the probe of an endpoint that failed, or a check that it is still of its chain. */
static bool
chain_due(struct survey *s)
{
    bool stale = s->now_ms >= s->chain_asked_ms + CHAIN_EVERY_MS &&
                 endpoint_stats(s->endpoint)->requests > s->chain_requests;
    return endpoint_probe_due(s->endpoint, s->now_ms) || ((s->chain == 0 || stale) && survey_may_send(s, 1));
}

static void
ask_chain(struct survey *s)
{
    s->out_chain = true;
    s->first_ms = s->first_ms ? s->first_ms : s->now_ms;
    ask_plain(s, "eth_chainId", chain_done);
    s->chain_asked_ms = s->now_ms;
    s->chain_requests = endpoint_stats(s->endpoint)->requests;
}

void
survey_look(struct survey *s, int64_t now_ms)
{
    s->now_ms = now_ms;
    if (!s->out_chain && chain_due(s))
        ask_chain(s);
    if (!s->out_head && head_due(s) && survey_may_send(s, 1)) {
        s->out_head = true;
        s->coping->trust.want_head = false;
        s->out_head_ms = now_ms;
        ask_plain(s, "eth_blockNumber", head_done);
    }
}

void
survey_tick(struct survey *s, int64_t now_ms)
{
    s->now_ms = now_ms;
    if (s->first_ms && now_ms >= s->first_ms + SILENT_MS)
        tell_silence(s, "no answer within 10 s");
    survey_look(s, now_ms);
    survey_check(s);
}

bool
survey_ready(const struct survey *s)
{
    return s->chain != 0 && s->head_known;
}

bool
survey_hopeless(const struct survey *s)
{
    return !survey_ready(s) && s->failures > 0 &&
           (s->last.verdict == VERDICT_QUOTA || (unreachable(s) && s->failures >= UNREACHABLE_MAX));
}

int64_t
survey_next_ms(const struct survey *s, int64_t now_ms)
{
    if (s->next_ms > now_ms)
        return s->next_ms;
    if (s->want_head && !s->out_head && s->out_head_ms + HEAD_EVERY_MS > now_ms)
        return s->out_head_ms + HEAD_EVERY_MS;
    return INT64_MAX;
}
