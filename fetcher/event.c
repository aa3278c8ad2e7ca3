/* event.c - the topic0 of an event; see event.h. */
#include "fetcher/event.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fetcher/keccak.h"

enum { DEPTH_MAX = 8, TEXT_MAX = 2000 };

static const char *
skip_space(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static struct span
word(const char *p)
{
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_' || p[n] == '$')
        n++;
    return (struct span){p, n};
}

/* bytes1 to bytes32, int8 to int256 and the like. */
static bool
sized(struct span type, const char *stem, long step, long max)
{
    size_t n = strlen(stem);
    if (type.n <= n || type.n > n + 3 || memcmp(type.p, stem, n) != 0 || type.p[n] == '0')
        return false;
    long bits = 0;
    for (size_t i = n; i < type.n; i++) {
        if (!isdigit((unsigned char)type.p[i]))
            return false;
        bits = bits * 10 + (type.p[i] - '0');
    }
    return bits % step == 0 && bits > 0 && bits <= max;
}

static bool
add_type(struct span type, struct buf *out)
{
    bool plain = span_is(type, "address") || span_is(type, "bool") || span_is(type, "string") ||
                 span_is(type, "bytes") || span_is(type, "function");
    bool short_form = span_is(type, "uint") || span_is(type, "int");
    if (!plain && !short_form && !sized(type, "uint", 8, 256) && !sized(type, "int", 8, 256) &&
        !sized(type, "bytes", 1, 32))
        return false;
    buf_add(out, type.p, type.n);
    if (short_form)
        buf_adds(out, "256");
    return true;
}

/* [] and [3] behind a type. */
static const char *
add_arrays(const char *p, struct buf *out)
{
    while (*p == '[') {
        const char *end = p + 1 + strspn(p + 1, "0123456789");
        if (*end != ']')
            return NULL;
        buf_add(out, p, (size_t)(end + 1 - p));
        p = end + 1;
    }
    return p;
}

/* "indexed" and the parameter's name, which are left out. */
static const char *
skip_name(const char *p)
{
    for (int i = 0; i < 2; i++) {
        p = skip_space(p);
        p += word(p).n;
    }
    return skip_space(p);
}

/* One pass with a depth in place of recursion: "(" opens a list, a type or ")" ends an item. */
static const char *
add_parameters(const char *p, struct buf *out)
{
    int depth = 0;
    bool item = true; /* a parameter is expected */
    for (;;) {
        p = skip_space(p);
        if (item && *p == '(') {
            if (depth++ == DEPTH_MAX)
                return NULL;
            buf_addc(out, *p++);
            item = *skip_space(p) != ')';
        } else if (!item && *p == ')') {
            buf_addc(out, *p++);
            if (--depth == 0)
                return p;
            p = add_arrays(p, out);
            p = p ? skip_name(p) : NULL;
        } else if (!item && *p == ',') {
            buf_addc(out, *p++);
            item = true;
        } else {
            struct span type = word(p);
            if (!item || depth == 0 || !add_type(type, out))
                return NULL;
            p = add_arrays(p + type.n, out);
            p = p ? skip_name(p) : NULL;
            item = false;
        }
        if (!p)
            return NULL;
    }
}

bool
event_signature(const char *text, struct buf *out)
{
    const char *p = skip_space(text);
    if (strlen(text) > TEXT_MAX)
        return false;
    if (strncmp(p, "event ", 6) == 0)
        p = skip_space(p + 6);
    struct span name = word(p);
    if (name.n == 0 || isdigit((unsigned char)*p))
        return false;
    buf_add(out, name.p, name.n);
    p = skip_space(p + name.n);
    p = *p == '(' ? add_parameters(p, out) : NULL;
    if (!p)
        return false;
    p = skip_space(p);
    if (strncmp(p, "anonymous", 9) == 0)
        return false; /* has no topic0 of its own */
    return *p == '\0' || (*p == ';' && *skip_space(p + 1) == '\0');
}

bool
event_topic(const char *text, uint8_t topic[32])
{
    struct buf signature = {0};
    bool ok = event_signature(text, &signature);
    if (ok)
        keccak256(signature.p, signature.n, topic);
    buf_free(&signature);
    return ok;
}
