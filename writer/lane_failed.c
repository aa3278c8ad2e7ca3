/* lane_failed.c - what a lane does when an attempt has failed; see lane.h. */
#include <inttypes.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/talk.h"
#include "writer/lane_inside.h"

enum {
    CONFLICTS_MAX = 8, /* of one staged part, before it is blamed */
    VANISHED_MAX = 5,  /* tables gone, in a row */
    STRANGE_MAX = 5,   /* tries of a batch */
};

void
lane_retry_later(struct lane *l, const char *text, int64_t now_ms)
{
    trouble_met(&l->shared->trouble, text, now_ms);
    l->backoff_ms = l->backoff_ms ? l->backoff_ms * 2 : LANE_BACKOFF_MS;
    if (l->backoff_ms > LANE_BACKOFF_MAX_MS)
        l->backoff_ms = LANE_BACKOFF_MAX_MS;
    l->retry_ms = now_ms + l->backoff_ms;
}

static void
give_up(struct lane *l, int status)
{
    warn("database: %s", l->error);
    l->shared->fatal = status;
}

/* The attempt that `spoilt` is of can no more become whole: its ends are lost. No other lane has one
 * while this one has the rows. */
static void
spoil(struct lane *l, const struct item *spoilt)
{
    struct batch *batches[] = {&l->busy, &l->shared->queue};

    partial_spoil(l->shared->partial, &spoilt->wire, spoilt->lost);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < batches[i]->n; k++) {
            struct item *item = &batches[i]->items[k];
            if (item_is_end(item) && partial_same(&item->wire, &spoilt->wire) && !item->lost)
                item->lost = xstrdup(spoilt->lost);
        }
}

/* The one message of this part is what the database refuses. */
static void
refuse(struct lane *l, struct item *item)
{
    const struct wire *w = &item->wire;
    char why[400];

    snprintf(why, sizeof why, "the database refuses %s%.*s: %s",
             w->kind == WIRE_ROWS ? "rows of " : "its coverage", SPAN_ARG(w->table), l->error);
    warn("task %" PRIu64 ": %s", w->task, why);
    l->shared->some_lost = true;
    if (!item->lost)
        item->lost = xstrdup(why);
    if (w->kind == WIRE_ROWS)
        spoil(l, item);
}

static void
isolate(struct lane *l)
{
    size_t next = l->parts.n - 1;

    l->conflicts = 0;
    if (!parts_split(&l->parts))
        for (size_t i = l->parts.part[next].from; i < l->parts.part[next].to; i++)
            refuse(l, &l->busy.items[i]);
}

static void
conflict(struct lane *l, int64_t now_ms)
{
    if (!l->staging.on) {
        staging_conflict(&l->staging);
        return;
    }
    /* A further unique value is there under another key: those rows are removed from now on. Again:
     * another transaction brought one in between. */
    if (++l->conflicts > CONFLICTS_MAX)
        isolate(l);
    else if (l->conflicts > 1)
        l->retry_ms = now_ms + LANE_BACKOFF_MS;
}

/* Nobody knows whether waiting helps; not for ever. Before a batch no message is to blame. */
static void
strange(struct lane *l, bool preparing, int64_t now_ms)
{
    if (++l->strange < STRANGE_MAX)
        lane_retry_later(l, l->error, now_ms);
    else if (preparing)
        give_up(l, EXIT_USAGE);
    else
        isolate(l);
}

void
lane_failed(struct lane *l, int64_t now_ms)
{
    bool preparing = l->state == PREPARING;

    lane_unprepare(l); /* types that were made in what failed are gone */
    if (!pg_connected(l->pg) || l->class == PG_LOST) /* or the server is no longer one to write to */
        lane_disconnect(l);
    else
        l->state = IDLE;
    switch (l->class) {
    case PG_CONFLICT:
        conflict(l, now_ms);
        break;
    case PG_DATA:
        isolate(l);
        break;
    case PG_VANISHED:
        store_forget(&l->shared->store);
        if (++l->vanished > VANISHED_MAX)
            give_up(l, EXIT_USAGE);
        else
            lane_retry_later(l, l->error, now_ms);
        break;
    case PG_STRANGE:
        strange(l, preparing, now_ms);
        break;
    case PG_CONFIG:
        give_up(l, EXIT_USAGE);
        break;
    default:
        lane_retry_later(l, l->error, now_ms);
        break;
    }
}
