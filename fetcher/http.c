/* http.c - POSTs on a libcurl multi handle, driven by what events.h finds; see http.h.
 *
 * Easy handles stay with their posts and are used again, so a steady stream of requests sets nothing up.
 */
#include "fetcher/http.h"

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
#include "fetcher/events.h"
#include "fetcher/retry_after.h"

enum {
    RECEIVE = 64 << 10, /* bytes that libcurl reads at once */
    READY = 64,          /* sockets looked at in one go; the others have their turn */
};

struct http {
    CURLM *multi;
    struct events events;
    struct curl_slist *headers;
    CURLU *url;      /* parsed once */
    bool tls;
    char host[256];
    struct http_options o;
};

/* --- libcurl's callbacks: the answer --- */

/* Room for the body as announced; inflated it may be larger, and then grows. */
static void
make_room(struct post *p)
{
    const struct http_options *o = &p->http->o;
    curl_off_t announced = 0;
    curl_easy_getinfo(p->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0 && (uint64_t)announced <= o->max_body)
        buf_room(&p->body, (size_t)announced + o->padding);
}

static void
hear(struct post *p, size_t n)
{
    p->heard = true;
    p->http->o.heard(p, n, p->http->o.context);
}

static size_t
on_body(char *data, size_t size, size_t count, void *context)
{
    struct post *p = context;
    size_t n = size * count;
    if (p->body.n + n > p->http->o.max_body) {
        p->too_large = true;
        return 0;
    }
    if (p->body.n == 0)
        make_room(p);
    buf_add(&p->body, data, n);
    hear(p, n);
    return n;
}

static size_t
on_header(char *data, size_t size, size_t count, void *context)
{
    struct post *p = context;
    int64_t wait_ms = retry_after_ms((struct span){data, size * count}, (int64_t)time(NULL));
    if (wait_ms >= 0)
        p->retry_after_ms = wait_ms;
    hear(p, 0);
    return size * count;
}

/* --- libcurl's callbacks: what it waits for --- */

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket)
{
    struct http *h = context;
    (void)easy, (void)of_socket;
    if (what == CURL_POLL_REMOVE)
        events_forget(&h->events, fd);
    else
        events_watch(&h->events, fd, what & CURL_POLL_IN, what & CURL_POLL_OUT);
    return 0;
}

/* Its timers go by its own clock. */
static int
on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct http *h = context;
    (void)multi;
    events_timer(&h->events, timeout_ms < 0 ? -1 : clock_ms() + timeout_ms);
    return 0;
}

/* --- posts --- */

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

static void
prepare(struct http *h, struct post *p)
{
    CURL *e = curl_easy_init();
    if (!e)
        abort();
    p->http = h;
    p->easy = e;
    curl_easy_setopt(e, CURLOPT_CURLU, h->url);
    set_authorities(e);
    curl_easy_setopt(e, CURLOPT_PRIVATE, p);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(e, CURLOPT_PIPEWAIT, h->tls ? 1L : 0L);
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)RECEIVE);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->o.connect_ms);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, p);
}

/* Hands the post to libcurl, from its beginning. */
static void
start(struct post *p, bool fresh)
{
    p->body.n = 0;
    p->retry_after_ms = -1;
    p->heard = p->too_large = false;
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->text.n);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, p->text.p);
    curl_easy_setopt(p->easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    if (curl_multi_add_handle(p->http->multi, p->easy) != CURLM_OK)
        abort();
}

void
http_send(struct http *h, struct post *p)
{
    if (!p->easy)
        prepare(h, p);
    p->resent = false;
    start(p, false);
}

void
http_pause(struct post *p, bool on)
{
    curl_easy_pause(p->easy, on ? CURLPAUSE_RECV : CURLPAUSE_CONT);
}

/* --- endings --- */

static enum transport
transport_of(const struct post *p, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return p->status >= 300 && p->status < 400 ? TRANSPORT_REDIRECT : TRANSPORT_OK;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_OPERATION_TIMEDOUT: /* libcurl times the connect phase only */
        return TRANSPORT_CONNECT;
    case CURLE_WRITE_ERROR:
        return p->too_large ? TRANSPORT_TOO_LARGE : TRANSPORT_RESET;
    default:
        return TRANSPORT_RESET;
    }
}

/* A kept connection that the server has closed meanwhile: nobody's failure, once. */
static bool
is_stale_connection(const struct post *p, CURLcode code)
{
    long connects = 0;
    if (code != CURLE_GOT_NOTHING && code != CURLE_RECV_ERROR && code != CURLE_SEND_ERROR
        && code != CURLE_HTTP2 && code != CURLE_HTTP2_STREAM)
        return false;
    curl_easy_getinfo(p->easy, CURLINFO_NUM_CONNECTS, &connects);
    return !p->heard && !p->resent && connects == 0;
}

