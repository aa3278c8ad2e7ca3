/* webserver.h - a scripted HTTP/1.1 server inside a test, driven by the test's own loop.
 *
 * Each request that has come whole is given to a function, which appends raw bytes of response to
 * the connection and says what happens then.
 */
#ifndef WEBSERVER_H
#define WEBSERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"

enum { WEB_CONNECTIONS = 64 };

enum web_then { WEB_KEEP, WEB_CLOSE, WEB_RESET };

struct web_request {
    struct span head, body; /* head: request line and headers */
    uint64_t number;        /* of requests, from 1 on */
    uint64_t connection;    /* number of the connection, from 1 on */
};

typedef enum web_then web_answer(const struct web_request *r, struct buf *out, void *context);

struct web_connection {
    int fd; /* 0: free */
    uint64_t number;
    struct buf in, out;
    bool closing;
};

struct web {
    int fd;
    char url[64];
    web_answer *answer;
    void *context;
    uint64_t requests, connections;
    struct web_connection c[WEB_CONNECTIONS];
};

static inline void
web_start(struct web *w, web_answer *answer, void *context)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;

    memset(w, 0, sizeof *w);
    w->answer = answer;
    w->context = context;
    w->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (w->fd < 0 || bind(w->fd, (struct sockaddr *)&a, sizeof a) || listen(w->fd, 64)
        || getsockname(w->fd, (struct sockaddr *)&a, &size) || fcntl(w->fd, F_SETFL, O_NONBLOCK))
        abort();
    snprintf(w->url, sizeof w->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
}

static inline void
web_drop(struct web_connection *c, bool reset)
{
    struct linger now = {1, 0};

    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    c->fd = 0;
    c->closing = false;
}

/* The length of the first whole request in the buffer, 0: none yet. */
static inline size_t
web_whole(struct span in, size_t *head)
{
    const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
    size_t body = 0;

    if (!end)
        return 0;
    *head = (size_t)(end - in.p) + 4;
    for (size_t i = 0; i + 15 < *head; i++)
        if (strncasecmp(in.p + i, "content-length:", 15) == 0)
            body = strtoul(in.p + i + 15, NULL, 10);
    return *head + body <= in.n ? *head + body : 0;
}

static inline void
web_serve(struct web *w, struct web_connection *c)
{
    size_t head, n;

    while (c->fd && !c->closing && c->in.n && (n = web_whole((struct span){c->in.p, c->in.n}, &head))) {
        struct web_request r = {{c->in.p, head}, {c->in.p + head, n - head}, ++w->requests, c->number};
        enum web_then then = w->answer(&r, &c->out, w->context);

        buf_drop(&c->in, n);
        if (then == WEB_RESET)
            web_drop(c, true);
        else
            c->closing = then == WEB_CLOSE;
    }
}

static inline void
web_turn_connection(struct web *w, struct web_connection *c)
{
    char text[65536];
    ssize_t n;

    while ((n = recv(c->fd, text, sizeof text, MSG_DONTWAIT)) > 0)
        buf_add(&c->in, text, (size_t)n);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        web_drop(c, false);
        return;
    }
    web_serve(w, c);
    while (c->fd && c->out.n && (n = send(c->fd, c->out.p, c->out.n, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        buf_drop(&c->out, (size_t)n);
    if (c->fd && c->closing && c->out.n == 0)
        web_drop(c, false);
}

static inline void
web_turn(struct web *w)
{
    int fd;

    while ((fd = accept(w->fd, NULL, NULL)) >= 0)
        for (size_t i = 0; i < WEB_CONNECTIONS; i++)
            if (w->c[i].fd == 0) {
                w->c[i].fd = fd;
                w->c[i].number = ++w->connections;
                break;
            }
    for (size_t i = 0; i < WEB_CONNECTIONS; i++)
        if (w->c[i].fd)
            web_turn_connection(w, &w->c[i]);
}

static inline void
web_stop(struct web *w)
{
    for (size_t i = 0; i < WEB_CONNECTIONS; i++)
        if (w->c[i].fd)
            web_drop(&w->c[i], false);
    close(w->fd);
}

/* A whole response with a length. */
static inline void
web_reply(struct buf *out, const char *status, const char *headers, struct span body)
{
    buf_addf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, body.n, headers);
    buf_add(out, body.p, body.n);
}

#endif
