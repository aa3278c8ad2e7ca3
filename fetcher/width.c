#include "fetcher/width.h"

#include <math.h>

enum {
    FIRST = 200,        /* blocks, while nothing is known */
    LEARNING = 16,      /* answers */
    SMALL = 2,          /* answers: the first ranges are small, however wide the tasks are */
    WHOLE = 4,          /* narrower than a 4th of what may be asked: it is the tasks that are narrow */
    FEW_LOGS = 100,     /* fewer refused logs than these: it is not their number */
    WAVE = 8,           /* refusals within so many answers count once: they were sent together */
};

static const double FADE = 0.9;          /* per answer of full width */
static const double FADE_SPARSE = 0.5;   /* where there are less than half the logs expected: a burst is over */
static const double RECALL = 4;          /* answers' worth of memory that a surprise leaves */
static const double MARGIN = 0.93, MARGIN_MIN = 0.6, MARGIN_MAX = 1.5;
static const double MARGIN_LOST = 0.97, MARGIN_WON = 0.0003;
static const double CLIMB = 1.02;
static const double SURE = 1.5, FAR = 4; /* standard deviations: of room to leave; and more is no chance */
static const double LEAST = 0.5;         /* of what fits, however great the scatter */
static const double KEEP_SCATTER = 0.97; /* per answer */

void
width_init(struct width *w, uint64_t max_blocks, uint64_t target_bytes)
{
    *w = (struct width){
        .target_bytes = target_bytes ? target_bytes : 1,
        .margin = MARGIN,
        .heavy_cut_ms = -1,
    };
    ceiling_init(&w->range, max_blocks < FIRST ? max_blocks : FIRST, max_blocks, UINT64_MAX);
    ceiling_init(&w->heavy, UINT64_MAX, UINT64_MAX, UINT64_MAX);
}

/* How many blocks hold `most` of what comes at `sum` per w->blocks. */
static uint64_t
blocks_for(const struct width *w, double most, double sum)
{
    double n;

    if (w->blocks <= 0 || sum <= 0)
        return UINT64_MAX;
    n = most * w->blocks / sum;
    return n >= 9e18 ? UINT64_MAX : n < 1 ? 1 : (uint64_t)n;
}

/* How many logs may be expected, so that there are hardly ever too many: expected + SURE *
 * sqrt(scatter * expected) = most. */
static double
surely(const struct width *w)
{
    double most = w->most_logs * w->margin, least = most * LEAST;
    double spread = SURE * sqrt(w->scatter), root = (sqrt(spread * spread + 4 * most) - spread) / 2;

    if (w->margin > 1)
        most = w->most_logs; /* what is wider makes up for a scatter that is overrated, no more */
    return fmin(most, fmax(root * root, least));
}

static uint64_t
by_density(const struct width *w)
{
    uint64_t n = w->blocks > 0 ? UINT64_MAX : FIRST, by_logs = UINT64_MAX;
    uint64_t by_bytes = blocks_for(w, (double)w->target_bytes, w->bytes);

    if (w->most_logs > 0)
        by_logs = blocks_for(w, surely(w), w->logs);
    n = by_logs < n ? by_logs : n;
    return by_bytes < n ? by_bytes : n;
}

bool
width_learning(const struct width *w)
{
    if (w->answers >= LEARNING)
        return false;
    if (w->served == 0)
        return w->answers > 0;
    if (w->most_logs > 0 && w->phase == LOGS_HALVING)
        return true;
    return ceiling_searching(&w->range) && by_density(w) > w->range.now
        && (w->range.bad || w->served <= SMALL || (w->served < 4 && w->range.good * WHOLE > w->range.now));
}

uint64_t
width_next(struct width *w, uint64_t from)
{
    uint64_t n = by_density(w), bound;

    bound = w->range.now <= w->heavy.now ? w->range.now : w->heavy.now;
    if (n < bound)
        return n;
    bound = ceiling_next(&w->range, from);
    n = bound < n ? bound : n;
    if (w->heavy.now <= n) {
        bound = ceiling_next(&w->heavy, from);
        n = bound < n ? bound : n;
    }
    return n;
}

/* Logs come in clumps, the variance of their number grows as the number: scatter is the one as a part of
 * the other. */
static void
note_scatter(struct width *w, double blocks, double logs)
{
    double expected = w->blocks > 0 ? w->logs / w->blocks * blocks : 0, off = logs - expected;

    if (expected < 1 || blocks > w->blocks)
        return; /* nothing is known of so many */
    /* what is known is a sample itself */
    off = off * off / expected / (1 + blocks / w->blocks);
    w->scatter += (off - w->scatter) * fmax(1 - KEEP_SCATTER, 1 / (double)++w->scatters);
}

