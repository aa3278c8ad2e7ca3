/* ledger_parts.c - entries are cut where only a part of them came back or is done; see ledger.h. */
#include "producer/ledger_inside.h"

static struct ledger_entry *
split_off(struct ledger *l, const struct ledger_entry *e, uint64_t from, uint64_t to,
          int64_t now_ms)
{
    struct ledger_entry *part = ledger_add(l, from, to, now_ms);
    part->failed_on = e->failed_on;
    part->refused_by = e->refused_by;
    part->attempts = e->attempts;
    return part;
}

struct ledger_entry *
ledger_halve(struct ledger *l, const struct ledger_entry *e, uint64_t slot, int64_t now_ms)
{
    struct ledger_entry *half = split_off(l, e, slot, slot, now_ms);
    half->by_hash = 1;
    return half;
}

static void
shrink(struct ledger_entry *e, uint64_t from, uint64_t to)
{
    e->from = from & (UINT64_MAX >> 1);
    e->more = (uint32_t)(to - from);
}

struct ledger_entry *
ledger_carve(struct ledger *l, struct ledger_entry *e, uint64_t from, uint64_t to, int64_t now_ms)
{
    uint64_t first = e->from, last = ledger_to(e);
    if (e->by_hash || (from <= first && to >= last))
        return e;
    if (to < first || from > last || from > to)
        return NULL;
    if ((from > first && to < last) || ledger_count(l) >= LEDGER_MAX)
        return e;
    struct ledger_entry *part;
    if (from <= first) {
        part = split_off(l, e, first, to, now_ms);
        shrink(e, to + 1, last);
    } else {
        part = split_off(l, e, from, last, now_ms);
        shrink(e, first, from - 1);
    }
    if (e->state != LEDGER_FETCHED)
        ledger_enter(l, e, LEDGER_FETCHED, now_ms);
    return part;
}

static void
time_commit(struct ledger *l, const struct ledger_entry *e, int64_t now_ms)
{
    l->commit_ms_x16 += ledger_age_ms(l, e, now_ms) - l->commit_ms_x16 / 16;
    if (e->since > l->passed)
        l->passed = e->since;
}

uint64_t
ledger_committed(struct ledger *l, struct ledger_entry *e, uint64_t from, uint64_t to, bool *gone,
                 int64_t now_ms)
{
    uint64_t first = e->from, last = ledger_to(e);
    *gone = e->by_hash || (from <= first && to >= last);
    if (e->state == LEDGER_FETCHED)
        time_commit(l, e, now_ms);
    if (*gone) {
        uint64_t blocks = e->by_hash ? 0 : last - first + 1;
        ledger_remove(l, e);
        return blocks;
    }
    if (to < first || from > last || from > to)
        return 0;
    if (from <= first) {
        shrink(e, to + 1, last);
        return to - first + 1;
    }
    if (to < last) {
        if (ledger_count(l) >= LEDGER_MAX)
            return 0; /* as if it were not committed: it comes again */
        split_off(l, e, to + 1, last, now_ms);
    }
    shrink(e, first, from - 1);
    return (to < last ? to : last) - from + 1;
}
