/* rpc.c - JSON-RPC requests over http.h; see rpc.h.
 *
 * Transfers (a post and its place in the traffic) are reused, newest first, so a steady stream of
 * requests allocates nothing but large bodies. Timeouts and the bound on memory are not libcurl's but traffic.h's:
 * the time that we pause a transfer must not count against the endpoint, and tests own the clock.
 */
#include "fetcher/rpc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fetcher/http.h"
#include "fetcher/reply.h"
#include "fetcher/request.h"
#include "fetcher/secrets.h"
#include "fetcher/traffic.h"

enum {
    CONNECT_MS = 10000,
    BODY_KEEP = 64 << 10,    /* bytes: larger body buffers are freed after use, for the next one or for rows */
    DOC_KEEP = 16 << 20,     /* bytes of the JSON parser kept when bodies are small again */
    TURNS = 32,
};

struct transfer {
    struct trip trip; /* first: a trip is a transfer */
    struct post post;
    struct rpc_request *r;
    uint64_t first_id;
    struct transfer *spare; /* next of the spare ones */
};

struct rpc {
    struct http *http;
    struct secrets secrets;
    struct reader reader;
    struct traffic traffic;
    struct transfer *spare;
    bool busy;      /* the last rpc_perform stopped while there was more to do */
    bool sent;      /* something that has not left yet */
    uint64_t next_id, head;
    int64_t now_ms; /* of the last call */
};

static struct transfer *
transfer_of(struct post *p)
{
    return (struct transfer *)((char *)p - offsetof(struct transfer, post));
}

static void
on_heard(struct post *p, size_t n, void *context)
{
    struct rpc *c = context;

    traffic_heard(&c->traffic, &transfer_of(p)->trip, n, c->now_ms);
}

/* --- transfers --- */

static void
transfer_free(struct transfer *t)
{
    http_forget(&t->post);
    free(t);
}

void
rpc_send(struct rpc *c, struct rpc_request *r, int64_t now_ms)
{
    struct transfer *t = c->spare;

    if (t)
        c->spare = t->spare;
    else
        t = xcalloc(1, sizeof *t);
    c->now_ms = now_ms;
    t->r = r;
    t->first_id = c->next_id;
    c->next_id += r->n;
    t->post.text.n = 0;
    request_write(&t->post.text, r, t->first_id);
    r->sent_ms = now_ms;
    r->transfer = t;
    traffic_add(&c->traffic, &t->trip, now_ms);
    c->sent = true;
    http_send(c->http, &t->post);
}

static void
recycle(struct rpc *c, struct transfer *t)
{
    t->post.body.n = 0;
    if (t->post.body.cap > BODY_KEEP)
        buf_free(&t->post.body);
    if (t->post.text.cap > BODY_KEEP)
        buf_free(&t->post.text);
    t->r = NULL;
    t->spare = c->spare;
    c->spare = t;
}

/* --- endings --- */

/* Tells the caller how the request ended. */
static void
finish(struct rpc *c, struct transfer *t)
{
    struct rpc_answer answers[RPC_BATCH_MAX];
    struct rpc_request *r = t->r;
    struct post *p = &t->post;
    struct reply reply = {
        .transport = p->transport,
        .trouble = p->trouble[0] ? p->trouble : NULL,
        .status = p->status,
        .retry_after_ms = p->retry_after_ms,
        .first_id = t->first_id,
        .head = c->head,
        .now_unix = (int64_t)time(NULL),
    };

    memset(buf_room(&p->body, JSON_PADDING), 0, JSON_PADDING);
    reply.body = (struct span){p->body.p, p->body.n};
    r->latency_us = p->took_us;
    r->wait_us = p->wait_us;
    r->bytes = p->body.n;
    r->transfer = NULL;
    traffic_remove(&c->traffic, &t->trip);
    reply_read(&c->reader, &reply, r, answers);
    r->done(r, answers, r->context);
    if (json_memory(c->reader.doc) > DOC_KEEP && p->body.n < DOC_KEEP / 16)
        json_shrink(c->reader.doc, DOC_KEEP);
    recycle(c, t);
}

