/* patience.h - what to say, and when to leave, while nothing moves. Pure; time is an argument.
 *
 * A standstill of 15 s is told (a minute without a commit, where endpoints do work), then once a minute
 * for as long as it lasts. With give_up_ms it ends the run once it has lasted so long: no endpoint works,
 * the next blocks do not come, or the writer does not record what failed.
 */
#ifndef SLUICE_PATIENCE_H
#define SLUICE_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct standstill {        /* for how long, in milliseconds; 0: it moves */
    int64_t down_ms;       /* no endpoint has worked */
    int64_t idle_ms;       /* nothing was committed */
    int64_t beyond_ms;     /* only blocks were wanted that no endpoint has yet; block is the first of them */
    int64_t stuck_ms;      /* failed ranges were not recorded by the writer */
    uint64_t block;
    size_t working;        /* tasks that somebody has */
    size_t unrecorded;     /* failed ranges */
    bool connected;        /* any fetcher is */
    bool recording;        /* nothing is left to do but to record what failed */
};

enum patience_now {
    PATIENCE_QUIET, PATIENCE_SAY, PATIENCE_LEAVE,
    PATIENCE_LEAVE_SOON, /* what is fetched may still come */
};

struct patience {
    int64_t give_up_ms;    /* 0: never */
    int64_t say_ms;        /* nothing before */
};

/* Call each turn. SAY, LEAVE: text is what to say. */
enum patience_now patience_ask(struct patience *p, const struct standstill *s, int64_t now_ms, char *text, size_t size);

#endif
