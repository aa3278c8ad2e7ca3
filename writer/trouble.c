/* trouble.c - outages, told; see trouble.h. */
#include "writer/trouble.h"

#include <stdio.h>
#include <string.h>

#include "common/talk.h"

enum { SAY_AGAIN_MS = 60 * 1000 };

void
trouble_met(struct trouble *t, const char *text, int64_t now_ms)
{
    bool news = !t->on;

    if (!t->on) {
        t->on = true;
        t->since_ms = now_ms;
    }
    snprintf(t->text, sizeof t->text, "%s", text);
    if (!news && now_ms - t->said_ms < SAY_AGAIN_MS)
        return;
    t->said_ms = now_ms;
    if (news)
        warn("database: %s, keeping the rows and trying again", text);
    else
        warn("database: still failing after %lld s: %s", (long long)(now_ms - t->since_ms) / 1000, text);
}

void
trouble_over(struct trouble *t, int64_t now_ms)
{
    if (t->on)
        say("database: works again after %.1f s", (double)(now_ms - t->since_ms) / 1000);
    t->on = false;
}
