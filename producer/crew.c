/* crew.c - fetchers and their endpoints; see crew.h. */
#include "producer/crew.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

enum { NAMES = 2 * CREW_MAX, BITS = 64 };

struct fetcher {
    char *name; /* owned; NULL: unused */
    uint32_t endpoint;
    bool live;
    bool fresh; /* nothing came after its last `credit` */
    enum control_state state;
    uint64_t free;
    uint64_t requests, failures, latency_us; /* as told last */
    int64_t heard_ms;
};

struct crew {
    struct fetcher *fetchers; /* by number; [0] is not used */
    unsigned n;               /* numbers given out */
    uint16_t *names;          /* by hash of the name: number, 0: empty */
    struct crew_endpoint *endpoints;
    size_t n_endpoints;
    size_t live, most;
    uint64_t free;            /* of endpoints that are not foreign, as all below */
    uint32_t closed;
    uint32_t ready_beyond;    /* fetchers that are ready at endpoints without a bit */
    uint64_t ready;           /* endpoints with a fetcher that is ready */
    int64_t first_heard_ms;
    int64_t scan_ms;
};

struct crew *
crew_new(void)
{
    struct crew *c = xcalloc(1, sizeof *c);
    c->fetchers = xcalloc(CREW_MAX + 1, sizeof *c->fetchers);
    c->names = xcalloc(NAMES, sizeof *c->names);
    c->endpoints = xcalloc(CREW_MAX, sizeof *c->endpoints);
    return c;
}

void
crew_free(struct crew *c)
{
    if (!c)
        return;
    for (unsigned i = 1; i <= c->n; i++)
        free(c->fetchers[i].name);
    for (size_t i = 0; i < c->n_endpoints; i++)
        free(c->endpoints[i].name);
    free(c->fetchers);
    free(c->names);
    free(c->endpoints);
    free(c);
}

/* --- sums --- */

uint64_t
crew_bit(int endpoint)
{
    return endpoint >= 0 && endpoint < BITS ? UINT64_C(1) << endpoint : 0;
}

/* Adds (or with -1 takes away) what one live fetcher contributes. */
static void
count(struct crew *c, const struct fetcher *f, int sign)
{
    struct crew_endpoint *e = &c->endpoints[f->endpoint];
    uint32_t one = (uint32_t)sign;
    uint32_t ready = f->state != STATE_OPEN ? one : 0, closed = f->state == STATE_CLOSED ? one : 0;

    e->live += one;
    e->ready += ready;
    e->closed += closed;
    e->free += (uint64_t)sign * f->free;
    c->live += (size_t)sign;
    if (e->foreign)
        return;
    uint64_t bit = crew_bit((int)f->endpoint);
    c->free += (uint64_t)sign * f->free;
    c->closed += closed;
    if (!bit)
        c->ready_beyond += ready;
    else if (e->ready > 0)
        c->ready |= bit;
    else
        c->ready &= ~bit;
}

static void
set_live(struct crew *c, struct fetcher *f, bool live)
{
    struct crew_endpoint *e = &c->endpoints[f->endpoint];

    if (f->live == live)
        return;
    if (e->live == 0)
        e->foreign = false; /* who comes now may be set right: its chain is looked at anew */
    f->live = live;
    count(c, f, live ? 1 : -1);
    if (c->live > c->most)
        c->most = c->live;
}

/* --- names --- */

static size_t
hash(struct span name)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * UINT64_C(1099511628211);
    return h % NAMES;
}

static size_t
find_name(const struct crew *c, struct span name)
{
    size_t i = hash(name);
    while (c->names[i] && !span_is(name, c->fetchers[c->names[i]].name))
        i = (i + 1) % NAMES;
    return i;
}

int
crew_find(const struct crew *c, struct span endpoint)
{
    for (size_t i = 0; i < c->n_endpoints; i++)
        if (span_is(endpoint, c->endpoints[i].name))
            return (int)i;
    return -1;
}

