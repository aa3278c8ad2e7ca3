/* ceiling.h - a learned upper bound that nobody tells: how many blocks in a range, calls in a batch.
 *
 * What is asked stays at the widest that was served. Now and then one request, a probe, is wider.
 * Before the first refusal a probe goes as soon as the last one was served: as wide as hoped, then
 * eight times as wide. Between a width that was served and one that was refused lie a few probes,
 * at the round numbers that providers like. Then, since limits change, a probe half as wide again
 * goes after K answers in a row; K is 128 and doubles with each refusal, so that refusals stay well
 * under 2 % of requests.
 * A limit told by the endpoint is believed at once.
 *
 *     good <= now < bad        now: what is asked; good, bad: served, refused (0: not known)
 */
#ifndef SLUICE_CEILING_H
#define SLUICE_CEILING_H

#include <stdbool.h>
#include <stdint.h>

struct ceiling {
    uint64_t now, good, bad;
    uint64_t hope;        /* the first probe's width */
    uint64_t most;        /* never above this; UINT64_MAX: no bound */
    uint64_t probe;       /* width of the probe that is under way, 0: none */
    uint64_t probe_key;   /* which request it is */
    uint32_t probe_age;   /* answers since it was handed out */
    uint32_t streak;      /* answers at `now` in a row, without a refusal */
    uint32_t every;       /* K */
    uint32_t searches;    /* probes left for the search between good and bad */
};

void ceiling_init(struct ceiling *c, uint64_t start, uint64_t hope, uint64_t most);
/* The first search is not over: the next answer says much, and many sent at once would say the same. */
bool ceiling_searching(const struct ceiling *c);
/* The width for the request called key (its first block): the same for the same key, so that it
 * may be asked several times before the request goes. */
uint64_t ceiling_next(struct ceiling *c, uint64_t key);
void ceiling_passed(struct ceiling *c, uint64_t width);
/* told: the limit that the refusal named, 0 if none. */
void ceiling_refused(struct ceiling *c, uint64_t width, uint64_t told);

#endif
