/* width.h - how many blocks the next eth_getLogs should span.
 *
 * The least of four bounds:
 *   range    most blocks that the endpoint takes (a ceiling)
 *   heavy    most blocks that it answers in time (a ceiling; falls when ranges time out)
 *   logs     most logs that it returns, by the density of logs seen lately. The limit is told, or
 *            found: half of what was refused, then 2 % more with each answer until refused again,
 *            then the most that it ever returned.
 *            Room is left for the scatter that answers had: 1.5 standard deviations of it. A margin
 *            below follows the luck: 3 % narrower per refusal, 0.03 % wider per answer, which
 *            settles near one refusal in a hundred where chains are stranger than that.
 *   bytes    the size of body that answers are wanted in, by the same density
 */
#ifndef SLUICE_WIDTH_H
#define SLUICE_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

#include "fetcher/ceiling.h"
#include "fetcher/verdict.h"

struct width {
    struct ceiling range, heavy;
    uint64_t target_bytes;
    double blocks, logs, bytes;  /* sums over recent answers, older ones fading */
    double scatter;              /* variance of the logs in an answer, as a part of their number */
    uint64_t scatters;           /* answers that it is of */
    double most_logs;            /* 0: no limit seen */
    enum { LOGS_TOLD, LOGS_HALVING, LOGS_CLIMBING, LOGS_FOUND } phase; /* how it is known */
    double most_seen;            /* logs in one answer */
    double margin;
    uint64_t served;             /* count of ranges answered */
    uint64_t answers, narrowed;  /* count of answers, and when the margin was last cut */
    int64_t heavy_cut_ms;
};

/* Begins narrow, and tries max_blocks next. */
void width_init(struct width *w, uint64_t max_blocks, uint64_t target_bytes);
/* So little is known yet that one request after the other learns as much as many at once, and is
 * refused less often. Bounded: 16 answers at most. */
bool width_learning(const struct width *w);
uint64_t width_next(struct width *w, uint64_t from); /* >= 1 */
void width_ok(struct width *w, uint64_t blocks, uint64_t logs, uint64_t bytes);
/* Judged RANGE or DENSITY. */
void width_refused(struct width *w, uint64_t blocks, const struct judgement *j);
/* A range sent at sent_ms brought no answer in time. */
void width_timeout(struct width *w, int64_t sent_ms, int64_t now_ms);

#endif
