/* finish.c - see finish.h. */
#include "producer/finish.h"

#include <stddef.h>

enum { KNOWN = 10 /* requests, from which on an endpoint's pace is known */ };

/* Milliseconds that it takes for a request; 0: not known, or it does not work. */
static double
pace(const struct crew_endpoint *e)
{
    if (e->foreign || e->closed == 0 || e->seen < KNOWN)
        return 0;
    return (double)e->latency_us / (double)e->requests / 1000;
}

/* Answers in a millisecond. */
static double
rate_of(const struct crew_endpoint *e, int64_t now_ms)
{
    return now_ms > e->first_ms ? (double)e->seen / (double)(now_ms - e->first_ms) : 0;
}

/* Milliseconds until it has done a task more: one that it gets now waits for its turn, as one more than it works on. */
static double
one_more(const struct crew_endpoint *e, int64_t now_ms)
{
    double each = pace(e), rate = rate_of(e, now_ms);
    return each > 0 && rate > 0 ? each + 1 / rate : 0;
}

/* Milliseconds until all that take less than `ms` for a request have nothing more to do; 0: there are none. */
static double
others_need(const struct crew *c, double ms, double requests, int64_t now_ms)
{
    double rate = 0, work = requests;
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        const struct crew_endpoint *e = crew_endpoint(c, i);
        double each = pace(e);
        if (each <= 0 || each >= ms)
            continue;
        rate += rate_of(e, now_ms);
        work += rate_of(e, now_ms) * each; /* that many it has in work at a time */
    }
    return rate > 0 ? work / rate : 0;
}

uint64_t
finish_late(const struct crew *c, double requests, int64_t now_ms, int64_t *ms)
{
    uint64_t late = 0;
    *ms = 0;
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        const struct crew_endpoint *e = crew_endpoint(c, i);
        double own = one_more(e, now_ms);
        double others = own > 0 ? others_need(c, pace(e), requests, now_ms) : 0;
        if (others <= 0 || others >= own)
            continue;
        double wait = others + pace(e) < own ? others + pace(e) : own;
        late |= crew_bit((int)i);
        *ms = (int64_t)wait > *ms ? (int64_t)wait : *ms;
    }
    return late;
}
