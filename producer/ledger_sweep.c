/* ledger_sweep.c - over all entries: who is gone, and what is late; see ledger.h. */
#include "producer/ledger_inside.h"

#include <stdlib.h>

#include "common/buf.h"

static bool
forget_holder(struct ledger_entry *e, unsigned holder)
{
    if (e->second == holder)
        e->second = 0;
    if (e->holder == holder) {
        e->holder = e->second;
        e->second = 0;
        return e->holder == 0;
    }
    return false;
}

/* Entries are collected first: making them pending reorders the heap. */
size_t
ledger_release(struct ledger *l, unsigned holder, bool suddenly, int64_t now_ms)
{
    struct ledger_entry **found = xmalloc((l->all.size[TIMED] + 1u) * sizeof(void *));
    size_t n = 0;
    for (uint32_t i = 0; i < l->all.size[TIMED]; i++) {
        struct ledger_entry *e = entries_at(&l->all, TIMED, i);
        bool out = e->state == LEDGER_OUT;
        bool fetched = e->state == LEDGER_FETCHED && suddenly &&
                       ledger_age_ms(l, e, now_ms) >= LEDGER_ANSWER_MS;
        if ((out || fetched) && forget_holder(e, holder))
            found[n++] = e;
    }
    for (size_t i = 0; i < n; i++)
        ledger_again(l, found[i], now_ms, now_ms);
    free(found);
    return n;
}

void
ledger_writer_gone(struct ledger *l, int64_t age_ms, int64_t now_ms)
{
    struct ledger_entry **found = xmalloc((l->all.size[TIMED] + 1u) * sizeof(void *));
    size_t n = 0;
    for (uint32_t i = 0; i < l->all.size[TIMED]; i++) {
        struct ledger_entry *e = entries_at(&l->all, TIMED, i);
        if (e->state == LEDGER_FETCHED && ledger_age_ms(l, e, now_ms) >= age_ms)
            found[n++] = e;
    }
    while (n > 0)
        ledger_again(l, found[--n], now_ms, now_ms);
    free(found);
}

struct ledger_entry *
ledger_hedge(struct ledger *l, int64_t out_ms, int64_t fetched_ms, int64_t now_ms)
{
    struct ledger_entry *oldest[LEDGER_FETCHED + 1] = {NULL};
    uint32_t count[LEDGER_FETCHED + 1] = {0};
    const int64_t enough[LEDGER_FETCHED + 1] = {-1, -1, out_ms, fetched_ms};
    for (uint32_t i = 0; i < l->all.size[TIMED]; i++) {
        struct ledger_entry *e = entries_at(&l->all, TIMED, i), **o = &oldest[e->state];
        count[e->state]++;
        if (enough[e->state] < 0 || e->asked || e->copies >= LEDGER_COPIES_MAX ||
            ledger_age_ms(l, e, now_ms) < enough[e->state])
            continue;
        if (!*o || e->since < (*o)->since)
            *o = e;
    }
    struct ledger_entry *out = count[LEDGER_FETCHED] > count[LEDGER_OUT] ? NULL : oldest[LEDGER_OUT];
    struct ledger_entry *fetched = oldest[LEDGER_FETCHED];
    return !out || (fetched && fetched->since < out->since) ? fetched : out;
}
