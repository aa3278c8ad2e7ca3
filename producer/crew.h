/* crew.h - who is there to work: the fetchers that were heard of, and their endpoints.
 *
 * Learns from control lines only. A fetcher is live from its first `credit` until `bye` or until
 * nothing was heard of it for CREW_SILENT_MS; its credit is what it told last, and void when it is
 * not live. What an endpoint did is summed up by name, so that it outlives the fetcher's process.
 *
 * Pure: no sockets, no clock. Fetchers are numbered from 1 (as ledger.h wants holders), endpoints
 * from 0 in the order first seen; the first 64 of them have a bit in masks. At most CREW_MAX of each.
 */
#ifndef SLUICE_CREW_H
#define SLUICE_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control.h"

enum {
    CREW_MAX = 4096,        /* fetchers, and endpoints */
    CREW_NAME_MAX = 128,    /* bytes; who has a longer name is not known here */
    CREW_FREE_MAX = 65536,  /* more credit of one fetcher is not believed */
    CREW_SILENT_MS = 5000,
    CREW_MUTE_MS = 2500,    /* of who lives something is heard more often */
    CREW_SCAN_MS = 250,     /* how often silence is looked for */
    CREW_KNOWN_MS = 30000,  /* an endpoint that was heard of this recently may come back */
    CREW_SETTLED_MS = 2000, /* after the first one's arrival all should have come */
};

struct crew_endpoint {
    char *name;
    uint64_t requests, failures, latency_us; /* over all its fetchers, dead ones too */
    uint64_t seen;          /* requests since they were heard of */
    uint64_t chain, head;   /* as told last, 0: not known */
    uint64_t free;          /* tasks that its live fetchers take */
    uint32_t live, ready, closed; /* fetchers: live; breaker not open; breaker closed */
    int64_t first_ms, heard_ms; /* when it was heard of */
    bool left;              /* who was heard of last said goodbye */
    bool foreign;           /* serves another chain: the credit of its fetchers does not count */
};

struct crew; /* opaque: its sums must stay in step */

struct crew *crew_new(void);
void crew_free(struct crew *c);

/* Takes in a line that names a fetcher. Returns its number; 0: not known (no `credit` came yet). */
unsigned crew_hear(struct crew *c, const struct control *line, int64_t now_ms);
/* It said goodbye: not live any more. */
void crew_bye(struct crew *c, unsigned fetcher);
/* One that fell silent, and is not live from now on; 0: none. Call until 0. */
unsigned crew_silent(struct crew *c, int64_t now_ms);
/* Its endpoint serves another chain, until all its fetchers are gone. True when that is news. */
bool crew_foreign(struct crew *c, unsigned fetcher);

/* -1: not known. */
int crew_endpoint_of(const struct crew *c, unsigned fetcher);
int crew_find(const struct crew *c, struct span endpoint); /* by name */
size_t crew_endpoints(const struct crew *c);
const struct crew_endpoint *crew_endpoint(const struct crew *c, size_t endpoint);
uint64_t crew_bit(int endpoint); /* 0 for one without a bit */

/* Sums over live fetchers of the right chain. */
uint64_t crew_credit(const struct crew *c);
uint64_t crew_credit_of(const struct crew *c, unsigned fetcher); /* of one, 0 if it is not among these */
uint64_t crew_credit_outside(const struct crew *c, uint64_t endpoints);
bool crew_ready_outside(const struct crew *c, uint64_t endpoints); /* breaker not open */
bool crew_ready_at(const struct crew *c, uint64_t block, int except); /* and its head reaches it */
bool crew_closed(const struct crew *c);  /* does any endpoint work? */
size_t crew_live(const struct crew *c);
size_t crew_most(const struct crew *c); /* the most that were live at a time */
/* Are all endpoints that may be counted on among these? */
bool crew_all_in(const struct crew *c, uint64_t endpoints, int64_t now_ms);
bool crew_fresh(const struct crew *c); /* did all live ones tell their totals last? */
/* What is to be said of the endpoint in the end, beside its figures; NULL: nothing. */
const char *crew_complaint(const struct crew_endpoint *e, int64_t now_ms);
int64_t crew_due_ms(const struct crew *c); /* when to call crew_silent; -1: never */

#endif
