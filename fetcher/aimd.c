#include "fetcher/aimd.h"

enum {
    WINDOW = 2,      /* answers per request allowed in flight */
    WINDOW_MIN = 10, /* answers */
    SLOW_US = 20000, /* below this, waiting is our own machine's noise */
};

static const double TIMEOUT_CUT = 0.7, LATENCY_CUT = 0.9, INFLATED = 2, FORGET = 1.1;

static void
open_window(struct aimd *a)
{
    a->sum_us = 0;
    a->n = 0;
    a->full = false;
}

void
aimd_init(struct aimd *a, uint32_t most)
{
    *a = (struct aimd){.most = most ? most : 1, .limit = most ? most : 1, .cut_ms = -1};
}

uint32_t
aimd_limit(const struct aimd *a)
{
    return (uint32_t)a->limit;
}

static void
cut(struct aimd *a, double factor, int64_t now_ms)
{
    a->limit *= factor;
    if (a->limit < 1)
        a->limit = 1;
    a->cut_ms = now_ms;
}

static void
close_window(struct aimd *a, int64_t now_ms)
{
    double mean = a->sum_us / a->n;

    if (a->full && a->least_us > 0 && mean > SLOW_US && mean > INFLATED * a->least_us)
        cut(a, LATENCY_CUT, now_ms);
    else if (a->limit < a->most)
        a->limit = a->limit + 1 < a->most ? a->limit + 1 : a->most;
    a->least_us *= FORGET;
    if (a->least_us == 0 || mean < a->least_us)
        a->least_us = mean;
    open_window(a);
}

void
aimd_answer(struct aimd *a, int64_t latency_us, uint32_t in_flight, int64_t now_ms)
{
    a->sum_us += (double)latency_us;
    a->n++;
    if (in_flight >= aimd_limit(a))
        a->full = true;
    if (a->n >= WINDOW_MIN && a->n >= WINDOW * aimd_limit(a))
        close_window(a, now_ms);
}

void
aimd_timeout(struct aimd *a, int64_t sent_ms, int64_t now_ms)
{
    if (a->cut_ms >= 0 && sent_ms <= a->cut_ms)
        return;
    cut(a, TIMEOUT_CUT, now_ms);
    open_window(a);
}

void
aimd_rebase(struct aimd *a)
{
    a->least_us = 0;
    open_window(a);
}
