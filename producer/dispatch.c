/* dispatch.c - what to do next; see dispatch.h. */
#include "producer/dispatch.h"

#include <stdlib.h>

enum {
    AVOID_MS = 5000,       /* pending for longer: any endpoint will do */
    AVOID_POLL_MS = 20,    /* how often to look whether another endpoint has room */
    WAIT_MIN_MS = 100, WAIT_MAX_MS = 1000, /* of a declined task: someone new may come any time */
    BOUNCE_MS = 10,        /* between pushes once everybody declines */
    RETRY_MS = 1000, RETRY_MAX_MS = 30000, /* of a failed task when there is no other endpoint */
    HEDGE_MS = 250,        /* a copy is made no sooner */
    HEDGE_POLL_MS = 25,
    STALL_MS = 1000,       /* nothing is left to do, and no commit came for so much longer than late */
};

struct dispatch {
    const struct dispatch_options *o;
    struct plan *plan;
    struct ledger *ledger;
    struct crew *crew;
    struct failures *failures;
    struct hashes *hashes; /* of outstanding hash tasks, by entry->from */

    enum plan_status plan_state;
    bool any;             /* the plan had at least one piece */
    bool stopped;

    struct ledger_entry *offered; /* what dispatch_push gave out last */
    uint64_t bounces;     /* declined in a row */
    int64_t hedge_ms;     /* when to look for copies to make */
    int64_t commit_ms;    /* the last one */
    int64_t down_ms;      /* since when no endpoint works; 0: one does */
};

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

/* Moves one piece from the plan to the ledger. */
static void
take_piece(struct dispatch *d, int64_t now_ms)
{
    struct plan_piece piece;
    if (d->plan_state == PLAN_END || d->plan_state == PLAN_BAD || !room_for_more(d))
        return;
    d->plan_state = plan_next(d->plan, &piece);
    if (d->plan_state != PLAN_PIECE)
        return;
    d->any = true;
    if (piece.by_hash) {
        uint64_t slot = hashes_keep(d->hashes, &piece);
        ledger_add(d->ledger, slot, slot, now_ms)->by_hash = 1;
    } else {
        ledger_add(d->ledger, piece.from, piece.to, now_ms);
    }
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
        ledger_put_off(d->ledger, e, now_ms + AVOID_POLL_MS);
    }
    return false;
}

/* Nothing is left to hand out, but there is credit: a copy of what has been out for longest. */
static bool
offer_copy(struct dispatch *d, int64_t now_ms, struct buf *line)
{
    if (now_ms < d->hedge_ms || d->plan_state != PLAN_END || ledger_pending(d->ledger) > 0)
        return false;
    int64_t out_ms = 2 * ledger_task_ms(d->ledger);
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

bool
dispatch_push(struct dispatch *d, int64_t now_ms, struct buf *line)
{
    d->offered = NULL;
    if (d->stopped || crew_credit(d->crew) <= ledger_unanswered(d->ledger))
        return false;
    if (offer_pending(d, now_ms, line))
        return true;
    take_piece(d, now_ms);
    return offer_pending(d, now_ms, line) || offer_copy(d, now_ms, line);
}

void
dispatch_pushed(struct dispatch *d, int64_t now_ms)
{
    if (d->offered)
        ledger_pushed(d->ledger, d->offered, now_ms);
    d->offered = NULL;
}

void
dispatch_stop(struct dispatch *d)
{
    d->stopped = true;
}

/* --- what comes back --- */

static int64_t
clamp_wait(uint64_t wait_ms)
{
    return wait_ms < WAIT_MIN_MS ? WAIT_MIN_MS
           : wait_ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int64_t)wait_ms;
}

/* When a declined task may be pushed again: at once while somebody else can be expected to take it,
 * but not in a busy loop when nobody does. */
static int64_t
declined_until(struct dispatch *d, const struct ledger_entry *e, const struct control *line,
               int endpoint, int64_t now_ms)
{
    bool others = true;
    if (line->reason == REASON_HEAD)
        others = crew_ready_at(d->crew, ledger_to(e), endpoint);
    else if (line->reason != REASON_SLOT && line->reason != REASON_AVOID)
        others = crew_ready_outside(d->crew, crew_bit(endpoint));
    if (!others)
        return now_ms + clamp_wait(line->wait_ms);
    if (line->reason == REASON_HEAD || line->reason == REASON_AVOID)
        return now_ms + AVOID_POLL_MS; /* whose credit is whose is not known: let others answer */
    return ++d->bounces > 16 + 4 * crew_live(d->crew) ? now_ms + BOUNCE_MS : now_ms;
}

