/* link.c - messages over ZeroMQ sockets, or stdin and stdout by stream.c; see link.h. */
#include "common/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "common/address.h"
#include "common/buf.h"
#include "common/num.h"
#include "common/stream.h"
#include "common/unread.h"
#include "common/words.h"

enum {
    HEARTBEAT_MS = 1000, HEARTBEAT_TIMEOUT_MS = 3000,
    RECONNECT_MS = 10, RECONNECT_MAX_MS = 2000, /* twice as long each time */
    LARGE_SEND = 64 << 10, /* bytes: ask for room before ZeroMQ copies so much */
    SMALL_RECV = 4096,     /* bytes: what is less is copied out of ZeroMQ's buffer */
};

struct link {
    enum link_role role;
    void *socket;          /* ZeroMQ, or NULL: a pipe */
    bool waiting;          /* the last recv found nothing, or the last send no room */
    bool ended;            /* no more comes out of the pipe */
    char *ipc_path;        /* of a connecting PUSH, or NULL */
    char error[200];       /* of the socket */
    struct stream stream;  /* of the pipe */
};

static void *context;    /* one per process, made by the first socket */
static int sockets_open;
static int ready_fd = -1; /* /dev/null: poll always finds it ready */

static int
fail(struct link *l, const char *what)
{
    snprintf(l->error, sizeof l->error, "%s: %s", what, zmq_strerror(errno));
    return -1;
}

/* --- opening sockets --- */

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
    if (!context)
        context = zmq_ctx_new();
    if (context)
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
    const int64_t longest = o->frame == link_frame_line ? WORDS_LINE_MAX : LINK_MESSAGE_MAX;

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

    if (!address_check(o->address, o->bind, err, size) || !prepare_context(err, size))
        return false;
    l->socket = zmq_socket(context, o->role == LINK_PUSH ? ZMQ_PUSH : ZMQ_PULL);
    if (!l->socket)
        return address_refuse(o->address, zmq_strerror(errno), err, size);
    sockets_open++;
    if (o->role == LINK_PUSH && !o->bind && strncmp(o->address, "ipc://", 6) == 0)
        l->ipc_path = xstrdup(o->address + 6);
    set_options(l->socket, o);
    if ((o->bind ? zmq_bind(l->socket, o->address) : zmq_connect(l->socket, o->address)) == 0)
        return true;
    snprintf(why, sizeof why, "cannot %s: %s", o->bind ? "bind" : "connect", why_not(errno));
    return address_refuse(o->address, why, err, size);
}

/* Not 0 or 1, should those be closed: "-" must find that they are. */
static bool
open_ready_fd(char *err, size_t size)
{
    if (ready_fd >= 0)
        return true;
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    ready_fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd >= 0)
        close(fd);
    return ready_fd >= 0 || address_refuse("/dev/null", strerror(errno), err, size);
}

struct link *
link_open(const struct link_options *o, char *err, size_t size)
{
    bool pipe = strcmp(o->address, "-") == 0;
    struct link *l;

    if (!open_ready_fd(err, size))
        return NULL;
    l = xcalloc(1, sizeof *l);
    l->role = o->role;
    l->waiting = o->role == LINK_PULL;
    if (pipe ? stream_open(&l->stream, o->role == LINK_PUSH, o->frame, err, size)
             : open_socket(l, o, err, size))
        return l;
    link_close(l, 0);
    return NULL;
}

/* --- receiving --- */

static void
fill(zmq_msg_t *msg, const void *data, size_t size)
{
    if (zmq_msg_init_size(msg, size) != 0)
        abort(); /* out of memory */
    if (size)
        memcpy(zmq_msg_data(msg), data, size);
}

/* A message that ZeroMQ has not copied keeps the whole buffer of 8 KiB that it came in. Where small ones are kept
 * for a while that would be many times what they have. */
static void
detach(zmq_msg_t *msg)
{
    zmq_msg_t copy;

    fill(&copy, zmq_msg_data(msg), zmq_msg_size(msg));
    zmq_msg_move(msg, &copy);
}

