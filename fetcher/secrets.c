#include "fetcher/secrets.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHORTEST = 6,  /* bytes; "v1" and "rpc" are no keys */
    WORD_MAX = 15, /* bytes; a path part of small letters up to here is a word: "mainnet" */
};

static bool
is_word(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((p[i] < 'a' || p[i] > 'z') && p[i] != '-' && p[i] != '_')
            return false;
    return n <= WORD_MAX;
}

static void
note(struct secrets *s, const char *p, size_t n)
{
    if (n < SHORTEST || s->n == SECRETS_MAX)
        return;
    s->items[s->n++] = (struct span){xstrndup(p, n), n};
}

/* Notes the pieces of text between any of the characters in cut; words only if asked. */
static void
note_pieces(struct secrets *s, const char *text, size_t n, const char *cut, bool words)
{
    const char *end = text + n, *p = text;

    while (p < end) {
        size_t len = 0;

        while (p + len < end && !strchr(cut, p[len]))
            len++;
        if (words || !is_word(p, len))
            note(s, p, len);
        p += len + 1;
    }
}

void
secrets_url(struct secrets *s, const char *url)
{
    const char *host = strstr(url, "://");
    size_t authority;
    const char *at;

    host = host ? host + 3 : url;
    authority = strcspn(host, "/?#");
    at = memchr(host, '@', authority);
    if (at)
        note_pieces(s, host, (size_t)(at - host), ":", true);
    note_pieces(s, host + authority, strlen(host + authority), "/?#&=", false);
}

void
secrets_header(struct secrets *s, const char *line)
{
    const char *value = strchr(line, ':');

    if (value)
        note_pieces(s, value + 1, strlen(value + 1), " \t", true);
}

void
secrets_free(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free((char *)(uintptr_t)s->items[i].p);
    *s = (struct secrets){.n = 0};
}

/* Length of the secret that starts at p, 0 if none does. */
static size_t
secret_at(const struct secrets *s, const char *p, size_t left)
{
    size_t longest = 0;

    for (size_t i = 0; i < s->n; i++) {
        struct span item = s->items[i];

        if (item.n <= left && item.n > longest && memcmp(p, item.p, item.n) == 0)
            longest = item.n;
    }
    return longest;
}

/* Where p is just behind a URL's scheme: length of the rest of the URL, and of its host. */
static size_t
url_at(const char *start, const char *p, const char *end, size_t *host)
{
    size_t n = 0;

    if (p - start < 3 || memcmp(p - 3, "://", 3) != 0)
        return 0;
    *host = 0;
    while (p + n < end && !strchr(" \t\r\n\"'<>)],", p[n])) {
        if (*host == 0 && strchr("/?#", p[n]))
            *host = n;
        n++;
    }
    if (*host == 0)
        *host = n;
    return n;
}

/* Texts may be cut anywhere and need not be UTF-8, so only ASCII is let through. */
static char
printable(char c)
{
    if ((unsigned char)c >= 0x7f)
        return '?';
    return (unsigned char)c < 0x20 ? ' ' : c;
}

void
secrets_clean(const struct secrets *s, struct buf *out, struct span text, size_t max)
{
    const char *p = text.p, *end = text.p + text.n;
    size_t limit = out->n + max;

    while (p < end && out->n < limit) {
        size_t host = 0, n = secret_at(s, p, (size_t)(end - p)), url;

        if (n == 0 && (url = url_at(text.p, p, end, &host)) > host) {
            const char *at = memchr(p, '@', host);
            const char *from = at ? at + 1 : p;

            buf_add(out, from, (size_t)(p + host - from));
            n = url;
        }
        if (n) {
            buf_adds(out, "***");
            p += n;
            continue;
        }
        buf_addc(out, printable(*p));
        p++;
    }
    if (out->n > limit)
        out->n = limit;
}
