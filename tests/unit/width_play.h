/* width_play.h - for the tests of width.h: an endpoint that refuses, a chain behind it, and runs over it. */
#ifndef SLUICE_TEST_WIDTH_PLAY_H
#define SLUICE_TEST_WIDTH_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fetcher/width.h"

#define UNUSED __attribute__((unused))

enum { CONCURRENCY = 10, PENDING = 4096, LOG_BYTES = 700, SMALL = 16 };

/* An endpoint, and the chain behind it. */
struct server {
    uint64_t max_blocks, max_logs; /* 0: none */
    bool tells;
    double density;                /* logs per block */
    double scatter;                /* of the density, as a part of it */
    bool uneven;                   /* see uneven_logs */
    uint64_t clump;                /* logs in a block that has any; 0: all have some */
    uint64_t max_after;            /* after this many requests, max_blocks becomes ... */
    uint64_t max_then;
};

struct piece {
    uint64_t from, to;
};

struct run {
    struct server s;
    struct width w;
    struct piece flying[CONCURRENCY], pending[PENDING];
    size_t n_flying, n_pending;
    uint64_t next, end;
    uint64_t requests, refused, late_requests, late_refused;
    uint64_t covered;
    uint32_t random;
    bool begins_small;             /* as work_requests.c does */
};

static UNUSED double
chance(struct run *r)
{
    r->random = r->random * 1664525 + 1013904223;
    return (double)(r->random >> 8) / (1 << 24);
}

static UNUSED uint64_t
logs_in(struct run *r, uint64_t blocks)
{
    uint64_t clumps = 0;

    for (uint64_t b = 0; r->s.clump && b < blocks; b++)
        clumps += chance(r) < r->s.density / (double)r->s.clump;
    if (r->s.clump)
        return clumps * r->s.clump;
    /* the more blocks, the less scatter of their mean */
    double spread = r->s.scatter * (chance(r) + chance(r) + chance(r) - 1.5) * 2, n = (double)blocks;

    for (uint64_t k = blocks; k > 4; k /= 4)
        spread /= 2;
    return spread > -1 ? (uint64_t)(n * r->s.density * (1 + spread)) : 0;
}

/* Few logs in most blocks, and in one of 500 by itself as many as fit. */
static UNUSED uint64_t
uneven_logs(const struct run *r, struct piece p, uint64_t *fits)
{
    uint64_t n = 0;

    *fits = 0;
    for (uint64_t b = p.from; b <= p.to; b++) {
        uint64_t x = (b + 1) * 0x9e3779b97f4a7c15U;

        x ^= x >> 29;
        n += x % 500 == 0 ? r->s.max_logs : x % 4 == 0 ? (x >> 32) % 21 : 0;
        if (n <= r->s.max_logs)
            ++*fits;
    }
    return n;
}

static UNUSED bool
send_one(struct run *r)
{
    struct piece p;
    uint64_t width;

    if (r->n_pending)
        p = r->pending[--r->n_pending];
    else if (r->next < r->end)
        p = (struct piece){r->next, r->end - 1};
    else
        return false;
    width = width_next(&r->w, p.from);
    assert_true(width >= 1);
    if (r->begins_small && r->w.served < 2 && width > SMALL)
        width = SMALL;
    if (p.to - p.from + 1 > width) {
        if (p.to == r->end - 1) {
            r->next = p.from + width;
        } else {
            assert_true(r->n_pending < PENDING);
            r->pending[r->n_pending++] = (struct piece){p.from + width, p.to};
        }
        p.to = p.from + width - 1;
    } else if (p.to == r->end - 1) {
        r->next = r->end;
    }
    r->flying[r->n_flying++] = p;
    return true;
}

static UNUSED void
refuse(struct run *r, struct piece p, enum verdict v, uint64_t told, uint64_t fits)
{
    uint64_t blocks = p.to - p.from + 1, first = fits ? fits : (blocks + 1) / 2;
    struct judgement j = {.verdict = v, .wait_ms = -1};

    assert_true(blocks > 1);
    if (v == VERDICT_RANGE)
        j.max_blocks = told;
    else
        j.max_logs = told;
    if (fits)
        j.max_blocks = fits;
    r->refused++;
    width_refused(&r->w, blocks, &j);
    r->pending[r->n_pending++] = (struct piece){p.from + first, p.to};
    r->pending[r->n_pending++] = (struct piece){p.from, p.from + first - 1};
}

static UNUSED void
answer_one(struct run *r)
{
    struct piece p = r->flying[0];
    uint64_t blocks = p.to - p.from + 1, logs = logs_in(r, blocks);

    uint64_t fits = 0;

    if (r->s.uneven)
        logs = uneven_logs(r, p, &fits);
    memmove(r->flying, r->flying + 1, --r->n_flying * sizeof p);
    if (++r->requests == r->s.max_after)
        r->s.max_blocks = r->s.max_then;
    if (r->s.max_blocks && blocks > r->s.max_blocks) {
        refuse(r, p, VERDICT_RANGE, r->s.tells ? r->s.max_blocks : 0, 0);
    } else if (r->s.max_logs && logs > r->s.max_logs) {
        refuse(r, p, VERDICT_DENSITY, r->s.tells ? r->s.max_logs : 0, fits);
    } else {
        r->covered += blocks;
        width_ok(&r->w, blocks, logs, logs * LOG_BYTES + 40);
    }
}

static UNUSED bool
alone(const struct run *r)
{
    return width_learning(&r->w) || (r->begins_small && r->w.served == 0);
}

static UNUSED void
run_for(struct run *r, uint64_t blocks)
{
    r->end = r->next + blocks;
    do {
        while (r->n_flying < (alone(r) ? 1 : CONCURRENCY) && send_one(r))
            ;
        if (r->n_flying)
            answer_one(r);
    } while (r->n_flying || r->n_pending || r->next < r->end);
}

static UNUSED struct run
start(const struct server *s)
{
    struct run r = {.s = *s, .next = 1000, .random = 12345};

    width_init(&r.w, 10000, 4 << 20);
    return r;
}

/* Learns on some blocks, then is measured on many. */
static UNUSED void
check(const struct server *s, double refused_most, double requests_most)
{
    struct run r = start(s);
    uint64_t per_request = s->max_blocks ? s->max_blocks : UINT64_MAX;
    uint64_t before, before_refused, blocks;
    double ideal, share, times;

    if (s->max_logs && (double)s->max_logs / s->density < (double)per_request)
        per_request = (uint64_t)((double)s->max_logs / s->density);
    blocks = per_request * 1000;
    run_for(&r, blocks / 5);
    before = r.requests;
    before_refused = r.refused;
    run_for(&r, blocks);
    assert_int_equal(r.covered, blocks + blocks / 5);
    ideal = 1000;
    share = (double)(r.refused - before_refused) / (double)(r.requests - before);
    times = (double)(r.requests - before) / ideal;
    print_message("blocks %llu, logs %llu (%s), %.2f logs a block: %.2f %% refused, %.2f x ideal; learning: %llu refused of %llu\n",
                  (unsigned long long)s->max_blocks, (unsigned long long)s->max_logs, s->tells ? "told" : "not told",
                  s->density, share * 100, times, (unsigned long long)before_refused, (unsigned long long)before);
    assert_true(share <= refused_most);
    assert_true(times <= requests_most);
}

#endif
