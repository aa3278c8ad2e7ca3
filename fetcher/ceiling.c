#include "fetcher/ceiling.h"

#include <stddef.h>

enum {
    GROWTH = 8,             /* per probe, while nothing was ever refused */
    SEARCHES = 8,           /* probes between good and bad */
    EVERY_MIN = 128,
    EVERY_MAX = 16384,
    PROBE_LOST = 64,        /* answers after which a probe was never sent */
};

/* Limits in use among providers, and what geth's and Erigon's flags are mostly set to. */
static const uint64_t usual[] = {
    1, 2, 3, 5, 10, 20, 25, 50, 100, 200, 250, 500, 800, 1000, 1024, 2000, 2048, 3000, 3500, 4000, 5000,
    8000, 10000, 20000, 25000, 30000, 50000, 100000, 200000, 500000, 1000000,
};

static uint64_t
times(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void
ceiling_init(struct ceiling *c, uint64_t start, uint64_t hope, uint64_t most)
{
    if (most == 0)
        most = 1;
    *c = (struct ceiling){
        .now = start == 0 ? 1 : least(start, most),
        .hope = least(hope, most),
        .most = most,
        .every = EVERY_MIN,
        .searches = SEARCHES,
    };
}

static uint64_t
ratio(uint64_t wide, uint64_t narrow)
{
    return times(wide, 16) / (narrow ? narrow : 1);
}

/* The usual number between now and bad that best halves what is not known, as a ratio; 0: none. */
static uint64_t
usual_between(uint64_t now, uint64_t bad)
{
    uint64_t best = 0, best_left = UINT64_MAX;

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        uint64_t w = usual[i], left;

        if (w <= now || w >= bad)
            continue;
        left = ratio(w, now) > ratio(bad, w) ? ratio(w, now) : ratio(bad, w);
        if (left < best_left) {
            best = w;
            best_left = left;
        }
    }
    return best;
}

/* Is there something left to find between what is served and what is refused? */
static uint64_t
search(const struct ceiling *c)
{
    uint64_t between;

    if (c->bad == 0 || c->bad <= c->now + 1 || c->searches == 0)
        return 0;
    between = usual_between(c->now, c->bad);
    if (between)
        return between;
    return c->bad - c->now > c->now / 16 ? c->now + (c->bad - c->now) / 2 : 0;
}

/* The width of a probe that is due now, 0: none is. */
static uint64_t
due(const struct ceiling *c)
{
    uint64_t width = search(c);

    if (c->now >= c->most)
        return 0;
    if (c->bad == 0)
        return c->streak == 0 ? 0 : c->now < c->hope ? c->hope : least(times(c->now, GROWTH), c->most);
    if (width)
        return c->streak >= 1 ? least(width, c->most) : 0;
    return c->streak >= c->every ? least(c->now + c->now / 2 + 1, c->most) : 0;
}

bool
ceiling_searching(const struct ceiling *c)
{
    return c->good == 0 || (c->bad == 0 ? c->now < c->hope : search(c) != 0);
}

uint64_t
ceiling_next(struct ceiling *c, uint64_t key)
{
    uint64_t width;

    if (c->probe)
        return key == c->probe_key ? c->probe : c->now;
    width = due(c);
    if (width == 0)
        return c->now;
    c->probe = width;
    c->probe_key = key;
    c->probe_age = 0;
    return width;
}

void
ceiling_passed(struct ceiling *c, uint64_t width)
{
    if (width > c->now) {
        c->now = c->good = least(width, c->most);
        if (width >= c->bad)
            c->bad = 0;
        if (c->bad == 0)
            c->searches = SEARCHES;
        c->probe = 0;
        c->streak = 1;
        return;
    }
    if (c->probe && ++c->probe_age > PROBE_LOST)
        c->probe = 0;
    if (width > c->good)
        c->good = width;
    if (width >= c->now - c->now / 8)
        c->streak++;
}

static void
rest(struct ceiling *c)
{
    c->probe = 0;
    c->streak = 0;
}

/* What the endpoint says of its own limit ends all searching. */
static void
believe(struct ceiling *c, uint64_t told)
{
    c->now = c->good = told;
    c->bad = told + 1;
    c->searches = 0;
    rest(c);
}

void
ceiling_refused(struct ceiling *c, uint64_t width, uint64_t told)
{
    bool probed = c->probe && width == c->probe;

    if (probed && c->searches == 0 && c->every < EVERY_MAX)
        c->every *= 2;
    if (told && told < width) {
        if (told != c->now || width <= c->now || c->bad != told + 1)
            believe(c, told);
        else if (probed)
            rest(c);
        return;
    }
    if (c->bad == 0 || width < c->bad)
        c->bad = width;
    if (probed) {
        if (c->searches)
            c->searches--;
        rest(c);
    } else if (width <= c->now) {
        /* The first of a wave; those sent beside it come as width > now and change nothing. */
        if (c->good >= width)
            c->good = 0;
        c->now = c->good > width / 2 ? c->good : width > 1 ? width / 2 : 1;
        rest(c);
    }
}
