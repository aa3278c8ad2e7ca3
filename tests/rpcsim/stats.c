/* stats.c - see stats.h. */
#include "stats.h"

#include <inttypes.h>
#include <string.h>

static const char *const refusal_names[REFUSALS] = {
    [REFUSED_RATE] = "rate", [REFUSED_QUOTA] = "quota", [REFUSED_FAULT] = "fault",
    [REFUSED_RANGE] = "range", [REFUSED_RESULTS] = "results", [REFUSED_BYTES] = "bytes",
    [REFUSED_FILTER] = "filter", [REFUSED_BATCH] = "batch", [REFUSED_HEAD] = "head",
    [REFUSED_PRUNED] = "pruned", [REFUSED_METHOD] = "method", [REFUSED_CALLER] = "caller",
};

void
stats_arrival(struct stats *s, int64_t now_us)
{
    if (s->arrived_us && now_us - s->arrived_us > s->max_gap_us)
        s->max_gap_us = now_us - s->arrived_us;
    s->arrived_us = now_us;
}

void
stats_method(struct stats *s, struct span name)
{
    for (size_t i = 0; i < STATS_METHODS; i++) {
        if (s->methods[i].calls == 0 && name.n < sizeof s->methods[i].name)
            memcpy(s->methods[i].name, name.p, name.n);
        if (span_is(name, s->methods[i].name)) {
            s->methods[i].calls++;
            return;
        }
    }
}

void
stats_print(const struct stats *s, struct buf *out)
{
    buf_addf(out, "{\"requests\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"logs\":%" PRIu64
             ",\"bytes\":%" PRIu64 ",\"lies\":%" PRIu64 ",\"connections\":%" PRIu64 ",\"in_flight\":%" PRIu64
             ",\"max_in_flight\":%" PRIu64 ",\"max_batch\":%" PRIu64 ",\"max_range\":%" PRIu64 ",\"first_logs_us\":%" PRId64
             ",\"last_us\":%" PRId64 ",\"max_gap_us\":%" PRId64 ",\"refused\":{",
             s->requests, s->calls, s->batches, s->logs, s->bytes, s->lies, s->connections, s->in_flight,
             s->max_in_flight, s->max_batch, s->max_range, s->first_logs_us, s->last_us, s->max_gap_us);
    for (size_t i = 0; i < REFUSALS; i++)
        buf_addf(out, "%s\"%s\":%" PRIu64, i ? "," : "", refusal_names[i], s->refused[i]);
    buf_adds(out, "},\"methods\":{");
    for (size_t i = 0; i < STATS_METHODS && s->methods[i].calls; i++)
        buf_addf(out, "%s\"%s\":%" PRIu64, i ? "," : "", s->methods[i].name, s->methods[i].calls);
    buf_adds(out, "}}\n");
}
