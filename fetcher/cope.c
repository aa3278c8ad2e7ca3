/* cope.c - what becomes of a step that an endpoint did not serve; see cope.h. */
#include "fetcher/cope.h"

#include <stdio.h>
#include <string.h>

enum {
    LONG_PAUSE_MS = 5000,    /* rather than wait so long, a task goes back */
    THROTTLED_MAX = 10,      /* refusals for their rate, in a row */
    THROTTLED_WIDE = 5,      /* so many, and it may be its width: some say "too many requests" of that, too; */
    THROTTLED_DENSE = 50,    /* or so many, where ranges as wide were served: it may be what is in it */
    UNSEEN_MAX = 5,          /* answers that a block below the head is not there */
    UNSEEN_PAUSE_MS = 100,   /* doubled each time */
    NULLS_MAX = 2,           /* instead of receipts, until it is asked for each of them */
    OLD_BLOCKS = 1000,       /* below the head: no node is so far behind */
    ALONE_ROUNDS = 3,        /* times the retries, where nobody else can do it */
    KEY_REFUSALS = 3,        /* in a row, until the endpoint is not used any more */
};

struct case_of { /* one step in trouble */
    struct coping *c;
    struct job *j;
    struct step *s;
    const struct rpc_answer *a;
    const struct judgement *verdict;
    const char *method;
    size_t calls;
    int64_t now_ms;
};

int64_t
cope_pause_ms(struct coping *c, uint32_t n)
{
    int64_t pause = n > 6 ? 30000 : n > 1 ? 1000 << (n - 2) : 250;
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    return pause / 2 + (int64_t)(c->seed >> 33) % (pause / 2 + 1);
}

static void
again(struct case_of *k, int64_t wait_ms)
{
    k->s->not_before_ms = wait_ms > 0 ? k->now_ms + wait_ms : 0;
    job_put(k->j, k->s);
}

static void
give(struct case_of *k, enum control_verb verb, enum control_reason reason, int64_t wait_ms)
{
    struct span text = k->a->text;
    char name[64];
    job_stop(k->j, verb, reason, wait_ms, "%s%s: %.*s", job_blamed(k->j, k->method, name, sizeof name), k->method,
             SPAN_ARG(text));
    step_free(k->s);
}

static void
fail(struct case_of *k)
{
    give(k, CONTROL_FAILED, REASON_NONE, 0);
}

/* False: it has one block (or whatever). */
static bool
split_range(struct case_of *k, uint64_t width)
{
    struct step *other = step_cut(k->s, width < piece_width(k->s->at) ? width : 0);
    if (!other)
        return false;
    k->s->not_before_ms = 0;
    job_put(k->j, k->s);
    job_put(k->j, other);
    return true;
}

static bool
split_values(struct case_of *k, size_t max)
{
    if (!job_split_values(k->j, k->s, max))
        return false;
    job_put(k->j, k->s);
    return true;
}

/* One block with too many logs, and no filter to split: its receipts hold the same logs. The header
 * tells how many there must be. */
static void
ask_receipts(struct case_of *k)
{
    k->s->kind = STEP_DENSE;
    k->s->needs = NEED_HEADER | NEED_RECEIPTS;
    again(k, 0);
}

/* The receipts of a block, each by its hash. False: that was not the question, or not all at once. */
static bool
one_by_one(struct case_of *k, enum receipts_way why)
{
    if (strcmp(k->method, "eth_getBlockReceipts") != 0 || k->s->one_by_one)
        return false;
    k->s->one_by_one = why;
    k->s->unseen = k->s->failures = 0;
    again(k, 0);
    return true;
}

static void
cope_transient(struct case_of *k)
{
    uint32_t most = k->c->retries;
    if (k->c->alone)
        most = (most + 1) * ALONE_ROUNDS - 1;
    if (++k->s->failures > most) {
        if (!one_by_one(k, RECEIPTS_ODD)) /* some nodes fail to put those of some blocks together */
            fail(k);
        return;
    }
    /* some gateways answer 503 or fall silent when a range is too heavy for them */
    if (k->s->kind == STEP_LOGS && k->s->failures == 2 && split_range(k, 0))
        return;
    /* pauses grow while the endpoint answers nothing; one failure among good answers is bad luck */
    uint32_t in_a_row = 1 + endpoint_failures(k->c->endpoint);
    int64_t wait = k->verdict->wait_ms;
    again(k, wait >= 0 ? wait : cope_pause_ms(k->c, k->s->failures < in_a_row ? k->s->failures : in_a_row));
}

static void
cope_rate(struct case_of *k)
{
    int64_t wait = k->verdict->wait_ms;
    uint32_t n = ++k->s->throttled;
    if (!k->c->alone && (wait > LONG_PAUSE_MS || n > THROTTLED_MAX)) {
        give(k, CONTROL_DECLINED, REASON_BREAKER, wait > 0 ? wait : LONG_PAUSE_MS);
        return;
    }
    bool wide = piece_width(k->s->at) > endpoint_logs_widest(k->c->endpoint);
    if (k->s->kind == STEP_LOGS && n % (wide ? THROTTLED_WIDE : THROTTLED_DENSE) == 0 && split_range(k, 0))
        return;
    again(k, wait);
}

