/* rpc.c - requests in flight on a libcurl multi handle; see rpc.h.
 *
 * Transfers (an easy handle, the text sent, the body received) are reused, newest first, so a
 * steady stream of requests allocates nothing. In flight they stand in a list, oldest first: when
 * the bodies together pass max_bytes, only the oldest that has begun goes on, so that something
 * always ends. Timeouts are ours and not libcurl's, for two reasons: the time that a transfer was
 * paused by us must not count against the endpoint, and tests own the clock.
 */
#include "fetcher/rpc.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/num.h"
#include "common/opts.h"
#include "common/talk.h"
#include "fetcher/reply.h"
#include "fetcher/secrets.h"

enum {
    CONNECT_MS = 10000,
    BODY_KEEP = 2 << 20,     /* bytes: larger body buffers are freed after use */
    DOC_KEEP = 16 << 20,     /* bytes of the JSON parser kept when bodies are small again */
    RECEIVE = 512 << 10,     /* bytes that libcurl reads at once */
    EXTRA_FDS = 16,
    TURNS = 4,
    RETRY_AFTER_MAX = 86400, /* seconds */
};

struct transfer {
    struct rpc *c;
    CURL *easy;
    struct rpc_request *r;
    struct buf post, body;
    uint64_t first_id;
    int64_t sent_ms, heard_ms; /* since when the request runs (pauses excluded), last byte */
    int64_t paused_ms;         /* since when, -1: it is not */
    int64_t retry_after_ms;    /* -1: absent */
    bool begun, too_large, resent;
    struct transfer *prev, *next; /* in flight, by age; or free (next only) */
};

struct rpc {
    CURLM *multi;
    struct curl_slist *headers;
    char *url, host[256];
    struct secrets secrets;
    struct rpc_options o;
    struct reader reader;
    struct transfer *oldest, *newest, *spare;
    size_t in_flight, bytes;
    bool paused;         /* some transfer is */
    bool busy;           /* the last rpc_perform stopped while there was more to do */
    uint64_t next_id, head;
    int64_t now_ms;      /* of the last call */
    int64_t deadline_ms; /* no timeout can be due before */
};

/* --- requests --- */

struct rpc_request *
rpc_request_new(void)
{
    return xcalloc(1, sizeof(struct rpc_request));
}

struct rpc_call *
rpc_request_add(struct rpc_request *r, const char *method, enum rpc_kind kind, uint64_t from, uint64_t to)
{
    struct rpc_call *call;

    if (r->n == RPC_BATCH_MAX)
        abort();
    call = &r->calls[r->n++];
    *call = (struct rpc_call){.method = method, .kind = kind, .from = from, .to = to};
    return call;
}

void
rpc_request_free(struct rpc_request *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        buf_free(&r->calls[i].params);
    free(r);
}

static void
write_call(struct buf *out, const struct rpc_call *call, uint64_t id)
{
    buf_addf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":", (unsigned long long)id, call->method);
    if (call->params.n)
        buf_add(out, call->params.p, call->params.n);
    else
        buf_adds(out, "[]");
    buf_addc(out, '}');
}

static void
write_post(struct transfer *t)
{
    const struct rpc_request *r = t->r;
    bool bare = r->bare && r->n == 1;

    t->post.n = 0;
    if (!bare)
        buf_addc(&t->post, '[');
    for (size_t i = 0; i < r->n; i++) {
        if (i)
            buf_addc(&t->post, ',');
        write_call(&t->post, &r->calls[i], t->first_id + i);
    }
    if (!bare)
        buf_addc(&t->post, ']');
}

/* --- libcurl's callbacks --- */

/* When this transfer times out: as a whole, or half that time after its last byte. */
static int64_t
deadline_of(const struct rpc *c, const struct transfer *t)
{
    int64_t whole = t->sent_ms + c->o.timeout_ms;
    int64_t stall = t->heard_ms + c->o.timeout_ms / 2;

    return t->begun && stall < whole ? stall : whole;
}

static void
hear(struct transfer *t)
{
    struct rpc *c = t->c;

    t->heard_ms = c->now_ms;
    if (t->begun)
        return;
    t->begun = true;
    if (deadline_of(c, t) < c->deadline_ms)
        c->deadline_ms = deadline_of(c, t);
}

static size_t
on_body(char *p, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t n = size * count;

    if (t->body.n + n > t->c->o.max_body) {
        t->too_large = true;
        return 0;
    }
    buf_add(&t->body, p, n);
    t->c->bytes += n;
    hear(t);
    return n;
}

