/* http.h - POSTs to one URL, many in flight. The one door to libcurl.
 *
 * Keep-alive, HTTP/2 where offered, gzip/br/zstd, TLS verified, proxies by environment, redirects not followed,
 * bodies bounded after inflation, own User-Agent. A reset of a reused connection before the first byte is
 * retried once at once on a fresh one, unseen. libcurl is told of the sockets that have something to do
 * (events.h), and does not look at the others. Only connecting has a time limit here.
 */
#ifndef SLUICE_HTTP_H
#define SLUICE_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "fetcher/verdict.h"

struct http; /* opaque */

/* Zeroed by its owner before the first use; may be used again after its end. */
struct post {
    struct buf text;        /* to be sent; stays as it is until the end */
    struct buf body;        /* of the answer, after inflation */
    /* set at the end: */
    enum transport transport;
    long status;
    int64_t retry_after_ms; /* -1: absent */
    int64_t wait_us, took_us; /* until the first byte of the answer, and the last */
    char trouble[384];      /* for people, without secrets; empty where transport is TRANSPORT_OK */
    /* private: */
    struct http *http;
    void *easy;
    bool heard, too_large, resent;
};

struct http_options {
    const char *url;
    const char *const *headers; /* "Name: value", ends at NULL, or NULL */
    int64_t connect_ms;
    size_t max_body;            /* bytes of one body after inflation */
    size_t padding;             /* bytes of room that a body should have after it */
    int max_connections;
    /* Something of the answer came: n bytes of its body, or 0 and a header. */
    void (*heard)(struct post *p, size_t n, void *context);
    void *context;
};

struct http *http_new(const struct http_options *o, char *err, size_t size); /* NULL: bad URL or header */
void http_free(struct http *h); /* after all its posts */
/* The text goes to the server, or is about to; returns at once. */
void http_send(struct http *h, struct post *p);
void http_pause(struct post *p, bool on); /* stops reading the answer, or goes on */
/* Ends one that is in flight, as told. */
void http_cancel(struct post *p, enum transport transport, const char *trouble);
void http_forget(struct post *p); /* not in flight; frees what it holds */
/* Moves bytes. */
void http_perform(struct http *h);
/* A post that has ended since, NULL: none (more). */
struct post *http_ended(struct http *h);
/* Sleeps until something is to do here, on one of fds, or timeout_ms passed. */
void http_wait(struct http *h, struct pollfd *fds, size_t n, int timeout_ms);

#endif