static void
note_density(struct width *w, double blocks, double logs, double bytes)
{
    double keep = w->logs * blocks > 2 * logs * w->blocks ? FADE_SPARSE : FADE, usual = w->blocks * (1 - FADE);
    /* a short rest of a range says little and lets little fade */
    double fade = blocks >= usual || usual <= 0 ? keep : 1 - (1 - keep) * blocks / usual;

    w->blocks = w->blocks * fade + blocks;
    w->logs = w->logs * fade + logs;
    w->bytes = w->bytes * fade + bytes;
}

static void
note_success(struct width *w, double logs)
{
    if (logs > w->most_logs)
        w->most_logs = logs;
    if (logs < w->most_logs * w->margin / 2)
        return;
    if (w->phase == LOGS_HALVING)
        w->phase = LOGS_CLIMBING;
    if (w->phase == LOGS_CLIMBING)
        w->most_logs *= CLIMB;
    else if (w->margin < MARGIN_MAX)
        w->margin += MARGIN_WON;
}

void
width_ok(struct width *w, uint64_t blocks, uint64_t logs, uint64_t bytes)
{
    double n = (double)logs;

    w->answers++;
    w->served++;
    ceiling_passed(&w->range, blocks);
    if (w->heavy.now != UINT64_MAX)
        ceiling_passed(&w->heavy, blocks);
    note_scatter(w, (double)blocks, n);
    note_density(w, (double)blocks, n, (double)bytes);
    if (n > w->most_seen)
        w->most_seen = n;
    if (w->most_logs > 0)
        note_success(w, n);
}

/* Too many logs, though about as many as expected. */
static void
narrow(struct width *w)
{
    if (w->phase == LOGS_CLIMBING) {
        w->phase = LOGS_FOUND;
        w->most_logs = w->most_seen;
    }
    w->narrowed = w->answers;
    w->margin *= MARGIN_LOST;
    if (w->margin < MARGIN_MIN)
        w->margin = MARGIN_MIN;
}

/* Here are more logs than thought: at least as many as do not fit. What was seen before is of
 * another part of the chain. */
static void
denser(struct width *w, double blocks, double logs)
{
    double each = w->logs > 0 ? w->bytes / w->logs : 0;

    if (w->blocks > 0 && logs * w->blocks <= w->logs * blocks)
        return;
    w->blocks = blocks * RECALL;
    w->logs = logs * RECALL;
    w->bytes = w->logs * each;
}

/* More logs than expected did not fit: at least so many. */
static void
surprise(struct width *w, double blocks, double logs)
{
    double expected = w->blocks > 0 ? w->logs / w->blocks * blocks : 0, off = logs - expected;
    double far = FAR * sqrt(w->scatter * expected);

    if (off <= 0)
        return;
    note_scatter(w, blocks, expected + fmin(off, far));
    if (off <= far)
        note_density(w, blocks, logs, logs * w->bytes / w->logs);
    else
        denser(w, blocks, logs);
}

static void
believe(struct width *w, double most)
{
    w->most_logs = most;
    w->phase = LOGS_TOLD;
}

static void
halve(struct width *w, double most)
{
    if (w->most_logs == 0)
        ceiling_init(&w->heavy, UINT64_MAX, UINT64_MAX, UINT64_MAX); /* it was not the blocks */
    if (w->most_logs == 0 || most < w->most_logs)
        w->most_logs = most;
    w->phase = LOGS_HALVING;
    w->most_seen = 0;
}

static void
too_dense(struct width *w, double blocks, const struct judgement *j)
{
    double expected = w->blocks > 0 ? w->logs / w->blocks * blocks : 0;

    if (j->max_logs)
        believe(w, (double)j->max_logs);
    else if (expected >= FEW_LOGS && (w->most_logs == 0 || w->phase == LOGS_HALVING))
        halve(w, j->max_blocks ? expected / blocks * (double)j->max_blocks : expected / 2);
    if (w->most_logs == 0) {
        ceiling_refused(&w->heavy, (uint64_t)blocks, 0);
        if (j->max_blocks)
            w->heavy.now = j->max_blocks;
        return;
    }
    if (w->phase != LOGS_HALVING && expected > w->most_logs * w->margin / 2 && w->answers - w->narrowed >= WAVE)
        narrow(w);
    surprise(w, j->max_blocks ? (double)j->max_blocks : blocks, w->most_logs * (j->max_blocks ? 1 : 1.05));
}

void
width_refused(struct width *w, uint64_t blocks, const struct judgement *j)
{
    w->answers++;
    if (j->verdict == VERDICT_RANGE)
        ceiling_refused(&w->range, blocks, j->max_blocks);
    else
        too_dense(w, (double)blocks, j);
}

void
width_timeout(struct width *w, int64_t sent_ms, int64_t now_ms)
{
    uint64_t widest = w->range.now < w->heavy.now ? w->range.now : w->heavy.now;
    uint64_t n = by_density(w);

    if (w->heavy_cut_ms >= 0 && sent_ms <= w->heavy_cut_ms)
        return;
    w->heavy_cut_ms = now_ms;
    n = n < widest ? n : widest;
    w->heavy.now = n;
    ceiling_refused(&w->heavy, n, 0);
}
