/* methods.c - which methods of an endpoint may be asked; see methods.h. */
#include "fetcher/methods.h"

#include <string.h>

enum { OFF_MS = 24 * 3600 * 1000, SLIPS_MAX = 2 };

void
methods_init(struct methods *m, uint32_t threshold, int64_t cooldown_ms)
{
    *m = (struct methods){.threshold = threshold, .cooldown_ms = cooldown_ms};
}

static struct method *
find(struct methods *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->v[i].name, name) == 0)
            return &m->v[i];
    return NULL;
}

static struct method *
find_or_add(struct methods *m, const char *name)
{
    struct method *one = find(m, name);
    size_t n = strlen(name);

    if (one || m->n == METHODS_MAX || n >= sizeof one->name)
        return one;
    one = &m->v[m->n++];
    *one = (struct method){.asked_ms = -1};
    memcpy(one->name, name, n + 1);
    breaker_init(&one->breaker, m->threshold, m->cooldown_ms);
    return one;
}

bool
methods_slips(struct methods *m, const char *name)
{
    struct method *one = find(m, name);

    return one && one->served && one->refusals < SLIPS_MAX;
}

bool
methods_lacking(struct methods *m, const char *name, int64_t now_ms)
{
    struct method *one = find(m, name);

    return one && now_ms < one->off_until_ms;
}

bool
methods_allow(struct methods *m, const char *name, int64_t now_ms)
{
    struct method *one = find(m, name);

    if (!one)
        return true;
    if (now_ms < one->off_until_ms)
        return false;
    /* A probe that was let through may never have been sent: another may follow. */
    if (breaker_state(&one->breaker, now_ms) == BREAKER_HALF_OPEN && one->breaker.probing &&
        now_ms - one->asked_ms > m->cooldown_ms)
        one->breaker.probing = false;
    if (!breaker_allow(&one->breaker, now_ms))
        return false;
    one->asked_ms = now_ms;
    return true;
}

void
methods_fail(struct methods *m, const char *name, int64_t now_ms)
{
    struct method *one = find_or_add(m, name);

    if (one)
        breaker_fail(&one->breaker, now_ms);
}

void
methods_succeed(struct methods *m, const char *name, int64_t now_ms)
{
    struct method *one = find_or_add(m, name);

    if (!one)
        return;
    one->served = true;
    one->refusals = 0;
    breaker_succeed(&one->breaker, now_ms);
}

void
methods_lacks(struct methods *m, const char *name, int64_t now_ms)
{
    struct method *one = find_or_add(m, name);

    if (one && methods_slips(m, name))
        one->refusals++;
    else if (one)
        one->off_until_ms = now_ms + OFF_MS;
}
