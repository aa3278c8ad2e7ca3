/* verdict.c - finds the rule that fits an answer, and reads the numbers that come with it. */
#include "fetcher/verdict.h"

#include <strings.h>

#include "fetcher/pattern.h"
#include "fetcher/verdict_rules.h"

enum {
    OLD_BLOCKS = 1000,            /* this far below the head a block is no longer "not yet" */
    DAY_S = 86400,
    RETRY_AFTER_MAX_MS = 300000,  /* a header's wish is obeyed up to here: 5 min */
    TEXT_WAIT_MAX_MS = 3600000,   /* a text's: 1 h */
};

/* The texts of an answer that rules look into. */
struct texts {
    struct span message, data, page; /* page: HTML */
};

static struct texts
texts_of(const struct answer_facts *f)
{
    struct span body = f->body;

    if (f->json)
        return (struct texts){.message = f->message, .data = f->data};
    while (body.n && (*body.p == ' ' || *body.p == '\n' || *body.p == '\r' || *body.p == '\t')) {
        body.p++;
        body.n--;
    }
    if (body.n && *body.p == '<')
        return (struct texts){.page = body};
    if (f->status >= 500) /* a gateway's words about itself */
        return (struct texts){.message = SPAN("")};
    return (struct texts){.message = body};
}

/* What of enum rule_need holds. */
static unsigned
conditions(const struct answer_facts *f, const struct texts *t)
{
    bool logs = f->kind == RPC_LOGS && f->blocks > 0;
    bool old = f->head > OLD_BLOCKS && f->from <= f->to && f->from < f->head - OLD_BLOCKS;

    return (logs ? IF_LOGS : 0U) | (logs && f->blocks > 1 ? IF_WIDE : 0U)
         | (f->batch > 1 ? IF_BATCH : 0U) | (f->whole_batch ? IF_WHOLE : 0U)
         | (f->items > 1 ? IF_ITEMS : 0U) | (old ? IF_OLD : 0U)
         | (f->has_error ? IF_ERROR : 0U) | (t->page.n ? IF_HTML : 0U)
         | (f->result_null && !f->has_error ? IF_NULL : 0U)
         | (f->result_missing && !f->has_error ? IF_MISSING : 0U) | (f->foreign ? IF_FOREIGN : 0U);
}

static bool
status_fits(long want, long status)
{
    return want == 0 || want == status || (want < 10 && status / 100 == want);
}

static bool
text_fits(const struct rule *r, const struct texts *t, struct found *found)
{
    if (!r->text)
        return true;
    if (r->need & IF_HTML)
        return pattern_find(r->text, t->page, found);
    return pattern_find(r->text, t->message, found) || pattern_find(r->text, t->data, found);
}

static const struct rule *
find_rule(const struct answer_facts *f, const struct texts *t, struct found *found)
{
    unsigned holds = conditions(f, t);
    const struct rule *r;

    for (r = verdict_rules; r->name; r++) {
        *found = (struct found){.duration_ms = -1};
        if (r->transport == f->transport && (r->need & holds) == r->need
            && status_fits(r->status, f->status) && (r->code == 0 || r->code == f->code)
            && (r->hint != HINT_KNOWN || f->blocks > (uint64_t)r->value)
            && text_fits(r, t, found))
            return r;
    }
    return NULL;
}

/* The width of a range that a text suggests; only the width: its place is somebody else's idea.
 * 0: none, inverted, or no narrower than what was just refused. */
static uint64_t
suggested(const struct answer_facts *f)
{
    static const char *const patterns[] = {"should work: [@, @]", "try with this block range [@, @]",
                                           "retry with the range @-@"};
    struct span places[2] = {f->message, f->data};
    struct found a, b;
    uint64_t from = 1, to = 0;

    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++)
            if (pattern_find(patterns[k], places[i], &a)) {
                from = a.numbers[0];
                to = a.numbers[1];
            }
        if (pattern_find("\"from\":\"@\"", places[i], &a) && pattern_find("\"to\":\"@\"", places[i], &b)) {
            from = a.numbers[0];
            to = b.numbers[0];
        }
    }
    return from <= to && to - from < f->blocks - 1 ? to - from + 1 : 0;
}

