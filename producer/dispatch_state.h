/* dispatch_state.h - inside of dispatch.h: what dispatch.c (pushes) and hear.c (hears) share. */
#ifndef SLUICE_DISPATCH_STATE_H
#define SLUICE_DISPATCH_STATE_H

#include "producer/again.h"
#include "producer/dispatch.h"
#include "producer/rota.h"

enum { DISPATCH_POLL_MS = 20 /* how often to look whether another endpoint has room */ };

struct dispatch {
    const struct dispatch_options *o;
    struct plan *plan;
    struct ledger *ledger;
    struct crew *crew;
    struct failures *failures;
    struct rota rota;
    struct hashes *hashes; /* of outstanding hash tasks, by entry->from */

    struct again again;   /* what the plan had already */
    enum plan_status plan_state;
    bool any;             /* the plan had at least one piece */
    bool stopped;
    bool writer_known;    /* it was heard of: a hello now comes from another */

    struct ledger_entry *offered; /* what dispatch_push gave out last */
    uint64_t bounces;     /* declined in a row */
    int64_t hedge_ms;     /* when to look for copies to make */
    uint64_t late;        /* endpoints that take no more, since they would be the last to finish */
    int64_t late_ms;      /* when they do again, should work be left; 0: none was told so yet */
    int64_t looked_ms;    /* for them */
    int64_t commit_ms;    /* the last one */
    int64_t beyond_ms;    /* since when all that is heard is: not there yet; 0: something else came */
    uint64_t beyond;      /* the first block of which that was heard */
    int64_t down_ms;      /* since when no endpoint works; 0: one does */
};

#endif
