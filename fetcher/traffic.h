/* traffic.h - the requests in flight: their timeouts and the memory of their bodies. Pure.
 *
 * A trip times out as a whole, or half that time after its last byte. The time that it was paused
 * by us does not count, for it says nothing of the endpoint.
 * When the bodies together pass max_bytes, all trips that have begun pause but the oldest, so that
 * something always ends; at three quarters of it they go on.
 */
#ifndef SLUICE_TRAFFIC_H
#define SLUICE_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trip {
    int64_t sent_ms;    /* moved on by pauses */
    int64_t heard_ms;   /* last byte */
    int64_t paused_ms;  /* since when, -1: it is not */
    size_t bytes;       /* of the body so far */
    bool begun;         /* something was heard */
    struct trip *prev, *next; /* by age */
};

struct traffic {
    int64_t timeout_ms;
    size_t max_bytes;
    struct trip *oldest, *newest;
    size_t n, bytes;
    bool paused;         /* some trip is */
    int64_t deadline_ms; /* no timeout can be due before */
};

void traffic_add(struct traffic *t, struct trip *trip, int64_t now_ms);
void traffic_remove(struct traffic *t, struct trip *trip);
void traffic_heard(struct traffic *t, struct trip *trip, size_t bytes, int64_t now_ms);
/* A trip that has timed out, NULL: none (more). The caller removes it before it asks again. */
struct trip *traffic_late(struct traffic *t, int64_t now_ms);
/* Tells which trips pause and which go on. */
void traffic_balance(struct traffic *t, int64_t now_ms, void (*pause)(struct trip *trip, bool on));

#endif
