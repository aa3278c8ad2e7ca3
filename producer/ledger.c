/* ledger.c - what is out and not yet committed; see ledger.h. */
#include "producer/ledger_inside.h"

#include <stdlib.h>

#include "common/buf.h"

enum {
    SINCE_SHIFT = 4,      /* milliseconds to the unit of `since` */
    PATIENCE = 10,        /* times the mean time of an answer */
    PATIENCE_MIN_MS = 25,
    LATE = 8,             /* times the mean time of a commit */
};

struct ledger *
ledger_new(int64_t lease_ms, int64_t now_ms)
{
    struct ledger *l = xcalloc(1, sizeof *l);
    l->start_ms = now_ms;
    l->lease_ms = lease_ms;
    entries_init(&l->all);
    l->answer_ms_x8 = 8 * LEDGER_ANSWER_MS / PATIENCE;
    return l;
}

void
ledger_free(struct ledger *l)
{
    if (!l)
        return;
    entries_free(&l->all);
    free(l);
}

/* --- time, as kept in entries --- */

static uint64_t
due_of(const struct ledger *l, int64_t ms)
{
    return ms > l->start_ms ? (uint64_t)(ms - l->start_ms) : 0;
}

static void
set_due(const struct ledger *l, struct ledger_entry *e, int64_t ms)
{
    e->due = due_of(l, ms) & ((UINT64_C(1) << 39) - 1);
}

static uint32_t
since_of(const struct ledger *l, int64_t ms)
{
    return (uint32_t)(due_of(l, ms) >> SINCE_SHIFT);
}

static int64_t
since_ms(const struct ledger *l, const struct ledger_entry *e)
{
    return l->start_ms + ((int64_t)e->since << SINCE_SHIFT);
}

int64_t
ledger_age_ms(const struct ledger *l, const struct ledger_entry *e, int64_t now_ms)
{
    return now_ms - since_ms(l, e);
}

/* The one way to change state and due of an entry. */
static void
move(struct ledger *l, struct ledger_entry *e, enum ledger_state state, int64_t due_ms)
{
    entries_leave(&l->all, e);
    e->state = (unsigned)state & 3;
    set_due(l, e, due_ms);
    entries_enter(&l->all, e);
}

/* --- entries come and go --- */

size_t
ledger_count(const struct ledger *l)
{
    return l->all.size[READY] + l->all.size[TIMED];
}

uint64_t
ledger_added(const struct ledger *l)
{
    return l->next_id;
}

size_t
ledger_pending(const struct ledger *l)
{
    return l->all.size[READY];
}

const struct ledger_entry *
ledger_at_work(const struct ledger *l, size_t i)
{
    return i < l->all.size[TIMED] ? entries_at(&l->all, TIMED, (uint32_t)i) : NULL;
}

size_t
ledger_unanswered(const struct ledger *l)
{
    return l->unanswered;
}

int64_t
ledger_task_ms(const struct ledger *l)
{
    return l->mean_ms_x16 / 16;
}

bool
ledger_full(const struct ledger *l)
{
    return ledger_count(l) >= LEDGER_PLAN_MAX;
}

uint64_t
ledger_to(const struct ledger_entry *e)
{
    return e->from + e->more;
}

struct ledger_entry *
ledger_add(struct ledger *l, uint64_t from, uint64_t to, int64_t now_ms)
{
    struct ledger_entry *e = entries_make(&l->all, l->next_id++);
    e->from = from & (UINT64_MAX >> 1);
    e->more = (uint32_t)(to - from);
    e->since = since_of(l, now_ms);
    set_due(l, e, now_ms);
    entries_enter(&l->all, e);
    return e;
}

struct ledger_entry *
ledger_find(struct ledger *l, uint64_t id)
{
    return entries_find(&l->all, id);
}

static void
answered(struct ledger *l, struct ledger_entry *e)
{
    if (e->asked)
        l->unanswered--;
    e->asked = 0;
}

void
ledger_remove(struct ledger *l, struct ledger_entry *e)
{
    answered(l, e);
    entries_leave(&l->all, e);
    entries_remove(&l->all, e);
}

