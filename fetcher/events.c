#include "fetcher/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { FDS_MAX = 16, READY_MAX = 64 };

bool
events_open(struct events *e)
{
    *e = (struct events){.fd = epoll_create1(EPOLL_CLOEXEC), .due_ms = -1};
    return e->fd >= 0;
}

void
events_close(struct events *e)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
}

void
events_watch(struct events *e, int fd, bool in, bool out)
{
    struct epoll_event what = {.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u), .data.fd = fd};

    if (epoll_ctl(e->fd, EPOLL_CTL_ADD, fd, &what) == 0)
        return;
    if (errno != EEXIST || epoll_ctl(e->fd, EPOLL_CTL_MOD, fd, &what) != 0)
        abort(); /* out of memory */
}

void
events_forget(struct events *e, int fd)
{
    epoll_ctl(e->fd, EPOLL_CTL_DEL, fd, NULL);
}

void
events_timer(struct events *e, int64_t due_ms)
{
    e->due_ms = due_ms;
}

bool
events_timer_due(struct events *e, int64_t now_ms)
{
    bool due = e->due_ms >= 0 && now_ms >= e->due_ms;

    if (due)
        e->due_ms = -1;
    return due;
}

size_t
events_ready(struct events *e, struct event *out, size_t max)
{
    struct epoll_event ready[READY_MAX];
    int n = epoll_wait(e->fd, ready, max < READY_MAX ? (int)max : READY_MAX, 0);

    for (int i = 0; i < n; i++)
        out[i] = (struct event){.fd = ready[i].data.fd, .in = (ready[i].events & EPOLLIN) != 0,
                                .out = (ready[i].events & EPOLLOUT) != 0};
    return n > 0 ? (size_t)n : 0;
}

void
events_wait(struct events *e, struct pollfd *fds, size_t n, int timeout_ms, int64_t now_ms)
{
    struct pollfd all[1 + FDS_MAX] = {{.fd = e->fd, .events = POLLIN}};

    if (n > FDS_MAX)
        abort();
    if (e->due_ms >= 0 && e->due_ms - now_ms < timeout_ms)
        timeout_ms = e->due_ms > now_ms ? (int)(e->due_ms - now_ms) : 0;
    if (n)
        memcpy(all + 1, fds, n * sizeof *fds);
    if (poll(all, 1 + n, timeout_ms) < 0)
        memset(all, 0, sizeof all);
    for (size_t i = 0; i < n; i++)
        fds[i].revents = all[1 + i].revents;
}
