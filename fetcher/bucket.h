/* bucket.h - a token bucket whose rate is given, or measured at refusals, in calls per second.
 *
 * Each request counts as one call, until it is known that the calls in it are counted: a rate was given or
 * told, or was enough for some calls of a request and not for others.
 *
 * Servers count in two ways. A bucket serves at most burst + rate * t in any time t, and just as many
 * if it rested before and refuses the next. A window serves so many in each second, of the clock or of
 * any time, and refuses soon when there are more. Before the first refusal nothing is held back, so
 * what is served until then is mostly the burst, or the window.
 *
 *   search   from a rate of which the burst would be one second's worth it goes up, e times in half
 *            a second, to the second refusal. The most of (served - burst) / t over all times t before
 *            it is the rate of a bucket; of a window, what was served at first and in the last second.
 *   hold     just under that, 30 s at first. A refusal halves for half a second only and lowers by 2
 *            to 5 %: a sawtooth would leave a quarter unused. More if others follow at once, and by 10 % at
 *            least from the fourth of these on. While nothing is served between refusals it is closed, and
 *            they lower nothing.
 *   climb    by steps of 3 to 12 s, each twice as high as the one before, but only while calls wait for
 *            tokens. Refused there, it is measured again, or what the step before allowed is kept. If
 *            that is no more than what held before, the next hold is twice as long, up to 4 minutes,
 *            so that refusals become rare.
 */
#ifndef SLUICE_BUCKET_H
#define SLUICE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/served.h"

struct bucket {
    bool by_call;       /* counted are calls, not requests */
    double given;       /* calls per second, 0: no limit given */
    double told;        /* by the server, 0: it did not */
    double ceiling;     /* learned, 0: no refusal seen */
    double top;         /* of the search, 0: it is over or has not begun */
    double searched_s;  /* seconds' worth of calls served while searching */
    double burst;       /* that the server allows, as far as known */
    double tokens;
    int64_t filled_ms;
    int64_t busy_ms;    /* since then calls have waited for tokens, on this step of the climb, */
    double unused_s;    /* but for so long */
    int64_t cut_ms;     /* of the last refusal; -1: none */
    int64_t marked_ms, before_ms; /* when that request was sent, and the refused one before */
    int64_t hold_ms;
    double step;        /* the first of the climb, as a part of the ceiling */
    uint32_t steps;     /* climbed */
    uint32_t falls;     /* refusals while holding that came soon after others, in a row */
    bool again;         /* the last refusal came while what was full before may have been so still */
    double low, high;   /* bounds of the search's result, while answers to what was sent before come in */
    double usual;       /* what the first burst alone suggests */
    double doubt;       /* of the last measurement: part of it that may be missing, 0: hardly any */
    double since;       /* calls served that were sent after marked_ms */
    struct served served;
    struct served first; /* up to the first refusal, */
    int64_t first_ms;    /* sent then */
};

void bucket_init(struct bucket *b, double given, int64_t now_ms);
double bucket_rate(const struct bucket *b, int64_t now_ms); /* 0: unlimited */
/* It was enough for some calls of a request only. What was learned in requests is forgotten. */
void bucket_counts_calls(struct bucket *b, int64_t now_ms);
/* Takes the tokens of a request. 0: go; otherwise milliseconds until there are enough, and nothing is taken. */
int64_t bucket_take(struct bucket *b, size_t calls, int64_t now_ms);
void bucket_served(struct bucket *b, size_t calls, int64_t sent_ms, int64_t now_ms);
/* Nothing is asked until then, and but one token waits then. */
void bucket_rest(struct bucket *b, int64_t until_ms);
/* A request sent at sent_ms was refused for its rate; told: calls per second, 0 unknown. False:
 * it was sent before the last cut, which it confirms, no more. */
bool bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms);

#endif
