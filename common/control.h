/* control.h - control lines: what fetchers and the writer tell the producer.
 * Grammar: common/protocol.txt, section 4.
 */
#ifndef SLUICE_CONTROL_H
#define SLUICE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum control_verb {
    CONTROL_CREDIT,
    CONTROL_TOOK,
    CONTROL_DECLINED,
    CONTROL_FETCHED,
    CONTROL_FAILED,
    CONTROL_REFUSED,
    CONTROL_BYE,
    CONTROL_HELLO,
    CONTROL_COMMITTED,
    CONTROL_LOST,
    CONTROL_REJECTED,
    CONTROL_UNCOVERED,
};

enum control_reason { REASON_NONE, REASON_SLOT, REASON_BREAKER, REASON_HEAD, REASON_AVOID,
                      REASON_CHAIN, REASON_STOPPING };

enum control_state { STATE_CLOSED, STATE_OPEN, STATE_HALF_OPEN };

struct control {
    enum control_verb verb;
    struct span run, fetcher, endpoint; /* empty where the verb has none */
    uint64_t task;
    bool has_range;
    uint64_t from, to;
    uint64_t free;
    uint64_t chain, head;
    uint64_t requests, failures, latency_us;
    enum control_state state;
    enum control_reason reason;
    uint64_t wait_ms;
    uint64_t rows;
    struct span error;
};

/* False: err names the word that is wrong. Spans point into line. */
bool control_parse(struct span line, struct control *out, char *err, size_t size);
/* Appends the line, without a newline; newlines and control characters in error become spaces. */
void control_format(struct buf *out, const struct control *c);

#endif
