#include "fetcher/bucket.h"

#include <math.h>

enum {
    SLICE_MS = 20,
    SHORTEST_MS = 300,  /* over less than this a rate cannot be told */
    LONG_MS = 2000,     /* over this long it tells enough for a large change */
    RECOVER_MS = 500,
    FEW_CALLS = 8,      /* measured over fewer than these a rate is doubtful */
    HOLD_DOUBT_MS = 2000,
    HOLD_MIN_MS = 30000,
    HOLD_MAX_MS = 60000,
};

/* Seconds' worth of calls that may go at once; servers that told nothing may be strict. */
static const double BURST_GIVEN_S = 0.2, BURST_LEARNED_S = 0.05;
static const double UNDER = 0.98;     /* of the ceiling, while holding */
static const double SEARCH_S = 0.5;   /* in which the rate grows e times, while searching */
static const double LOWER = 0.97, LOW = 0.9; /* at least and at most, when refused while holding */
static const double CLIMB = 0.02;     /* times the cube of the seconds of climbing */
static const double CLIMB_MAX = 50;   /* times the ceiling */
static const double RATE_MIN = 0.1;   /* calls per second */

void
bucket_init(struct bucket *b, double given, int64_t now_ms)
{
    *b = (struct bucket){.given = given, .tokens = 1, .filled_ms = now_ms, .cut_ms = -1, .marked_ms = -1,
                         .began_ms = -1, .hold_ms = HOLD_MIN_MS};
}

