/* server.c - see server.h. */
#define _GNU_SOURCE /* ppoll, accept4 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/num.h"
#include "common/talk.h"
#include "gzip.h"
#include "timers.h"

enum {
    REQUEST_MAX = 16 << 20,       /* bytes of one request's text */
    CONNECTIONS_MAX = 30000,
    CONNECTION_MEMORY = 64 << 10, /* bytes for headers and small writes, each */
    BACKLOG = 4096,
    GZIP_FROM = 1000,             /* bytes; shorter answers are not compressed */
    TICK_US = 20000,              /* how often scenario and dead are looked at without a request */
    HEAD_START_US = 60,           /* a core wakes up so late, and to make ready for sending takes its time, too */
};

struct server {
    struct sim *sim;
    struct MHD_Daemon *daemon;
    struct sockaddr_in address;
    int listener; /* -1 while dead */
    int epoll;
    struct timers timers;
};

struct request {
    struct server *server;
    struct MHD_Connection *connection;
    struct buf text;
    struct reply reply;
    int64_t arrived_us, due_us;
    bool answered, counted, waiting;
    size_t sent, half; /* of a body that is cut or stalls */
};

/* --- one request --- */

static bool
accepts_gzip(struct MHD_Connection *connection)
{
    const char *v = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept-Encoding");
    return v && strstr(v, "gzip");
}

static void
compress(struct request *r)
{
    uint64_t level = r->server->sim->knobs.gzip;
    if (!level || r->reply.encoding || r->reply.body.n < GZIP_FROM || !accepts_gzip(r->connection))
        return;
    gzip_pack(&r->reply.body, level > 9 ? 9 : (int)level);
    r->reply.encoding = "gzip";
}

static void
wait_until(struct request *r, int64_t due_us)
{
    r->waiting = true;
    r->due_us = due_us;
    timers_add(&r->server->timers, due_us, r);
    MHD_suspend_connection(r->connection);
}

static void
answer_post(struct request *r)
{
    struct stats *stats = &r->server->sim->stats;
    r->arrived_us = clock_us();
    r->counted = true;
    stats_arrival(stats, r->arrived_us);
    if (++stats->in_flight > stats->max_in_flight)
        stats->max_in_flight = stats->in_flight;
    uint64_t logs_calls = stats->get_logs;
    sim_answer(r->server->sim, (struct span){r->text.p, r->text.n}, r->arrived_us, &r->reply);
    if (!stats->first_logs_us && stats->get_logs > logs_calls)
        stats->first_logs_us = r->arrived_us;
    compress(r);
    if (r->reply.delay_us > 0)
        wait_until(r, r->arrived_us + r->reply.delay_us);
}

static void
answer_get(struct request *r, const char *url)
{
    r->reply = (struct reply){.status = 404, .content_type = "text/plain"};
    if (strcmp(url, "/stats") == 0) {
        r->reply.status = 200;
        r->reply.content_type = "application/json";
        stats_print(&r->server->sim->stats, &r->reply.body);
    } else {
        buf_adds(&r->reply.body, "POST JSON-RPC here, or GET /stats\n");
    }
}

/* Disconnecting a TCP socket sends a reset; MHD closes it later. */
static void
reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (info)
        (void)connect(info->connect_fd, &none, sizeof none);
}

/* Gives half of the body; then an error at once, or after a while. */
static ssize_t
read_half(void *cls, uint64_t pos, char *out, size_t max)
{
    struct request *r = cls;
    if (pos < r->half) {
        size_t n = r->half - (size_t)pos < max ? r->half - (size_t)pos : max;
        memcpy(out, r->reply.body.p + pos, n);
        return (ssize_t)n;
    }
    if (r->reply.act == ACT_CUT)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    r->reply.act = ACT_CUT;
    wait_until(r, clock_us() + r->server->sim->knobs.hang_ms * 1000);
    return 0;
}

