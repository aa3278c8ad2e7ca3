#include "fetcher/bucket.h"

#include <math.h>

enum {
    LONG_MS = 200,      /* measured over less a rate is doubtful, */
    FEW_CALLS = 8,      /* or by fewer calls */
    SHORTEST_MS = 300,  /* over less than this a rate cannot be told, */
    SHORT_MS = 100,     /* nor over less than this by MANY_CALLS and four bursts */
    MANY_CALLS = 10,
    RECOVER_MS = 500,   /* for so long a refusal halves */
    HOLD_DOUBT_MS = 2000,
    HOLD_GAINED_MS = 10000, /* after a climb that reached more than held before */
    HOLD_MIN_MS = 30000,
    HOLD_MAX_MS = 240000,
    WINDOW_MS = 1000,   /* in which servers mostly count */
    STEP_MS = 3000,     /* longer than two windows, */
    STEP_CALLS = 60,    /* and than so many calls, */
    STEP_MAX_MS = 12000, /* if these take no longer than this */
    STEPS = 12,         /* at most, then it begins anew from there */
    SOON_MS = 5000,     /* refused again so soon after a rest or idle time */
    FALLS = 3,          /* so many refusals that soon in a row: the next tells that what was measured is wrong */
    LATELY_MS = 10000,  /* what was served before says little of now */
};

/* Seconds' worth of calls that may go at once; servers that told nothing may be strict. */
static const double BURST_GIVEN_S = 0.2, BURST_LEARNED_S = 0.05;
static const double HALF = 0.5;       /* calls: when one is refused, so much is left of one in the mean */
static const double SURELY = 0.9;     /* fewer than these of a second's calls are no window */
static const double TICK_S = 0.001;   /* of the clock */
static const double UNUSED_S = 0.1, UNUSED = 0.1; /* of the time; with more tokens left none waits */
static const double UNDER = 0.98, UNDER_BUCKET = 0.99; /* of the ceiling, while holding */
static const double SEARCH_S = 0.5;   /* in which the rate grows e times, while searching */
static const double TOP_S = 3;        /* as fast as it came at first, for so long: the search is over */
static const double LEAP_S = 0.2;     /* at most, of that, for one answer */
static const double LOWER = 0.98, LEAST = 0.95, LEAST_SOON = 0.7; /* of it, when refused while holding */
static const double STEEP = 0.9;     /* after FALLS, until it holds */
static const double STEP = 0.01, STEP_SOON = 0.05, STEP_MAX = 0.25; /* the first of a climb */
static const double FINER = 0.1;      /* of the step that was refused is the next climb's first */
static const double PROVEN = 0.99;    /* of the step before the one that was refused */
static const double GAINED = 1.03;    /* so much more than what held before is a gain */
static const double RATE_MIN = 0.1;   /* calls per second */

void
bucket_init(struct bucket *b, double given, int64_t now_ms)
{
    *b = (struct bucket){.given = given, .tokens = 1, .filled_ms = now_ms, .busy_ms = now_ms, .cut_ms = -1,
                         .marked_ms = -1, .hold_ms = HOLD_MIN_MS, .step = STEP, .by_call = given > 0};
    served_init(&b->served);
}

void
bucket_counts_calls(struct bucket *b, int64_t now_ms)
{
    if (b->by_call)
        return;
    bucket_init(b, 0, now_ms); /* what was learned is in requests */
    b->by_call = true;
}

static double
within(double v, double least, double most)
{
    return v < least ? least : v < most ? v : most;
}

/* --- what may go --- */

static double
climbed(const struct bucket *b, uint32_t steps)
{
    return 1 + b->step * (double)((1U << steps) - 1);
}

/* No window of a second: it refused before it had served so many in one. */
static bool
is_bucket(const struct bucket *b, double rate)
{
    return b->usual > 0 && b->usual < rate * SURELY;
}

static double
learned(const struct bucket *b, int64_t now_ms)
{
    int64_t since = now_ms - b->cut_ms;

    if (b->top > 0)
        return fmin(b->ceiling * exp(b->searched_s / SEARCH_S), b->top);
    if (since < RECOVER_MS)
        return b->ceiling * (0.5 + (UNDER - 0.5) * (double)since / RECOVER_MS);
    return b->ceiling * (is_bucket(b, b->ceiling) ? UNDER_BUCKET : UNDER) * climbed(b, b->steps);
}

/* What is given or told is not climbed over. */
static double
most_ever(const struct bucket *b)
{
    return fmin(b->given > 0 ? b->given : INFINITY, b->told > 0 ? b->told * UNDER : INFINITY);
}

double
bucket_rate(const struct bucket *b, int64_t now_ms)
{
    return b->ceiling == 0 ? b->given : fmin(learned(b, now_ms), most_ever(b));
}

/* How many may go at once, and a tick's worth so that waiting for whole milliseconds loses nothing. */
static double
at_once(const struct bucket *b, double rate)
{
    double n = rate * (b->ceiling > 0 ? BURST_LEARNED_S : BURST_GIVEN_S);

    if (b->ceiling > 0 && is_bucket(b, rate))
        n = fmin(n, b->burst / 2);
    return fmax(n, 1) + rate * TICK_S;
}

