/* rest.h - until when an endpoint is left alone: as it asked, or as long as seems wise. Pure. */
#ifndef SLUICE_REST_H
#define SLUICE_REST_H

#include <stdbool.h>
#include <stdint.h>

struct rest {
    int64_t backoff_min_ms, backoff_max_ms;
    int64_t pause_until_ms, quota_until_ms;
    int64_t next_ms;  /* no request before, where each keeps a distance from the one before it */
    uint64_t seed;    /* of the jitter */
};

/* The longest backoff is never longer than the breaker's cooldown, so that an endpoint that recovers is
 * used again within that time. */
void rest_init(struct rest *r, int64_t backoff_min_ms, int64_t backoff_max_ms, uint64_t seed);
int64_t rest_left(const struct rest *r, int64_t now_ms);    /* milliseconds until the next request, 0: none */
int64_t rest_asked(const struct rest *r, int64_t now_ms);   /* the same where it asked for it, or its quota is spent */
bool rest_pause(struct rest *r, int64_t until_ms);          /* false: it rests for longer already */
int64_t rest_backoff_ms(struct rest *r, uint32_t n);        /* the n-th (from 0), doubling, half of it by chance */

#endif
