/* rpc.c - requests in flight on a libcurl multi handle; see rpc.h.
 *
 * Transfers (an easy handle, the text sent, the body received) are reused, newest first, so a
 * steady stream of requests allocates nothing. Timeouts and the bound on memory are not libcurl's
 * but traffic.h's: the time that we pause a transfer must not count against the endpoint, and
 * tests own the clock.
 */
#include "fetcher/rpc.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/num.h"
#include "common/opts.h"
#include "common/talk.h"
#include "fetcher/reply.h"
#include "fetcher/request.h"
#include "fetcher/secrets.h"
#include "fetcher/traffic.h"

enum {
    CONNECT_MS = 10000,
    BODY_KEEP = 2 << 20,     /* bytes: larger body buffers are freed after use */
    DOC_KEEP = 16 << 20,     /* bytes of the JSON parser kept when bodies are small again */
    RECEIVE = 128 << 10,     /* bytes that libcurl reads at once */
    EXTRA_FDS = 16,
    TURNS = 32,
    RETRY_AFTER_MAX = 86400, /* seconds */
};

struct transfer {
    struct trip trip; /* first: a trip is a transfer */
    struct rpc *c;
    CURL *easy;
    struct rpc_request *r;
    struct buf post, body;
    uint64_t first_id;
    int64_t retry_after_ms; /* -1: absent */
    bool too_large, resent;
    struct transfer *spare; /* next of the spare ones */
};

struct rpc {
    CURLM *multi;
    struct curl_slist *headers;
    char *url, host[256];
    struct secrets secrets;
    struct rpc_options o;
    struct reader reader;
    struct traffic traffic;
    struct transfer *spare;
    bool busy;      /* the last rpc_perform stopped while there was more to do */
    bool sent;      /* something that libcurl has not begun with */
    uint64_t next_id, head;
    int64_t now_ms; /* of the last call */
};

/* --- libcurl's callbacks --- */

/* Room for the body as announced; inflated it may be larger, and then grows. */
static void
make_room(struct transfer *t)
{
    curl_off_t announced = 0;

    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0 && (uint64_t)announced <= t->c->o.max_body)
        buf_room(&t->body, (size_t)announced + JSON_PADDING);
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
    if (t->body.n == 0)
        make_room(t);
    buf_add(&t->body, p, n);
    traffic_heard(&t->c->traffic, &t->trip, n, t->c->now_ms);
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

    traffic_heard(&t->c->traffic, &t->trip, 0, t->c->now_ms);
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

/* Who else vouches for servers: the curl program's variable, and OpenSSL's. The system's folder of certificates
 * stays, its file does not. */
static void
set_authorities(CURL *e)
{
    const char *file = getenv("CURL_CA_BUNDLE");

    if (!file || !*file)
        file = getenv("SSL_CERT_FILE");
    if (file && *file)
        curl_easy_setopt(e, CURLOPT_CAINFO, file);
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
    set_authorities(e);
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

/* Hands the request to libcurl, from its beginning. */
static void
start(struct transfer *t, bool fresh)
{
    struct rpc *c = t->c;

    traffic_restart(&c->traffic, &t->trip);
    t->body.n = 0;
    t->retry_after_ms = -1;
    t->too_large = false;
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
        c->spare = t->spare;
    else
        t = transfer_new(c);
    c->now_ms = now_ms;
    t->r = r;
    t->first_id = c->next_id;
    c->next_id += r->n;
    t->resent = false;
    t->post.n = 0;
    request_write(&t->post, r, t->first_id);
    r->sent_ms = now_ms;
    r->transfer = t;
    traffic_add(&c->traffic, &t->trip, now_ms);
    c->sent = true;
    start(t, false);
}

static void
recycle(struct rpc *c, struct transfer *t)
{
    t->body.n = 0;
    if (t->body.cap > BODY_KEEP)
        buf_free(&t->body);
    if (t->post.cap > BODY_KEEP)
        buf_free(&t->post);
    t->r = NULL;
    t->spare = c->spare;
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
    curl_off_t took_us = 0, wait_us = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_easy_getinfo(t->easy, CURLINFO_STARTTRANSFER_TIME_T, &wait_us);
    memset(buf_room(&t->body, JSON_PADDING), 0, JSON_PADDING);
    reply.body = (struct span){t->body.p, t->body.n};
    r->latency_us = (int64_t)took_us;
    r->wait_us = (int64_t)wait_us;
    r->bytes = t->body.n;
    r->transfer = NULL;
    traffic_remove(&c->traffic, &t->trip);
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
    return !t->trip.begun && !t->resent && connects == 0;
}

/* Why there is no connection: as the system says it, if it does. */
static const char *
why_unreachable(struct transfer *t, CURLcode code)
{
    long number = 0;
    bool refused = code == CURLE_COULDNT_CONNECT &&
                   curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number == ECONNREFUSED;

    return refused ? "connection refused" : curl_easy_strerror(code);
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
    if (transport == TRANSPORT_CONNECT)
        snprintf(trouble, sizeof trouble, "%s", why_unreachable(t, code));
    else if (transport == TRANSPORT_REDIRECT)
        snprintf(trouble, sizeof trouble, "HTTP %ld: a redirect, not followed (%s)", status, c->host);
    else if (transport == TRANSPORT_TOO_LARGE)
        snprintf(trouble, sizeof trouble, "response larger than %zu bytes (%s)", c->o.max_body, c->host);
    else
        snprintf(trouble, sizeof trouble, "%s (%s)", curl_easy_strerror(code), c->host);
    finish(c, t, transport, trouble);
}

static void
expire(struct rpc *c)
{
    struct trip *late;

    while ((late = traffic_late(&c->traffic, c->now_ms))) {
        struct transfer *t = (struct transfer *)late;

        curl_multi_remove_handle(c->multi, t->easy);
        finish(c, t, TRANSPORT_TIMEOUT, late->begun ? "timed out in the middle of the response"
                                                    : "timed out waiting for a response");
    }
}

static void
pause_transfer(struct trip *trip, bool on)
{
    curl_easy_pause(((struct transfer *)trip)->easy, on ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

/* --- the loop's side --- */

/* Reads what libcurl has finished, up to an answer that makes room for a request: that goes out before
 * the next answer is read. True: something was finished. */
static bool
collect(struct rpc *c)
{
    CURLMsg *m;
    int left;
    bool any = false;

    c->sent = false;
    while (!c->sent && (m = curl_multi_info_read(c->multi, &left))) {
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
    traffic_balance(&c->traffic, now_ms, pause_transfer);
}

void
rpc_wait(struct rpc *c, struct pollfd *fds, size_t n, int timeout_ms)
{
    struct curl_waitfd extra[EXTRA_FDS];
    int64_t left = c->traffic.deadline_ms - c->now_ms;

    if (n > EXTRA_FDS)
        abort();
    if (c->traffic.n && left < timeout_ms)
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
    return c->traffic.n;
}

size_t
rpc_bytes_in_flight(const struct rpc *c)
{
    return c->traffic.bytes;
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
    c->traffic = (struct traffic){.timeout_ms = o->timeout_ms, .max_bytes = o->max_bytes};
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
    while ((t = (struct transfer *)c->traffic.oldest)) {
        curl_multi_remove_handle(c->multi, t->easy);
        rpc_request_free(t->r);
        traffic_remove(&c->traffic, &t->trip);
        transfer_free(t);
    }
    while ((t = c->spare)) {
        c->spare = t->spare;
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
