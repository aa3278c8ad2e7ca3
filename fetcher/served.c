#include "fetcher/served.h"

void
served_init(struct served *s)
{
    *s = (struct served){.began_ms = -1};
}

static void
turn(struct served *s, int64_t now_ms)
{
    int64_t slice = now_ms / SERVED_SLICE_MS, gone = slice - s->slice;

    if (gone > SERVED_SLICES)
        gone = SERVED_SLICES;
    for (int64_t i = 0; i < gone; i++)
        s->n[(slice - i) % SERVED_SLICES] = 0;
    if (gone > 0)
        s->slice = slice;
}

int64_t
served_oldest(const struct served *s)
{
    int64_t first = s->slice - SERVED_SLICES + 1, began = s->began_ms / SERVED_SLICE_MS;

    return began > first ? began : first;
}

void
served_add(struct served *s, size_t n, int64_t sent_ms, int64_t now_ms)
{
    int64_t slice = sent_ms / SERVED_SLICE_MS;

    turn(s, now_ms);
    if (s->began_ms < 0)
        s->began_ms = sent_ms;
    if (slice < served_oldest(s))
        slice = served_oldest(s);
    s->n[slice % SERVED_SLICES] += (uint16_t)n;
}

uint16_t
served_in(const struct served *s, int64_t slice)
{
    return s->began_ms < 0 || slice < served_oldest(s) || slice > s->slice ? 0 : s->n[slice % SERVED_SLICES];
}

double
served_between(const struct served *s, int64_t after_ms, int64_t to_ms)
{
    int64_t after = after_ms / SERVED_SLICE_MS;
    double n = 0;

    for (int64_t i = to_ms / SERVED_SLICE_MS; i > after && i >= served_oldest(s); i--)
        n += served_in(s, i);
    return n;
}
