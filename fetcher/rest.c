/* rest.c - until when an endpoint is left alone; see rest.h. */
#include "fetcher/rest.h"

void
rest_init(struct rest *r, int64_t backoff_min_ms, int64_t backoff_max_ms, uint64_t seed)
{
    *r = (struct rest){.backoff_min_ms = backoff_min_ms, .backoff_max_ms = backoff_max_ms, .seed = seed * 2 + 1};
}

int64_t
rest_asked(const struct rest *r, int64_t now_ms)
{
    int64_t until = r->pause_until_ms > r->quota_until_ms ? r->pause_until_ms : r->quota_until_ms;

    return until > now_ms ? until - now_ms : 0;
}

int64_t
rest_left(const struct rest *r, int64_t now_ms)
{
    int64_t asked = rest_asked(r, now_ms), distance = r->next_ms - now_ms;

    return asked > distance ? asked : distance > 0 ? distance : 0;
}

bool
rest_pause(struct rest *r, int64_t until_ms)
{
    if (until_ms <= r->pause_until_ms)
        return false;
    r->pause_until_ms = until_ms;
    return true;
}

int64_t
rest_backoff_ms(struct rest *r, uint32_t n)
{
    int64_t ms = r->backoff_min_ms;

    while (n-- > 0 && ms < r->backoff_max_ms)
        ms *= 2;
    ms = ms < r->backoff_max_ms ? ms : r->backoff_max_ms;
    r->seed = r->seed * 6364136223846793005U + 1442695040888963407U;
    return ms / 2 + (ms > 1 ? (int64_t)(r->seed >> 33) % (ms / 2) : 0);
}
