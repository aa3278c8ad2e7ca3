/* report.c - what people are told of an endpoint; see report.h. */
#include "fetcher/report.h"

#include <stdio.h>
#include <string.h>

#include "common/talk.h"

/* How much a verdict says about the endpoint as a whole: the greatest of a request counts. */
static const int weight[VERDICT_COUNT] = {
    [VERDICT_AUTH] = 13,    [VERDICT_QUOTA] = 12,    [VERDICT_RATE] = 11,
    [VERDICT_BATCH] = 10,   [VERDICT_TRANSIENT] = 9, [VERDICT_BADDATA] = 8,
    [VERDICT_NOMETHOD] = 7, [VERDICT_PRUNED] = 6,    [VERDICT_CALLER] = 5,
    [VERDICT_FILTER] = 4,   [VERDICT_RANGE] = 3,     [VERDICT_DENSITY] = 2,
    [VERDICT_NOTYET] = 1,   [VERDICT_NOBLOCK] = 1,  [VERDICT_OK] = 0,
};

static void
count_text(struct report *r, struct span text)
{
    char key[REPORT_TEXT];
    size_t n = 0;
    for (size_t i = 0; i < text.n && n + 1 < sizeof key; i++) {
        bool digit = text.p[i] >= '0' && text.p[i] <= '9';
        if (digit && n > 0 && key[n - 1] == '#')
            continue; /* numbers do not make another error */
        key[n++] = digit ? '#' : text.p[i];
    }
    key[n] = '\0';
    for (size_t i = 0; i < REPORT_TEXTS; i++) {
        if (r->texts[i].n == 0)
            memcpy(r->texts[i].text, key, n + 1);
        if (strcmp(r->texts[i].text, key) == 0) {
            r->texts[i].n++;
            return;
        }
    }
    r->others++;
}

static void
tell_breaker(struct report *r, const struct rpc_answer *worst, int64_t now_ms)
{
    enum breaker_state state = endpoint_state(r->endpoint, now_ms);
    if (state == BREAKER_OPEN && !r->open) {
        int64_t wait = endpoint_next_ms(r->endpoint, now_ms);
        r->open = true;
        warn("endpoint \"%s\": breaker open after %u failures (%.*s), next probe in %lld s", r->name,
             r->threshold, SPAN_ARG(worst->text), (long long)((wait + 999) / 1000));
    } else if (state == BREAKER_CLOSED && r->open) {
        r->open = false;
        say("endpoint \"%s\": breaker closed, it answers again", r->name);
    }
}

static size_t
judged(const struct rpc_request *q, const struct rpc_answer *answers, enum verdict v)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n; i++)
        n += answers[i].judgement.verdict == v;
    return n;
}

/* One call of a batch that went wrong does not make the endpoint a bad one. */
static bool
only_some(const struct rpc_request *q, const struct rpc_answer *answers, enum verdict v)
{
    return (v == VERDICT_TRANSIENT || v == VERDICT_BADDATA) && 2 * judged(q, answers, v) < q->n;
}

void
report_answers(struct report *r, const struct rpc_request *q, const struct rpc_answer *answers,
               int64_t now_ms)
{
    size_t worst = 0;
    for (size_t i = 0; i < q->n; i++) {
        const struct judgement *j = &answers[i].judgement;
        if (weight[j->verdict] > weight[answers[worst].judgement.verdict])
            worst = i;
        if (j->verdict == VERDICT_OK)
            endpoint_served(r->endpoint, q->calls[i].method, now_ms);
        if (j->rule && strcmp(j->rule, "unknown") == 0)
            count_text(r, answers[i].text);
    }
    const struct judgement *j = &answers[worst].judgement;
    if (j->verdict == VERDICT_BATCH)
        endpoint_batch_refused(r->endpoint, j, q->n);
    if (j->verdict == VERDICT_RATE && judged(q, answers, VERDICT_OK) > 0)
        endpoint_counts_calls(r->endpoint, now_ms);
    const struct judgement mostly_ok = {.verdict = VERDICT_OK, .wait_ms = -1, .rule = "ok"};
    if (only_some(q, answers, j->verdict))
        j = &mostly_ok;
    if (j->verdict == VERDICT_OK)
        r->good_ms = now_ms;
    endpoint_answer(r->endpoint, q->calls[worst].method, j, q->n, q->latency_us, now_ms);
    tell_breaker(r, &answers[worst], now_ms);
}

void
report_print_texts(const struct report *r)
{
    for (size_t i = 0; i < REPORT_TEXTS && r->texts[i].n > 0; i++)
        say("endpoint \"%s\": %llu answers that no rule knows: %s", r->name,
            (unsigned long long)r->texts[i].n, r->texts[i].text);
    if (r->others > 0)
        say("endpoint \"%s\": %llu further answers that no rule knows", r->name,
            (unsigned long long)r->others);
}

void
report_print_statistics(const struct report *r)
{
    const struct endpoint_stats *s = endpoint_stats(r->endpoint);
    uint64_t average = s->requests ? s->latency_us / s->requests / 1000 : 0;
    say_line("=== RPC Statistics ===");
    say_line("[%s] requests=%llu failures=%llu avg_latency=%llums", r->name,
             (unsigned long long)s->requests, (unsigned long long)s->failures,
             (unsigned long long)average);
}