/* --- states --- */

/* How long a push counts as unanswered. A fetcher that hangs would else swallow all credit, since
 * PUSH goes on to deal tasks to it. One that is only slow gets more than it has room for, and
 * declines. */
static int64_t
patience_ms(const struct ledger *l)
{
    int64_t ms = PATIENCE * l->answer_ms_x8 / 8;
    return ms < PATIENCE_MIN_MS ? PATIENCE_MIN_MS : ms < LEDGER_ANSWER_MS ? ms : LEDGER_ANSWER_MS;
}

static void
time_push(struct ledger *l, const struct ledger_entry *e, int64_t now_ms)
{
    if (l->timed_ms && now_ms - l->timed_ms < LEDGER_ANSWER_MS)
        return;
    l->timed_id = e->id;
    l->timed_ms = now_ms;
}

static void
time_answer(struct ledger *l, const struct ledger_entry *e, int64_t now_ms)
{
    if (!l->timed_ms || l->timed_id != e->id)
        return;
    l->answer_ms_x8 += now_ms - l->timed_ms - l->answer_ms_x8 / 8;
    l->timed_ms = 0;
}

static int64_t
check_ms(const struct ledger *l, const struct ledger_entry *e, int64_t now_ms)
{
    int64_t lease = since_ms(l, e) + l->lease_ms;
    int64_t due = e->state == LEDGER_FETCHED && now_ms + LEDGER_CHECK_MS < lease
                      ? now_ms + LEDGER_CHECK_MS : lease;
    return e->asked && now_ms + patience_ms(l) < due ? now_ms + patience_ms(l) : due;
}

void
ledger_enter(struct ledger *l, struct ledger_entry *e, enum ledger_state state, int64_t now_ms)
{
    if (state == LEDGER_FETCHED && e->early) {
        e->early = 0;
        ledger_again(l, e, now_ms, now_ms);
        return;
    }
    entries_leave(&l->all, e);
    e->state = (unsigned)state & 3;
    e->since = since_of(l, now_ms);
    set_due(l, e, check_ms(l, e, now_ms));
    entries_enter(&l->all, e);
}

/* A push may still be unanswered (a copy's): then that decides. */
void
ledger_again(struct ledger *l, struct ledger_entry *e, int64_t due_ms, int64_t now_ms)
{
    e->holder = e->second = 0;
    e->copies = 0;
    e->since = since_of(l, now_ms);
    if (e->asked)
        move(l, e, LEDGER_PUSHED, now_ms + patience_ms(l));
    else
        move(l, e, LEDGER_PENDING, due_ms);
}

int64_t
ledger_late_ms(const struct ledger *l)
{
    int64_t ms = LATE * l->commit_ms_x16 / 16;
    return ms > LEDGER_LATE_MS ? ms : LEDGER_LATE_MS;
}

/* Was it overtaken by the commit of something that was fetched long after it? */
static bool
overtaken(const struct ledger *l, const struct ledger_entry *e)
{
    return l->passed > e->since + (uint64_t)(ledger_late_ms(l) >> SINCE_SHIFT);
}

static void
expire(struct ledger *l, struct ledger_entry *e, int64_t now_ms)
{
    bool over = ledger_age_ms(l, e, now_ms) >= l->lease_ms, asked = e->asked;
    answered(l, e);
    if (e->state == LEDGER_PUSHED && asked)
        move(l, e, LEDGER_PUSHED, now_ms + LEDGER_ANSWER_MS - patience_ms(l));
    else if (e->state == LEDGER_PUSHED)
        move(l, e, LEDGER_PENDING, now_ms);
    else if (over || (e->state == LEDGER_FETCHED && overtaken(l, e)))
        ledger_again(l, e, now_ms, now_ms);
    else
        move(l, e, e->state, check_ms(l, e, now_ms));
}

void
ledger_tick(struct ledger *l, int64_t now_ms)
{
    struct ledger_entry *e;
    while ((e = entries_top(&l->all, TIMED)) && e->due <= due_of(l, now_ms))
        expire(l, e, now_ms);
}