static double
learned(const struct bucket *b, int64_t now_ms)
{
    int64_t since = now_ms - b->cut_ms;
    double s = b->climbed_s, factor = UNDER + CLIMB * s * s * s, rate;

    if (b->top > 0) {
        rate = b->ceiling * exp(s / SEARCH_S);
        return rate < b->top ? rate : b->top;
    }
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

/* --- what was served --- */

static uint16_t *
slice_of(struct bucket *b, int64_t slice)
{
    return &b->served[slice % BUCKET_SLICES];
}

static void
turn(struct bucket *b, int64_t now_ms)
{
    int64_t slice = now_ms / SLICE_MS, gone = slice - b->slice;

    if (gone > BUCKET_SLICES)
        gone = BUCKET_SLICES;
    for (int64_t i = 0; i < gone; i++)
        *slice_of(b, slice - i) = 0;
    if (gone > 0)
        b->slice = slice;
}

static double
within(double v, double least, double most)
{
    return v < least ? least : v < most ? v : most;
}

/* The first slice that is still known, or the first of all. */
static int64_t
oldest(const struct bucket *b)
{
    int64_t first = b->slice - BUCKET_SLICES + 1;

    return b->began_ms / SLICE_MS > first ? b->began_ms / SLICE_MS : first;
}

/* The most of (served - burst) / t over all times t up to then. */
static double
fastest(struct bucket *b, double burst, int64_t then_ms)
{
    double n = 0, best = 0;

    for (int64_t i = then_ms / SLICE_MS; i >= oldest(b); i--) {
        int64_t ms = then_ms - i * SLICE_MS;

        n += *slice_of(b, i);
        if (ms >= SHORTEST_MS && (n - burst) * 1000 > best * (double)ms) {
            best = (n - burst) * 1000 / (double)ms;
            b->calls = n - burst;
        }
    }
    return best;
}

/* Calls a second that were served from one time to another. */
static double
between(struct bucket *b, int64_t from_ms, int64_t to_ms)
{
    double n = 0;

    for (int64_t i = to_ms / SLICE_MS; i > from_ms / SLICE_MS && i >= oldest(b); i--)
        n += *slice_of(b, i);
    return n * 1000 / within((double)(to_ms - from_ms), SHORTEST_MS, SLICE_MS * BUCKET_SLICES);
}

/* --- refusals --- */

/* Nothing is known but a first burst. */
static void
begin_search(struct bucket *b, int64_t sent_ms)
{
    int64_t from = oldest(b) * SLICE_MS;
    double n = 0;

    if (from < b->began_ms)
        from = b->began_ms;
    for (int64_t i = oldest(b); i <= b->slice; i++)
        n += *slice_of(b, i);
    b->first = n;
    b->first_s = sent_ms > from ? (double)(sent_ms - from) / 1000 : 0.001;
    b->ceiling = n / (1 + b->first_s);
    b->top = n / b->first_s; /* as fast as it came */
}

static double
measured(struct bucket *b, int64_t sent_ms)
{
    double rate = between(b, b->before_ms, sent_ms);

    for (int i = 0; i < 3; i++) {
        double r = fastest(b, b->first - rate * b->first_s - 1, sent_ms);
        rate = r > rate ? r : rate;
    }
    return rate;
}

/* Where calls are counted by the clock's second the first burst was the limit, whatever the rest before
 * the second refusal: what is plausible is tried. */
static double
searched(struct bucket *b, int64_t sent_ms)
{
    double rate = measured(b, sent_ms), last = between(b, sent_ms - 1000, sent_ms);
    double usual = b->first / (b->first_s > 1 ? b->first_s : 1);

    usual = usual < last ? usual : last;
    return within(usual > rate ? usual : rate, b->low, b->high);
}

static void
end_search(struct bucket *b, int64_t sent_ms)
{
    b->low = b->ceiling / 2;
    b->high = b->top;
    b->top = 0;
    b->ceiling = searched(b, sent_ms);
    b->hold_ms = b->calls < FEW_CALLS ? HOLD_DOUBT_MS : HOLD_MIN_MS;
}

/* The next guess after one that was refused too. */
static void
correct(struct bucket *b, int64_t sent_ms)
{
    double rate = measured(b, sent_ms);

    if (b->climbed_s == 0)
        rate = within(rate, b->ceiling * (sent_ms - b->before_ms < LONG_MS ? LOW : 0.5), b->ceiling * LOWER);
    else
        b->hold_ms = b->hold_ms < HOLD_MIN_MS ? HOLD_MIN_MS : HOLD_MAX_MS;
    b->ceiling = rate > RATE_MIN ? rate : RATE_MIN;
}

/* It was sent before the refusal, and answered later. */
static void
late(struct bucket *b, size_t n)
{
    if (b->ceiling == 0) {
        begin_search(b, b->marked_ms);
    } else if (b->top > 0) {
        b->first += (double)n;
    } else if (b->high > 0) {
        b->ceiling = searched(b, b->marked_ms);
    }
}

void
bucket_served(struct bucket *b, size_t n, int64_t sent_ms, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms);
    int64_t slice = sent_ms / SLICE_MS;

    turn(b, now_ms);
    if (b->began_ms < 0)
        b->began_ms = sent_ms;
    if (slice < oldest(b))
        slice = oldest(b);
    *slice_of(b, slice) += (uint16_t)n;
    if (sent_ms <= b->marked_ms)
        late(b, n);
    if (b->ceiling > 0 && rate > 0 && (b->top > 0 ? sent_ms > b->cut_ms : now_ms - b->cut_ms > b->hold_ms))
        b->climbed_s += (double)n / rate;
}

void
bucket_rest(struct bucket *b, int64_t until_ms)
{
    if (b->filled_ms < until_ms)
        b->filled_ms = until_ms;
    b->tokens = 1; /* for the one that asks whether it is over */
}

bool
bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms)
{
    if (b->cut_ms >= 0 && sent_ms <= b->cut_ms)
        return false;
    turn(b, now_ms);
    b->before_ms = b->marked_ms;
    b->marked_ms = sent_ms;
    b->high = 0;
    if (told > 0) {
        b->ceiling = told;
        b->top = 0;
    } else if (b->began_ms < 0) {
        ; /* nothing is served at all: that is no rate; the pause is the answer */
    } else if (b->ceiling == 0) {
        begin_search(b, sent_ms);
    } else if (b->top > 0) {
        end_search(b, sent_ms);
    } else {
        correct(b, sent_ms);
    }
    b->cut_ms = now_ms;
    b->climbed_s = 0;
    if (b->tokens > 0)
        b->tokens = 0;
    return true;
}
