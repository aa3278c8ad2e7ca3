/* buf.h - a growing byte buffer, and spans of bytes that somebody else owns.
 *
 * A buf owns its memory; a zeroed one is empty and valid. Out of memory aborts (xmalloc),
 * so appends cannot fail; callers bound what they append.
 */
#ifndef SLUICE_BUF_H
#define SLUICE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const char *p; /* not NUL-terminated */
    size_t n;      /* bytes */
};

struct buf {
    char *p;    /* owned */
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
};

#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})
#define SPAN_ARG(s) (int)(s).n, (s).p /* for "%.*s" */

struct span span_of(const char *text); /* of a NUL-terminated string */
bool span_is(struct span s, const char *text);
bool span_eq(struct span a, struct span b);
bool span_is_utf8(struct span s);

char *buf_room(struct buf *b, size_t n); /* at least n free bytes after b->n; returns b->p + b->n */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buf_add_json(struct buf *b, struct span s); /* as a quoted JSON string; bad UTF-8 becomes U+FFFD */
/* At most max bytes of s as one line of UTF-8: control characters become spaces, bad bytes "?". */
void buf_add_line(struct buf *b, struct span s, size_t max);
void buf_drop(struct buf *b, size_t n); /* removes the first n bytes */
void buf_free(struct buf *b);           /* and leaves it empty and valid */

/* Aborting allocation: never returns NULL. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *text);
char *xstrndup(const char *p, size_t n);

#endif