struct ledger_entry *
ledger_next(struct ledger *l, int64_t now_ms)
{
    struct ledger_entry *e = entries_top(&l->all, READY);
    return e && e->due <= due_of(l, now_ms) ? e : NULL;
}

int64_t
ledger_due_ms(const struct ledger *l, int64_t now_ms)
{
    const struct ledger_entry *ready = entries_top(&l->all, READY);
    const struct ledger_entry *timed = entries_top(&l->all, TIMED);
    uint64_t due = UINT64_MAX;
    if (ready && ready->due > due_of(l, now_ms))
        due = ready->due;
    if (timed && timed->due < due)
        due = timed->due;
    return due == UINT64_MAX ? -1 : l->start_ms + (int64_t)due;
}

void
ledger_pushed(struct ledger *l, struct ledger_entry *e, int64_t now_ms)
{
    if (e->tries < 0xFFFF)
        e->tries++;
    answered(l, e);
    e->asked = 1;
    l->unanswered++;
    time_push(l, e, now_ms);
    if (e->state == LEDGER_PENDING) {
        e->early = 0;
        move(l, e, LEDGER_PUSHED, now_ms + patience_ms(l));
        return;
    }
    if (e->copies < LEDGER_COPIES_MAX)
        e->copies++;
    move(l, e, e->state, check_ms(l, e, now_ms));
}

void
ledger_put_off(struct ledger *l, struct ledger_entry *e, int64_t due_ms)
{
    if (e->state == LEDGER_PENDING)
        move(l, e, LEDGER_PENDING, due_ms);
}

void
ledger_took(struct ledger *l, struct ledger_entry *e, unsigned holder, int64_t now_ms)
{
    answered(l, e);
    time_answer(l, e, now_ms);
    if (e->state == LEDGER_OUT && !ledger_holds(e, holder)) {
        e->second = e->holder; /* the newest two are remembered */
        e->holder = holder & 0x1FFF;
        move(l, e, LEDGER_OUT, check_ms(l, e, now_ms));
        return;
    }
    e->holder = holder & 0x1FFF;
    e->second = 0;
    ledger_enter(l, e, LEDGER_OUT, now_ms);
}

bool
ledger_holds(const struct ledger_entry *e, unsigned holder)
{
    return holder && e->state == LEDGER_OUT && (e->holder == holder || e->second == holder);
}

void
ledger_declined(struct ledger *l, struct ledger_entry *e, int64_t due_ms, int64_t now_ms)
{
    if (!e->asked && e->state != LEDGER_PUSHED)
        return;
    answered(l, e);
    time_answer(l, e, now_ms);
    if (e->state == LEDGER_PUSHED)
        move(l, e, LEDGER_PENDING, due_ms);
    else if (e->copies > 0)
        e->copies--; /* its due stays: looked at a little early */
}

bool
ledger_returned(struct ledger *l, struct ledger_entry *e, unsigned holder, int64_t due_ms,
                int64_t now_ms)
{
    if (e->state == LEDGER_PUSHED && e->tries == 1) { /* `took` got lost, this is as good */
        answered(l, e);
        ledger_again(l, e, due_ms, now_ms);
        return true;
    }
    if (e->state != LEDGER_OUT)
        return e->state == LEDGER_PENDING;
    if (ledger_holds(e, holder)) {
        if (e->holder == holder)
            e->holder = e->second;
        e->second = 0;
    }
    if (e->holder)
        return false;
    ledger_again(l, e, due_ms, now_ms);
    return e->state == LEDGER_PENDING;
}

void
ledger_fetched(struct ledger *l, struct ledger_entry *e, int64_t now_ms)
{
    if (e->state == LEDGER_OUT)
        l->mean_ms_x16 += ledger_age_ms(l, e, now_ms) - l->mean_ms_x16 / 16;
    if (e->state != LEDGER_FETCHED)
        ledger_enter(l, e, LEDGER_FETCHED, now_ms);
}

void
ledger_lost(struct ledger *l, struct ledger_entry *e, int64_t now_ms)
{
    if (e->state == LEDGER_FETCHED)
        ledger_again(l, e, now_ms, now_ms);
    else
        e->early = 1;
}