/* From now on, as far as known, it is the bucket that calls wait for. */
static void
be_busy(struct bucket *b, int64_t now_ms)
{
    b->busy_ms = now_ms;
    b->unused_s = 0;
}

static void
fill(struct bucket *b, double rate, double most, int64_t now_ms)
{
    if (now_ms > b->filled_ms) {
        b->tokens += rate * (double)(now_ms - b->filled_ms) / 1000;
        b->filled_ms = now_ms;
    }
    if (b->tokens <= most)
        return;
    b->unused_s += (b->tokens - most) / rate;
    b->tokens = most;
    if (b->unused_s > UNUSED_S + UNUSED * (double)(now_ms - b->busy_ms) / 1000)
        be_busy(b, now_ms);
}

static void
climb(struct bucket *b, double rate, int64_t now_ms)
{
    if (b->ceiling == 0 || b->top > 0 || now_ms - b->cut_ms <= b->hold_ms || rate >= most_ever(b)
        || (double)(now_ms - b->busy_ms) < within(STEP_CALLS * 1000 / rate, STEP_MS, STEP_MAX_MS))
        return;
    be_busy(b, now_ms);
    if (b->steps++ < STEPS)
        return;
    b->ceiling *= climbed(b, STEPS);
    b->steps = 0;
}

int64_t
bucket_take(struct bucket *b, size_t calls, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms), most = at_once(b, rate), n = b->by_call ? (double)calls : 1, want;

    if (rate == 0)
        return 0;
    fill(b, rate, most, now_ms);
    want = fmin(n, most); /* more than ever fits goes when it is full, and leaves a debt */
    if (b->tokens + 1e-9 < want)
        return (int64_t)fmax(ceil((want - b->tokens) * 1000 / rate), 1);
    b->tokens -= n;
    climb(b, rate, now_ms);
    return 0;
}

void
bucket_rest(struct bucket *b, int64_t until_ms)
{
    if (b->filled_ms < until_ms)
        b->filled_ms = until_ms;
    be_busy(b, b->filled_ms);
    b->tokens = 1; /* for the one that asks whether it is over */
}

/* --- what was served --- */

/* The burst that the endpoint allows, if this is its rate: the most of served - rate * t, over all
 * times t up to the first refusal. In a time too short for half a call nothing was left. */
static double
burst_at(const struct bucket *b, double rate)
{
    double n = 0, most = 0;

    for (int64_t i = b->first_ms / SERVED_SLICE_MS; i >= served_oldest(&b->first); i--) {
        n += served_in(&b->first, i);
        most = fmax(most, n - fmax(rate * (double)(b->first_ms - i * SERVED_SLICE_MS) / 1000 - HALF, 0));
    }
    return most;
}

/* The most of (served - burst) / t, over all times t up to then. */
static double
fastest(struct bucket *b, double burst, int64_t then_ms)
{
    double n = 0, best = 0;

    for (int64_t i = then_ms / SERVED_SLICE_MS; i >= served_oldest(&b->served); i--) {
        int64_t ms = then_ms - i * SERVED_SLICE_MS - SERVED_SLICE_MS / 2;
        double rate;

        n += served_in(&b->served, i);
        rate = (n + HALF - burst) * 1000 / (double)ms;
        if (ms < (n < fmax(MANY_CALLS, 4 * burst) ? SHORTEST_MS : SHORT_MS) || rate <= best)
            continue;
        best = rate;
        b->doubt = n < FEW_CALLS || ms < LONG_MS ? 1 / n : 0;
    }
    return best;
}

/* The rate, if the server has a bucket. */
static double
of_bucket(struct bucket *b, int64_t sent_ms)
{
    double rate = 0;

    for (int i = 0; i < 5; i++)
        rate = fmax(rate, fastest(b, burst_at(b, rate), sent_ms));
    b->burst = burst_at(b, rate);
    return rate;
}

/* However it counts, it allows what it served from the one refusal to the other. */
static double
measured(struct bucket *b, int64_t sent_ms)
{
    return fmax(of_bucket(b, sent_ms), b->since * 1000 / fmax((double)(sent_ms - b->before_ms), SHORTEST_MS));
}

/* --- refusals --- */

/* Nothing is known but a first burst. */
static void
begin_search(struct bucket *b, int64_t sent_ms)
{
    double n = 0, s;

    b->first = b->served;
    b->first_ms = sent_ms;
    b->ceiling = b->top = 0;
    for (int64_t i = b->served.slice; i >= served_oldest(&b->served); i--) {
        n += served_in(&b->served, i);
        s = fmax((double)(sent_ms - i * SERVED_SLICE_MS), SERVED_SLICE_MS) / 1000;
        b->top = fmax(b->top, n / s); /* as fast as it came, for however short */
        if (n / (1 + s) <= b->ceiling)
            continue;
        b->ceiling = n / (1 + s);
        b->usual = s < 1 ? n : n / s;
    }
    b->burst = burst_at(b, b->ceiling);
}

