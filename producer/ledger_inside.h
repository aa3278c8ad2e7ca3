/* ledger_inside.h - what the files of ledger.h share: ledger.c (states and time), ledger_parts.c (cutting entries)
 * and ledger_sweep.c (over all entries). */
#ifndef SLUICE_LEDGER_INSIDE_H
#define SLUICE_LEDGER_INSIDE_H

#include "producer/ledger.h"

struct ledger {
    int64_t start_ms, lease_ms;
    struct entries all;
    uint32_t unanswered;
    uint64_t next_id;
    uint32_t passed;              /* greatest `since` of what was FETCHED and then committed */
    int64_t mean_ms_x16;          /* of a task */
    int64_t commit_ms_x16;        /* mean time from fetched to committed */
    int64_t answer_ms_x8;         /* mean time of an answer, sampled: one push at a time is timed */
    uint64_t timed_id;
    int64_t timed_ms;             /* when that was pushed; 0: none is being timed */
};

/* Into this state from now on, with the due that it brings. */
void ledger_enter(struct ledger *l, struct ledger_entry *e, enum ledger_state state, int64_t now_ms);
/* Nobody works on it any more: PENDING until due_ms. */
void ledger_again(struct ledger *l, struct ledger_entry *e, int64_t due_ms, int64_t now_ms);

#endif