static void
cope_quota(struct case_of *k)
{
    if (k->c->alone)
        fail(k);
    else
        give(k, CONTROL_DECLINED, REASON_BREAKER,
             k->verdict->wait_ms > 0 ? k->verdict->wait_ms : 60000);
}

static void
cope_large(struct case_of *k)
{
    struct step *s = k->s;
    if (s->kind != STEP_LOGS) {
        bool ours = k->verdict->rule && strcmp(k->verdict->rule, "body-bound") == 0;
        if (split_range(k, 0) || one_by_one(k, RECEIPTS_TOO_LARGE))
            return;
        if (ours) /* larger than our own bound: another try brings nothing else */
            fail(k);
        else
            cope_transient(k);
        return;
    }
    endpoint_logs_refused(k->c->endpoint, s->at.from, s->at.to, k->verdict);
    if (!split_range(k, k->verdict->max_blocks) && !split_values(k, 0))
        ask_receipts(k);
}

/* The limit is kept: it belongs to the node's settings, and those hardly ever change. */
static void
cope_filter(struct case_of *k)
{
    size_t most = values_longest(&k->s->values), told = (size_t)k->verdict->max_items;
    size_t limit = told > 0 && told < most ? told : (most + 1) / 2;
    if (most > 1 && (k->c->max_values == 0 || limit < k->c->max_values))
        k->c->max_values = limit;
    if (!split_values(k, (size_t)k->verdict->max_items))
        cope_transient(k);
}

static void
cope_batch(struct case_of *k)
{
    if (k->calls < 2) {
        cope_transient(k);
        return;
    }
    if (++k->s->throttled > 2 * THROTTLED_MAX) {
        fail(k);
        return;
    }
    again(k, 0); /* it is cut to the size that the endpoint now takes before it goes */
}

static void
cope_notyet(struct case_of *k)
{
    struct step *s = k->s;
    struct job *j = k->j;
    bool by_block = s->kind == STEP_LOGS || s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
    bool old = s->kind != STEP_HASHES && s->kind != STEP_LOGS &&
               j->want.to + OLD_BLOCKS < endpoint_head(k->c->endpoint);
    uint32_t most = k->c->alone && !old ? ALONE_ROUNDS * UNSEEN_MAX : UNSEEN_MAX;
    int64_t wait = UNSEEN_PAUSE_MS << (s->unseen < UNSEEN_MAX ? s->unseen : UNSEEN_MAX);
    if (by_block && s->at.to + ASK_NEAR_HEAD <= endpoint_head(k->c->endpoint))
        trust_lacks(&k->c->trust, s->at.from);
    if (old && strcmp(k->method, "eth_getBlockReceipts") == 0) /* perhaps nothing so old is held */
        holdings_doubt(k->c->holdings, s->at.from, endpoint_head(k->c->endpoint));
    if (s->unseen == NULLS_MAX && one_by_one(k, RECEIPTS_NULL))
        return;
    if (++s->unseen <= most) {
        again(k, wait);
        return;
    }
    if (s->kind == STEP_HASHES) { /* a reorganisation took it, or somebody else has it */
        job_missing(j, s);
        return;
    }
    if (!by_block || k->c->alone) {
        fail(k);
        return;
    }
    if (s->at.from <= j->want.from) {
        give(k, CONTROL_DECLINED, REASON_HEAD, wait);
        return;
    }
    job_cut_after(j, s->at.from - 1, REASON_HEAD, wait);
    job_drop(j, s);
}

/* Some chains leave numbers out (Filecoin's null rounds): such a block is done, and has nothing. */
static void
cope_noblock(struct case_of *k)
{
    struct step *s = k->s;
    bool by_block = s->kind == STEP_LOGS || s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
    if (by_block && split_range(k, 0)) /* until it is alone */
        return;
    if (!by_block || s->assembly) {
        fail(k);
        return;
    }
    if (s->kind != STEP_BLOCKS || !k->j->by_range) {
        job_done(k->j, s);
        return;
    }
    job_header(k->j, &(struct header){.number = s->at.from});
    step_free(s);
}

/* Headers outlive logs and receipts, and those outlive traces and state: each sort by itself. */
static void
remember_pruned(struct case_of *k, uint64_t first)
{
    if (strcmp(k->method, "eth_getBlockByNumber") == 0)
        endpoint_pruned(k->c->endpoint, first);
    else if ((strcmp(k->method, "eth_getLogs") == 0 || strcmp(k->method, "eth_getBlockReceipts") == 0) &&
             first > k->c->logs_from)
        k->c->logs_from = first;
}

