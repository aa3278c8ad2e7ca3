#include "fetcher/verdict.h"

const char *
verdict_name(enum verdict v)
{
    static const char *const names[VERDICT_COUNT] = {
        [VERDICT_OK] = "ok", [VERDICT_RATE] = "rate", [VERDICT_QUOTA] = "quota",
        [VERDICT_RANGE] = "range", [VERDICT_DENSITY] = "density", [VERDICT_FILTER] = "filter",
        [VERDICT_BATCH] = "batch", [VERDICT_NOTYET] = "not-yet", [VERDICT_PRUNED] = "pruned",
        [VERDICT_NOMETHOD] = "no-method", [VERDICT_AUTH] = "auth",
        [VERDICT_TRANSIENT] = "transient", [VERDICT_BADDATA] = "bad-data",
        [VERDICT_CALLER] = "caller",
    };

    return names[v];
}

struct judgement
judge(const struct answer_facts *f)
{
    struct judgement j = {.verdict = VERDICT_TRANSIENT, .wait_ms = -1, .rule = "unknown"};

    if (f->transport == TRANSPORT_OK && f->json && !f->has_error && !f->result_null && !f->result_missing) {
        j.verdict = VERDICT_OK;
        j.rule = "ok";
    } else if (f->result_null) {
        j.verdict = VERDICT_NOTYET;
        j.rule = "null";
    } else if (f->status == 429) {
        j.verdict = VERDICT_RATE;
        j.rule = "http-429";
    }
    return j;
}
