/* dispatch.c - what to push next, and what time brings about; see dispatch.h. */
#include "producer/dispatch_state.h"

#include <stdlib.h>

#include "producer/finish.h"

enum {
    AVOID_MS = 5000,   /* pending for longer: any endpoint will do */
    HEDGE_MS = 250,    /* a copy is made no sooner */
    HEDGE_BLIND_MS = 5000, /* nor than this while it is not known how long a task takes */
    HEDGE_POLL_MS = 25,
    LAST_TASKS = 100000, /* with more to come it is not the end */
    STALL_MS = 1000,   /* nothing is left to do, and no commit came for so much longer than late */
};

_Static_assert((int)CREW_MAX <= (int)LEDGER_HOLDER_MAX, "numbers of the crew are holders");

struct dispatch *
dispatch_new(const struct dispatch_options *o, struct plan *plan, int64_t now_ms)
{
    struct dispatch *d = xcalloc(1, sizeof *d);
    d->o = o;
    d->plan = plan;
    d->ledger = ledger_new(o->lease_ms, now_ms);
    d->crew = crew_new();
    d->failures = failures_new();
    d->hashes = hashes_new(o->hashes);
    d->commit_ms = d->down_ms = now_ms;
    return d;
}

void
dispatch_free(struct dispatch *d)
{
    if (!d)
        return;
    hashes_free(d->hashes);
    ledger_free(d->ledger);
    crew_free(d->crew);
    failures_free(d->failures);
    again_free(&d->again);
    free(d);
}

/* --- what to push --- */

static void
add_avoid(const struct dispatch *d, struct buf *out, uint64_t avoid)
{
    const char *before = " avoid=";
    for (size_t i = 0; avoid && i < crew_endpoints(d->crew); i++) {
        const struct crew_endpoint *e = crew_endpoint(d->crew, i);
        if (!(avoid & crew_bit((int)i)) || e->live == 0)
            continue;
        buf_addf(out, "%s%s", before, e->name);
        before = ",";
    }
}

static void
offer(struct dispatch *d, struct ledger_entry *e, uint64_t avoid, struct buf *line)
{
    struct plan_piece piece = {.from = e->from, .to = ledger_to(e)};
    if (e->by_hash)
        piece = hashes_get(d->hashes, e->from);
    line->n = 0;
    taskline_add(line, &d->o->task, e->id, e->tries + 1u, &piece);
    add_avoid(d, line, avoid);
    d->offered = e;
}

static bool
room_for_more(const struct dispatch *d)
{
    return !d->stopped && !ledger_full(d->ledger) && !hashes_full(d->hashes) &&
           failures_waiting(d->failures) < FAILURES_BACKLOG;
}

static void
take_again(struct dispatch *d, int64_t now_ms)
{
    struct again_range r;
    if (again_next(&d->again, plan_step(d->plan), &r))
        ledger_add(d->ledger, r.from, r.to, now_ms)->failed_on = r.avoid;
}

/* Moves one piece from the plan to the ledger, or of what is wanted again. */
static void
take_piece(struct dispatch *d, int64_t now_ms)
{
    struct plan_piece piece;
    if (!room_for_more(d))
        return;
    if (d->plan_state != PLAN_END && d->plan_state != PLAN_BAD)
        d->plan_state = plan_next(d->plan, &piece);
    if (d->plan_state != PLAN_PIECE) {
        take_again(d, now_ms);
        return;
    }
    d->any = true;
    if (piece.by_hash) {
        uint64_t slot = hashes_keep(d->hashes, &piece);
        ledger_add(d->ledger, slot, slot, now_ms)->by_hash = 1;
    } else {
        ledger_add(d->ledger, piece.from, piece.to, now_ms);
    }
}

static bool
all_taken(const struct dispatch *d)
{
    return d->plan_state == PLAN_END && d->again.n == 0;
}

/* The endpoints that should not get it: "prefer another", but never so that nobody takes it. */
static uint64_t
to_avoid(const struct dispatch *d, const struct ledger_entry *e, int64_t now_ms)
{
    uint64_t tried = e->failed_on | e->refused_by;
    if (!tried || ledger_age_ms(d->ledger, e, now_ms) > AVOID_MS)
        return 0;
    if (crew_ready_outside(d->crew, tried))
        return tried;
    return crew_ready_outside(d->crew, e->refused_by) ? e->refused_by : 0;
}

