/* events.h - which descriptors have something to do: an epoll set for those that stay, poll for those that come
 * and go with each turn, and one timer. Sleeping costs the same however many descriptors stay.
 */
#ifndef SLUICE_EVENTS_H
#define SLUICE_EVENTS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct events {
    int fd;         /* the epoll set; -1: none */
    int64_t due_ms; /* of the timer; -1: off */
};

struct event {
    int fd;
    bool in, out;   /* neither: an error, which reading or writing tells */
};

bool events_open(struct events *e); /* false: errno tells */
void events_close(struct events *e);
/* Adds a descriptor, or changes what it waits for. */
void events_watch(struct events *e, int fd, bool in, bool out);
void events_forget(struct events *e, int fd); /* it may be closed already */
void events_timer(struct events *e, int64_t due_ms); /* -1: off */
bool events_timer_due(struct events *e, int64_t now_ms); /* true: and it is off */
/* Those of the set that have something now; at most max. */
size_t events_ready(struct events *e, struct event *out, size_t max);
/* Sleeps until something is ready in the set or among fds (their revents tell), the timer is due, or
 * timeout_ms passed. */
void events_wait(struct events *e, struct pollfd *fds, size_t n, int timeout_ms, int64_t now_ms);

#endif
