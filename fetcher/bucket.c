#include "fetcher/bucket.h"

#include <math.h>

enum {
    SLICE_MS = 250,
    LAST_SLICES = 5,
    SEARCHES = 4,
    RECOVER_MS = 500,
    HOLD_MIN_MS = 20000,
    HOLD_MAX_MS = 60000,
};

/* Seconds' worth of calls that may go at once; servers that told nothing may be strict. */
static const double BURST_GIVEN_S = 0.2, BURST_LEARNED_S = 0.05;
static const double UNDER = 0.98;     /* of the ceiling, while holding */
static const double SEARCH_S = 2;     /* from the ceiling to the top, while searching */
static const double TOP = 16;         /* times the first guess, at least */
static const double NEAR = 1.25;      /* a top no further off than this ends the search */
static const double CLIMB = 0.02;     /* times the cube of the seconds of climbing */
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
    if (b->top > 0)
        factor = UNDER * pow(b->top / b->ceiling, s / SEARCH_S);
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
    double rate = bucket_rate(b, now_ms), want = (double)n;
    double burst = rate * (b->ceiling > 0 ? BURST_LEARNED_S : BURST_GIVEN_S);

    if (rate == 0)
        return 0;
    if (burst < 1)
        burst = 1;
    if (now_ms > b->filled_ms) {
        b->tokens += rate * (double)(now_ms - b->filled_ms) / 1000;
        b->filled_ms = now_ms;
    }
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
    if (b->ceiling > 0 && rate > 0 && now_ms - b->cut_ms > (b->top > 0 ? RECOVER_MS : b->hold_ms))
        b->climbed_s += (double)n / rate;
}

/* Calls served per second, over the last slices or since the first call, but at least a second. */
static double
seen(struct bucket *b, int slices, int64_t now_ms)
{
    double n = 0, ms = (double)((slices - 1) * SLICE_MS + now_ms % SLICE_MS);

    turn(b, now_ms);
    for (int64_t i = 0; i < slices; i++)
        n += b->served[(b->slice + BUCKET_SLICES - i) % BUCKET_SLICES];
    if (b->began_ms >= 0 && (double)(now_ms - b->began_ms) < ms)
        ms = (double)(now_ms - b->began_ms);
    return n * 1000 / (ms > 1000 ? ms : 1000);
}

/* Was it served undisturbed for as long as the last slices tell of? */
static bool
undisturbed(const struct bucket *b, int64_t now_ms)
{
    return now_ms - b->cut_ms >= RECOVER_MS + LAST_SLICES * SLICE_MS
        && now_ms - b->rested_ms >= LAST_SLICES * SLICE_MS;
}

static double
within(double v, double least, double most)
{
    return v < least ? least : v < most ? v : most;
}

/* Nothing is known but a first burst, or what was served shortly before a refusal on the way up. */
static void
search(struct bucket *b, double rate, int64_t now_ms)
{
    double ms = (double)(now_ms - b->began_ms), served = seen(b, LAST_SLICES, now_ms);

    if (b->ceiling == 0) {
        b->ceiling = seen(b, BUCKET_SLICES, now_ms);
        b->top = ms > 0 ? served * 1000 / ms : 0; /* as fast as it came */
        b->top = within(b->top, b->ceiling * TOP, b->top);
    } else {
        if (now_ms - b->cut_ms >= RECOVER_MS && rate < b->top)
            b->top = rate;
        b->ceiling = within(served * 0.9, b->ceiling / 2, b->top * 0.9);
    }
    if (b->ceiling < RATE_MIN)
        b->ceiling = RATE_MIN;
    if (b->top < b->ceiling * NEAR || ++b->searches > SEARCHES) {
        b->ceiling = within(b->rested_ms ? served * 0.90 : served, b->ceiling, b->top);
        b->top = 0;
    }
}

/* The next guess after one that was refused too. One that had held until a climb began is hardly
 * changed: what is served above it is mostly a burst. */
static double
again(struct bucket *b, double rate, int64_t now_ms)
{
    double served = undisturbed(b, now_ms) ? seen(b, LAST_SLICES, now_ms) * 0.98 : b->ceiling * 0.9;

    if (b->climbed_s > 0 && rate < 2 * b->ceiling)
        return within(served, b->ceiling, b->ceiling * 1.04);
    served = within(served, b->ceiling / 2, rate > b->ceiling ? rate : b->ceiling * 0.95);
    return served > RATE_MIN ? served : RATE_MIN;
}

void
bucket_rest(struct bucket *b, int64_t until_ms)
{
    b->rested_ms = until_ms;
    if (b->filled_ms < until_ms)
        b->filled_ms = until_ms;
    b->tokens = 1; /* for the one that asks whether it is over */
}

bool
bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms), served = seen(b, BUCKET_SLICES, now_ms);

    if (b->cut_ms >= 0 && sent_ms <= b->cut_ms)
        return false;
    if (told > 0) {
        b->ceiling = told;
        b->top = 0;
    } else if (b->ceiling == 0 && served == 0) {
        b->cut_ms = now_ms;
        return true; /* nothing is served at all: that is no rate; the pause is the answer */
    } else if (b->ceiling == 0 || b->top > 0) {
        search(b, rate, now_ms);
    } else {
        b->ceiling = again(b, rate, now_ms);
        if (b->climbed_s > 0 && b->hold_ms < HOLD_MAX_MS)
            b->hold_ms = b->hold_ms * 2 < HOLD_MAX_MS ? b->hold_ms * 2 : HOLD_MAX_MS;
    }
    b->cut_ms = now_ms;
    b->climbed_s = 0;
    if (b->tokens > 0)
        b->tokens = 0;
    return true;
}
