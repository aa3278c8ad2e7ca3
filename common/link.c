/* link.c - messages over ZeroMQ sockets and pipes; see link.h.
 *
 * Pipes are polled before each read and write, and O_NONBLOCK is never set on descriptors 0
 * and 1: it would be shared with whoever else holds them, such as the shell's terminal.
 */
#include "common/link.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "common/buf.h"
#include "common/num.h"
#include "common/words.h"

enum {
    HEARTBEAT_MS = 1000, HEARTBEAT_TIMEOUT_MS = 3000,
    RECONNECT_MS = 100, RECONNECT_MAX_MS = 2000,
    READ_SIZE = 256 << 10,    /* bytes asked for by one read */
    UNFLUSHED_MAX = 1 << 20,  /* bytes after which a pipe takes no more */
    LARGE_SEND = 64 << 10,    /* bytes: ask for room before ZeroMQ copies so much */
};

struct link {
    enum link_role role;
    char error[200];
    void *socket;        /* ZeroMQ, or NULL: a pipe */
    bool waiting;        /* the last recv or send found the socket empty or full */
    /* pipes: */
    int fd;
    bool own_fd;         /* fd was opened here, to be closed */
    size_t write_max;    /* bytes that one write may hold and not block once poll said so */
    link_frame *frame;
    struct buf bytes;    /* read and not yet handed out, or accepted and not yet written */
    size_t start;        /* of them in bytes */
    bool eof;
};

static void *context;    /* one per process, made by the first socket */
static int sockets_open;
static int ready_fd = -1; /* /dev/null: poll always finds it ready */

size_t
link_frame_line(const char *p, size_t n, size_t *body)
{
    size_t look = n < WORDS_LINE_MAX + 1 ? n : WORDS_LINE_MAX + 1;
    const char *newline = look ? memchr(p, '\n', look) : NULL;

    *body = 0;
    if (!newline)
        return n > WORDS_LINE_MAX ? SIZE_MAX : 0;
    *body = (size_t)(newline - p);
    return *body + 1;
}

static int
fail(struct link *l, const char *what, const char *why)
{
    snprintf(l->error, sizeof l->error, "%s: %s", what, why);
    return -1;
}

/* --- opening sockets --- */

static bool
refuse(char *err, size_t size, const char *address, const char *why)
{
    snprintf(err, size, "\"%s\": %s", address, why);
    return false;
}

/* Is somebody listening on that unix socket? ZeroMQ would take its name away from it. */
static bool
is_live_socket(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool live = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) == 0;

    if (fd >= 0)
        close(fd);
    return live;
}

static bool
check_ipc(const struct link_options *o, char *err, size_t size)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *path = o->address + strlen("ipc://");
    size_t n = strlen(path);
    struct stat st;
    char why[100];

    if (n == 0)
        return refuse(err, size, o->address, "expected a path after ipc://");
    if (n >= sizeof name.sun_path) {
        snprintf(why, sizeof why, "the path has %zu bytes, a unix socket's name at most %zu", n,
                 sizeof name.sun_path - 1);
        return refuse(err, size, o->address, why);
    }
    if (!o->bind || path[0] == '@' || path[0] == '*' || lstat(path, &st) != 0)
        return true;
    if (!S_ISSOCK(st.st_mode))
        return refuse(err, size, o->address, "cannot bind: there is a file of this name that is not a socket");
    memcpy(name.sun_path, path, n);
    if (is_live_socket(&name))
        return refuse(err, size, o->address, "cannot bind: another process listens there");
    return true;
}

static bool
check_tcp(const struct link_options *o, char *err, size_t size)
{
    const char *host = o->address + strlen("tcp://"), *colon = strrchr(host, ':');
    uint64_t port;

    if (!colon || colon == host)
        return refuse(err, size, o->address, "expected tcp://HOST:PORT");
    if (o->bind && strcmp(colon, ":*") == 0)
        return true;
    if (!num_u64(span_of(colon + 1), &port) || port > 65535 || (port == 0 && !o->bind))
        return refuse(err, size, o->address, "expected a port from 1 to 65535");
    return true;
}

