/* lane_doubted.c - a `doubted` in work: lines of `ranges` go, step by step, and the producer is told; see lane.h. */
#include <inttypes.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/talk.h"
#include "writer/coverage.h"
#include "writer/lane_inside.h"

enum { ROOM_MS = 25 /* how often to look for room */ };

bool
lane_doubted_waits(struct lane *l, int64_t now_ms)
{
    if (!batch_doubted(&l->busy) || l->shared->draining || tell_room(&l->shared->tell, UNCOVER_STEP + 1))
        return false;
    l->retry_ms = now_ms + ROOM_MS;
    return true;
}

void
lane_doubted_row(struct lane *l, int row)
{
    if (!l->doubted.ranges)
        l->doubted.ranges = xcalloc(UNCOVER_STEP, sizeof *l->doubted.ranges);
    if (l->doubted.n == UNCOVER_STEP)
        return;
    l->doubted.ranges[l->doubted.n].from = pg_number(l->pg, row, 1);
    l->doubted.ranges[l->doubted.n].to = pg_number(l->pg, row, 2);
    l->doubted.ranges[l->doubted.n++].rows = pg_number(l->pg, row, 5);
    l->doubted.lines = pg_number(l->pg, row, 3);
    l->doubted.last = pg_number(l->pg, row, 4);
}

static void
tell_ranges(struct lane *l)
{
    for (size_t i = 0; i < l->doubted.n; i++) {
        uint64_t from = l->doubted.ranges[i].from, to = l->doubted.ranges[i].to;
        l->doubted.blocks += to - from + 1;
        tell_uncovered(&l->shared->tell, &l->busy.items[0].wire, l->doubted.ranges[i].rows, from, to);
    }
}

/* Told first: should this process end before it knows that the COMMIT counted, nobody else would tell. What is still
 * covered in the end, since it failed, is fetched again in vain. */
bool
lane_doubted_commits(struct lane *l)
{
    if (!batch_doubted(&l->busy) || l->doubted.committing)
        return false;
    l->doubted.committing = true;
    tell_ranges(l);
    tell_flush(&l->shared->tell);
    if (pg_query(l->pg, "COMMIT;", NULL))
        return true;
    l->class = pg_class(l->pg);
    snprintf(l->error, sizeof l->error, "%s", pg_error(l->pg));
    return false;
}

static void
say_all(struct lane *l, const struct wire *w)
{
    uint64_t n = l->doubted.blocks;
    bool again = l->shared->tell.link;

    if (n > 0)
        warn("endpoint \"%.*s\" left logs out: %" PRIu64 " block%s that it had answered in this run %s %s",
             SPAN_ARG(w->endpoint), n, n == 1 ? "" : "s", n == 1 ? "is" : "are",
             again ? "fetched again" : "missing now, the next run fetches them");
    l->shared->some_lost |= n > 0 && !again;
    l->doubted.blocks = l->doubted.next = 0;
}

bool
lane_doubted_written(struct lane *l, const struct item *item)
{
    struct tell *tell = &l->shared->tell;

    if (l->doubted.lines == UNCOVER_STEP) {
        l->doubted.next = l->doubted.last;
        return true;
    }
    tell_lost(tell, &item->wire, NULL);
    say_all(l, &item->wire);
    return false;
}
