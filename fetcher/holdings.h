/* holdings.h - from which block on does an endpoint really have logs? Pure.
 *
 * A node that has thrown old receipts away may still serve old headers, and answer [] for their
 * logs. An empty answer is therefore believed only for blocks that the endpoint is known to hold
 * logs of, or older than which it was checked; and as the head moves on, so does what a pruning
 * node throws away.
 *
 *   IDLE --doubt--> SAMPLE: headers of a few blocks --one has a bloom--> CONTROL: all its logs
 *     ^              ^ |  none has: nothing can be missing, believed        | some: held | none
 *     |              | v                                                    v            v
 *     +--------------|-+ <--------------------------------------------------+        WITNESS: its receipts
 *     |              +------- without a log: the bloom says nothing, another block <-----+
 *     +--- pruned, and the same by bisection until the first block held is known <-------+ gone, or with logs
 *                                                                                         (then CONTROL once more)
 * Where receipts cannot be had, a second block without logs tells the same.
 */
#ifndef SLUICE_HOLDINGS_H
#define SLUICE_HOLDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOLDINGS_SAMPLE = 25 /* most headers asked at once */ };

enum holdings_state { HOLDINGS_IDLE, HOLDINGS_SAMPLING, HOLDINGS_CONTROL, HOLDINGS_WITNESS };

enum witness {
    WITNESS_GONE,    /* the receipts are gone as well */
    WITNESS_AGAINST, /* they have logs */
    WITNESS_FOR,     /* they are there and have none */
    WITNESS_NONE,    /* it cannot be told */
};

struct holdings {
    enum holdings_state state;
    uint64_t believed, believed_head; /* empty answers from this block on are believed, when the head was that */
    uint64_t doubted;    /* block that the check is about */
    uint64_t lacks, has; /* bisecting: logs are missing at lacks, not at has */
    bool bisecting;
    uint32_t round, steps;
    uint64_t from, at;   /* first block of this step, of its next sample */
    uint64_t candidate;  /* block whose bloom is not empty */
    bool again;          /* of which they are asked for once more: it may have been a slip */
    uint64_t unsure;     /* one without logs, and nobody to witness it; UINT64_MAX: none */
    uint64_t min_block;  /* result: first block held; 0: all, as far as known */
    uint64_t head;       /* of the check */
};

void holdings_init(struct holdings *h);
bool holdings_believe(const struct holdings *h, uint64_t from, uint64_t head);
void holdings_saw(struct holdings *h, uint64_t block, uint64_t head); /* logs of this block were sent */
/* Starts a check of this block; nothing happens while one runs. */
void holdings_doubt(struct holdings *h, uint64_t block, uint64_t head);
/* SAMPLING: up to max blocks whose headers to ask for; returns how many. */
size_t holdings_sample(const struct holdings *h, uint64_t *blocks, size_t max);
/* The lowest of them whose bloom is not empty, UINT64_MAX: none. max as before. */
void holdings_sampled(struct holdings *h, uint64_t block, size_t max);
void holdings_missing(struct holdings *h); /* not even their headers are held */
/* CONTROL: were there logs in block h->candidate? */
void holdings_controlled(struct holdings *h, bool any);
void holdings_witnessed(struct holdings *h, enum witness w); /* WITNESS: of the same block */
void holdings_abandon(struct holdings *h); /* the check cannot be made now */

#endif