/* Of a window the first burst was the limit, whatever the rest before the second refusal. */
static double
searched(struct bucket *b, int64_t sent_ms)
{
    double usual = fmin(b->usual, served_between(&b->served, sent_ms - WINDOW_MS, sent_ms));

    return within(fmax(usual, measured(b, sent_ms)), b->low, b->high);
}

static void
end_search(struct bucket *b, int64_t sent_ms)
{
    b->low = b->ceiling / 2;
    b->high = b->top;
    b->top = 0;
    b->ceiling = searched(b, sent_ms);
    b->hold_ms = b->doubt > 0 ? HOLD_DOUBT_MS : HOLD_MIN_MS;
    b->step = within(b->doubt, STEP, STEP_MAX);
}

/* As fast as it came at first, and not refused: nothing more is known. */
static void
give_up_search(struct bucket *b)
{
    b->ceiling = b->top / UNDER;
    b->top = 0;
    b->hold_ms = HOLD_DOUBT_MS;
}

/* That a window was full shows within a second: the step before is what it allows. Many a server says so
 * many a second and has a bucket for them: then this is too high, and a refusal while holding tells. */
static void
refused_in_climb(struct bucket *b, int64_t sent_ms)
{
    double rate = of_bucket(b, sent_ms), held = b->ceiling;
    double passed = climbed(b, b->steps - 1), refused = climbed(b, b->steps);

    if (!is_bucket(b, held) || rate < held * UNDER)
        rate = fmax(rate, held * fmax(passed * PROVEN, 1));
    b->ceiling = fmin(rate, held * refused);
    b->step = within((refused / passed - 1) * FINER, STEP, STEP_MAX);
    b->hold_ms = (int64_t)within((double)b->hold_ms * 2, HOLD_MIN_MS, HOLD_MAX_MS);
    if (b->ceiling > held * GAINED)
        b->hold_ms = HOLD_GAINED_MS;
    b->steps = 0;
}

static void
refused_in_hold(struct bucket *b, int64_t sent_ms)
{
    double rate = measured(b, sent_ms);
    bool soon = sent_ms - b->busy_ms < SOON_MS;
    double most = soon && b->falls++ >= FALLS ? STEEP : LOWER;

    b->ceiling = fmax(within(rate, b->ceiling * (soon ? LEAST_SOON : LEAST), b->ceiling * most), RATE_MIN);
    if (!soon) {
        b->falls = 0;
        return;
    }
    b->hold_ms = HOLD_GAINED_MS;
    b->step = STEP_SOON;
}

/* It was sent before the refusal, and answered later. */
static void
late(struct bucket *b)
{
    if (b->ceiling == 0 || b->top > 0)
        begin_search(b, b->marked_ms);
    else if (b->high > 0)
        b->ceiling = searched(b, b->marked_ms);
}

void
bucket_served(struct bucket *b, size_t calls, int64_t sent_ms, int64_t now_ms)
{
    double rate = bucket_rate(b, now_ms);
    size_t n = b->by_call ? calls : 1;

    served_add(&b->served, n, sent_ms, now_ms);
    if (sent_ms <= b->marked_ms)
        late(b);
    else
        b->since += (double)n;
    if (b->top == 0 || sent_ms <= b->cut_ms || rate == 0)
        return;
    b->searched_s += fmin((double)n / rate, LEAP_S);
    if (b->ceiling * exp((b->searched_s - TOP_S) / SEARCH_S) >= b->top)
        give_up_search(b);
}

static void
learn(struct bucket *b, int64_t sent_ms, double told)
{
    b->again = b->ceiling > 0 && !b->again && sent_ms - b->cut_ms < WINDOW_MS;
    if (b->again)
        return; /* the window that was full before may not be over */
    if (b->ceiling > 0 && b->since == 0 && told <= 0)
        return; /* nothing was served since the last one: it is closed, and no rate is too high for that */
    b->before_ms = b->marked_ms;
    b->marked_ms = sent_ms;
    if (told > 0 && told != b->told) {
        b->told = b->ceiling = told;
        b->top = b->steps = 0;
    } else if (served_between(&b->served, sent_ms - LATELY_MS, sent_ms) <= 0) {
        ; /* nothing is served at all, or it was long ago: that is no rate; the pause is the answer */
    } else if (b->ceiling == 0) {
        begin_search(b, sent_ms);
    } else if (b->top > 0) {
        end_search(b, sent_ms);
    } else if (b->steps > 0) {
        refused_in_climb(b, sent_ms);
    } else {
        refused_in_hold(b, sent_ms);
    }
    b->searched_s = b->since = 0;
}

bool
bucket_refused(struct bucket *b, int64_t sent_ms, double told, int64_t now_ms)
{
    if (b->cut_ms >= 0 && sent_ms <= b->cut_ms)
        return false;
    if (told > 0)
        bucket_counts_calls(b, now_ms);
    b->high = 0;
    learn(b, sent_ms, told);
    b->cut_ms = now_ms;
    be_busy(b, now_ms);
    if (b->tokens > 0)
        b->tokens = 0;
    return true;
}