static bool
check_address(const struct link_options *o, char *err, size_t size)
{
    if (strncmp(o->address, "ipc://", 6) == 0)
        return check_ipc(o, err, size);
    if (strncmp(o->address, "tcp://", 6) == 0)
        return check_tcp(o, err, size);
    return refuse(err, size, o->address, "expected ipc://PATH, tcp://HOST:PORT or -");
}

static const char *
why_not(int number)
{
    switch (number) {
    case EADDRINUSE:
        return "the address is in use";
    case EADDRNOTAVAIL:
    case ENODEV:
        return "not an address of this machine";
    case ENOENT:
        return "no such folder";
    case EINVAL:
        return "not a valid address";
    default:
        return zmq_strerror(number);
    }
}

static bool
prepare_context(char *err, size_t size)
{
    if (ready_fd < 0)
        ready_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!context)
        context = zmq_ctx_new();
    if (ready_fd >= 0 && context)
        return true;
    snprintf(err, size, "cannot start ZeroMQ: %s", strerror(errno));
    return false;
}

static void
set_int(void *socket, int option, int value)
{
    zmq_setsockopt(socket, option, &value, sizeof value);
}

/* Where PUSH deals to many peers, one that stopped answering must be dropped soon or it swallows
 * its share. Where many send to one there is nobody else to send to, and heartbeats do harm: a
 * reader that pauses (its database is slow) stops reading pongs as well, the connection is taken
 * for dead after 3 s, and what was under way is lost. There TCP's own probes must do: they
 * find a lost host unless data is under way to it, which takes TCP some 15 minutes to give up. */
static void
set_life_signs(void *socket, const struct link_options *o)
{
    bool one_to_many = (o->role == LINK_PUSH) == o->bind;

    if (one_to_many) {
        set_int(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
        set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS);
        set_int(socket, ZMQ_HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS);
    }
    set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, 10);
    set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, 5);
    set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, 4);
}

static void
set_options(void *socket, const struct link_options *o)
{
    const int64_t longest = LINK_MESSAGE_MAX;

    set_int(socket, ZMQ_LINGER, 0);
    set_life_signs(socket, o);
    set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    set_int(socket, o->role == LINK_PUSH ? ZMQ_SNDHWM : ZMQ_RCVHWM, o->high_water < 1 ? 1 : o->high_water);
    if (o->role == LINK_PULL)
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &longest, sizeof longest);
    else if (!o->bind)
        set_int(socket, ZMQ_IMMEDIATE, 1); /* queue nothing for a peer that is not there yet */
}

static bool
open_socket(struct link *l, const struct link_options *o, char *err, size_t size)
{
    char why[160];

    if (!check_address(o, err, size) || !prepare_context(err, size))
        return false;
    l->socket = zmq_socket(context, o->role == LINK_PUSH ? ZMQ_PUSH : ZMQ_PULL);
    if (!l->socket)
        return refuse(err, size, o->address, zmq_strerror(errno));
    sockets_open++;
    set_options(l->socket, o);
    if ((o->bind ? zmq_bind(l->socket, o->address) : zmq_connect(l->socket, o->address)) == 0)
        return true;
    snprintf(why, sizeof why, "cannot %s: %s", o->bind ? "bind" : "connect", why_not(errno));
    return refuse(err, size, o->address, why);
}

/* --- opening pipes --- */

static bool
open_pipe(struct link *l, const struct link_options *o, char *err, size_t size)
{
    bool push = o->role == LINK_PUSH;
    struct stat st;

    l->fd = push ? STDOUT_FILENO : STDIN_FILENO;
    l->frame = o->frame;
    l->write_max = PIPE_BUF;
    if (fstat(l->fd, &st) != 0) {
        snprintf(err, size, "%s: %s", push ? "stdout" : "stdin", strerror(errno));
        return false;
    }
    if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(l->fd)))
        l->write_max = SSIZE_MAX;
    if (push && S_ISFIFO(st.st_mode)) {
        /* Opened anew the pipe has flags of its own, so that large writes need not block. Where
         * there is no /proc, writes of PIPE_BUF after a poll do, too. */
        int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            l->fd = fd;
            l->own_fd = true;
            l->write_max = SSIZE_MAX;
        }
    }
    return true;
}

