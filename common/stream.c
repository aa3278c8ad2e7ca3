/* stream.c - messages on stdin or stdout; see stream.h. */
#include "common/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/num.h"
#include "common/words.h"

enum { READ_SIZE = 256 << 10 /* bytes asked for by one read */ };

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
fail(struct stream *s, const char *what, const char *why)
{
    snprintf(s->error, sizeof s->error, "%s: %s", what, why);
    return -1;
}

bool
stream_open(struct stream *s, bool output, link_frame *frame, char *err, size_t size)
{
    struct stat st;

    *s = (struct stream){.fd = output ? STDOUT_FILENO : STDIN_FILENO, .write_max = PIPE_BUF, .frame = frame};
    if (fstat(s->fd, &st) != 0) {
        snprintf(err, size, "%s: %s", output ? "stdout" : "stdin", strerror(errno));
        return false;
    }
    if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(s->fd)))
        s->write_max = SSIZE_MAX;
    if (output && S_ISFIFO(st.st_mode)) {
        /* Opened anew the pipe has flags of its own, so that large writes need not block. Where
         * there is no /proc, writes of PIPE_BUF after a poll do, too. */
        int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            s->fd = fd;
            s->own_fd = true;
            s->write_max = SSIZE_MAX;
        }
    }
    return true;
}

/* --- reading --- */

/* Reads once, if that does not block. 1: there is more or the end was met; 0: nothing now. */
static int
read_more(struct stream *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    if (poll(&p, 1, 0) <= 0)
        return 0;
    buf_drop(&s->bytes, s->start);
    s->start = 0;
    ssize_t n = read(s->fd, buf_room(&s->bytes, READ_SIZE), READ_SIZE);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : fail(s, "stdin", strerror(errno));
    s->bytes.n += (size_t)n;
    s->eof = n == 0;
    return 1;
}

/* Cuts the first message off what was read: 1, 0 or -1. */
static int
cut_message(struct stream *s, struct span *message)
{
    const char *p = s->bytes.p + s->start;
    size_t left = s->bytes.n - s->start, body = 0;
    size_t used = left ? s->frame(p, left, &body) : 0;

    if (used == SIZE_MAX)
        return fail(s, "stdin", s->frame == link_frame_line ? "a line longer than 128 KiB"
                                                            : "not a stream of result messages");
    if (used == 0 && left > LINK_MESSAGE_MAX)
        return fail(s, "stdin", "a message longer than 64 MiB");
    if (used == 0 && s->eof && left && s->frame == link_frame_line)
        used = body = left; /* the last line has no newline */
    *message = (struct span){p, body};
    s->start += used;
    return used > 0;
}

int
stream_next(struct stream *s, struct span *message)
{
    for (;;) {
        int got = s->error[0] ? -1 : cut_message(s, message);
        if (got != 0)
            return got;
        if (s->eof)
            return s->bytes.n > s->start ? fail(s, "stdin", "ends in the middle of a message") : -1;
        got = read_more(s);
        if (got <= 0)
            return got;
    }
}

/* --- writing --- */

/* One write, if that does not block; returns the bytes that went. */
static size_t
write_some(struct stream *s, const char *data, size_t size)
{
    struct pollfd p = {.fd = s->fd, .events = POLLOUT};

    if (poll(&p, 1, 0) <= 0)
        return 0;
    ssize_t n = write(s->fd, data, size < s->write_max ? size : s->write_max);
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        fail(s, "stdout", errno == EPIPE ? "the reader has gone" : strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

static size_t
write_all(struct stream *s, const char *data, size_t size)
{
    size_t done = 0, n;

    while (done < size && (n = write_some(s, data + done, size - done)) > 0)
        done += n;
    return done;
}

size_t
stream_flush(struct stream *s)
{
    s->start += write_all(s, s->bytes.p + s->start, s->bytes.n - s->start);
    if (s->error[0])
        s->start = s->bytes.n;
    if (s->start == s->bytes.n || s->start > STREAM_UNWRITTEN_MAX) {
        buf_drop(&s->bytes, s->start);
        s->start = 0;
    }
    return s->bytes.n - s->start;
}

int
stream_put(struct stream *s, const void *data, size_t size)
{
    size_t left = stream_flush(s), done = 0;

    if (left > STREAM_UNWRITTEN_MAX)
        return 0;
    if (left == 0 && !s->error[0])
        done = write_all(s, data, size);
    if (s->error[0])
        return -1;
    buf_add(&s->bytes, (const char *)data + done, size - done);
    if (s->frame == link_frame_line && (size == 0 || ((const char *)data)[size - 1] != '\n'))
        buf_addc(&s->bytes, '\n');
    stream_flush(s);
    return s->error[0] ? -1 : 1;
}

static void
flush_until(struct stream *s, int64_t deadline_ms)
{
    while (stream_flush(s) > 0) {
        struct pollfd p = {.fd = s->fd, .events = POLLOUT};
        int64_t left = deadline_ms - clock_ms();
        if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
            return;
    }
}

void
stream_close(struct stream *s, int linger_ms)
{
    if (s->fd != STDIN_FILENO)
        flush_until(s, clock_ms() + linger_ms);
    if (s->own_fd)
        close(s->fd);
    buf_free(&s->bytes);
}
