/* served.h - how many calls were served in the last ten seconds, in slices of 5 ms by the time they
 * were sent: what a rate is measured from. Pure; plain state, see served_init.
 */
#ifndef SLUICE_SERVED_H
#define SLUICE_SERVED_H

#include <stddef.h>
#include <stdint.h>

enum { SERVED_SLICE_MS = 5, SERVED_SLICES = 2048 };

struct served {
    int64_t began_ms; /* the first call, -1: none yet */
    int64_t slice;    /* number of the newest slice */
    uint16_t n[SERVED_SLICES];
};

void served_init(struct served *s);
void served_add(struct served *s, size_t n, int64_t sent_ms, int64_t now_ms);
/* The first slice that is still known. */
int64_t served_oldest(const struct served *s);
uint16_t served_in(const struct served *s, int64_t slice); /* from served_oldest to s->slice, else 0 */
/* Calls in the slices after the one and up to the other. */
double served_between(const struct served *s, int64_t after_ms, int64_t to_ms);

#endif
