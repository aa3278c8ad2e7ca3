/* timers.h - what is due when: a heap of (time, thing). */
#ifndef RPCSIM_TIMERS_H
#define RPCSIM_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t due_us;
    void *thing;
};

struct timers { /* a zeroed one is empty */
    struct timer *heap;
    size_t n, cap;
};

void timers_add(struct timers *t, int64_t due_us, void *thing);
void *timers_due(struct timers *t, int64_t now_us); /* takes the earliest that is due, or NULL */
int64_t timers_next(const struct timers *t);        /* when, or INT64_MAX */
void timers_remove(struct timers *t, void *thing);  /* if it is there */
void timers_free(struct timers *t);

#endif
