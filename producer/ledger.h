/* ledger.h - every task that is handed out and not yet committed.
 *
 *   add ──► PENDING ──pushed──► PUSHED ──took──► OUT ──fetched──► FETCHED ──committed──► (gone)
 *              ▲                  │               │                  │
 *              └── declined, no answer, failed, holder gone, lease over, lost
 *
 * Pure: no sockets, no clock (time is an argument, monotonic milliseconds). Nothing is kept of work
 * that was not handed out yet, nor of what is committed; entries.h tells what the rest takes.
 *
 * A copy (hedging) is a second push of an entry that is OUT or FETCHED already. Holders are the
 * fetchers that took it, as numbers that the caller gives out (1 to LEDGER_HOLDER_MAX, 0: unknown).
 */
#ifndef SLUICE_LEDGER_H
#define SLUICE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producer/entries.h"

enum {
    LEDGER_PLAN_MAX = 65536, /* entries; with that many only parts of ranges are added */
    LEDGER_HOLDER_MAX = 4096,
    LEDGER_COPIES_MAX = 2,
    LEDGER_ANSWER_MS = 2000, /* a push is answered by then, or it is made again */
    LEDGER_CHECK_MS = 1000,  /* how often a FETCHED entry is looked at */
    LEDGER_LATE_MS = 2000,   /* at least: see ledger_late_ms */
    LEDGER_SPAN_MAX = 1000000000, /* blocks in an entry */
};

struct ledger; /* opaque: its heaps and index must stay in step */

struct ledger *ledger_new(int64_t lease_ms, int64_t now_ms);
void ledger_free(struct ledger *l);

/* A new PENDING entry with the next id: 0, 1, ...; not when full; at most LEDGER_SPAN_MAX blocks. */
struct ledger_entry *ledger_add(struct ledger *l, uint64_t from, uint64_t to, int64_t now_ms);
bool ledger_full(const struct ledger *l); /* take nothing more from the plan */
struct ledger_entry *ledger_find(struct ledger *l, uint64_t id); /* NULL: unknown or done */
uint64_t ledger_to(const struct ledger_entry *e);

/* Makes pending again what is due: unanswered pushes, leases, results that went missing. */
void ledger_tick(struct ledger *l, int64_t now_ms);
/* The PENDING entry to push now, or NULL; stays so until pushed or put off. */
struct ledger_entry *ledger_next(struct ledger *l, int64_t now_ms);
void ledger_pushed(struct ledger *l, struct ledger_entry *e, int64_t now_ms);
void ledger_put_off(struct ledger *l, struct ledger_entry *e, int64_t due_ms);

void ledger_took(struct ledger *l, struct ledger_entry *e, unsigned holder, int64_t now_ms);
/* The push was answered with no: PENDING until due_ms, or a copy that nobody took. */
void ledger_declined(struct ledger *l, struct ledger_entry *e, int64_t due_ms, int64_t now_ms);
bool ledger_holds(const struct ledger_entry *e, unsigned holder);
/* The holder gives it back. True when nobody else works on it: then it is PENDING until due_ms. */
bool ledger_returned(struct ledger *l, struct ledger_entry *e, unsigned holder, int64_t due_ms,
                     int64_t now_ms);
void ledger_fetched(struct ledger *l, struct ledger_entry *e, int64_t now_ms);
/* Its rows did not arrive. Heard before `fetched`, since two peers tell these, it counts then. */
void ledger_lost(struct ledger *l, struct ledger_entry *e, int64_t now_ms);

/* Cuts [from, to] off an entry that shares an end with it. Returns the entry that is just this
 * part, PENDING: a new one, while e keeps the rest, FETCHED; or e itself where the part is all of
 * it or cannot be cut off. NULL: they have no block in common. */
struct ledger_entry *ledger_carve(struct ledger *l, struct ledger_entry *e, uint64_t from,
                                  uint64_t to, int64_t now_ms);
/* A part of e, which is by hash, PENDING: the caller cut it off what `slot` of both stands for. */
struct ledger_entry *ledger_halve(struct ledger *l, const struct ledger_entry *e, uint64_t slot, int64_t now_ms);
/* [from, to] is committed: ends e, shrinks it or splits it. Returns how many blocks that ended;
 * *gone tells whether e exists no more. By hash: always all of it, and 0. */
uint64_t ledger_committed(struct ledger *l, struct ledger_entry *e, uint64_t from, uint64_t to,
                          bool *gone, int64_t now_ms);
void ledger_remove(struct ledger *l, struct ledger_entry *e);

/* The holder is gone. What it worked on is PENDING; with `suddenly` also what it had fetched a
 * while ago, since results may have gone down with it. Returns how many entries. */
size_t ledger_release(struct ledger *l, unsigned holder, bool suddenly, int64_t now_ms);
/* The writer is another: all that was FETCHED for so long or longer is PENDING. */
void ledger_writer_gone(struct ledger *l, int64_t age_ms, int64_t now_ms);
/* The oldest entry worth a copy: OUT for longer than out_ms, unless more are FETCHED than OUT (the
 * writer is what all wait for); or FETCHED for longer than fetched_ms (negative: never). NULL: none. */
struct ledger_entry *ledger_hedge(struct ledger *l, int64_t out_ms, int64_t fetched_ms,
                                  int64_t now_ms);

/* The i-th entry that is not PENDING, in no order; NULL: there are not so many. */
const struct ledger_entry *ledger_at_work(const struct ledger *l, size_t i);
/* When ledger_tick will have something to do, or ledger_next anew; -1: never. */
int64_t ledger_due_ms(const struct ledger *l, int64_t now_ms);
uint64_t ledger_added(const struct ledger *l); /* entries, those that are gone too */
size_t ledger_count(const struct ledger *l);
size_t ledger_pending(const struct ledger *l);
size_t ledger_unanswered(const struct ledger *l); /* pushes whose answer is not overdue */
int64_t ledger_task_ms(const struct ledger *l); /* mean time from took to fetched, recent */
/* Something is committed that was fetched so much later than this one: this one's rows are lost.
 * Several times what a commit takes. */
int64_t ledger_late_ms(const struct ledger *l);
int64_t ledger_age_ms(const struct ledger *l, const struct ledger_entry *e, int64_t now_ms);

#endif
