/* bucket_play.h - servers that count in three ways, and a client with a bucket, in virtual time. Included once
 * by each test of rates that are learned. */
#ifndef SLUICE_TESTS_BUCKET_PLAY_H
#define SLUICE_TESTS_BUCKET_PLAY_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/bucket.h"

enum { LATENCY_MS = 10, AT_ONCE = 10 /* requests in flight */ };

enum counting { BUCKET, CLOCK, SLIDING };

/* Allows so many calls a second: in the mean and `burst` at once, or in each second of its clock, or in
 * any second. */
struct server {
    enum counting counts;
    double rate, burst, tokens;
    int64_t filled_ms;
    int64_t phase_ms, second; /* of its clock */
    size_t in_second;
    int64_t sent_ms[512];     /* the last ones served */
    size_t n;
};

static bool
serves_bucket(struct server *s, int64_t now_ms)
{
    s->tokens = fmin(s->tokens + s->rate * (double)(now_ms - s->filled_ms) / 1000, s->burst);
    s->filled_ms = now_ms;
    if (s->tokens + 1e-6 < 1)
        return false;
    s->tokens -= 1;
    return true;
}

static bool
serves_clock(struct server *s, int64_t now_ms)
{
    int64_t second = (now_ms + s->phase_ms) / 1000;

    if (second != s->second)
        s->in_second = 0;
    s->second = second;
    return (double)++s->in_second <= s->rate;
}

static bool
serves_sliding(struct server *s, int64_t now_ms)
{
    size_t most = (size_t)s->rate;

    if (s->n >= most && now_ms - s->sent_ms[(s->n - most) % 512] < 1000)
        return false;
    s->sent_ms[s->n++ % 512] = now_ms;
    return true;
}

static bool
serves(struct server *s, int64_t now_ms)
{
    return s->counts == BUCKET ? serves_bucket(s, now_ms)
           : s->counts == CLOCK ? serves_clock(s, now_ms) : serves_sliding(s, now_ms);
}

/* A server, its client, and what is in flight between them, by the millisecond of the answer. */
struct scene {
    struct server server;
    struct bucket bucket;
    int64_t now_ms, rest_ms, until_ms; /* how long a refusal makes rest, and until when it does */
    int64_t refusal_ms;                /* after so long it comes */
    int64_t stop_ms, go_ms;            /* the client does nothing from then to then */
    bool late;                         /* now and then the client has no time for 40 ms */
    size_t in_flight, good[LATENCY_MS], bad[LATENCY_MS];
    uint64_t served, refused; /* since they were last looked at */
};

static struct scene
scene(double rate, double burst)
{
    struct scene c = {.server = {.rate = rate, .burst = burst, .tokens = burst}, .refusal_ms = LATENCY_MS};

    bucket_init(&c.bucket, 0, 0);
    return c;
}

/* Without being told to, it rests when slowing down was not enough, as the endpoint does. */
static void
refuse(struct scene *c)
{
    bool soon = c->bucket.cut_ms >= 0 && c->now_ms - c->bucket.cut_ms < 1000;

    if (!bucket_refused(&c->bucket, c->now_ms - c->refusal_ms, 0, c->now_ms) || (!c->rest_ms && !soon))
        return;
    c->until_ms = c->now_ms + (c->rest_ms ? c->rest_ms : 750);
    bucket_rest(&c->bucket, c->until_ms);
}

static void
answers(struct scene *c)
{
    size_t *good = &c->good[c->now_ms % LATENCY_MS], *bad = &c->bad[c->now_ms % LATENCY_MS];

    for (; *good; --*good, c->in_flight--)
        bucket_served(&c->bucket, 1, c->now_ms - LATENCY_MS, c->now_ms);
    for (; *bad; --*bad, c->in_flight--)
        refuse(c);
}

static void
ask(struct scene *c)
{
    bool ok = serves(&c->server, c->now_ms);

    c->in_flight++;
    c->served += ok;
    c->refused += !ok;
    c->good[c->now_ms % LATENCY_MS] += ok;
    c->bad[(c->now_ms + c->refusal_ms) % LATENCY_MS] += !ok;
}

/* Asks as fast as the bucket lets. */
static void
ask_for(struct scene *c, int64_t ms)
{
    c->served = c->refused = 0;
    for (int64_t end = c->now_ms + ms; c->now_ms < end; c->now_ms++) {
        if (c->now_ms >= c->stop_ms && c->now_ms < c->go_ms)
            continue;
        answers(c);
        if (c->now_ms < c->until_ms || (c->late && c->now_ms % 700 < 40))
            continue;
        while (c->in_flight < AT_ONCE && bucket_take(&c->bucket, 1, c->now_ms) == 0)
            ask(c);
    }
}

#endif