static int
recv_socket(struct link *l, zmq_msg_t *msg)
{
    if (zmq_msg_recv(msg, l->socket, ZMQ_DONTWAIT) >= 0) {
        l->waiting = false;
        if (zmq_msg_size(msg) < SMALL_RECV)
            detach(msg);
        return 1;
    }
    if (errno != EAGAIN && errno != EINTR)
        return fail(l, "receiving");
    l->waiting = errno == EAGAIN; /* else it was not looked at all */
    return 0;
}

static int
recv_pipe(struct link *l, zmq_msg_t *msg)
{
    struct span message;
    int got = stream_next(&l->stream, &message);

    l->waiting = got == 0;
    l->ended = got < 0;
    if (got == 1)
        fill(msg, message.p, message.n);
    return got;
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
send_socket(struct link *l, const void *data, size_t size, bool more)
{
    l->waiting = true;
    if (size >= LARGE_SEND && !(socket_events(l) & ZMQ_POLLOUT))
        return 0;
    if (zmq_send(l->socket, data, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0) {
        l->waiting = false;
        return 1;
    }
    return errno == EAGAIN || errno == EINTR ? 0 : fail(l, "sending");
}

int
link_send_part(struct link *l, const void *data, size_t size, bool more)
{
    if (l->error[0])
        return -1;
    return l->socket ? send_socket(l, data, size, more) : stream_put(&l->stream, data, size);
}

int
link_send(struct link *l, const void *data, size_t size)
{
    return link_send_part(l, data, size, false);
}

size_t
link_flush(struct link *l)
{
    return l->socket || l->role == LINK_PULL ? 0 : stream_flush(&l->stream);
}

/* --- waiting, ending --- */

/* Asking for events takes the signal out of ZeroMQ's descriptor. So what is possible by now is
 * told by a descriptor that is ready: for PULL as long as there is something, for PUSH once after
 * a send had no room, since a caller with nothing to send could not sleep otherwise. A receive that
 * found nothing has asked already. */
static void
pollfd_socket(struct link *l, struct pollfd *out)
{
    size_t size = sizeof out->fd;
    bool asked = l->role == LINK_PULL && l->waiting;
    int events;

    if (l->role == LINK_PUSH && !l->waiting)
        return;
    events = asked ? 0 : socket_events(l);
    if (events & (l->role == LINK_PULL ? ZMQ_POLLIN : ZMQ_POLLOUT)) {
        l->waiting = false;
        out->fd = ready_fd;
    } else {
        zmq_getsockopt(l->socket, ZMQ_FD, &out->fd, &size);
    }
}

static void
pollfd_pipe(const struct link *l, struct pollfd *out)
{
    const struct stream *s = &l->stream;

    if (l->role == LINK_PULL && !l->ended) {
        out->fd = l->waiting ? s->fd : ready_fd; /* what was read before may hold a message */
    } else if (l->role == LINK_PUSH && s->bytes.n > s->start) {
        out->fd = s->fd;
        out->events = POLLOUT;
    }
}

void
link_pollfd(struct link *l, struct pollfd *out)
{
    *out = (struct pollfd){.fd = -1, .events = POLLIN};
    if (link_error(l))
        return;
    if (l->socket)
        pollfd_socket(l, out);
    else
        pollfd_pipe(l, out);
}

bool
link_is_pipe(const struct link *l)
{
    return !l->socket;
}

const char *
link_error(const struct link *l)
{
    const char *error = l->socket ? l->error : l->stream.error;
    return error[0] ? error : NULL;
}

void
link_close(struct link *l, int linger_ms)
{
    if (!l)
        return;
    if (l->socket) {
        if (l->ipc_path && linger_ms > 0)
            unread_keep(l->ipc_path, clock_ms() + linger_ms);
        set_int(l->socket, ZMQ_LINGER, linger_ms);
        zmq_close(l->socket);
        sockets_open--;
    } else {
        stream_close(&l->stream, linger_ms);
    }
    free(l->ipc_path);
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
    unread_wait();
    if (ready_fd >= 0)
        close(ready_fd);
    ready_fd = -1;
}
