/* stats.h - what the endpoint was asked and did, as GET /stats tells it. */
#ifndef RPCSIM_STATS_H
#define RPCSIM_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum refusal {
    REFUSED_RATE, REFUSED_QUOTA, REFUSED_FAULT, REFUSED_RANGE, REFUSED_RESULTS, REFUSED_BYTES,
    REFUSED_FILTER, REFUSED_BATCH, REFUSED_HEAD, REFUSED_PRUNED, REFUSED_METHOD, REFUSED_CALLER,
    REFUSALS,
};

enum { STATS_METHODS = 24 };

struct stats {
    uint64_t requests, calls, batches, logs, bytes; /* bytes: of answers, before compression */
    uint64_t refused[REFUSALS], lies;
    uint64_t get_logs; /* calls of eth_getLogs */
    uint64_t connections, in_flight, max_in_flight;
    uint64_t max_batch, max_range; /* largest that was asked for */
    int64_t first_logs_us, last_us; /* monotonic: the first eth_getLogs, the end of the last answer */
    int64_t arrived_us, max_gap_us; /* the last request; the longest time between two */
    struct {
        char name[40];
        uint64_t calls;
    } methods[STATS_METHODS]; /* the first so many different ones */
};

void stats_arrival(struct stats *s, int64_t now_us);
void stats_method(struct stats *s, struct span name);
void stats_print(const struct stats *s, struct buf *out); /* one JSON object and a newline */

#endif
