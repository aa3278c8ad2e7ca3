/* methods.h - which methods of an endpoint may be asked: a breaker each, and those that it lacks. Pure.
 *
 * A method that is not there is not asked for a day; where it was served before, it must say so three times in a
 * row, since one of several backends may lack it. One that fails has its breaker opened, whatever
 * the others do; when that lets a probe through the next request is it.
 */
#ifndef SLUICE_METHODS_H
#define SLUICE_METHODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"

enum { METHODS_MAX = 16 /* more are always allowed */ };

struct method {
    char name[48];
    struct breaker breaker;
    int64_t asked_ms;     /* when its probe was let through */
    int64_t off_until_ms; /* it is not there */
    bool served;          /* once */
    uint32_t refusals;    /* that it is not there, in a row */
};

struct methods {
    struct method v[METHODS_MAX]; /* those that were answered for */
    size_t n;
    uint32_t threshold;
    int64_t cooldown_ms;
};

void methods_init(struct methods *m, uint32_t threshold, int64_t cooldown_ms);
bool methods_allow(struct methods *m, const char *name, int64_t now_ms);
void methods_fail(struct methods *m, const char *name, int64_t now_ms);
void methods_succeed(struct methods *m, const char *name, int64_t now_ms);
/* If it now says that it does not have it: is that not believed yet? */
bool methods_slips(struct methods *m, const char *name);
bool methods_lacking(struct methods *m, const char *name, int64_t now_ms); /* did it say so, lately? */
void methods_lacks(struct methods *m, const char *name, int64_t now_ms); /* it said that it does not have it */

#endif
