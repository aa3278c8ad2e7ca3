/* hear.c - what becomes of tasks by what fetchers and the writer tell; see dispatch.h. */
#include "producer/dispatch_state.h"

#include <stdlib.h>

enum {
    WAIT_MIN_MS = 100, WAIT_MAX_MS = 1000, /* of a declined task: someone new may come any time */
    BOUNCE_MS = 10,                        /* between pushes once everybody declines */
    RETRY_MS = 1000, RETRY_MAX_MS = 30000, /* of a failed task when there is no other endpoint */
};

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
        return now_ms + DISPATCH_POLL_MS; /* let others answer first */
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
note_beyond(struct dispatch *d, const struct ledger_entry *e, const struct control *line, int64_t now_ms)
{
    uint64_t block = line->has_range ? line->from : e->from;
    if (!d->beyond_ms || block < d->beyond)
        d->beyond = block;
    if (!d->beyond_ms)
        d->beyond_ms = now_ms;
}

static void
hear_declined(struct dispatch *d, struct ledger_entry *e, const struct control *line,
              unsigned fetcher, int64_t now_ms)
{
    int64_t due = declined_until(d, e, line, crew_endpoint_of(d->crew, fetcher), now_ms);
    bool answers = line->reason == REASON_SLOT || line->reason == REASON_AVOID ||
                   line->reason == REASON_CHAIN;
    bool asked = e->asked || e->state == LEDGER_PUSHED;
    if (line->reason == REASON_HEAD)
        note_beyond(d, e, line, now_ms);
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
        .of_hashes = e->by_hash ? d->o->task.dataset : NULL,
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
    *out = (struct dispatch_event){.news = DISPATCH_GAVE_UP, .task = what.id,
                                   .by_hash = what.of_hashes != NULL, .from = what.from, .to = what.to};
}

/* One hash may be why all of them failed: the halves are tried for themselves, so that what is good is soon done
 * with, and in the end only the neighbours of a bad one are given up with it. Returns the new half, or NULL. */
static struct ledger_entry *
halve(struct dispatch *d, const struct ledger_entry *e, int64_t now_ms)
{
    if (!e->by_hash || hashes_get(d->hashes, e->from).n_hashes < 2 || hashes_full(d->hashes) || ledger_full(d->ledger))
        return NULL;
    return ledger_halve(d->ledger, e, hashes_halve(d->hashes, e->from), now_ms);
}

static void
count_failure(struct ledger_entry *e, int endpoint)
{
    e->failed_on |= crew_bit(endpoint);
    if (e->attempts < 255)
        e->attempts++;
}

static void
hear_failed(struct dispatch *d, struct ledger_entry *e, const struct control *line,
            unsigned fetcher, int64_t now_ms, struct dispatch_event *out)
{
    int endpoint = crew_endpoint_of(d->crew, fetcher);
    struct ledger_entry *part = give_back(d, e, line, fetcher, now_ms, now_ms);
    count_failure(part ? part : e, endpoint); /* the rest, if any, did not fail */
    if (!part)
        return;
    if (part->attempts >= d->o->attempts) {
        give_up(d, part, line, endpoint, out);
        return;
    }
    int64_t wait = RETRY_MS << (part->attempts < 6 ? part->attempts - 1 : 5), due = now_ms;
    if (!crew_ready_outside(d->crew, part->failed_on | part->refused_by))
        due += wait < RETRY_MAX_MS ? wait : RETRY_MAX_MS;
    struct ledger_entry *half = halve(d, part, now_ms);
    out->halved = half;
    ledger_put_off(d->ledger, part, due);
    if (half)
        ledger_put_off(d->ledger, half, due);
}

static void
hear_refused(struct dispatch *d, struct ledger_entry *e, const struct control *line,
             unsigned fetcher, int64_t now_ms, struct dispatch_event *out)
{
    int endpoint = crew_endpoint_of(d->crew, fetcher);
    e->refused_by |= crew_bit(endpoint);
    if (!crew_bit(endpoint) && e->attempts < 255)
        e->attempts++; /* one of so many that refusals are not kept: else it would get it for ever */
    struct ledger_entry *part = give_back(d, e, line, fetcher, now_ms, now_ms);
    if (!part)
        return;
    if (crew_all_in(d->crew, part->refused_by, now_ms) || part->attempts >= d->o->attempts)
        give_up(d, part, line, endpoint, out);
    else if (!crew_ready_outside(d->crew, part->refused_by))
        ledger_put_off(d->ledger, part, now_ms + RETRY_MS);
}

