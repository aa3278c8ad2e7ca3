/* staging.c - when rows go by a staging table; see staging.h. */
#include "writer/staging.h"

void
staging_conflict(struct staging *s)
{
    s->on = true;
    s->clean = 0;
    s->wanted = s->wanted == 0 ? 1 : s->wanted < STAGING_MAX ? 2 * s->wanted : STAGING_MAX;
}

void
staging_written(struct staging *s, bool rows, bool met)
{
    if (!rows)
        return;
    if (!s->on)
        s->wanted = 0;
    else if (met)
        s->clean = 0;
    else if (++s->clean == s->wanted)
        s->on = false;
}
