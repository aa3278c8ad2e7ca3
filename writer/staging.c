/* staging.c - when rows go by a staging table; see staging.h. */
#include "writer/staging.h"

void
staging_conflict(struct staging *s)
{
    if (s->next == 0)
        s->next = 1;
    s->on = true;
    s->left = s->next;
    s->next = s->next < STAGING_MAX ? 2 * s->next : STAGING_MAX;
}

void
staging_written(struct staging *s, bool rows)
{
    if (!rows)
        return;
    if (!s->on)
        s->next = 1;
    else if (s->left-- == 0)
        s->on = false;
}