static void
cope_pruned(struct case_of *k)
{
    struct step *s = k->s;
    uint64_t told = k->verdict->min_block, first = told <= endpoint_head(k->c->endpoint) ? told : 0;
    if (s->kind != STEP_LOGS && s->kind != STEP_BLOCKS && s->kind != STEP_DENSE) {
        give(k, CONTROL_REFUSED, REASON_NONE, 0);
        return;
    }
    if (first == 0 && !s->traced) { /* where it begins is looked up first: survey.c */
        s->traced = true;
        holdings_doubt(k->c->holdings, s->at.from, endpoint_head(k->c->endpoint));
        s->not_before_ms = INT64_MAX;
        job_put(k->j, s);
        return;
    }
    remember_pruned(k, first > s->at.from ? first : s->at.from + 1);
    if (first <= s->at.from || first > k->j->want.to) {
        give(k, CONTROL_REFUSED, REASON_NONE, 0);
        return;
    }
    char error[320];
    snprintf(error, sizeof error, "%s: %.*s", k->method, SPAN_ARG(k->a->text));
    job_put(k->j, s); /* the cut trims what waits */
    job_cut_before(k->j, first, error);
}

/* Notes the lack. True: another method can do it. */
static bool
lack(struct lacks *l, const char *method)
{
    static const char *const names[] = {"eth_getBlockReceipts", "trace_block",
                                        "debug_traceBlockByNumber", "eth_getLogs"};
    bool *const flags[] = {&l->receipts, &l->trace_block, &l->debug_trace, &l->logs};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(method, names[i]) == 0) {
            *flags[i] = true;
            return i < 2;
        }
    return false;
}

static void
cope_nomethod(struct case_of *k)
{
    if (endpoint_slips(k->c->endpoint, k->method)) {
        cope_transient(k);
        return;
    }
    bool proof = k->s->kind == STEP_LOGS && strcmp(k->method, "eth_getBlockByNumber") == 0;
    k->c->lacks.headers |= proof;
    if (proof || (lack(&k->c->lacks, k->method) && !ask_lacking(k->s, &k->c->lacks)))
        again(k, 0);
    else
        give(k, CONTROL_REFUSED, REASON_NONE, 0);
}

static void
cope_auth(struct case_of *k)
{
    if (++k->c->refusals < KEY_REFUSALS) {
        again(k, 1000);
        return;
    }
    snprintf(k->c->fatal, sizeof k->c->fatal, "%s: %.*s", k->method, SPAN_ARG(k->a->text));
    give(k, CONTROL_DECLINED, REASON_STOPPING, 0);
}

/* Some nodes leave receipts out of a block's, send some twice, or null for some. */
static bool
receipts_of_blocks(const struct step *s)
{
    return (s->kind == STEP_BLOCKS || s->kind == STEP_DENSE) && (s->needs & NEED_RECEIPTS) && !s->one_by_one;
}

static void
cope_bad(struct case_of *k)
{
    uint32_t most = k->c->alone ? ALONE_ROUNDS * (k->c->retries + 1) : 1;
    if (++k->s->bad == 2 && receipts_of_blocks(k->s)) {
        k->s->one_by_one = RECEIPTS_ODD;
        again(k, 0);
    } else if (k->s->bad > most + (k->s->one_by_one == RECEIPTS_ODD)) /* that is a try more */
        fail(k);
    else
        again(k, k->s->bad > 1 ? cope_pause_ms(k->c, k->s->bad - 1) : 0);
}

void
cope(struct coping *c, struct job *j, struct step *s, const struct rpc_answer *a,
     const char *method, size_t calls, int64_t now_ms)
{
    static void (*const ways[VERDICT_COUNT])(struct case_of *) = {
        [VERDICT_RATE] = cope_rate,           [VERDICT_QUOTA] = cope_quota,
        [VERDICT_RANGE] = cope_large,         [VERDICT_DENSITY] = cope_large,
        [VERDICT_FILTER] = cope_filter,       [VERDICT_BATCH] = cope_batch,
        [VERDICT_NOTYET] = cope_notyet,       [VERDICT_PRUNED] = cope_pruned,
        [VERDICT_NOBLOCK] = cope_noblock,
        [VERDICT_NOMETHOD] = cope_nomethod,   [VERDICT_AUTH] = cope_auth,
        [VERDICT_TRANSIENT] = cope_transient, [VERDICT_BADDATA] = cope_bad,
        [VERDICT_CALLER] = fail,
    };
    struct case_of k = {.c = c, .j = j, .s = s, .a = a, .verdict = &a->judgement,
                        .method = method, .calls = calls, .now_ms = now_ms};
    bool by_block = s->kind == STEP_LOGS || s->kind == STEP_BLOCKS || s->kind == STEP_DENSE;
    if (j->stopped || (by_block && (s->at.to < j->want.from || s->at.from > j->want.to)))
        job_drop(j, s); /* these blocks go back anyway */
    else
        ways[a->judgement.verdict](&k);
}