static int
find_endpoint(struct crew *c, struct span name)
{
    int found = crew_find(c, name);
    if (found >= 0)
        return found;
    if (c->n_endpoints == CREW_MAX || name.n > CREW_NAME_MAX)
        return -1;
    c->endpoints[c->n_endpoints].name = xstrndup(name.p, name.n);
    return (int)c->n_endpoints++;
}

/* All numbers are taken: the one that has been dead for longest makes room. */
static unsigned
reuse(struct crew *c)
{
    unsigned found = 0;
    for (unsigned i = 1; i <= c->n; i++)
        if (!c->fetchers[i].live &&
            (!found || c->fetchers[i].heard_ms < c->fetchers[found].heard_ms))
            found = i;
    if (!found)
        return 0;
    free(c->fetchers[found].name);
    c->fetchers[found].name = NULL;
    memset(c->names, 0, NAMES * sizeof *c->names);
    for (unsigned i = 1; i <= c->n; i++)
        if (c->fetchers[i].name)
            c->names[find_name(c, span_of(c->fetchers[i].name))] = (uint16_t)i;
    return found;
}

static unsigned
enlist(struct crew *c, const struct control *line)
{
    int endpoint = find_endpoint(c, line->endpoint);
    if (endpoint < 0 || line->fetcher.n > CREW_NAME_MAX)
        return 0;
    unsigned number = c->n < CREW_MAX ? ++c->n : reuse(c);
    if (!number)
        return 0;
    c->fetchers[number] = (struct fetcher){
        .name = xstrndup(line->fetcher.p, line->fetcher.n),
        .endpoint = (uint32_t)endpoint,
    };
    c->names[find_name(c, line->fetcher)] = (uint16_t)number;
    return number;
}

/* --- lines --- */

/* Totals since the fetcher's start. Where they went back it is another process of that name. */
static void
add_stats(struct crew_endpoint *e, struct fetcher *f, bool known, const struct control *line)
{
    bool anew = line->requests < f->requests || line->latency_us < f->latency_us ||
                line->failures < f->failures;
    uint64_t more = line->requests - (anew ? 0 : f->requests);
    e->requests += more;
    e->seen += known ? more : 0;
    e->failures += line->failures - (anew ? 0 : f->failures);
    e->latency_us += line->latency_us - (anew ? 0 : f->latency_us);
    f->requests = line->requests;
    f->failures = line->failures;
    f->latency_us = line->latency_us;
    e->chain = line->chain;
    if (line->head)
        e->head = line->head;
}

unsigned
crew_hear(struct crew *c, const struct control *line, int64_t now_ms)
{
    unsigned number = c->names[find_name(c, line->fetcher)];
    bool credit = line->verb == CONTROL_CREDIT, known = number;

    if (!number && credit)
        number = enlist(c, line);
    if (!number)
        return 0;
    struct fetcher *f = &c->fetchers[number];
    if (!c->first_heard_ms)
        c->first_heard_ms = now_ms;
    f->heard_ms = c->endpoints[f->endpoint].heard_ms = now_ms;
    if (!c->endpoints[f->endpoint].first_ms)
        c->endpoints[f->endpoint].first_ms = now_ms;
    c->endpoints[f->endpoint].left = line->verb == CONTROL_BYE;
    if (line->verb == CONTROL_BYE)
        return number;
    set_live(c, f, true);
    count(c, f, -1);
    f->free = line->free < CREW_FREE_MAX ? line->free : CREW_FREE_MAX;
    f->fresh = credit;
    if (credit)
        f->state = line->state;
    count(c, f, 1);
    if (credit)
        add_stats(&c->endpoints[f->endpoint], f, known, line);
    return number;
}

void
crew_bye(struct crew *c, unsigned fetcher)
{
    if (fetcher)
        set_live(c, &c->fetchers[fetcher], false);
}

