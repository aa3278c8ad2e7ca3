/* trust.c - how far the answers of an endpoint for logs are believed; see trust.h. */
#include "fetcher/trust.h"

enum {
    FIRST = 2,        /* answers of a new endpoint that are asked for twice */
    GAP_GROWS = 4,    /* times, up to: */
    GAP_MAX = 256,    /* of so many answers one is asked for again, and its end once more: 0.8 % more requests */
    SILENCE = 16,     /* logs expected: that none comes by chance is most unlikely, if they are spread evenly */
    PHANTOMS_MAX = 3, /* so many false blooms in a row are the chain's way */
};

void
trust_init(struct trust *t)
{
    *t = (struct trust){.silence = SILENCE};
}

bool
trust_due(struct trust *t)
{
    if (t->caught)
        return true;
    if (t->first < FIRST) {
        t->first++;
        return true;
    }
    if (t->gap == 0)
        t->gap = t->wait = GAP_GROWS;
    if (--t->wait > 0)
        return false;
    t->gap = t->gap < GAP_MAX ? GAP_GROWS * t->gap : GAP_MAX;
    t->wait = t->gap;
    return true;
}

bool
trust_caught(struct trust *t)
{
    bool first = !t->caught;
    t->caught = true;
    t->recheck = t->recheck || first;
    t->silence = SILENCE;
    return first;
}

void
trust_silence_true(struct trust *t)
{
    if (!t->caught)
        t->silence *= 2;
}

void
trust_bloom(struct trust *t, bool was_true)
{
    t->phantoms = was_true ? 0 : t->phantoms + 1;
}

bool
trust_blooms(const struct trust *t)
{
    return t->phantoms < PHANTOMS_MAX;
}

void
trust_cut_off(struct trust *t, uint64_t logs)
{
    if (logs > 0 && logs == t->cut)
        t->cap = logs;
    t->cut = logs;
}

enum opinions
opinion_add(struct opinion *o, uint64_t logs, uint64_t digest)
{
    bool first = o->times == 0, more = first || logs > o->logs;

    o->asked++;
    if (!more && logs == o->logs && digest == o->digest) {
        o->times++;
        return OPINION_SAME;
    }
    o->clashes += !more && logs == o->logs;
    if (more || logs == o->logs) {
        o->logs = logs;
        o->digest = digest;
        o->times = 1;
    }
    return first ? OPINION_FIRST : more || logs < o->logs ? OPINION_DIFFERS : OPINION_CLASHES;
}