/* Both what was stated and what was suggested; 0 is neither. */
static uint64_t
narrower(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static void
read_hint(struct judgement *j, const struct rule *r, const struct answer_facts *f, const struct found *found)
{
    uint64_t last = found->n ? found->numbers[found->n - 1] : (uint64_t)r->value;

    switch (r->hint) {
    case HINT_PLAN:
        if (f->blocks <= last)
            j->verdict = VERDICT_NOMETHOD;
        /* fall through */
    case HINT_BLOCKS:
    case HINT_KNOWN:
        j->max_blocks = narrower(last < f->blocks ? last : 0, suggested(f));
        break;
    case HINT_LOGS:
        j->max_logs = last;
        /* fall through */
    case HINT_SUGGESTED:
        j->max_blocks = suggested(f);
        break;
    case HINT_ITEMS:
        j->max_items = last < (r->verdict == VERDICT_BATCH ? f->batch : f->items) ? last : 0;
        break;
    case HINT_FIRST:
        j->min_block = last;
        break;
    case HINT_PER_SECOND:
        j->per_second = found->n ? found->numbers[0] : 0;
        j->wait_ms = 1000;
        break;
    case HINT_WAIT:
        j->wait_ms = r->value;
        break;
    case HINT_MIDNIGHT:
        j->wait_ms = (DAY_S - f->now_unix % DAY_S) * 1000;
        break;
    case HINT_NONE:
        break;
    }
}

/* How long the answer asks to wait: in its text, its data or the header; -1 if nowhere. */
static int64_t
asked_wait(const struct answer_facts *f)
{
    static const char *const patterns[] = {"\"backoff_seconds\":~", "\"try_again_in\":\"~", "\"retry_after\":~",
                                           "retry in ~", "try again in ~", "retry after ~"};
    struct span places[2] = {f->message, f->data};
    struct found found;
    int64_t wait = -1;

    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++)
            if (pattern_find(patterns[k], places[i], &found) && found.duration_ms > wait)
                wait = found.duration_ms;
    if (wait > TEXT_WAIT_MAX_MS)
        wait = TEXT_WAIT_MAX_MS;
    if (f->retry_after_ms > wait)
        wait = f->retry_after_ms < RETRY_AFTER_MAX_MS ? f->retry_after_ms : RETRY_AFTER_MAX_MS;
    return wait > 0 ? wait : -1; /* 0 leaves it to the caller's backoff */
}

static bool
is_result(const struct answer_facts *f)
{
    return f->transport == TRANSPORT_OK && f->json && !f->has_error && !f->result_null
        && !f->result_missing && !f->foreign && f->status < 400;
}

struct judgement
judge(const struct answer_facts *f)
{
    struct judgement j = {.verdict = VERDICT_OK, .wait_ms = -1, .rule = "ok"};
    struct texts texts = texts_of(f);
    const struct rule *r;
    struct found found;

    if (is_result(f))
        return j;
    r = find_rule(f, &texts, &found);
    if (!r) {
        j.verdict = VERDICT_TRANSIENT;
        j.rule = f->json ? "unknown" : "not-json";
        return j;
    }
    j.verdict = r->verdict;
    j.rule = r->name;
    read_hint(&j, r, f, &found);
    if ((j.verdict == VERDICT_RATE || j.verdict == VERDICT_TRANSIENT) && asked_wait(f) > j.wait_ms)
        j.wait_ms = asked_wait(f);
    if (j.verdict == VERDICT_QUOTA && asked_wait(f) > 0)
        j.wait_ms = asked_wait(f); /* it knows better than a rule when its day ends */
    /* A single block cannot be too wide: such an endpoint serves no logs at all. */
    if (j.verdict == VERDICT_RANGE && f->blocks == 1)
        j.verdict = VERDICT_NOMETHOD;
    return j;
}
