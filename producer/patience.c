#include "producer/patience.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    FIRST_MS = 15000,
    AGAIN_MS = 60000,
};

static void
tell_unrecorded(const struct standstill *s, const char *what, char *text, size_t size)
{
    snprintf(text, size, "%zu failed range%s not recorded by the writer for %d s, %s", s->unrecorded,
             s->unrecorded == 1 ? " is" : "s are", (int)(s->stuck_ms / 1000), what);
}

static enum patience_now
leave(const struct patience *p, const struct standstill *s, char *text, size_t size)
{
    if (s->down_ms >= p->give_up_ms) {
        snprintf(text, size, "no endpoint has worked for %d s, giving up", (int)(s->down_ms / 1000));
        return PATIENCE_LEAVE_SOON;
    }
    if (s->beyond_ms >= p->give_up_ms) {
        snprintf(text, size, "block %" PRIu64 " did not come for %d s, giving up", s->block,
                 (int)(s->beyond_ms / 1000));
        return PATIENCE_LEAVE;
    }
    if (s->recording && s->stuck_ms >= p->give_up_ms) {
        tell_unrecorded(s, "giving up", text, size);
        return PATIENCE_LEAVE;
    }
    return PATIENCE_QUIET;
}

/* False: there is nothing to say of it. */
static bool
tell_idle(const struct standstill *s, char *text, size_t size)
{
    int seconds = (int)(s->idle_ms / 1000);

    if (s->beyond_ms > 0)
        snprintf(text, size, "nothing was committed for %d s: block %" PRIu64 " is not there yet", seconds, s->block);
    else if (s->working > 0)
        snprintf(text, size, "nothing was committed for %d s, %zu task%s out", seconds, s->working,
                 s->working == 1 ? " is" : "s are");
    else
        return false;
    return true;
}

static bool
tell(const struct standstill *s, char *text, size_t size)
{
    if (s->recording && s->stuck_ms >= FIRST_MS)
        tell_unrecorded(s, "waiting", text, size);
    else if (s->down_ms >= FIRST_MS)
        snprintf(text, size, "%s for %d s, waiting",
                 s->connected ? "no endpoint has worked" : "no fetcher has been connected", (int)(s->down_ms / 1000));
    else
        return s->idle_ms >= AGAIN_MS && tell_idle(s, text, size);
    return true;
}

enum patience_now
patience_ask(struct patience *p, const struct standstill *s, int64_t now_ms, char *text, size_t size)
{
    enum patience_now now = p->give_up_ms ? leave(p, s, text, size) : PATIENCE_QUIET;

    if (now != PATIENCE_QUIET)
        return now;
    if (now_ms < p->say_ms || !tell(s, text, size))
        return PATIENCE_QUIET;
    p->say_ms = now_ms + AGAIN_MS;
    return PATIENCE_SAY;
}
