/* trust.c - how far the answers of an endpoint for logs are believed; see trust.h. */
#include "fetcher/trust.h"

enum {
    FIRST = 2,        /* answers of a new endpoint that are asked for twice */
    GAP_GROWS = 4,    /* times, up to: */
    GAP_MAX = 256,    /* of so many answers one is asked for again, and its end once more: 0.8 % more requests */
    SILENCE = 16,     /* logs expected: that none comes by chance is most unlikely, if they are spread evenly */
    PHANTOMS_MAX = 3, /* so many false blooms in a row are the chain's way */
    HEALED = 256,     /* proofs in a row of blocks that a backend lacked: it has caught up, or is not asked any more */
    SEEK = 32,        /* times the newest block is asked for until the backend that lags tells its own */
    PROOF_BYTES = 128 << 10, /* the largest answer that a header comes along with, but above a lagging backend's
                              * newest block: where it is not plain (logtext.h) it is read as a document, which takes
                              * ten times its size */
};

void
trust_init(struct trust *t)
{
    *t = (struct trust){.silence = SILENCE};
}

static bool
sampling_due(struct sampling *s)
{
    if (s->first < FIRST) {
        s->first++;
        return true;
    }
    if (s->gap == 0)
        s->gap = s->wait = GAP_GROWS;
    if (--s->wait > 0)
        return false;
    s->gap = s->gap < GAP_MAX ? GAP_GROWS * s->gap : GAP_MAX;
    s->wait = s->gap;
    return true;
}

bool
trust_due(struct trust *t)
{
    return t->caught || sampling_due(&t->tries);
}

bool
trust_lags(const struct trust *t, uint64_t block)
{
    return t->behind && block > t->low;
}

bool
trust_wants_proof(const struct trust *t, uint64_t to, double bytes, bool worthy)
{
    return trust_lags(t, to) || (bytes <= PROOF_BYTES && (worthy || t->behind));
}

void
trust_unproved(struct trust *t, uint64_t to)
{
    if (to > t->unproved)
        t->unproved = to;
    if (sampling_due(&t->heads))
        t->want_head = true;
}

void
trust_doubt(struct trust *t, uint64_t from)
{
    if (!t->doubt || from < t->doubt_from)
        t->doubt_from = from;
    t->recheck = t->doubt = true;
}

void
trust_behind(struct trust *t, uint64_t newest)
{
    t->held = 0;
    if (t->behind && newest >= t->low)
        return;
    t->behind = true;
    t->low = newest;
    if (t->unproved > newest) {
        trust_doubt(t, newest + 1);
        t->unproved = newest; /* should one be even further behind */
    }
}

void
trust_lacks(struct trust *t, uint64_t block)
{
    uint64_t newest = block > 0 ? block - 1 : 0;
    t->held = 0;
    if (t->behind && newest >= t->low)
        return;
    trust_behind(t, newest);
    t->seek = SEEK;
    t->want_head = true;
}

void
trust_proved(struct trust *t, uint64_t to)
{
    if (trust_lags(t, to) && ++t->held >= HEALED)
        t->behind = false;
}

void
trust_head(struct trust *t, uint64_t newest)
{
    if (t->seek == 0)
        return;
    t->seek = newest <= t->low ? 0 : t->seek - 1;
    t->want_head = t->seek > 0;
}

bool
trust_caught(struct trust *t)
{
    bool first = !t->caught;
    t->caught = true;
    t->recheck = t->recheck || first;
    if (first && t->once)
        trust_doubt(t, 0);
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
