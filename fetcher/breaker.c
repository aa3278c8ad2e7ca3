/* breaker.c - the states of breaker.h. A late answer (of a request sent before it opened) neither
 * closes an open breaker nor extends its cooldown: only the probe decides.
 */
#include "fetcher/breaker.h"

void
breaker_init(struct breaker *b, uint32_t threshold, int64_t cooldown_ms)
{
    *b = (struct breaker){
        .threshold = threshold ? threshold : 1,
        .cooldown_ms = cooldown_ms,
        .state = BREAKER_CLOSED,
    };
}

enum breaker_state
breaker_state(struct breaker *b, int64_t now_ms)
{
    if (b->state == BREAKER_OPEN && now_ms - b->opened_ms >= b->cooldown_ms) {
        b->state = BREAKER_HALF_OPEN;
        b->probing = false;
    }
    return b->state;
}

bool
breaker_allow(struct breaker *b, int64_t now_ms)
{
    switch (breaker_state(b, now_ms)) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_HALF_OPEN:
        if (b->probing)
            return false;
        b->probing = true;
        return true;
    case BREAKER_OPEN:
        break;
    }
    return false;
}

bool
breaker_succeed(struct breaker *b, int64_t now_ms)
{
    enum breaker_state state = breaker_state(b, now_ms);

    if (state == BREAKER_OPEN || (state == BREAKER_HALF_OPEN && !b->probing))
        return false;
    b->failures = 0;
    b->probing = false;
    b->state = BREAKER_CLOSED;
    return state != BREAKER_CLOSED;
}

bool
breaker_fail(struct breaker *b, int64_t now_ms)
{
    enum breaker_state state = breaker_state(b, now_ms);

    if (state == BREAKER_OPEN || (state == BREAKER_HALF_OPEN && !b->probing))
        return false;
    b->failures++;
    if (state == BREAKER_CLOSED && b->failures < b->threshold)
        return false;
    b->state = BREAKER_OPEN;
    b->opened_ms = now_ms;
    b->probing = false;
    return true;
}

int64_t
breaker_wait_ms(const struct breaker *b, int64_t now_ms)
{
    int64_t left;

    if (b->state != BREAKER_OPEN)
        return 0;
    left = b->opened_ms + b->cooldown_ms - now_ms;
    return left > 0 ? left : 0;
}
