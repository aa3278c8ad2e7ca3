/* stream.h - messages on stdin or stdout: the pipe half of link.h.
 *
 * Reads and writes never block: the descriptor is polled first, and O_NONBLOCK is never set on 0
 * and 1 themselves, because it would be shared with whoever else holds them, such as a shell.
 */
#ifndef SLUICE_STREAM_H
#define SLUICE_STREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "link.h"

enum { STREAM_UNWRITTEN_MAX = 1 << 20 /* bytes after which stdout's stream takes no more */ };

struct stream {
    int fd;
    bool own_fd;         /* fd was opened here, to be closed */
    size_t write_max;    /* bytes that one write may have without blocking, once poll said so */
    link_frame *frame;
    struct buf bytes;    /* read and not yet handed out, or accepted and not yet written */
    size_t start;        /* of them in bytes */
    bool eof;
    char error[200];     /* empty: none */
};

/* False: err says why. */
bool stream_open(struct stream *s, bool output, link_frame *frame, char *err, size_t size);
/* 1: *message, valid until the next call; 0: none now; -1: plain end, or error. */
int stream_next(struct stream *s, struct span *message);
/* 1: taken; 0: too much is unwritten; -1: error. Lines get their newline. */
int stream_put(struct stream *s, const void *data, size_t size);
/* Writes what goes now; returns the bytes that are left. */
size_t stream_flush(struct stream *s);
/* Flushes an output for at most linger_ms. */
void stream_close(struct stream *s, int linger_ms);

#endif