struct link *
link_open(const struct link_options *o, char *err, size_t size)
{
    struct link *l = xcalloc(1, sizeof *l);
    bool pipe = strcmp(o->address, "-") == 0;

    l->role = o->role;
    l->waiting = o->role == LINK_PULL;
    l->fd = -1;
    if (pipe ? open_pipe(l, o, err, size) : open_socket(l, o, err, size))
        return l;
    link_close(l, 0);
    return NULL;
}

/* --- receiving --- */

static int
recv_socket(struct link *l, zmq_msg_t *msg)
{
    if (zmq_msg_recv(msg, l->socket, ZMQ_DONTWAIT) >= 0) {
        l->waiting = false;
        return 1;
    }
    if (errno != EAGAIN && errno != EINTR)
        return fail(l, "receiving", zmq_strerror(errno));
    l->waiting = true;
    return 0;
}

/* Reads once, if that does not block. 1: there is more or the end was met; 0: nothing now. */
static int
read_more(struct link *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};

    if (poll(&p, 1, 0) <= 0)
        return 0;
    buf_drop(&l->bytes, l->start);
    l->start = 0;
    ssize_t n = read(l->fd, buf_room(&l->bytes, READ_SIZE), READ_SIZE);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : fail(l, "stdin", strerror(errno));
    l->bytes.n += (size_t)n;
    l->eof = n == 0;
    return 1;
}

/* Finds the first message in what was read: 1 and its parts, 0, or -1. */
static int
cut_message(struct link *l, size_t *used, size_t *body)
{
    const char *p = l->bytes.p + l->start;
    size_t left = l->bytes.n - l->start;

    *used = left ? l->frame(p, left, body) : 0;
    if (*used == SIZE_MAX)
        return fail(l, "stdin", l->frame == link_frame_line ? "a line longer than 128 KiB"
                                                            : "not a stream of result messages");
    if (*used == 0 && left > LINK_MESSAGE_MAX)
        return fail(l, "stdin", "a message longer than 64 MiB");
    if (*used == 0 && l->eof && left && l->frame == link_frame_line)
        *used = *body = left;
    return *used > 0;
}

static int
recv_pipe(struct link *l, zmq_msg_t *msg)
{
    for (;;) {
        size_t used, body;
        int found = cut_message(l, &used, &body);
        if (found < 0)
            return -1;
        if (found) {
            zmq_msg_init_size(msg, body);
            memcpy(zmq_msg_data(msg), l->bytes.p + l->start, body);
            l->start += used;
            l->waiting = false;
            return 1;
        }
        if (l->eof)
            return l->bytes.n > l->start ? fail(l, "stdin", "ends in the middle of a message") : -1;
        int got = read_more(l);
        if (got <= 0) {
            l->waiting = got == 0;
            return got;
        }
    }
}

int
link_recv(struct link *l, struct link_message *m)
{
    *m = (struct link_message){0};
    if (l->error[0])
        return -1;
    zmq_msg_t *msg = xmalloc(sizeof *msg);
    zmq_msg_init(msg);
    int got = l->socket ? recv_socket(l, msg) : recv_pipe(l, msg);
    if (got == 1)
        *m = (struct link_message){zmq_msg_data(msg), zmq_msg_size(msg), msg};
    else
        free(msg);
    return got;
}

void
link_message_free(struct link_message *m)
{
    if (m->owner) {
        zmq_msg_close(m->owner);
        free(m->owner);
    }
    *m = (struct link_message){0};
}

/* --- sending --- */

/* ZMQ_POLLIN, ZMQ_POLLOUT; also makes ZeroMQ do its housekeeping and clear its descriptor. */
static int
socket_events(struct link *l)
{
    int events = 0;
    size_t size = sizeof events;

    zmq_getsockopt(l->socket, ZMQ_EVENTS, &events, &size);
    return events;
}