/* Seconds or an HTTP date; a value in the past or of another form counts as absent. */
static int64_t
retry_after(struct span value)
{
    char text[64];
    uint32_t seconds;
    int64_t left;

    if (value.n == 0 || value.n >= sizeof text)
        return -1;
    if (num_u32(value, &seconds))
        return (seconds < RETRY_AFTER_MAX ? (int64_t)seconds : RETRY_AFTER_MAX) * 1000;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    left = (int64_t)curl_getdate(text, NULL) - (int64_t)time(NULL);
    if (left < 0)
        return -1;
    return (left < RETRY_AFTER_MAX ? left : RETRY_AFTER_MAX) * 1000;
}

static size_t
on_header(char *p, size_t size, size_t count, void *context)
{
    static const char name[] = "retry-after:";
    struct transfer *t = context;
    size_t n = size * count;
    struct span value = {p, n};

    hear(t);
    if (n < sizeof name || strncasecmp(p, name, sizeof name - 1) != 0)
        return n;
    value.p += sizeof name - 1;
    value.n -= sizeof name - 1;
    while (value.n && (*value.p == ' ' || *value.p == '\t')) {
        value.p++;
        value.n--;
    }
    while (value.n && strchr(" \t\r\n", value.p[value.n - 1]))
        value.n--;
    t->retry_after_ms = retry_after(value);
    return n;
}

/* --- transfers --- */

static void
set_protocols(CURL *e)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(e, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static struct transfer *
transfer_new(struct rpc *c)
{
    struct transfer *t = xcalloc(1, sizeof *t);
    CURL *e = curl_easy_init();

    if (!e)
        abort();
    t->c = c;
    t->easy = e;
    curl_easy_setopt(e, CURLOPT_URL, c->url);
    set_protocols(e);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(e, CURLOPT_PIPEWAIT, strncasecmp(c->url, "https:", 6) == 0 ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(c->o.timeout_ms < CONNECT_MS ? c->o.timeout_ms : CONNECT_MS));
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    return t;
}

static void
transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    buf_free(&t->post);
    buf_free(&t->body);
    free(t);
}

static void
link_newest(struct rpc *c, struct transfer *t)
{
    t->prev = c->newest;
    t->next = NULL;
    if (c->newest)
        c->newest->next = t;
    else
        c->oldest = t;
    c->newest = t;
    c->in_flight++;
}

static void
unlink_transfer(struct rpc *c, struct transfer *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        c->oldest = t->next;
    if (t->next)
        t->next->prev = t->prev;
    else
        c->newest = t->prev;
    c->in_flight--;
}

/* Hands the request to libcurl, from its beginning. */
static void
start(struct transfer *t, bool fresh)
{
    struct rpc *c = t->c;

    c->bytes -= t->body.n;
    t->body.n = 0;
    t->retry_after_ms = -1;
    t->begun = t->too_large = false;
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->post.n);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->post.p);
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    if (curl_multi_add_handle(c->multi, t->easy) != CURLM_OK)
        abort();
}

void
rpc_send(struct rpc *c, struct rpc_request *r, int64_t now_ms)
{
    struct transfer *t = c->spare;

    if (t)
        c->spare = t->next;
    else
        t = transfer_new(c);
    c->now_ms = now_ms;
    t->r = r;
    t->first_id = c->next_id;
    c->next_id += r->n;
    t->sent_ms = t->heard_ms = r->sent_ms = now_ms;
    t->paused_ms = -1;
    t->resent = false;
    r->transfer = t;
    if (c->in_flight == 0 || now_ms + c->o.timeout_ms < c->deadline_ms)
        c->deadline_ms = now_ms + c->o.timeout_ms;
    link_newest(c, t);
    write_post(t);
    start(t, false);
}

static void
recycle(struct rpc *c, struct transfer *t)
{
    c->bytes -= t->body.n;
    t->body.n = 0;
    if (t->body.cap > BODY_KEEP)
        buf_free(&t->body);
    if (t->post.cap > BODY_KEEP)
        buf_free(&t->post);
    t->r = NULL;
    t->next = c->spare;
    c->spare = t;
}

/* --- endings --- */

static enum transport
transport_of(const struct transfer *t, CURLcode code, long status)
{
    switch (code) {
    case CURLE_OK:
        return status >= 300 && status < 400 ? TRANSPORT_REDIRECT : TRANSPORT_OK;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_OPERATION_TIMEDOUT: /* libcurl times the connect phase only */
        return TRANSPORT_CONNECT;
    case CURLE_WRITE_ERROR:
        return t->too_large ? TRANSPORT_TOO_LARGE : TRANSPORT_RESET;
    default:
        return TRANSPORT_RESET;
    }
}

