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
                         .hold_ms = HOLD_MIN_MS, .served.began_ms = -1};
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
slice_of(struct bucket_served *s, int64_t slice)
{
    return &s->n[slice % BUCKET_SLICES];
}

static void
turn(struct bucket_served *s, int64_t now_ms)
{
    int64_t slice = now_ms / SLICE_MS, gone = slice - s->slice;

    if (gone > BUCKET_SLICES)
        gone = BUCKET_SLICES;
    for (int64_t i = 0; i < gone; i++)
        *slice_of(s, slice - i) = 0;
    if (gone > 0)
        s->slice = slice;
}

/* The first slice that is still known, or the first of all. */
static int64_t
oldest(const struct bucket_served *s)
{
    int64_t first = s->slice - BUCKET_SLICES + 1;

    return s->began_ms / SLICE_MS > first ? s->began_ms / SLICE_MS : first;
}

static void
add(struct bucket_served *s, size_t n, int64_t sent_ms)
{
    int64_t slice = sent_ms / SLICE_MS;

    if (s->began_ms < 0)
        s->began_ms = sent_ms;
    if (slice < oldest(s))
        slice = oldest(s);
    *slice_of(s, slice) += (uint16_t)n;
}

static double
within(double v, double least, double most)
{
    return v < least ? least : v < most ? v : most;
}

/* Calls a second that were served from one time to another. */
static double
between(struct bucket_served *s, int64_t from_ms, int64_t to_ms)
{
    double n = 0;

    for (int64_t i = to_ms / SLICE_MS; i > from_ms / SLICE_MS && i >= oldest(s); i--)
        n += *slice_of(s, i);
    return n * 1000 / within((double)(to_ms - from_ms), SHORTEST_MS, SLICE_MS * BUCKET_SLICES);
}

/* The burst that the endpoint allows, if this is its rate: the most of served - rate * t, over all
 * times t up to the first refusal. */
static double
burst_at(struct bucket *b, double rate)
{
    double n = 0, most = 0;

    for (int64_t i = b->first_ms / SLICE_MS; i >= oldest(&b->first); i--) {
        n += *slice_of(&b->first, i);
        most = fmax(most, n - rate * (double)(b->first_ms - i * SLICE_MS) / 1000);
    }
    return most;
}

/* The most of (served - burst) / t, over all times t up to then. One more than the burst is served
 * if what is left when one is refused is almost a call. */
static double
fastest(struct bucket *b, double burst, int64_t then_ms)
{
    double n = 1 - burst, best = 0;

    for (int64_t i = then_ms / SLICE_MS; i >= oldest(&b->served); i--) {
        int64_t ms = then_ms - i * SLICE_MS;

        n += *slice_of(&b->served, i);
        if (ms >= SHORTEST_MS && n * 1000 > best * (double)ms) {
            best = n * 1000 / (double)ms;
            b->calls = n;
        }
    }
    return best;
}

/* --- refusals --- */

/* Nothing is known but a first burst. */
static void
begin_search(struct bucket *b, int64_t sent_ms)
{
    double n = 0, s;

    b->first = b->served;
    b->first_ms = sent_ms;
    for (int64_t i = b->served.slice; i >= oldest(&b->served); i--) {
        n += *slice_of(&b->served, i);
        s = fmax((double)(sent_ms - i * SLICE_MS) / 1000, 0.001);
        if (n / (1 + s) <= b->ceiling)
            continue;
        b->ceiling = n / (1 + s);
        b->top = n / s; /* as fast as it came */
        b->usual = s < 1 ? n : n / s;
    }
}

static double
measured(struct bucket *b, int64_t sent_ms)
{
    double rate = between(&b->served, b->before_ms, sent_ms);

    for (int i = 0; i < 5; i++)
        rate = fmax(rate, fastest(b, burst_at(b, rate), sent_ms));
    return rate;
}

/* Where calls are counted by the clock's second the first burst was the limit, whatever the rest before
 * the second refusal: what is plausible is tried. */
static double
searched(struct bucket *b, int64_t sent_ms)
{
    double usual = fmin(b->usual, between(&b->served, sent_ms - 1000, sent_ms));

    return within(fmax(usual, measured(b, sent_ms)), b->low, b->high);
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

    if (b->climbed_s == 0) {
        rate = within(rate, b->ceiling * (sent_ms - b->before_ms < LONG_MS ? LOW : 0.5), b->ceiling * LOWER);
    } else {
        rate = fmax(rate, b->ceiling * LOW); /* little was served if little was asked: the ceiling held before */
        b->hold_ms = b->hold_ms < HOLD_MIN_MS ? HOLD_MIN_MS : HOLD_MAX_MS;
    }
    b->ceiling = rate > RATE_MIN ? rate : RATE_MIN;
}

/* It was sent before the refusal, and answered later. */
static void
late(struct bucket *b, size_t n, int64_t sent_ms)
{
    if (b->ceiling == 0) {
        begin_search(b, b->marked_ms);
    } else if (b->top > 0) {
        add(&b->first, n, sent_ms);
    } else if (b->high > 0) {
        b->ceiling = searched(b, b->marked_ms);
    }
}

void
bucket_served(struct bucket *b, size_t n, int64_t sent_ms, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms);

    turn(&b->served, now_ms);
    add(&b->served, n, sent_ms);
    if (sent_ms <= b->marked_ms)
        late(b, n, sent_ms);
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
    turn(&b->served, now_ms);
    b->before_ms = b->marked_ms;
    b->marked_ms = sent_ms;
    b->high = 0;
    if (told > 0) {
        b->ceiling = told;
        b->top = 0;
    } else if (b->served.began_ms < 0) {
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