static bool
offer_pending(struct dispatch *d, int64_t now_ms, struct buf *line)
{
    struct ledger_entry *e;
    while ((e = ledger_next(d->ledger, now_ms))) {
        uint64_t avoid = to_avoid(d, e, now_ms);
        if (!avoid || crew_credit_outside(d->crew, avoid) > 0) {
            offer(d, e, avoid, line);
            return true;
        }
        ledger_put_off(d->ledger, e, now_ms + DISPATCH_POLL_MS);
    }
    return false;
}

/* Nothing is left to hand out, but there is credit: a copy of what has been out for longest. */
static bool
offer_copy(struct dispatch *d, int64_t now_ms, struct buf *line)
{
    if (now_ms < d->hedge_ms || !all_taken(d) || ledger_pending(d->ledger) > 0)
        return false;
    int64_t mean_ms = ledger_task_ms(d->ledger);
    int64_t out_ms = mean_ms ? 2 * mean_ms : HEDGE_BLIND_MS;
    int64_t stall_ms = ledger_late_ms(d->ledger) + STALL_MS;
    int64_t fetched_ms = now_ms - d->commit_ms >= stall_ms ? stall_ms : -1;
    struct ledger_entry *e =
        ledger_hedge(d->ledger, out_ms < HEDGE_MS ? HEDGE_MS : out_ms, fetched_ms, now_ms);
    if (e) {
        uint64_t avoid = e->refused_by;
        if (e->state == LEDGER_OUT)
            avoid |= crew_bit(crew_endpoint_of(d->crew, e->holder)) |
                     crew_bit(crew_endpoint_of(d->crew, e->second));
        if (crew_credit_outside(d->crew, avoid) > 0) {
            offer(d, e, avoid, line);
            return true;
        }
    }
    d->hedge_ms = now_ms + HEDGE_POLL_MS;
    return false;
}

/* Near the end: who would be the last to finish takes no more, for so long as finish_late says at most, since the
 * others may turn out slower than they were. */
static void
look_for_late(struct dispatch *d, int64_t now_ms)
{
    uint64_t tasks = plan_left(d->plan), requests = 0;
    bool over = d->late_ms && now_ms >= d->late_ms;
    int64_t ms;
    if (now_ms == d->looked_ms)
        return;
    d->looked_ms = now_ms;
    d->late = 0;
    if (tasks >= LAST_TASKS || d->again.n > 0 || tasks + ledger_pending(d->ledger) == 0 || over || ledger_added(d->ledger) == 0)
        return;
    for (size_t i = 0; i < crew_endpoints(d->crew); i++)
        requests += crew_endpoint(d->crew, i)->seen;
    double each = (double)requests / (double)ledger_added(d->ledger);
    tasks += ledger_pending(d->ledger);
    d->late = finish_late(d->crew, (double)tasks * (each > 1 ? each : 1), now_ms, &ms);
    if (d->late && !d->late_ms)
        d->late_ms = now_ms + ms;
}

bool
dispatch_push(struct dispatch *d, int64_t now_ms, struct buf *line)
{
    d->offered = NULL;
    look_for_late(d, now_ms);
    if (d->stopped || crew_credit_outside(d->crew, d->late) <= ledger_unanswered(d->ledger))
        return false;
    if (offer_pending(d, now_ms, line))
        return true;
    take_piece(d, now_ms);
    return offer_pending(d, now_ms, line) || offer_copy(d, now_ms, line);
}

void
dispatch_pushed(struct dispatch *d, int64_t now_ms)
{
    if (!d->offered)
        return;
    ledger_pushed(d->ledger, d->offered, now_ms);
    rota_deal(&d->rota, d->offered->id);
    d->offered = NULL;
}

size_t
dispatch_room(const struct dispatch *d)
{
    unsigned next = rota_next(&d->rota);
    bool late = d->late & crew_bit(crew_endpoint_of(d->crew, next));
    return rota_room(&d->rota, next && !late ? crew_credit_of(d->crew, next) : 0);
}

