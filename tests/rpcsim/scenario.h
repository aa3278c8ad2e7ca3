/* scenario.h - a file of lines that turn knobs while the endpoint runs:
 *
 *     # healthy, then throttled, then dead, then back
 *     at 0s latency=20ms
 *     at 5s rate=2 retry-after=seconds
 *     after 100 requests error-percent=30 errors=500,drop
 *     at 10s dead=refuse
 *     at 12.5s dead=off rate=0
 *
 * Times count from the first request. Each line is applied once; a knob stays as set.
 */
#ifndef RPCSIM_SCENARIO_H
#define RPCSIM_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "knobs.h"

struct scenario;

/* NULL: err names the line and what is wrong. */
struct scenario *scenario_parse(struct span text, char *err, size_t size);
void scenario_apply(struct scenario *s, int64_t elapsed_ms, uint64_t requests, struct knobs *k);
void scenario_free(struct scenario *s);

#endif
