/* step.h - one thing to ask for a task: less than a task, at most one request. Plain data.
 *
 * A task becomes steps as it is worked, never all at once. A step that an endpoint will not
 * take is cut into smaller ones: by blocks, or by the filter's values (addresses, topics). The
 * steps that one range of blocks was cut into by its filter form a group, which is done when all
 * of them are.
 */
#ifndef SLUICE_STEP_H
#define SLUICE_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/task.h"
#include "fetcher/piece.h"
#include "fetcher/trust.h"

enum step_kind {
    STEP_LOGS,     /* eth_getLogs over blocks */
    STEP_BLOCKS,   /* what the datasets need of each block */
    STEP_DENSE,    /* one block's receipts, for the logs in them */
    STEP_RECEIPTS, /* receipts one by one, for an endpoint without eth_getBlockReceipts */
    STEP_STATE,    /* of addresses */
    STEP_HASHES,   /* transactions and their receipts, or scattered blocks */
    STEP_CONTROL,  /* have these blocks logs that an answer left out? */
};

/* Which of a task's filter values are meant: [0] addresses, [1] to [4] topics. */
struct values {
    struct {
        size_t from, n;
    } of[1 + TASK_TOPICS];
};

struct group {
    struct group *next;
    struct piece at;
    size_t left; /* steps not done */
};

struct window;   /* job.h */
struct assembly; /* assembly.h */

struct step {
    struct step *next;
    enum step_kind kind;
    struct piece at;           /* blocks; RECEIPTS, STATE, HASHES: indices */
    unsigned needs;            /* BLOCKS, DENSE: enum source, or-ed. HASHES: NEED_HEADER, or NEED_BLOCK
                                * for the transaction; STATE: NEED_BLOCK for the balance, NEED_RECEIPTS for the
                                * nonce, NEED_TRACES for the code */
    size_t dataset;            /* STATE: whose addresses */
    struct values values;      /* LOGS, DENSE */
    struct group *group;       /* or NULL */
    struct window *window;     /* LOGS: the headers of these blocks, or NULL */
    struct assembly *assembly; /* part of a block that is put together, or NULL */
    struct step *origin;       /* CONTROL: owned; the step whose answer is doubted */
    uint64_t held;             /* CONTROL: logs of the block in that answer */
    bool by_range;             /* CONTROL: silent blocks, asked for by the filter; else: one, by its receipts */
    bool leading, trailing, holed; /* CONTROL: there were none before the block, none after it, a number left out */
    uint32_t failures, bad, unseen, throttled, doubts; /* ends so far: transient, bad data, not yet, rate */
    bool empty;                /* LOGS, doubted: no log at all was sent */
    bool sampled;              /* LOGS: one of those asked for twice */
    bool tailed;               /* LOGS: the silence at its end was true */
    struct opinion opinion;    /* LOGS: the answers so far, */
    struct piece opinion_at;   /* to the question for these blocks */
    uint64_t proof;            /* LOGS, asked again: the block whose header is to prove it */
    enum receipts_way { RECEIPTS_OF_BLOCK, RECEIPTS_TOO_LARGE, RECEIPTS_NULL, RECEIPTS_ODD } one_by_one;
                               /* why not all of a block; CONTROL: why not by receipts */
    bool traced;               /* it was looked up since when history is held */
    bool proved;               /* LOGS: its silence is believed */
    int64_t not_before_ms;
};

struct step *step_new(enum step_kind kind, struct piece at);
struct step *step_copy(const struct step *s, struct piece at);
/* Cuts it by its blocks (or indices), the first part at most width (0: half). Returns the rest, for now; NULL: there
 * is none. Both belong to its group, and what was found out of the whole is doubted again of each. */
struct step *step_cut(struct step *s, uint64_t width);
void step_free(struct step *s);

/* Lists are ordered by first block; equal ones keep their order of arrival. */
void steps_put(struct step **list, struct step *s);
/* Takes out the first that may go now; NULL: none. */
struct step *steps_take(struct step **list, int64_t now_ms);
/* Lengthens s by those that follow it directly and are of its kind, up to width units in all and
 * unless they failed more than once: what went in one request before goes in one again. */
void steps_join(struct step **list, struct step *s, uint64_t width, int64_t now_ms);
size_t steps_count(const struct step *list, int64_t now_ms); /* those that may go now */
/* When the next one may go; INT64_MAX: none waits. */
int64_t steps_next_ms(const struct step *list, int64_t now_ms);
void steps_free(struct step **list);

struct values values_all(const struct task *t);
size_t values_longest(const struct values *v);
/* Halves the longest list of values, or cuts it after max (0: half): v keeps the first part.
 * False: no list has two. */
bool values_split(struct values *v, size_t max, struct values *rest);
/* The task with only these values: a view into t, not to be freed. */
struct task values_view(const struct task *t, const struct values *v);

#endif