void
dispatch_turn(struct dispatch *d)
{
    rota_turn(&d->rota);
}

void
dispatch_stop(struct dispatch *d)
{
    d->stopped = true;
}

/* --- time --- */

void
dispatch_tick(struct dispatch *d, int64_t now_ms)
{
    unsigned gone;
    while ((gone = crew_silent(d->crew, now_ms)))
        ledger_release(d->ledger, gone, true, now_ms);
    ledger_tick(d->ledger, now_ms);
    if (ledger_pending(d->ledger) == 0)
        take_piece(d, now_ms); /* so that the plan's end is found without any credit */
    if (crew_closed(d->crew))
        d->down_ms = 0;
    else if (!d->down_ms)
        d->down_ms = now_ms;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int64_t
dispatch_due_ms(const struct dispatch *d, int64_t now_ms)
{
    int64_t due = sooner(ledger_due_ms(d->ledger, now_ms), crew_due_ms(d->crew));
    bool idle_credit = crew_credit(d->crew) > ledger_unanswered(d->ledger);
    if (idle_credit && d->hedge_ms > now_ms && all_taken(d) && ledger_count(d->ledger) > 0)
        due = sooner(due, d->hedge_ms);
    if (d->late && d->late_ms > now_ms)
        due = sooner(due, d->late_ms);
    return due;
}

int64_t
dispatch_down_ms(const struct dispatch *d, int64_t now_ms)
{
    return d->down_ms ? now_ms - d->down_ms : 0;
}

int64_t
dispatch_idle_ms(const struct dispatch *d, int64_t now_ms)
{
    return now_ms - d->commit_ms;
}

/* Who has it can only find out once more that its head does not reach so far. */
static bool
is_beyond(const struct dispatch *d, const struct ledger_entry *e)
{
    int endpoint = crew_endpoint_of(d->crew, e->holder);
    uint64_t head = endpoint >= 0 ? crew_endpoint(d->crew, (size_t)endpoint)->head : 0;
    return e->state == LEDGER_PUSHED || (e->state == LEDGER_OUT && head && ledger_to(e) > head);
}

int64_t
dispatch_beyond_ms(const struct dispatch *d, int64_t now_ms, uint64_t *block)
{
    const struct ledger_entry *e;
    if (!d->beyond_ms)
        return 0;
    for (size_t i = 0; (e = ledger_at_work(d->ledger, i)); i++)
        if (!is_beyond(d, e))
            return 0;
    *block = d->beyond;
    return now_ms - d->beyond_ms;
}

bool
dispatch_hungry(const struct dispatch *d)
{
    return d->plan_state == PLAN_HUNGRY && room_for_more(d);
}

void
dispatch_fed(struct dispatch *d)
{
    if (d->plan_state == PLAN_HUNGRY)
        d->plan_state = PLAN_PIECE;
}

bool
dispatch_bad(const struct dispatch *d)
{
    return d->plan_state == PLAN_BAD;
}

bool
dispatch_empty(const struct dispatch *d)
{
    return d->plan_state == PLAN_END && !d->any;
}

bool
dispatch_recording(const struct dispatch *d)
{
    return ledger_count(d->ledger) == 0 && failures_waiting(d->failures) > 0;
}

size_t
dispatch_working(const struct dispatch *d)
{
    return ledger_count(d->ledger) - ledger_pending(d->ledger);
}

bool
dispatch_complete(const struct dispatch *d)
{
    return all_taken(d) && ledger_count(d->ledger) == 0 && failures_waiting(d->failures) == 0;
}

uint64_t
dispatch_dropped(const struct dispatch *d)
{
    return d->again.dropped;
}

bool
dispatch_done(const struct dispatch *d)
{
    return dispatch_complete(d) || (d->stopped && dispatch_working(d) == 0 &&
                                    failures_waiting(d->failures) == 0);
}

const struct crew *
dispatch_crew(const struct dispatch *d)
{
    return d->crew;
}

struct failures *
dispatch_failures(const struct dispatch *d)
{
    return d->failures;
}