/* Tells the caller how the request ended. */
static void
finish(struct rpc *c, struct transfer *t, enum transport transport, const char *trouble)
{
    struct rpc_answer answers[RPC_BATCH_MAX];
    struct rpc_request *r = t->r;
    struct reply reply = {
        .transport = transport,
        .trouble = trouble,
        .retry_after_ms = t->retry_after_ms,
        .first_id = t->first_id,
        .head = c->head,
        .now_unix = (int64_t)time(NULL),
    };
    curl_off_t took_us = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    buf_room(&t->body, JSON_PADDING);
    reply.body = (struct span){t->body.p, t->body.n};
    r->latency_us = (int64_t)took_us;
    r->bytes = t->body.n;
    r->transfer = NULL;
    unlink_transfer(c, t);
    reply_read(&c->reader, &reply, r, answers);
    r->done(r, answers, r->context);
    if (json_memory(c->reader.doc) > DOC_KEEP && t->body.n < DOC_KEEP / 16)
        json_shrink(c->reader.doc, DOC_KEEP);
    recycle(c, t);
}

/* A kept connection that the server has closed meanwhile: nobody's failure, once. */
static bool
is_stale_connection(struct transfer *t, CURLcode code)
{
    long connects = 0;

    if (code != CURLE_GOT_NOTHING && code != CURLE_RECV_ERROR && code != CURLE_SEND_ERROR
        && code != CURLE_HTTP2 && code != CURLE_HTTP2_STREAM)
        return false;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    return !t->begun && !t->resent && connects == 0;
}

static void
end(struct rpc *c, struct transfer *t, CURLcode code)
{
    enum transport transport;
    char trouble[384];
    long status = 0;

    curl_multi_remove_handle(c->multi, t->easy);
    if (is_stale_connection(t, code)) {
        t->resent = true;
        start(t, true);
        return;
    }
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    transport = transport_of(t, code, status);
    if (transport == TRANSPORT_OK) {
        finish(c, t, transport, NULL);
        return;
    }
    if (transport == TRANSPORT_REDIRECT)
        snprintf(trouble, sizeof trouble, "HTTP %ld: a redirect, not followed (%s)", status, c->host);
    else if (transport == TRANSPORT_TOO_LARGE)
        snprintf(trouble, sizeof trouble, "response larger than %zu bytes (%s)", c->o.max_body, c->host);
    else
        snprintf(trouble, sizeof trouble, "%s (%s)", curl_easy_strerror(code), c->host);
    finish(c, t, transport, trouble);
}

/* --- time --- */

static void
expire(struct rpc *c)
{
    struct transfer *t, *next;

    if (c->in_flight == 0 || c->now_ms < c->deadline_ms)
        return;
    c->deadline_ms = c->now_ms + c->o.timeout_ms;
    for (t = c->oldest; t; t = next) {
        int64_t due = deadline_of(c, t);

        next = t->next;
        if (t->paused_ms >= 0)
            continue;
        if (due > c->now_ms) {
            c->deadline_ms = due < c->deadline_ms ? due : c->deadline_ms;
            continue;
        }
        curl_multi_remove_handle(c->multi, t->easy);
        finish(c, t, TRANSPORT_TIMEOUT, t->begun ? "timed out in the middle of the response"
                                                 : "timed out waiting for a response");
    }
}

/* --- memory --- */

