/* bucket.h - a token bucket whose rate is given, or learned from refusals, in calls per second.
 *
 * A refusal halves the rate for a moment. Within half a second it is back just under what the
 * endpoint had really been serving, the ceiling. The first refusals tell little, since they mostly end
 * a burst: the rate is then searched, from the ceiling up to the top in two seconds, and each refusal
 * on the way narrows the two, until they meet. Then it stays at the ceiling: a sawtooth would leave a
 * quarter of the endpoint unused. After a hold of 20 s it climbs above the ceiling as calls succeed,
 * slowly at first; refused there, the hold doubles (up to 60 s), so that refusals become rare.
 */
#ifndef SLUICE_BUCKET_H
#define SLUICE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUCKET_SLICES = 17 };

struct bucket {
    double given;       /* calls per second, 0: no limit given */
    double ceiling;     /* learned, 0: no refusal seen */
    double top;         /* searched up to here; 0: the ceiling is known well */
    uint32_t searches;  /* refusals while searching */
    double climbed_s;   /* seconds' worth of calls served above the hold */
    double tokens;
    int64_t filled_ms;
    int64_t cut_ms;     /* of the last refusal */
    int64_t rested_ms;  /* end of the last pause */
    int64_t hold_ms;
    int64_t began_ms;   /* first call served, -1: none yet */
    int64_t slice;      /* number of the newest slice of 250 ms */
    uint32_t served[BUCKET_SLICES];
};

void bucket_init(struct bucket *b, double given, int64_t now_ms);
double bucket_rate(const struct bucket *b, int64_t now_ms); /* 0: unlimited */
/* Takes n tokens. 0: go; otherwise milliseconds until there are enough, and nothing is taken. */
int64_t bucket_take(struct bucket *b, size_t n, int64_t now_ms);
void bucket_served(struct bucket *b, size_t n, int64_t now_ms);
/* Nothing is asked until then, and but one token waits then. */
void bucket_rest(struct bucket *b, int64_t until_ms);
/* A request sent at sent_ms was refused for its rate; told: calls per second, 0 unknown. False:
 * it was sent before the last cut, which it confirms, no more. */
bool bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms);

#endif