static void
hear_committed(struct dispatch *d, struct ledger_entry *e, const struct control *line,
               int64_t now_ms, struct dispatch_event *out)
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
    if (out->blocks > 0 && (from < first || to > last)) /* a copy: of the other blocks rows were counted before */
        out->rows = (uint64_t)((double)line->rows * (double)out->blocks / (double)(to - from + 1));
    if (gone || out->blocks > 0)
        out->news = DISPATCH_COMMITTED;
}

static void
hear_lost(struct dispatch *d, struct ledger_entry *e, const struct control *line, int64_t now_ms)
{
    if (e->state == LEDGER_FETCHED && line->has_range)
        e = ledger_carve(d->ledger, e, line->from, line->to, now_ms);
    if (e)
        ledger_lost(d->ledger, e, now_ms);
}

/* The database refuses the rows. Another endpoint may have better ones, but not for ever. */
static void
hear_rejected(struct dispatch *d, struct ledger_entry *e, const struct control *line,
              int64_t now_ms, struct dispatch_event *out)
{
    int endpoint = crew_find(d->crew, line->endpoint);
    bool sent = e->state == LEDGER_FETCHED; /* else somebody has it again, or `fetched` is still to come */
    if (sent && line->has_range)
        e = ledger_carve(d->ledger, e, line->from, line->to, now_ms);
    if (!e)
        return;
    count_failure(e, endpoint);
    if (e->attempts >= d->o->attempts + !sent) /* one more, since it may be of an older try */
        give_up(d, e, line, endpoint, out);
    else
        ledger_lost(d->ledger, e, now_ms);
}

/* An endpoint had answered for these blocks and is not believed any more. */
static void
hear_uncovered(struct dispatch *d, const struct control *line, struct dispatch_event *out)
{
    uint64_t to = line->to < PLAN_BLOCK_MAX ? line->to : PLAN_BLOCK_MAX;
    if (line->from > to)
        return;
    again_add(&d->again, line->from, to, crew_bit(crew_find(d->crew, line->endpoint)));
    *out = (struct dispatch_event){.news = DISPATCH_UNCOVERED, .from = line->from, .to = to,
                                   .blocks = to - line->from + 1, .rows = line->rows};
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
    if (line->verb != CONTROL_TOOK && line->verb != CONTROL_DECLINED)
        d->beyond_ms = 0;
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
    case CONTROL_REJECTED:
        hear_rejected(d, e, line, now_ms, out);
        break;
    case CONTROL_CREDIT:
    case CONTROL_BYE:
    case CONTROL_HELLO:
    case CONTROL_UNCOVERED:
        break;
    }
}

/* Returns the fetcher that speaks, 0 for the writer and strangers. */
static unsigned
hear_fetcher(struct dispatch *d, const struct control *line, int64_t now_ms,
             struct dispatch_event *out)
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

/* The first writer's hello may come after the first tasks were fetched: it has those. Not what was
 * fetched long before: a producer that was started again hears first of all of the writer's successor. */
static void
hear_hello(struct dispatch *d, int64_t now_ms)
{
    ledger_writer_gone(d->ledger, d->writer_known ? 0 : LEDGER_ANSWER_MS, now_ms);
    if (d->writer_known)
        failures_tell_again(d->failures);
    d->writer_known = true;
}

static void
learn_turns(struct dispatch *d, const struct control *line, unsigned fetcher)
{
    rota_size(&d->rota, crew_live(d->crew));
    if ((line->verb == CONTROL_TOOK || line->verb == CONTROL_DECLINED) && span_is(line->run, d->o->task.run))
        rota_answer(&d->rota, line->task, fetcher);
    rota_told(&d->rota, fetcher);
}

void
dispatch_hear(struct dispatch *d, const struct control *line, int64_t now_ms,
              struct dispatch_event *out)
{
    *out = (struct dispatch_event){0};
    if (line->verb == CONTROL_HELLO) {
        hear_hello(d, now_ms);
        return;
    }
    unsigned fetcher = hear_fetcher(d, line, now_ms, out);
    learn_turns(d, line, fetcher);
    if (line->verb == CONTROL_CREDIT || line->verb == CONTROL_BYE ||
        !span_is(line->run, d->o->task.run))
        return;
    if (line->verb == CONTROL_COMMITTED || line->verb == CONTROL_LOST || line->verb == CONTROL_REJECTED)
        d->writer_known = true;
    if (line->verb == CONTROL_UNCOVERED) {
        hear_uncovered(d, line, out);
        return;
    }
    struct ledger_entry *e = ledger_find(d->ledger, line->task);
    if (e)
        hear_task(d, e, line, fetcher, now_ms, out);
    else if (line->verb == CONTROL_COMMITTED || line->verb == CONTROL_REJECTED)
        failures_answered(d->failures, line->task, line->rows);
}