static void
set_pause(struct rpc *c, struct transfer *t, bool pause)
{
    if (pause == (t->paused_ms >= 0))
        return;
    if (pause) {
        t->paused_ms = c->now_ms;
    } else {
        t->sent_ms += c->now_ms - t->paused_ms;
        t->heard_ms = c->now_ms;
        t->paused_ms = -1;
        if (deadline_of(c, t) < c->deadline_ms)
            c->deadline_ms = deadline_of(c, t);
    }
    curl_easy_pause(t->easy, pause ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

/* Over the bound everything that has begun pauses but the oldest; well under it all go on. */
static void
bound_bytes(struct rpc *c)
{
    bool over = c->bytes > c->o.max_bytes, first = true;

    if (!over && (!c->paused || c->bytes > c->o.max_bytes / 4 * 3))
        over = c->paused;
    if (!over && !c->paused)
        return;
    for (struct transfer *t = c->oldest; t; t = t->next) {
        if (!t->begun)
            continue;
        set_pause(c, t, over && !first);
        first = false;
    }
    c->paused = over;
}

/* --- the loop's side --- */

/* Reads what libcurl has finished; true if something was. */
static bool
collect(struct rpc *c)
{
    CURLMsg *m;
    int left;
    bool any = false;

    while ((m = curl_multi_info_read(c->multi, &left))) {
        struct transfer *t;
        CURLcode code = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        end(c, t, code);
        any = true;
    }
    return any;
}

/* What the done functions send leaves in the next turn, and may even end there. The turns are
 * counted, since a near and fast server would keep us here for ever. */
void
rpc_perform(struct rpc *c, int64_t now_ms)
{
    int running, turns = 0;

    c->now_ms = now_ms;
    do {
        curl_multi_perform(c->multi, &running);
        c->busy = collect(c);
    } while (c->busy && ++turns < TURNS);
    expire(c);
    bound_bytes(c);
}

void
rpc_wait(struct rpc *c, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct curl_waitfd extra[EXTRA_FDS];
    int64_t left = c->deadline_ms - c->now_ms;

    if (n > EXTRA_FDS)
        abort();
    if (c->in_flight && left < timeout_ms)
        timeout_ms = left > 1 ? (int)left : 1;
    if (c->busy)
        timeout_ms = 0;
    for (size_t i = 0; i < n; i++) {
        short events = 0;

        if (fds[i].events & POLLIN)
            events |= CURL_WAIT_POLLIN;
        if (fds[i].events & POLLOUT)
            events |= CURL_WAIT_POLLOUT;
        extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = events};
    }
    curl_multi_poll(c->multi, extra, (unsigned)n, timeout_ms, NULL);
    poll(fds, (nfds_t)n, 0); /* libcurl reports neither hang-ups nor errors of these */
}

void
rpc_head(struct rpc *c, uint64_t head)
{
    c->head = head;
}

size_t
rpc_in_flight(const struct rpc *c)
{
    return c->in_flight;
}

size_t
rpc_bytes_in_flight(const struct rpc *c)
{
    return c->bytes;
}

/* --- making one --- */

static bool
add_header(struct rpc *c, const char *line)
{
    struct curl_slist *more = curl_slist_append(c->headers, line);

    if (!more)
        abort();
    c->headers = more;
    return strchr(line, ':') && !strpbrk(line, "\r\n");
}

static bool
check_url(const char *url, char *err, size_t size)
{
    CURLU *u = curl_url();
    bool ok = (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0)
           && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK;

    curl_url_cleanup(u);
    if (!ok)
        snprintf(err, size, "endpoint URL: expected http://host... or https://host...");
    return ok;
}

struct rpc *
rpc_new(const struct rpc_options *o, char *err, size_t size)
{
    struct rpc *c;
    long most;

    if (!check_url(o->url, err, size))
        return NULL;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    c = xcalloc(1, sizeof *c);
    c->o = *o;
    c->next_id = 1;
    c->url = xstrdup(o->url);
    talk_host(o->url, c->host, sizeof c->host);
    secrets_url(&c->secrets, o->url);
    c->reader.doc = json_new();
    c->reader.secrets = &c->secrets;
    c->multi = curl_multi_init();
    most = o->max_connections > 0 ? o->max_connections : 64;
    curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, most + 4);
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    add_header(c, "Content-Type: application/json");
    add_header(c, "Accept: application/json");
    add_header(c, "Expect:");
    for (size_t i = 0; o->headers && o->headers[i]; i++) {
        if (!add_header(c, o->headers[i])) {
            snprintf(err, size, "endpoint header %zu: expected \"Name: value\"", i + 1);
            rpc_free(c);
            return NULL;
        }
        secrets_header(&c->secrets, o->headers[i]);
    }
    return c;
}

void
rpc_free(struct rpc *c)
{
    struct transfer *t;

    if (!c)
        return;
    while ((t = c->oldest)) {
        curl_multi_remove_handle(c->multi, t->easy);
        t->r->transfer = NULL;
        unlink_transfer(c, t);
        transfer_free(t);
    }
    while ((t = c->spare)) {
        c->spare = t->next;
        transfer_free(t);
    }
    curl_multi_cleanup(c->multi);
    curl_slist_free_all(c->headers);
    json_free(c->reader.doc);
    reader_free(&c->reader);
    secrets_free(&c->secrets);
    free(c->url);
    free(c);
}
