/* A whole run, with fetchers that do everything wrong now and then. */
#include "dispatch_play.h"

enum { WORKERS = 8, SLOTS = 4 };

static uint64_t seed;

static unsigned
draw(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((seed >> 33) % n);
}

struct worker {
    char name[8];
    unsigned n;
    struct {
        unsigned id, from, to;
    } held[SLOTS];
    bool dead;
};

static void
worker_gets(struct dispatch *d, struct worker *w, int64_t now, const char *text)
{
    unsigned id, from, to;
    assert_int_equal(sscanf(text, "task=%u try=%*u run=r1 dataset=logs from=%u to=%u", &id, &from,
                            &to), 3);
    if (w->dead || draw(50) == 0)
        return; /* swallowed */
    char own[16];
    snprintf(own, sizeof own, "%s", w->name);
    const char *avoid = strstr(text, "avoid=");
    const char *reason = avoid && strstr(avoid, own) ? "avoid" : w->n == SLOTS ? "slot" :
                         draw(40) == 0 ? "breaker" : NULL;
    if (reason) {
        hear(d, now, "declined run=r1 fetcher=%s.1 task=%u free=%u reason=%s wait=50", w->name, id,
             SLOTS - w->n, reason);
        return;
    }
    w->held[w->n].id = id;
    w->held[w->n].from = from;
    w->held[w->n++].to = to;
    took(d, now, w->name, id, SLOTS - w->n);
}

static uint64_t
worker_acts(struct dispatch *d, struct worker *w, int64_t now)
{
    if (w->dead || w->n == 0)
        return 0;
    unsigned id = w->held[0].id, from = w->held[0].from, to = w->held[0].to;
    memmove(w->held, w->held + 1, --w->n * sizeof w->held[0]);
    unsigned free = SLOTS - w->n, what = draw(20);
    uint64_t blocks = 0;
    if (what == 0) {
        failed(d, now, w->name, id, free);
    } else if (what == 1) {
        hear(d, now, "refused run=r1 fetcher=%s.1 task=%u free=%u error=pruned", w->name, id, free);
    } else if (what == 2 && to > from) { /* done to the middle */
        unsigned middle = from + draw(to - from);
        hear(d, now, "failed run=r1 fetcher=%s.1 task=%u free=%u from=%u to=%u error=x", w->name, id,
             free, middle + 1, to);
        committed(d, now, id, from, middle);
        blocks = event.blocks;
    } else {
        if (what == 6) /* the other's word was faster */
            hear(d, now, "lost run=r1 task=%u", id);
        fetched(d, now, w->name, id, free);
        if (what == 3)
            hear(d, now, "lost run=r1 task=%u", id);
        if (what == 6)
            return 0;
        if (what == 4)
            return 0; /* the writer died with it */
        committed(d, now, id, from, to);
        blocks = event.blocks;
        if (what == 5)
            committed(d, now, id, from, to); /* said twice */
    }
    return blocks;
}

static void
every_block_is_counted_once(void **state)
{
    (void)state;
    struct dispatch_options o = plain;
    o.attempts = 255;
    o.lease_ms = 20000;
    enum { BLOCKS = 20000 };
    for (seed = 1; seed <= 5; seed++) {
        uint64_t first_seed = seed, blocks = 0;
        struct worker w[WORKERS] = {0};
        for (unsigned i = 0; i < WORKERS; i++)
            snprintf(w[i].name, sizeof w[i].name, "w%u", i);
        struct dispatch *d = start(&o, 0, BLOCKS - 1, 10);
        int64_t now = T0;
        dispatch_tick(d, now);
        for (; !dispatch_done(d) && now < T0 + 3600000; now += 10) {
            for (unsigned i = 0; i < WORKERS; i++) {
                if (draw(3000) == 0)
                    w[i].dead = true;
                if (w[i].dead && draw(1000) == 0) {
                    w[i].dead = false;
                    w[i].n = 0;
                }
                if (!w[i].dead && now % 1000 == 0)
                    credit(d, now, w[i].name, SLOTS - w[i].n, "closed");
                blocks += worker_acts(d, &w[i], now);
            }
            const char *text;
            while ((text = push(d, now))[0])
                worker_gets(d, &w[draw(WORKERS)], now, text);
        }
        assert_true(dispatch_complete(d));
        assert_int_equal(blocks, BLOCKS);
        assert_int_equal(failures_count(dispatch_failures(d)), 0);
        end(d);
        seed = first_seed;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
