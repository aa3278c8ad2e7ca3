/* buf.c - growing byte buffers and aborting allocation; see buf.h. */
#include "common/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 64 /* bytes of the first allocation */ };

struct span
span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

bool
span_is(struct span s, const char *text)
{
    return span_eq(s, span_of(text));
}

bool
span_eq(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Length of the well-formed UTF-8 sequence at p (Unicode, table 3-7), or 0. */
static size_t
utf8_sequence(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F; /* surrogates */
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (n < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return len;
}

bool
span_is_utf8(struct span s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_sequence(p + i, s.n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

char *
buf_room(struct buf *b, size_t n)
{
    if (b->cap - b->n < n || !b->p) {
        size_t cap = b->cap < BUF_FIRST / 2 ? BUF_FIRST : 2 * b->cap;
        if (n > SIZE_MAX / 2 - b->n)
            abort();
        if (cap - b->n < n)
            cap = b->n + n;
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_room(b, n), p, n);
    b->n += n;
}

void
buf_adds(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void
buf_addc(struct buf *b, char c)
{
    *buf_room(b, 1) = c;
    b->n++;
}

void
buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}

void
buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    char *at = buf_room(b, BUF_FIRST);
    size_t room = b->cap - b->n;

    va_copy(again, args);
    int n = vsnprintf(at, room, format, args);
    if (n < 0)
        abort(); /* a broken format or locale: a bug here, not input */
    if ((size_t)n >= room)
        vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, format, again);
    va_end(again);
    b->n += (size_t)n;
}

void
buf_add_json(struct buf *b, struct span s)
{
    const unsigned char *p = (const unsigned char *)s.p;

    buf_addc(b, '"');
    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_sequence(p + i, s.n - i);
        if (len == 0) {
            buf_adds(b, "\xEF\xBF\xBD"); /* U+FFFD, the replacement character */
            i++;
        } else if (p[i] == '"' || p[i] == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, s.p[i++]);
        } else if (p[i] == '\n') {
            buf_adds(b, "\\n");
            i++;
        } else if (p[i] < 0x20 || p[i] == 0x7F) {
            buf_addf(b, "\\u%04x", p[i++]);
        } else {
            buf_add(b, p + i, len);
            i += len;
        }
    }
    buf_addc(b, '"');
}

void
buf_add_line(struct buf *b, struct span s, size_t max)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t end = b->n + max;

    for (size_t i = 0; i < s.n;) {
        size_t len = utf8_sequence(p + i, s.n - i), step = len ? len : 1;
        if (step > end - b->n)
            return;
        if (len == 0)
            buf_addc(b, '?');
        else if (p[i] < 0x20 || p[i] == 0x7F)
            buf_addc(b, ' ');
        else
            buf_add(b, p + i, len);
        i += step;
    }
}

void
buf_drop(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    if (n > 0)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

void
buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

static void *
checked(void *p)
{
    if (!p) {
        static const char message[] = "out of memory\n";
        fwrite(message, 1, sizeof message - 1, stderr);
        abort();
    }
    return p;
}

void *
xmalloc(size_t n)
{
    return checked(malloc(n ? n : 1));
}

void *
xcalloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *
xrealloc(void *p, size_t n)
{
    return checked(realloc(p, n ? n : 1));
}

char *
xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *
xstrndup(const char *p, size_t n)
{
    char *copy = xmalloc(n + 1);
    if (n)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}
