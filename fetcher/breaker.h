/* breaker.h - a circuit breaker: stops asking what keeps failing, finds out when it is back.
 *
 *            threshold failures in a row             cooldown over
 *   CLOSED ------------------------------> OPEN ----------------------> HALF_OPEN
 *     ^                                     ^                              |   |
 *     |                                     +------- probe failed ---------+   |
 *     +----------------------------- probe succeeded --------------------------+
 *
 * Half-open lets one probe through. One breaker per endpoint and one per method. Time is an
 * argument (monotonic milliseconds). Plain state: a zeroed struct plus breaker_init.
 */
#ifndef SLUICE_BREAKER_H
#define SLUICE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    uint32_t threshold;   /* consecutive failures that open it, >= 1 */
    int64_t cooldown_ms;  /* time until a probe */
    enum breaker_state state;
    uint32_t failures;    /* in a row */
    int64_t opened_ms;
    bool probing;
};

void breaker_init(struct breaker *b, uint32_t threshold, int64_t cooldown_ms);
/* The state at this time; OPEN turns HALF_OPEN here once the cooldown is over. */
enum breaker_state breaker_state(struct breaker *b, int64_t now_ms);
/* May a request go? In HALF_OPEN true once, and that one is then the probe. */
bool breaker_allow(struct breaker *b, int64_t now_ms);
/* How the request ended. Both return true when the state changed. */
bool breaker_succeed(struct breaker *b, int64_t now_ms);
bool breaker_fail(struct breaker *b, int64_t now_ms);
/* Milliseconds until a probe may go; 0: now or closed. */
int64_t breaker_wait_ms(const struct breaker *b, int64_t now_ms);

#endif