unsigned
crew_silent(struct crew *c, int64_t now_ms)
{
    if (now_ms < c->scan_ms)
        return 0;
    for (unsigned i = 1; i <= c->n; i++)
        if (c->fetchers[i].live && now_ms - c->fetchers[i].heard_ms >= CREW_SILENT_MS) {
            set_live(c, &c->fetchers[i], false);
            return i;
        }
    c->scan_ms = now_ms + CREW_SCAN_MS;
    return 0;
}

bool
crew_foreign(struct crew *c, unsigned fetcher)
{
    struct crew_endpoint *e = &c->endpoints[c->fetchers[fetcher].endpoint];
    uint64_t bit = crew_bit((int)c->fetchers[fetcher].endpoint);

    if (!fetcher || e->foreign)
        return false;
    e->foreign = true;
    c->free -= e->free;
    c->closed -= e->closed;
    c->ready &= ~bit;
    if (!bit)
        c->ready_beyond -= e->ready;
    return true;
}

/* --- questions --- */

int
crew_endpoint_of(const struct crew *c, unsigned fetcher)
{
    return fetcher ? (int)c->fetchers[fetcher].endpoint : -1;
}

size_t
crew_endpoints(const struct crew *c)
{
    return c->n_endpoints;
}

const struct crew_endpoint *
crew_endpoint(const struct crew *c, size_t endpoint)
{
    return &c->endpoints[endpoint];
}

uint64_t
crew_credit(const struct crew *c)
{
    return c->free;
}

uint64_t
crew_credit_of(const struct crew *c, unsigned fetcher)
{
    const struct fetcher *f = &c->fetchers[fetcher];
    return f->live && !c->endpoints[f->endpoint].foreign ? f->free : 0;
}

uint64_t
crew_credit_outside(const struct crew *c, uint64_t endpoints)
{
    uint64_t credit = c->free;
    for (size_t i = 0; i < c->n_endpoints && i < BITS; i++)
        if (endpoints & crew_bit((int)i) && !c->endpoints[i].foreign)
            credit -= c->endpoints[i].free;
    return credit;
}

bool
crew_ready_outside(const struct crew *c, uint64_t endpoints)
{
    return (c->ready & ~endpoints) || c->ready_beyond > 0;
}

bool
crew_ready_at(const struct crew *c, uint64_t block, int except)
{
    for (size_t i = 0; i < c->n_endpoints; i++) {
        const struct crew_endpoint *e = &c->endpoints[i];
        if ((int)i != except && e->ready > 0 && !e->foreign && (!e->head || e->head >= block))
            return true;
    }
    return false;
}

bool
crew_closed(const struct crew *c)
{
    return c->closed > 0;
}

size_t
crew_live(const struct crew *c)
{
    return c->live;
}

size_t
crew_most(const struct crew *c)
{
    return c->most;
}

bool
crew_all_in(const struct crew *c, uint64_t endpoints, int64_t now_ms)
{
    if (c->n_endpoints == 0 || now_ms - c->first_heard_ms < CREW_SETTLED_MS)
        return false;
    for (size_t i = 0; i < c->n_endpoints; i++) {
        const struct crew_endpoint *e = &c->endpoints[i];
        bool counts = !e->foreign && (e->live > 0 || now_ms - e->heard_ms < CREW_KNOWN_MS);
        if (counts && !(endpoints & crew_bit((int)i)))
            return false;
    }
    return true;
}

bool
crew_fresh(const struct crew *c)
{
    for (unsigned i = 1; i <= c->n; i++)
        if (c->fetchers[i].live && !c->fetchers[i].fresh)
            return false;
    return true;
}

const char *
crew_complaint(const struct crew_endpoint *e, int64_t now_ms)
{
    if (e->left) /* and said why */
        return NULL;
    if (now_ms - e->heard_ms > CREW_MUTE_MS)
        return "its fetcher fell silent";
    return e->requests > 0 && e->failures == 0 && e->latency_us == 0 ? "it has answered nothing yet" : NULL;
}

int64_t
crew_due_ms(const struct crew *c)
{
    return c->live > 0 ? c->scan_ms : -1;
}