static void
expire(struct rpc *c)
{
    struct trip *late;

    while ((late = traffic_late(&c->traffic, c->now_ms))) {
        struct transfer *t = (struct transfer *)late;

        http_cancel(&t->post, TRANSPORT_TIMEOUT, late->begun ? "timed out in the middle of the response"
                                                             : "timed out waiting for a response");
        finish(c, t);
    }
}

static void
pause_transfer(struct trip *trip, bool on)
{
    http_pause(&((struct transfer *)trip)->post, on);
}

/* --- the loop's side --- */

/* Reads the answers that have come whole, up to one that makes room for a request: that goes out before
 * the next answer is read. True: something has ended. */
static bool
collect(struct rpc *c)
{
    struct post *p;
    bool any = false;

    c->sent = false;
    while (!c->sent && (p = http_ended(c->http))) {
        finish(c, transfer_of(p));
        any = true;
    }
    return any;
}

/* What the done functions send leaves in the next turn, and may even end there. The turns are
 * counted, since a near and fast server would keep us here for ever. */
void
rpc_perform(struct rpc *c, int64_t now_ms)
{
    int turns = 0;

    c->now_ms = now_ms;
    do {
        http_perform(c->http);
        c->busy = collect(c);
    } while (c->busy && ++turns < TURNS);
    expire(c);
    traffic_balance(&c->traffic, now_ms, pause_transfer);
}

void
rpc_wait(struct rpc *c, struct pollfd *fds, size_t n, int timeout_ms)
{
    int64_t left = c->traffic.deadline_ms - c->now_ms;

    if (c->traffic.n && left < timeout_ms)
        timeout_ms = left > 1 ? (int)left : 1;
    http_wait(c->http, fds, n, c->busy ? 0 : timeout_ms);
}

void
rpc_head(struct rpc *c, uint64_t head)
{
    c->head = head;
}

size_t
rpc_in_flight(const struct rpc *c)
{
    return c->traffic.n;
}

size_t
rpc_bytes_in_flight(const struct rpc *c)
{
    return c->traffic.bytes;
}

/* --- making one --- */

struct rpc *
rpc_new(const struct rpc_options *o, char *err, size_t size)
{
    struct rpc *c = xcalloc(1, sizeof *c);

    c->http = http_new(&(struct http_options){
                           .url = o->url,
                           .headers = o->headers,
                           .connect_ms = o->timeout_ms < CONNECT_MS ? o->timeout_ms : CONNECT_MS,
                           .max_body = o->max_body,
                           .padding = JSON_PADDING,
                           .max_connections = o->max_connections,
                           .heard = on_heard,
                           .context = c,
                       },
                       err, size);
    if (!c->http) {
        free(c);
        return NULL;
    }
    c->next_id = 1;
    c->traffic = (struct traffic){.timeout_ms = o->timeout_ms, .max_bytes = o->max_bytes};
    secrets_url(&c->secrets, o->url);
    for (size_t i = 0; o->headers && o->headers[i]; i++)
        secrets_header(&c->secrets, o->headers[i]);
    c->reader.doc = json_new();
    c->reader.secrets = &c->secrets;
    return c;
}

void
rpc_free(struct rpc *c)
{
    struct transfer *t;

    if (!c)
        return;
    while ((t = (struct transfer *)c->traffic.oldest)) {
        http_cancel(&t->post, TRANSPORT_RESET, "");
        rpc_request_free(t->r);
        traffic_remove(&c->traffic, &t->trip);
        transfer_free(t);
    }
    while ((t = c->spare)) {
        c->spare = t->spare;
        transfer_free(t);
    }
    http_free(c->http);
    json_free(c->reader.doc);
    reader_free(&c->reader);
    secrets_free(&c->secrets);
    free(c);
}