/* The fetcher gives the task or a part of it back. Returns what is PENDING by that, until due_ms;
 * NULL: somebody else works on it. */
static struct ledger_entry *
give_back(struct dispatch *d, struct ledger_entry *e, const struct control *line, unsigned fetcher,
          int64_t due_ms, int64_t now_ms)
{
    if (!ledger_returned(d->ledger, e, fetcher, due_ms, now_ms))
        return NULL;
    struct ledger_entry *part = e;
    if (line->has_range)
        part = ledger_carve(d->ledger, e, line->from, line->to, now_ms);
    if (part)
        ledger_put_off(d->ledger, part, due_ms);
    else
        ledger_fetched(d->ledger, e, now_ms); /* that part is done already, the rest follows */
    return part;
}

static void
hear_declined(struct dispatch *d, struct ledger_entry *e, const struct control *line, unsigned fetcher,
              int64_t now_ms)
{
    int64_t due = declined_until(d, e, line, crew_endpoint_of(d->crew, fetcher), now_ms);
    bool answers = line->reason == REASON_SLOT || line->reason == REASON_AVOID ||
                   line->reason == REASON_CHAIN;
    bool asked = e->asked || e->state == LEDGER_PUSHED;
    if (asked && (answers || !ledger_holds(e, fetcher)))
        ledger_declined(d->ledger, e, due, now_ms);
    else
        give_back(d, e, line, fetcher, due, now_ms);
}

static unsigned
bits(uint64_t mask)
{
    unsigned n = 0;
    for (; mask; mask &= mask - 1)
        n++;
    return n;
}

static void
give_up(struct dispatch *d, struct ledger_entry *e, const struct control *line, int endpoint,
        struct dispatch_event *out)
{
    const struct crew_endpoint *at =
        endpoint >= 0 ? crew_endpoint(d->crew, (size_t)endpoint) : NULL;
    struct failure what = {
        .id = e->id,
        .by_hash = e->by_hash,
        .from = e->from,
        .to = ledger_to(e),
        .attempts = e->attempts + bits(e->refused_by),
        .chain = d->o->task.chain ? d->o->task.chain : at ? at->chain : 0,
        .endpoint = at ? at->name : (char[]){"?"},
        .error = xstrndup(line->error.p, line->error.n),
    };
    if (e->by_hash) {
        what.to = hashes_drop(d->hashes, e->from);
        what.from = 0;
    }
    failures_add(d->failures, &what, d->o->tell_failures);
    free(what.error);
    ledger_remove(d->ledger, e);
    if (d->o->fail_fast)
        d->stopped = true;
    *out = (struct dispatch_event){.news = DISPATCH_GAVE_UP, .task = what.id, .by_hash = what.by_hash,
                              .from = what.from, .to = what.to};
}

static void
hear_failed(struct dispatch *d, struct ledger_entry *e, const struct control *line, unsigned fetcher,
            int64_t now_ms, struct dispatch_event *out)
{
    int endpoint = crew_endpoint_of(d->crew, fetcher);
    e->failed_on |= crew_bit(endpoint);
    if (e->attempts < 255)
        e->attempts++;
    struct ledger_entry *part = give_back(d, e, line, fetcher, now_ms, now_ms);
    if (!part)
        return;
    if (part->attempts >= d->o->attempts) {
        give_up(d, part, line, endpoint, out);
        return;
    }
    int64_t wait = RETRY_MS << (part->attempts < 6 ? part->attempts - 1 : 5);
    if (!crew_ready_outside(d->crew, part->failed_on | part->refused_by))
        ledger_put_off(d->ledger, part, now_ms + (wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS));
}

static void
hear_refused(struct dispatch *d, struct ledger_entry *e, const struct control *line, unsigned fetcher,
             int64_t now_ms, struct dispatch_event *out)
{
    int endpoint = crew_endpoint_of(d->crew, fetcher);
    e->refused_by |= crew_bit(endpoint);
    struct ledger_entry *part = give_back(d, e, line, fetcher, now_ms, now_ms);
    if (!part)
        return;
    if (crew_all_in(d->crew, part->refused_by, now_ms))
        give_up(d, part, line, endpoint, out);
    else if (!crew_ready_outside(d->crew, part->refused_by))
        ledger_put_off(d->ledger, part, now_ms + RETRY_MS);
}

static void
hear_committed(struct dispatch *d, struct ledger_entry *e, const struct control *line, int64_t now_ms,
               struct dispatch_event *out)
{
    uint64_t from = line->has_range ? line->from : e->from;
    uint64_t to = line->has_range ? line->to : ledger_to(e);
    uint64_t first = e->from, last = ledger_to(e);
    bool by_hash = e->by_hash, gone;

