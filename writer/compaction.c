/* compaction.c - see compaction.h. */
#include "writer/compaction.h"

void
compaction_init(struct compaction *c)
{
    *c = (struct compaction){.more = true};
}

static void
go_back(struct compaction *c, struct spot to)
{
    if (to.job < c->cursor.job || (to.job == c->cursor.job && to.block < c->cursor.block))
        c->cursor = to;
}

void
compaction_added(struct compaction *c, const struct lines *lines)
{
    if (lines->n == 0)
        return;
    c->added += lines->n;
    go_back(c, lines->first);
}

void
compaction_hurry(struct compaction *c)
{
    c->more |= c->added > 0;
}

bool
compaction_due(const struct compaction *c)
{
    return !c->running && (c->more || c->added >= COMPACT_LINES);
}

bool
compaction_urgent(const struct compaction *c)
{
    return !c->running && c->added >= COMPACT_URGENT;
}

void
compaction_begin(struct compaction *c)
{
    c->running = true;
    c->begun = c->cursor;
    c->cursor = (struct spot){INT64_MAX, INT64_MAX};
    c->added = 0;
}

void
compaction_end(struct compaction *c, struct spot last, uint64_t read)
{
    c->running = false;
    c->more = read >= COMPACT_STEP;
    go_back(c, c->more ? last : c->begun);
}

void
compaction_fail(struct compaction *c)
{
    c->running = c->more = false;
    go_back(c, c->begun);
}