static struct MHD_Response *
make_response(struct request *r)
{
    struct buf *body = &r->reply.body;
    if (r->reply.act == ACT_CUT || r->reply.act == ACT_STALL) {
        r->half = body->n / 2;
        return MHD_create_response_from_callback(body->n, 1 << 16, read_half, r, NULL);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(body->n, body->p, MHD_RESPMEM_MUST_FREE);
    *body = (struct buf){0};
    return response;
}

static enum MHD_Result
send_reply(struct request *r)
{
    if (r->reply.act == ACT_RESET)
        reset(r->connection);
    if (r->reply.act == ACT_DROP || r->reply.act == ACT_HANG || r->reply.act == ACT_RESET)
        return MHD_NO;
    struct MHD_Response *response = make_response(r);
    while (clock_us() < r->due_us) /* it was woken for this a little early: no answer is */
        continue;
    MHD_add_response_header(response, "Content-Type", r->reply.content_type);
    if (r->reply.encoding)
        MHD_add_response_header(response, "Content-Encoding", r->reply.encoding);
    if (r->reply.retry_after[0])
        MHD_add_response_header(response, "Retry-After", r->reply.retry_after);
    enum MHD_Result result = MHD_queue_response(r->connection, r->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *data, size_t *size, void **state)
{
    struct request *r = *state;
    (void)version;
    if (!r) {
        *state = r = xcalloc(1, sizeof *r);
        r->server = cls;
        r->connection = connection;
        return MHD_YES;
    }
    if (*size > 0) {
        if (r->text.n + *size > REQUEST_MAX)
            return MHD_NO;
        buf_add(&r->text, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (r->answered)
        return send_reply(r);
    r->answered = true;
    if (strcmp(method, "POST") == 0)
        answer_post(r);
    else
        answer_get(r, url);
    return r->waiting ? MHD_YES : send_reply(r);
}

static void
on_done(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    struct request *r = *state;
    (void)cls, (void)connection, (void)code;
    if (!r)
        return;
    if (r->waiting)
        timers_remove(&r->server->timers, r);
    if (r->counted) {
        r->server->sim->stats.in_flight--;
        r->server->sim->stats.last_us = clock_us();
    }
    buf_free(&r->text);
    reply_free(&r->reply);
    free(r);
    *state = NULL;
}

/* --- the port --- */

static bool
start_listening(struct server *s)
{
    int on = 1;
    socklen_t size = sizeof s->address;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listener < 0)
        return false;
    setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s->listener, (struct sockaddr *)&s->address, sizeof s->address) == 0 &&
        listen(s->listener, BACKLOG) == 0 && getsockname(s->listener, (struct sockaddr *)&s->address, &size) == 0)
        return true;
    int keep = errno;
    close(s->listener);
    s->listener = -1;
    errno = keep;
    return false;
}

static void
follow_dead(struct server *s)
{
    bool refuse = s->sim->knobs.dead == DEAD_REFUSE;
    if (refuse && s->listener >= 0) {
        close(s->listener);
        s->listener = -1;
    } else if (!refuse && s->listener < 0 && !start_listening(s)) {
        warn("port %u: %s", server_port(s), strerror(errno));
    }
}

static void
accept_all(struct server *s)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    int fd, on = 1;
    while (s->listener >= 0 &&
           (fd = accept4(s->listener, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        s->sim->stats.connections++;
        MHD_add_connection(s->daemon, fd, (struct sockaddr *)&peer, size); /* closes fd if it fails */
        size = sizeof peer;
    }
}

/* --- the loop --- */

static void
resume_due(struct server *s)
{
    struct request *r;
    int64_t now_us = clock_us() + HEAD_START_US;
    while ((r = timers_due(&s->timers, now_us))) {
        r->waiting = false;
        MHD_resume_connection(r->connection);
    }
}

static int64_t
sleep_us(const struct server *s)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int64_t us = s->sim->scenario || s->sim->knobs.dead ? TICK_US : 500000;
    if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && (int64_t)ms * 1000 < us)
        us = (int64_t)ms * 1000;
    int64_t next = timers_next(&s->timers);
    if (next != INT64_MAX) {
        int64_t left = next - HEAD_START_US - clock_us();
        us = left < us ? left : us;
    }
    return us > 0 ? us : 0;
}

/* TERM and INT are let in while it sleeps only, or one could come between the look and the sleep. */
static void
hold_signals(sigset_t *before)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, before);
}

void
server_run(struct server *s)
{
    sigset_t before;
    hold_signals(&before);
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); /* ns: latencies are meant to the microsecond */
    while (talk_stop_count() == 0) {
        sim_tick(s->sim, clock_us());
        follow_dead(s);
        resume_due(s);
        MHD_run(s->daemon);
        struct pollfd fds[] = {{.fd = s->epoll, .events = POLLIN}, {.fd = s->listener, .events = POLLIN}};
        int64_t us = sleep_us(s);
        struct timespec wait = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
        if (ppoll(fds, 2, &wait, &before) > 0 && fds[1].revents)
            accept_all(s);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

struct server *
server_new(struct sim *sim, const char *host, uint16_t port, char *err, size_t size)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->sim = sim;
    s->listener = -1;
    s->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &s->address.sin_addr) != 1) {
        snprintf(err, size, "host '%s': expected an IPv4 address", host);
    } else if (!start_listening(s)) {
        snprintf(err, size, "port %u: %s", port, strerror(errno));
    } else {
        s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
                                     NULL, on_request, s, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
                                     MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
        if (s->daemon) {
            s->epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
            return s;
        }
        snprintf(err, size, "libmicrohttpd does not start");
    }
    server_free(s);
    return NULL;
}

uint16_t
server_port(const struct server *s)
{
    return ntohs(s->address.sin_port);
}

void
server_free(struct server *s)
{
    if (!s)
        return;
    if (s->daemon) {
        for (size_t i = 0; i < s->timers.n; i++) { /* MHD stops with nothing suspended only */
            struct request *r = s->timers.heap[i].thing;
            r->waiting = false;
            MHD_resume_connection(r->connection);
        }
        s->timers.n = 0;
        MHD_run(s->daemon);
        MHD_stop_daemon(s->daemon);
    }
    if (s->listener >= 0)
        close(s->listener);
    timers_free(&s->timers);
    free(s);
}
