#include "fetcher/bucket.h"

#include <string.h>

enum {
    SLICE_MS = 250,
    LATELY = 4, /* slices */
    RECOVER_MS = 500,
    HOLD_MIN_MS = 2000,
    SEEN_MIN_MS = 200, /* a shorter time says nothing of a rate */
    HOLD_MAX_MS = 60000,
    HOLD_CALLS = 60, /* served at least, so that refusals stay under 2 % */
};

/* Seconds' worth of calls that may go at once; servers that told nothing may be strict. */
static const double BURST_GIVEN_S = 0.2, BURST_LEARNED_S = 0.05;
static const double UNDER = 0.98;     /* of the ceiling, while holding */
static const double CLIMB = 0.04;     /* times the cube of the seconds of climbing */
static const double CLIMB_MAX = 50;   /* times the ceiling */
static const double RATE_MIN = 0.1;   /* calls per second */

void
bucket_init(struct bucket *b, double given, int64_t now_ms)
{
    *b = (struct bucket){.given = given, .tokens = 1, .filled_ms = now_ms, .cut_ms = -1, .began_ms = -1,
                         .hold_ms = HOLD_MIN_MS};
}

static double
learned(const struct bucket *b, int64_t now_ms)
{
    int64_t since = now_ms - b->cut_ms;
    double s = b->climbed_s, factor = UNDER + CLIMB * s * s * s;

    if (since < RECOVER_MS)
        return b->ceiling * (0.5 + (UNDER - 0.5) * (double)since / RECOVER_MS);
    return b->ceiling * (factor < CLIMB_MAX ? factor : CLIMB_MAX);
}

double
bucket_rate(const struct bucket *b, int64_t now_ms)
{
    double rate;

    if (b->ceiling == 0)
        return b->given;
    rate = learned(b, now_ms);
    return b->given > 0 && b->given < rate ? b->given : rate;
}

int64_t
bucket_take(struct bucket *b, size_t n, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms), burst = rate * (b->ceiling > 0 ? BURST_LEARNED_S : BURST_GIVEN_S), want = (double)n;

    if (rate == 0)
        return 0;
    if (burst < 1)
        burst = 1;
    if (now_ms > b->filled_ms)
        b->tokens += rate * (double)(now_ms - b->filled_ms) / 1000;
    b->filled_ms = now_ms;
    if (b->tokens > burst)
        b->tokens = burst;
    if (want > burst) /* more than ever fits goes when it is full, and leaves a debt */
        want = burst;
    if (b->tokens + 1e-9 < want)
        return 1 + (int64_t)((want - b->tokens) * 1000 / rate);
    b->tokens -= (double)n;
    return 0;
}

static void
turn(struct bucket *b, int64_t now_ms)
{
    int64_t slice = now_ms / SLICE_MS, gone = slice - b->slice;

    if (gone > BUCKET_SLICES)
        gone = BUCKET_SLICES;
    for (int64_t i = 0; i < gone; i++)
        b->served[(slice - i) % BUCKET_SLICES] = 0;
    b->slice = slice;
}

void
bucket_served(struct bucket *b, size_t n, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms);

    turn(b, now_ms);
    if (b->began_ms < 0)
        b->began_ms = now_ms;
    b->served[b->slice % BUCKET_SLICES] += (uint32_t)n;
    b->since_cut += n;
    if (b->ceiling > 0 && now_ms - b->cut_ms > b->hold_ms
        && (b->since_cut > HOLD_CALLS || b->hold_ms == HOLD_MIN_MS)) /* the first guess is a poor one */
        b->climbed_s += (double)n / rate;
}

/* Calls served per second, over the last whole slices (all: four seconds) or since the first. */
static double
seen(struct bucket *b, int64_t slices, int64_t now_ms)
{
    double n = 0, ms = (double)(slices * SLICE_MS + now_ms % SLICE_MS);

    turn(b, now_ms);
    for (int64_t i = 0; i <= slices && i <= b->slice; i++)
        n += b->served[(b->slice - i) % BUCKET_SLICES];
    if (b->began_ms >= 0 && (double)(now_ms - b->began_ms) < ms)
        ms = (double)(now_ms - b->began_ms);
    return n * 1000 / (ms > SEEN_MIN_MS ? ms : SEEN_MIN_MS);
}

/* The next guess. Refused while climbing: between what was served lately and what was asked. Refused
 * below: what was served, which the cut itself has lowered somewhat, not far from the last guess. */
static double
again(const struct bucket *b, double rate, double served, double lately)
{
    double guess = served * 1.15, most = b->ceiling * 0.95;

    if (b->climbed_s > 0)
        return lately > b->ceiling ? (lately + (rate < 1.3 * lately ? rate : 1.3 * lately)) / 2 : b->ceiling;
    if (guess > most)
        guess = most;
    return guess > b->ceiling / 2 ? guess : b->ceiling / 2;
}

bool
bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms), lately = seen(b, LATELY, now_ms);
    double served = seen(b, BUCKET_SLICES - 1, now_ms);

    if (b->cut_ms >= 0 && sent_ms <= b->cut_ms)
        return false;
    b->cut_ms = now_ms;
    b->since_cut = 0;
    if (told > 0) {
        b->ceiling = told;
    } else if (served > 0) {
        if (b->ceiling > 0)
            served = again(b, rate, served, lately);
        b->ceiling = served > RATE_MIN ? served : RATE_MIN;
    } else if (b->ceiling == 0) {
        return true; /* nothing is served at all: that is no rate; the pause is the answer */
    }
    if (b->climbed_s > 0 && b->hold_ms < HOLD_MAX_MS)
        b->hold_ms = b->hold_ms * 2 < HOLD_MAX_MS ? b->hold_ms * 2 : HOLD_MAX_MS;
    b->climbed_s = 0;
    if (b->tokens > 0)
        b->tokens = 0;
    return true;
}