static int
send_socket(struct link *l, const void *data, size_t size)
{
    l->waiting = true;
    if (size >= LARGE_SEND && !(socket_events(l) & ZMQ_POLLOUT))
        return 0;
    if (zmq_send(l->socket, data, size, ZMQ_DONTWAIT) >= 0) {
        l->waiting = false;
        return 1;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : fail(l, "sending", zmq_strerror(errno));
}

static int
send_pipe(struct link *l, const void *data, size_t size)
{
    if (link_flush(l) > UNFLUSHED_MAX)
        return 0;
    if (l->error[0])
        return -1;
    buf_add(&l->bytes, data, size);
    if (l->frame == link_frame_line && (size == 0 || ((const char *)data)[size - 1] != '\n'))
        buf_addc(&l->bytes, '\n');
    link_flush(l);
    return l->error[0] ? -1 : 1;
}

int
link_send(struct link *l, const void *data, size_t size)
{
    if (l->error[0])
        return -1;
    return l->socket ? send_socket(l, data, size) : send_pipe(l, data, size);
}

/* One write, if that does not block; false: nothing went. */
static bool
write_some(struct link *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};
    size_t left = l->bytes.n - l->start;

    if (poll(&p, 1, 0) <= 0)
        return false;
    ssize_t n = write(l->fd, l->bytes.p + l->start, left < l->write_max ? left : l->write_max);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
        fail(l, "stdout", errno == EPIPE ? "the reader has gone" : strerror(errno));
        l->start = l->bytes.n;
    }
    if (n > 0)
        l->start += (size_t)n;
    return n > 0;
}

size_t
link_flush(struct link *l)
{
    if (l->socket || l->role == LINK_PULL)
        return 0;
    while (l->start < l->bytes.n && write_some(l))
        ;
    if (l->start == l->bytes.n || l->start > UNFLUSHED_MAX) {
        buf_drop(&l->bytes, l->start);
        l->start = 0;
    }
    return l->bytes.n - l->start;
}

/* --- waiting, ending --- */

static void
pollfd_socket(struct link *l, struct pollfd *out)
{
    size_t size = sizeof out->fd;
    int wanted = l->role == LINK_PULL ? ZMQ_POLLIN : ZMQ_POLLOUT;

    /* What became possible between the caller's last try and now may have been signalled, and the
     * signal been taken by socket_events: tell it by a descriptor that is ready. Once, so that a
     * caller who does not want it now can sleep. */
    if (socket_events(l) & wanted && l->waiting) {
        l->waiting = false;
        out->fd = ready_fd;
        return;
    }
    zmq_getsockopt(l->socket, ZMQ_FD, &out->fd, &size);
}

void
link_pollfd(struct link *l, struct pollfd *out)
{
    *out = (struct pollfd){.fd = -1, .events = POLLIN};
    if (l->error[0])
        return;
    if (l->socket) {
        pollfd_socket(l, out);
    } else if (l->role == LINK_PULL) {
        if (l->waiting && !l->eof)
            out->fd = l->fd;
    } else if (l->bytes.n > l->start) {
        *out = (struct pollfd){.fd = l->fd, .events = POLLOUT};
    }
}

bool
link_is_pipe(const struct link *l)
{
    return !l->socket;
}

const char *
link_error(const struct link *l)
{
    return l->error[0] ? l->error : NULL;
}

static void
flush_until(struct link *l, int64_t deadline_ms)
{
    while (link_flush(l) > 0) {
        struct pollfd p = {.fd = l->fd, .events = POLLOUT};
        int64_t left = deadline_ms - clock_ms();
        if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
            return;
    }
}

void
link_close(struct link *l, int linger_ms)
{
    if (!l)
        return;
    if (l->socket) {
        set_int(l->socket, ZMQ_LINGER, linger_ms);
        zmq_close(l->socket);
        sockets_open--;
    } else if (l->role == LINK_PUSH && l->fd >= 0) {
        flush_until(l, clock_ms() + linger_ms);
    }
    if (l->own_fd)
        close(l->fd);
    buf_free(&l->bytes);
    free(l);
}

void
link_terminate(void)
{
    /* ZeroMQ waits here for what lingers; for ever, were a socket still open. */
    if (context && sockets_open == 0) {
        while (zmq_ctx_term(context) != 0 && errno == EINTR)
            ;
        context = NULL;
    }
    if (ready_fd >= 0)
        close(ready_fd);
    ready_fd = -1;
}