/* Why there is no connection: as the system says it, if it does. */
static const char *
why_unreachable(const struct post *p, CURLcode code)
{
    long number = 0;
    bool refused = code == CURLE_COULDNT_CONNECT &&
                   curl_easy_getinfo(p->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK && number == ECONNREFUSED;
    return refused ? "connection refused" : curl_easy_strerror(code);
}

static void
explain(struct post *p, CURLcode code)
{
    const struct http *h = p->http;
    p->trouble[0] = '\0';
    if (p->transport == TRANSPORT_CONNECT)
        snprintf(p->trouble, sizeof p->trouble, "%s", why_unreachable(p, code));
    else if (p->transport == TRANSPORT_REDIRECT)
        snprintf(p->trouble, sizeof p->trouble, "HTTP %ld: a redirect, not followed (%s)", p->status, h->host);
    else if (p->transport == TRANSPORT_TOO_LARGE)
        snprintf(p->trouble, sizeof p->trouble, "response larger than %zu bytes (%s)", h->o.max_body, h->host);
    else if (p->transport != TRANSPORT_OK)
        snprintf(p->trouble, sizeof p->trouble, "%s (%s)", curl_easy_strerror(code), h->host);
}

static void
take_figures(struct post *p)
{
    curl_off_t took_us = 0, wait_us = 0;
    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &p->status);
    curl_easy_getinfo(p->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_easy_getinfo(p->easy, CURLINFO_STARTTRANSFER_TIME_T, &wait_us);
    p->took_us = (int64_t)took_us;
    p->wait_us = (int64_t)wait_us;
}

struct post *
http_ended(struct http *h)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(h->multi, &left))) {
        struct post *p;
        CURLcode code = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
        curl_multi_remove_handle(h->multi, p->easy);
        if (!is_stale_connection(p, code)) {
            take_figures(p);
            p->transport = transport_of(p, code);
            explain(p, code);
            return p;
        }
        p->resent = true;
        start(p, true);
    }
    return NULL;
}

void
http_cancel(struct post *p, enum transport transport, const char *trouble)
{
    curl_multi_remove_handle(p->http->multi, p->easy);
    take_figures(p);
    p->transport = transport;
    snprintf(p->trouble, sizeof p->trouble, "%s", trouble);
}

void
http_forget(struct post *p)
{
    curl_easy_cleanup(p->easy);
    p->easy = NULL;
    buf_free(&p->text);
    buf_free(&p->body);
}

/* --- the loop's side --- */

/* First what its timers ask for, a new post among it; then what has come. */
void
http_perform(struct http *h)
{
    struct event ready[READY];
    int running;
    if (events_timer_due(&h->events, clock_ms()))
        curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    for (size_t i = 0, n = events_ready(&h->events, ready, READY); i < n; i++)
        curl_multi_socket_action(h->multi, ready[i].fd,
                                 (ready[i].in ? CURL_CSELECT_IN : 0) | (ready[i].out ? CURL_CSELECT_OUT : 0), &running);
}

void
http_wait(struct http *h, struct pollfd *fds, size_t n, int timeout_ms)
{
    events_wait(&h->events, fds, n, timeout_ms, clock_ms());
}

/* --- making one --- */

static bool
add_header(struct http *h, const char *line)
{
    struct curl_slist *more = curl_slist_append(h->headers, line);
    if (!more)
        abort();
    h->headers = more;
    return strchr(line, ':') && !strpbrk(line, "\r\n");
}

static bool
parse_url(struct http *h, char *err, size_t size)
{
    const char *url = h->o.url;
    h->tls = strncasecmp(url, "https://", 8) == 0;
    h->url = curl_url();
    if ((h->tls || strncasecmp(url, "http://", 7) == 0) && curl_url_set(h->url, CURLUPART_URL, url, 0) == CURLUE_OK)
        return true;
    snprintf(err, size, "endpoint URL: expected http://host... or https://host...");
    return false;
}

/* Ours, and those of the options. */
static bool
add_headers(struct http *h, char *err, size_t size)
{
    add_header(h, "Content-Type: application/json");
    add_header(h, "Accept: application/json");
    add_header(h, "Expect:");
    for (size_t i = 0; h->o.headers && h->o.headers[i]; i++) {
        if (!add_header(h, h->o.headers[i])) {
            snprintf(err, size, "endpoint header %zu: expected \"Name: value\"", i + 1);
            return false;
        }
    }
    return true;
}

static void
prepare_multi(struct http *h)
{
    long most = h->o.max_connections > 0 ? h->o.max_connections : 64;
    h->multi = curl_multi_init();
    curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most);
    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, most + 4);
    curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
}

struct http *
http_new(const struct http_options *o, char *err, size_t size)
{
    struct http *h = xcalloc(1, sizeof *h);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    h->o = *o;
    talk_host(o->url, h->host, sizeof h->host);
    if (!events_open(&h->events))
        abort(); /* no descriptor is left, or no memory */
    prepare_multi(h);
    if (parse_url(h, err, size) && add_headers(h, err, size))
        return h;
    http_free(h);
    return NULL;
}

void
http_free(struct http *h)
{
    if (!h)
        return;
    curl_multi_cleanup(h->multi);
    events_close(&h->events);
    curl_slist_free_all(h->headers);
    curl_url_cleanup(h->url);
    free(h);
}
