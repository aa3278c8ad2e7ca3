/* survey_check.c - asks an endpoint what the check of old logs (holdings.h) is to know; see survey.h. */
#include "fetcher/survey_inside.h"

#include "fetcher/dataset.h"

enum {
    UNANSWERED_MS = 1000, /* until a question that failed is asked again, */
    UNANSWERED_MAX = 20,  /* at most so often in a row */
};

/* --- answers --- */

static bool
bloom_holds_some(struct json block, uint64_t number)
{
    struct header h;
    char why[160];
    return header_decode(block, number, &h, why) == DECODE_OK && h.has_bloom && !bloom_is_empty(h.bloom);
}

/* Nobody answered a question of the check: it is asked again, but others wait for the check to end. */
static bool
unanswered(struct survey *s, enum verdict v)
{
    s->out_holdings = false;
    if (v != VERDICT_TRANSIENT && v != VERDICT_RATE) {
        s->unanswered = 0;
        return false;
    }
    s->next_ms = s->now_ms + UNANSWERED_MS;
    if (++s->unanswered % UNANSWERED_MAX == 0)
        holdings_abandon(&s->holdings);
    return true;
}

/* Ends a question of the check: what it found out so far holds. */
static void
holdings_done(struct survey *s, struct rpc_request *r, struct rpc_answer *answers)
{
    if (s->holdings.min_block > s->coping->logs_from)
        s->coping->logs_from = s->holdings.min_block;
    report_answers(s->report, r, answers, s->now_ms);
    rpc_request_free(r);
}

/* What the first header tells of all: where it is not held, those after it say nothing of where logs begin. */
static enum verdict
of_the_first(const struct rpc_answer *answers, size_t good)
{
    enum verdict v = answers[0].judgement.verdict;
    if (v == VERDICT_NOBLOCK && good > 0)
        return VERDICT_OK; /* the chain leaves this number out */
    return v == VERDICT_NOTYET && good > 0 ? VERDICT_TRANSIENT : v; /* of another backend than the others */
}

static void
sample_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct survey *s = context;
    uint64_t lowest = UINT64_MAX;
    size_t good = 0;
    for (size_t i = 0; i < r->n; i++) {
        uint64_t block = r->calls[i].from;
        if (good > 0 && answers[i].judgement.verdict == VERDICT_NOTYET && /* one before it is there */
            block + ASK_NEAR_HEAD <= endpoint_head(s->endpoint))
            trust_lacks(&s->coping->trust, block);
        if (answers[i].judgement.verdict != VERDICT_OK)
            continue;
        good++;
        if (lowest == UINT64_MAX && bloom_holds_some(answers[i].result, block))
            lowest = block;
    }
    enum verdict v = of_the_first(answers, good);
    bool again = unanswered(s, v);
    if (v == VERDICT_OK)
        holdings_sampled(&s->holdings, lowest, s->sample);
    else if (v == VERDICT_PRUNED)
        holdings_missing(&s->holdings);
    else if (!again)
        holdings_abandon(&s->holdings);
    holdings_done(s, r, answers);
}

static void
control_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct survey *s = context;
    struct rpc_answer *a = &answers[0];
    enum verdict v = a->judgement.verdict;
    bool again = unanswered(s, v);
    if (v == VERDICT_OK && json_type(a->result) == JSON_ARRAY)
        holdings_controlled(&s->holdings, json_count(a->result) > 0);
    else if (v == VERDICT_RANGE || v == VERDICT_DENSITY || v == VERDICT_FILTER)
        holdings_controlled(&s->holdings, true); /* more than fit into an answer */
    else if (v == VERDICT_PRUNED)
        holdings_witnessed(&s->holdings, WITNESS_GONE);
    else if (!again)
        holdings_abandon(&s->holdings);
    holdings_done(s, r, answers);
}

static enum witness
witness_of(const struct survey *s, const struct rpc_answer *a)
{
    const struct task all = {0};
    char why[160];
    uint64_t n;
    switch (a->judgement.verdict) {
    case VERDICT_OK:
        if (json_count(a->result) == 0 ||
            receipts_logs_decode(a->result, &all, s->holdings.candidate, NULL, NULL, &n, why) != DECODE_OK)
            return WITNESS_NONE;
        return n > 0 ? WITNESS_AGAINST : WITNESS_FOR;
    case VERDICT_DENSITY: /* larger than fits: there are many */
        return WITNESS_AGAINST;
    case VERDICT_PRUNED:
    case VERDICT_NOTYET: /* null, so far from the head */
        return WITNESS_GONE;
    default:
        return WITNESS_NONE;
    }
}

static void
witness_done(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct survey *s = context;
    enum verdict v = answers[0].judgement.verdict;
    if (v == VERDICT_NOMETHOD)
        s->coping->lacks.receipts = true;
    if (!unanswered(s, v))
        holdings_witnessed(&s->holdings, witness_of(s, &answers[0]));
    holdings_done(s, r, answers);
}

/* --- questions --- */

static void
ask_sample(struct survey *s, const uint64_t *blocks, size_t n)
{
    struct rpc_request *r = rpc_request_new();
    for (size_t i = 0; i < n; i++)
        buf_addf(&rpc_request_add(r, "eth_getBlockByNumber", RPC_BLOCK, blocks[i], blocks[i])->params,
                 "[\"0x%llx\",false]", (unsigned long long)blocks[i]);
    survey_send(s, r, sample_done);
}

static void
ask_control(struct survey *s)
{
    struct rpc_request *r = rpc_request_new();
    uint64_t block = s->holdings.candidate;
    const struct task all = {0};
    logs_params(&rpc_request_add(r, "eth_getLogs", RPC_LOGS, block, block)->params, &all, block, block);
    survey_send(s, r, control_done);
}

static void
ask_witness(struct survey *s)
{
    struct rpc_request *r = rpc_request_new();
    uint64_t block = s->holdings.candidate;
    buf_addf(&rpc_request_add(r, "eth_getBlockReceipts", RPC_RECEIPTS, block, block)->params, "[\"0x%llx\"]",
             (unsigned long long)block);
    survey_send(s, r, witness_done);
}

void
survey_check(struct survey *s)
{
    uint64_t blocks[HOLDINGS_SAMPLE];
    size_t calls = 1;
    if (s->out_holdings || s->holdings.state == HOLDINGS_IDLE)
        return;
    if (s->holdings.state == HOLDINGS_WITNESS && s->coping->lacks.receipts)
        holdings_witnessed(&s->holdings, WITNESS_NONE);
    bool sampling = s->holdings.state == HOLDINGS_SAMPLING;
    if (sampling) {
        s->sample = endpoint_batch(s->endpoint);
        calls = holdings_sample(&s->holdings, blocks, s->sample);
    }
    s->out_holdings = s->holdings.state != HOLDINGS_IDLE && survey_may_send(s, calls);
    if (!s->out_holdings)
        return;
    if (sampling)
        ask_sample(s, blocks, calls);
    else if (s->holdings.state == HOLDINGS_CONTROL)
        ask_control(s);
    else
        ask_witness(s);
}
