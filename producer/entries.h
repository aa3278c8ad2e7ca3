/* entries.h - the entries of the ledger, found by id and by time.
 *
 * An entry takes 52 bytes, and 12 more of index and heaps. Two heaps share one array: PENDING
 * entries by the time before which pushing them makes no sense (READY), all others by the time at
 * which something is wrong: no answer, lease over (TIMED). Everything is allocated at once, but
 * takes memory only as it is used.
 */
#ifndef SLUICE_ENTRIES_H
#define SLUICE_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEDGER_MAX = 73728 /* entries */ };

enum ledger_state { LEDGER_PENDING, LEDGER_PUSHED, LEDGER_OUT, LEDGER_FETCHED };

struct ledger_entry {     /* bit fields: 65536 of these are the producer's memory */
    uint64_t from : 63;   /* first block; by hash: whatever the caller likes */
    uint64_t by_hash : 1;
    uint64_t failed_on;   /* endpoints that failed it, one bit each */
    uint64_t refused_by;  /* endpoints that can never serve it */
    uint64_t id : 48;
    uint64_t tries : 16;  /* pushes so far */
    uint64_t due : 39;    /* ms since the ledger's start */
    uint64_t early : 1;   /* its rows are lost, said the writer before the fetcher said that it had sent them */
    uint64_t state : 2;   /* enum ledger_state */
    uint64_t asked : 1;   /* a push is unanswered, and its answer not overdue */
    uint64_t attempts : 8;  /* failures so far */
    uint64_t holder : 13;   /* who works on it */
    uint64_t since : 32;    /* when it became PENDING, OUT or FETCHED, in 16 ms since the start */
    uint64_t copies : 2;
    uint64_t heap : 17;     /* its place there */
    uint64_t second : 13;   /* who works on a copy */
    uint32_t more;          /* blocks after the first */
} __attribute__((packed, aligned(4)));

enum entries_heap { READY, TIMED };

struct entries {
    struct ledger_entry *slots; /* LEDGER_MAX */
    uint32_t *heaps;            /* LEDGER_MAX slots: READY from the left, TIMED from the right */
    uint32_t *index;            /* by id: slot + 1, 0: empty; linear probing */
    uint32_t size[2];           /* of each heap */
    uint32_t used;              /* slots ever used */
    uint32_t free;              /* first of a list (through `more`), LEDGER_MAX: none */
};

void entries_init(struct entries *x);
void entries_free(struct entries *x);

/* A zeroed entry with that id, in no heap yet; not when there are LEDGER_MAX. */
struct ledger_entry *entries_make(struct entries *x, uint64_t id);
struct ledger_entry *entries_find(const struct entries *x, uint64_t id);
void entries_remove(struct entries *x, struct ledger_entry *e); /* after entries_leave */

/* Into and out of the heap that its state says. State and due change only outside of heaps. */
void entries_enter(struct entries *x, struct ledger_entry *e);
void entries_leave(struct entries *x, struct ledger_entry *e);
/* The one with the earliest due, by id where equal; NULL: empty. */
struct ledger_entry *entries_top(const struct entries *x, enum entries_heap h);
/* The i-th of x->size[h], in no order. */
struct ledger_entry *entries_at(const struct entries *x, enum entries_heap h, uint32_t i);

#endif
