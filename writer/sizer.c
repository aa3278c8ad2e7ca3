/* sizer.c - see sizer.h. */
#include "writer/sizer.h"

void
sizer_init(struct sizer *s, uint64_t min, uint64_t max)
{
    *s = (struct sizer){.min = min, .max = max, .rows = max};
}

void
sizer_wrote(struct sizer *s, uint64_t rows, int64_t took_ms)
{
    uint64_t wanted = s->rows, goal_ms = SIZER_SLOW_MS / 2;

    if (rows < s->rows / 2)
        return;
    if (took_ms > SIZER_SLOW_MS)
        wanted = (uint64_t)((double)s->rows * (double)goal_ms / (double)took_ms);
    else if (took_ms < (int64_t)goal_ms)
        wanted = s->rows + s->rows / 2 + 1;
    if (wanted < s->rows / 2)
        wanted = s->rows / 2;
    s->rows = wanted < s->min ? s->min : wanted > s->max ? s->max : wanted;
}
