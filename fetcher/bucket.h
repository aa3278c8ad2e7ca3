/* bucket.h - a token bucket whose rate is given, or measured at refusals, in calls per second.
 *
 * An endpoint that allows `burst` calls at once and `rate` a second serves at most burst + rate * t in
 * any time t, and just as many if it rested before and refuses the next. Before the first refusal
 * nothing is held back, so what is served until then is mostly the burst. From a rate of which it
 * would be one second's worth the search goes up, e times in half a second, to the second refusal. The
 * most of (served - burst) / t over all times t before it is the rate; what was served from the one
 * refusal to the other, and on average, is no more than it.
 *
 * Such a measured rate is better than halving: a refusal halves for half a second only, then the rate
 * stays just under what was measured. A sawtooth would leave a quarter of the endpoint unused. After a
 * hold (30 s; 2 s where few calls were counted) it climbs as calls succeed, slowly at first; refused
 * there it is measured again, not below nine tenths of what held before (little may have been asked
 * lately), and holds for 60 s, so that refusals become rare. Refused while it holds, it is lowered by
 * 3 to 10 %, or to half if refusals are long apart and so much less was served.
 */
#ifndef SLUICE_BUCKET_H
#define SLUICE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUCKET_SLICES = 512 };

struct bucket_served { /* calls served, by the time they were sent */
    int64_t began_ms;  /* the first of them, -1: none yet */
    int64_t slice;     /* number of the newest slice of 20 ms */
    uint16_t n[BUCKET_SLICES];
};

struct bucket {
    double given;       /* calls per second, 0: no limit given */
    double ceiling;     /* learned, 0: no refusal seen */
    double top;         /* of the search, 0: it is over or has not begun */
    double climbed_s;   /* seconds' worth of calls served while searching or climbing */
    double tokens;
    int64_t filled_ms;
    int64_t cut_ms;     /* of the last refusal; -1: none */
    int64_t marked_ms, before_ms; /* when that request was sent, and the refused one before */
    int64_t hold_ms;
    double low, high;   /* bounds of the search's result, while answers to what was sent before come in */
    double usual;       /* what the first burst alone suggests */
    double calls;       /* that the last measurement counted */
    struct bucket_served served;
    struct bucket_served first; /* up to the first refusal, */
    int64_t first_ms;           /* sent then */
};

void bucket_init(struct bucket *b, double given, int64_t now_ms);
double bucket_rate(const struct bucket *b, int64_t now_ms); /* 0: unlimited */
/* Takes n tokens. 0: go; otherwise milliseconds until there are enough, and nothing is taken. */
int64_t bucket_take(struct bucket *b, size_t n, int64_t now_ms);
void bucket_served(struct bucket *b, size_t n, int64_t sent_ms, int64_t now_ms);
/* Nothing is asked until then, and but one token waits then. */
void bucket_rest(struct bucket *b, int64_t until_ms);
/* A request sent at sent_ms was refused for its rate; told: calls per second, 0 unknown. False:
 * it was sent before the last cut, which it confirms, no more. */
bool bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms);

#endif
