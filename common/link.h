/* link.h - a one-way stream of messages: a ZeroMQ PUSH or PULL socket, or stdin/stdout.
 *
 * The one door to ZeroMQ. Nothing blocks; the caller polls. In a pipe ("-") messages are cut
 * out of the byte stream by a frame function; over ZeroMQ one message is one frame.
 *
 * ZeroMQ's descriptor is edge-triggered, so poll only for what link_pollfd says, asked anew before
 * each poll. It finds a PULL ready while there is something: leave it out while you want nothing.
 * It finds a PUSH ready once after link_send had no room, and never else: retry link_send after every wake-up.
 * A binding PUSH drops peers that stop answering (SIGSTOP, lost host) by ZMTP heartbeats (1 s, 3 s).
 * A connecting PUSH does not, since a reader may pause for long: it waits (link_send: 0).
 */
#ifndef SLUICE_LINK_H
#define SLUICE_LINK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum link_role { LINK_PULL, LINK_PUSH };

enum { LINK_MESSAGE_MAX = 64 << 20 }; /* bytes; a longer message is an error */

/* How long is the first message in these bytes? 0: not whole yet; SIZE_MAX: not a message.
 * Sets *body to the part that is the message (without, say, its newline). */
typedef size_t link_frame(const char *p, size_t n, size_t *body);
link_frame link_frame_line; /* newline-terminated; a last line without newline counts at end of input */

struct link; /* opaque: holds library handles */

struct link_message {
    const char *data; /* valid until link_message_free */
    size_t size;      /* bytes */
    void *owner;      /* private */
};

struct link_options {
    const char *address;  /* "ipc://...", "tcp://host:port" or "-" */
    enum link_role role;
    bool bind;            /* ignored for "-" */
    int high_water;       /* messages queued per peer inside ZeroMQ; at least 1 */
    link_frame *frame;    /* for "-" */
};

/* NULL on error: a line that names the address, in err (of size bytes). */
struct link *link_open(const struct link_options *o, char *err, size_t size);
/* 1: a message, which the caller frees; 0: none now; -1: end of input or broken (link_error
 * tells: NULL at plain end of input). */
int link_recv(struct link *l, struct link_message *m);
void link_message_free(struct link_message *m);
/* 1: taken (copied); 0: would block, try again later; -1: broken pipe. */
int link_send(struct link *l, const void *data, size_t size);
/* The same. more: another message follows at once, and they leave together, as parts of one: it costs less. */
int link_send_part(struct link *l, const void *data, size_t size, bool more);
/* PUSH: bytes accepted but not yet handed to the system (pipes only); call to write on. */
size_t link_flush(struct link *l);
void link_pollfd(struct link *l, struct pollfd *out);
bool link_is_pipe(const struct link *l);
const char *link_error(const struct link *l);
/* Waits at most linger_ms for unsent messages. link_close(NULL, 0) is legal. */
void link_close(struct link *l, int linger_ms);
/* Once at exit, after all links are closed. */
void link_terminate(void);

#endif
