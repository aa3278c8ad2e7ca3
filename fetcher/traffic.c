#include "fetcher/traffic.h"

static int64_t
due(const struct traffic *t, const struct trip *trip)
{
    int64_t whole = trip->sent_ms + t->timeout_ms, stall = trip->heard_ms + t->timeout_ms / 2;

    return trip->begun && stall < whole ? stall : whole;
}

static void
expect(struct traffic *t, const struct trip *trip)
{
    if (due(t, trip) < t->deadline_ms)
        t->deadline_ms = due(t, trip);
}

void
traffic_add(struct traffic *t, struct trip *trip, int64_t now_ms)
{
    *trip = (struct trip){.sent_ms = now_ms, .heard_ms = now_ms, .paused_ms = -1, .prev = t->newest};
    if (t->newest)
        t->newest->next = trip;
    else
        t->oldest = trip;
    t->newest = trip;
    if (t->n++ == 0)
        t->deadline_ms = due(t, trip);
    expect(t, trip);
}

void
traffic_remove(struct traffic *t, struct trip *trip)
{
    if (trip->prev)
        trip->prev->next = trip->next;
    else
        t->oldest = trip->next;
    if (trip->next)
        trip->next->prev = trip->prev;
    else
        t->newest = trip->prev;
    t->bytes -= trip->bytes;
    t->n--;
}

void
traffic_heard(struct traffic *t, struct trip *trip, size_t bytes, int64_t now_ms)
{
    trip->bytes += bytes;
    t->bytes += bytes;
    trip->heard_ms = now_ms;
    if (trip->begun)
        return;
    trip->begun = true;
    expect(t, trip);
}

struct trip *
traffic_late(struct traffic *t, int64_t now_ms)
{
    if (t->n == 0 || now_ms < t->deadline_ms)
        return NULL;
    for (struct trip *trip = t->oldest; trip; trip = trip->next)
        if (trip->paused_ms < 0 && due(t, trip) <= now_ms)
            return trip;
    t->deadline_ms = now_ms + t->timeout_ms;
    for (struct trip *trip = t->oldest; trip; trip = trip->next)
        if (trip->paused_ms < 0)
            expect(t, trip);
    return NULL;
}

static void
set_pause(struct traffic *t, struct trip *trip, bool on, int64_t now_ms, void (*pause)(struct trip *trip, bool on))
{
    if (on == (trip->paused_ms >= 0))
        return;
    if (on) {
        trip->paused_ms = now_ms;
    } else {
        trip->sent_ms += now_ms - trip->paused_ms;
        trip->heard_ms = now_ms;
        trip->paused_ms = -1;
        expect(t, trip);
    }
    pause(trip, on);
}

void
traffic_balance(struct traffic *t, int64_t now_ms, void (*pause)(struct trip *trip, bool on))
{
    bool over = t->bytes > (t->paused ? t->max_bytes / 4 * 3 : t->max_bytes), first = true;

    if (!over && !t->paused)
        return;
    for (struct trip *trip = t->oldest; trip; trip = trip->next) {
        if (!trip->begun)
            continue;
        set_pause(t, trip, over && !first, now_ms, pause);
        first = false;
    }
    t->paused = over;
}
