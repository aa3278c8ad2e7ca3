/* finish.h - who should take no more tasks, so that all finish at about the same time. Near the end of a job an
 * endpoint that needs long for a task would be the only one that still works, while faster ones could have done that
 * task before.
 *
 * Goes by what endpoints did so far: how many requests, and how long each took. A task is counted as a request where it
 * is not known to take more, so what is said of an endpoint is too good rather than too bad. Pure: no clock.
 */
#ifndef SLUICE_FINISH_H
#define SLUICE_FINISH_H

#include <stdint.h>

#include "producer/crew.h"

/* The endpoints, as bits, that answer one request more later than all faster ones together answer `requests` more and
 * those they have in work. *ms: what the slowest of them takes for one more, or, should that be less, when the others
 * are expected to be done and a request later. */
uint64_t finish_late(const struct crew *c, double requests, int64_t now_ms, int64_t *ms);

#endif
