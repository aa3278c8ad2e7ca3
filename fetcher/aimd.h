/* aimd.h - how many requests in flight an endpoint gains from.
 *
 * It starts at the most and is cut only on evidence, since a healthy endpoint must lose nothing:
 *   - a request timed out: x 0.7, once per round trip
 *   - the mean latency of a window of answers is more than twice the least of the windows before,
 *     while the limit was used up: x 0.9. The queue is then in the server, and waiting there for
 *     longer brings nothing.
 * A window without such adds one. The least latency is forgotten slowly (10 % per window), so that
 * an endpoint that has just become slower is not starved: a wrong guess costs a few windows.
 * Refusals for the rate do not cut here: the bucket paces those, and fewer requests in flight than
 * rate times latency would only lose more.
 */
#ifndef SLUICE_AIMD_H
#define SLUICE_AIMD_H

#include <stdbool.h>
#include <stdint.h>

struct aimd {
    uint32_t most;
    double limit;        /* 1 .. most */
    double least_us;     /* of window means, 0: none yet */
    double sum_us;       /* of this window */
    uint32_t n;          /* answers in this window */
    bool full;           /* the limit was used up in this window */
    int64_t cut_ms;      /* of the last cut */
};

void aimd_init(struct aimd *a, uint32_t most);
uint32_t aimd_limit(const struct aimd *a);
void aimd_answer(struct aimd *a, int64_t latency_us, uint32_t in_flight, int64_t now_ms);
void aimd_timeout(struct aimd *a, int64_t sent_ms, int64_t now_ms);
/* Requests have become much larger or smaller: latencies before do not compare. */
void aimd_rebase(struct aimd *a);

#endif
