/* rota.h - whose turn it is. PUSH deals its messages in turn to all that are connected, and cannot be asked where the
 * next one goes; but each task is answered by the fetcher that got it. So the order is learned from answers: a message
 * carries as many tasks as its receiver has room for, and who has none is passed over with an empty one. Where the
 * order is not known, or was guessed wrong, a task goes to whoever gets it and is declined: that costs more, and
 * teaches the order.
 *
 * Pure: no sockets, no clock.
 */
#ifndef SLUICE_ROTA_H
#define SLUICE_ROTA_H

#include <stddef.h>
#include <stdint.h>

enum {
    ROTA_MAX = 64,      /* fetchers; more are dealt to blindly */
    ROTA_TASKS = 8,     /* in a message, so that a short job is spread */
    ROTA_RECENT = 1024, /* tasks whose answer can be told from another's */
    ROTA_BLIND = 1024,  /* messages */
};

/* Zeroed by its owner. */
struct rota {
    size_t n;                 /* how many take turns; 0: it is not known */
    size_t at;                /* the turn that is next, below n */
    size_t carried;           /* tasks of the next message so far */
    size_t passed;            /* turns in a row */
    size_t blind;             /* so many messages are dealt without a look at the order, since it was wrong */
    size_t doubt;             /* how many the next time: twice as many each time, less with each answer as foreseen */
    unsigned order[ROTA_MAX]; /* fetcher by turn; 0: not known */
    uint64_t dealt[ROTA_MAX]; /* tasks by turn, since that fetcher told its room */
    struct {
        uint64_t task;
        size_t turn;          /* counted from 1; 0: answered */
    } recent[ROTA_RECENT];    /* by task */
};

/* So many take turns: when that is news, all that was learned is void. */
void rota_size(struct rota *r, size_t n);
unsigned rota_next(const struct rota *r); /* a fetcher, 0: not known */
/* How many tasks the next message may carry, whose receiver told last that it takes `free`. 1 where it is not known,
 * and where all have just been passed over: somebody has room, so the order must be wrong. */
size_t rota_room(const struct rota *r, uint64_t free);
void rota_deal(struct rota *r, uint64_t task); /* it goes with the next message */
void rota_turn(struct rota *r);                /* the message is complete */
void rota_answer(struct rota *r, uint64_t task, unsigned fetcher); /* it took or declined it */
void rota_told(struct rota *r, unsigned fetcher);                  /* its room, anew */

#endif