    d->commit_ms = now_ms;
    *out = (struct dispatch_event){
        .task = line->task, .by_hash = by_hash, .rows = line->rows, .endpoint = line->endpoint,
        .from = from > first ? from : first, .to = to < last ? to : last,
    };
    out->blocks = ledger_committed(d->ledger, e, from, to, &gone, now_ms);
    if (by_hash)
        out->hashes = hashes_drop(d->hashes, first);
    if (gone || out->blocks > 0)
        out->news = DISPATCH_COMMITTED;
}

static void
hear_lost(struct dispatch *d, struct ledger_entry *e, const struct control *line, int64_t now_ms)
{
    if (e->state != LEDGER_FETCHED)
        return; /* somebody has it again already */
    if (line->has_range)
        e = ledger_carve(d->ledger, e, line->from, line->to, now_ms);
    if (e)
        ledger_lost(d->ledger, e, now_ms);
}

static void
hear_fetched(struct dispatch *d, struct ledger_entry *e, const struct control *line, int64_t now_ms)
{
    if (!line->has_range || (line->from <= e->from && line->to >= ledger_to(e)))
        ledger_fetched(d->ledger, e, now_ms);
}

static void
hear_task(struct dispatch *d, struct ledger_entry *e, const struct control *line, unsigned fetcher,
          int64_t now_ms, struct dispatch_event *out)
{
    switch (line->verb) {
    case CONTROL_TOOK:
        d->bounces = 0;
        ledger_took(d->ledger, e, fetcher, now_ms);
        break;
    case CONTROL_DECLINED:
        hear_declined(d, e, line, fetcher, now_ms);
        break;
    case CONTROL_FETCHED:
        hear_fetched(d, e, line, now_ms);
        break;
    case CONTROL_FAILED:
        hear_failed(d, e, line, fetcher, now_ms, out);
        break;
    case CONTROL_REFUSED:
        hear_refused(d, e, line, fetcher, now_ms, out);
        break;
    case CONTROL_COMMITTED:
        hear_committed(d, e, line, now_ms, out);
        break;
    case CONTROL_LOST:
        hear_lost(d, e, line, now_ms);
        break;
    case CONTROL_CREDIT:
    case CONTROL_BYE:
        break;
    }
}

/* Returns the fetcher that speaks, 0 for the writer and strangers. */
static unsigned
hear_fetcher(struct dispatch *d, const struct control *line, int64_t now_ms, struct dispatch_event *out)
{
    if (line->fetcher.n == 0)
        return 0;
    unsigned fetcher = crew_hear(d->crew, line, now_ms);
    if (fetcher && line->verb == CONTROL_BYE) {
        crew_bye(d->crew, fetcher);
        ledger_release(d->ledger, fetcher, false, now_ms);
    }
    bool other_chain = line->verb == CONTROL_CREDIT && d->o->task.chain && line->chain &&
                       line->chain != d->o->task.chain;
    if (line->verb == CONTROL_DECLINED && line->reason == REASON_CHAIN)
        other_chain = true;
    if (fetcher && other_chain && crew_foreign(d->crew, fetcher)) {
        const char *name =
            crew_endpoint(d->crew, (size_t)crew_endpoint_of(d->crew, fetcher))->name;
        *out = (struct dispatch_event){.news = DISPATCH_FOREIGN, .endpoint = span_of(name)};
    }
    return fetcher;
}

void
dispatch_hear(struct dispatch *d, const struct control *line, int64_t now_ms, struct dispatch_event *out)
{
    *out = (struct dispatch_event){0};
    unsigned fetcher = hear_fetcher(d, line, now_ms, out);
    if (line->verb == CONTROL_CREDIT || line->verb == CONTROL_BYE || !span_is(line->run, d->o->task.run))
        return;
    struct ledger_entry *e = ledger_find(d->ledger, line->task);
    if (e)
        hear_task(d, e, line, fetcher, now_ms, out);
    else if (line->verb == CONTROL_COMMITTED)
        failures_answered(d->failures, line->task, line->rows);
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
    if (idle_credit && d->hedge_ms > now_ms && d->plan_state == PLAN_END &&
        ledger_count(d->ledger) > 0)
        due = sooner(due, d->hedge_ms);
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

size_t
dispatch_working(const struct dispatch *d)
{
    return ledger_count(d->ledger) - ledger_pending(d->ledger);
}

bool
dispatch_complete(const struct dispatch *d)
{
    return d->plan_state == PLAN_END && ledger_count(d->ledger) == 0 &&
           failures_waiting(d->failures) == 0;
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
