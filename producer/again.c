/* again.c - a queue of ranges; see again.h. */
#include "producer/again.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static void
make_room(struct again *a)
{
    if (a->ranges && a->first > a->n) {
        memmove(a->ranges, a->ranges + a->first, a->n * sizeof *a->ranges);
        a->first = 0;
        return;
    }
    a->cap = a->cap ? 2 * a->cap : 64;
    a->ranges = xrealloc(a->ranges, a->cap * sizeof *a->ranges);
}

void
again_add(struct again *a, uint64_t from, uint64_t to, uint64_t avoid)
{
    struct again_range *last = a->n ? &a->ranges[a->first + a->n - 1] : NULL;

    if (last && last->avoid == avoid && last->to + 1 == from) {
        last->to = to;
        return;
    }
    if (a->n == AGAIN_MAX) {
        a->dropped += to - from + 1;
        return;
    }
    if (!a->ranges || a->first + a->n == a->cap)
        make_room(a);
    a->ranges[a->first + a->n++] = (struct again_range){from, to, avoid};
}

bool
again_next(struct again *a, uint64_t step, struct again_range *out)
{
    if (a->n == 0)
        return false;
    struct again_range *r = &a->ranges[a->first];
    *out = *r;
    if (r->to - r->from >= step) {
        out->to = r->from + step - 1;
        r->from += step;
        return true;
    }
    a->first++;
    a->n--;
    return true;
}

void
again_free(struct again *a)
{
    free(a->ranges);
    *a = (struct again){0};
}
