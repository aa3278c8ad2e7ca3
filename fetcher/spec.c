/* spec.c - an endpoint as given on the command line; see spec.h. */
#include "fetcher/spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/num.h"
#include "common/talk.h"

static bool
wrong(char *err, size_t size, struct span key, const char *expected)
{
    snprintf(err, size, "%.*s= of an endpoint: expected %s", SPAN_ARG(key), expected);
    return false;
}

static bool
whole_number(struct span v, uint32_t min, uint32_t max, uint32_t *out)
{
    uint32_t n;
    if (!num_u32(v, &n) || n < min || n > max)
        return false;
    *out = n;
    return true;
}

/* A decimal number above 0, such as 25 or 0.5. */
static bool
rate(struct span v, double *out)
{
    double n = 0, unit = 1;
    bool point = false;
    if (v.n == 0 || v.n > 12)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '.' && !point && i > 0 && i + 1 < v.n) {
            point = true;
        } else if (isdigit((unsigned char)v.p[i])) {
            n = n * 10 + (v.p[i] - '0');
            unit *= point ? 10 : 1;
        } else {
            return false;
        }
    }
    *out = n / unit;
    return n > 0;
}

static bool
add_header(struct spec *s, struct span v)
{
    const char *colon = memchr(v.p, ':', v.n);
    size_t i = 0;
    while (i < SPEC_HEADERS && s->headers[i])
        i++;
    if (i == SPEC_HEADERS || !colon || colon == v.p)
        return false;
    s->headers[i] = xstrndup(v.p, v.n);
    return true;
}

static bool
setting(struct spec *s, struct span key, struct span v, char *err, size_t size)
{
    if (span_is(key, "concurrency"))
        return whole_number(v, 1, 1000, &s->concurrency) || wrong(err, size, key, "1 to 1000");
    if (span_is(key, "batch"))
        return whole_number(v, 1, 100, &s->batch) || wrong(err, size, key, "1 to 100");
    if (span_is(key, "rps"))
        return rate(v, &s->rps) || wrong(err, size, key, "calls per second, such as 25 or 0.5");
    if (span_is(key, "pause"))
        return num_seconds(v, &s->pause_ms) || wrong(err, size, key, "seconds between requests");
    if (span_is(key, "timeout"))
        return (num_seconds(v, &s->timeout_ms) && s->timeout_ms > 0) || wrong(err, size, key, "seconds");
    if (span_is(key, "header"))
        return add_header(s, v) || wrong(err, size, key, "\"Name: value\", at most 8 of them");
    snprintf(err, size, "\"%.*s\" is not a setting of an endpoint: expected concurrency, rps, batch, "
             "pause, timeout or header", (int)(key.n < 20 ? key.n : 20), key.p);
    return false;
}

static bool
name_ok(struct span name)
{
    if (name.n == 0 || name.n > 48)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!isalnum((unsigned char)name.p[i]) && !strchr("._:-", name.p[i]))
            return false;
    return true;
}

static bool
is_number(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)p[i]) && p[i] != ':')
            return false;
    return n > 0;
}

/* The label before the top-level domain says who it is: rpc.ankr.com -> ankr. An address or a
 * lone label stays as it is, with its port. */
static void
name_of_host(const char *host, char *out, size_t size)
{
    size_t end = strcspn(host, ":");
    const char *last = NULL, *first = host;
    for (const char *p = host; p < host + end; p++)
        if (*p == '.') {
            first = last ? last + 1 : host;
            last = p;
        }
    if (!last || host[0] == '[' || is_number(last + 1, (size_t)(host + end - last - 1))) {
        size_t n = 0;
        for (const char *p = host; *p && n + 1 < size; p++)
            if (*p != '[' && *p != ']')
                out[n++] = *p;
        out[n] = '\0';
        return;
    }
    snprintf(out, size, "%.*s", (int)(last - first), first);
}

static bool
scheme_ok(struct span url)
{
    return (url.n > 7 && strncmp(url.p, "http://", 7) == 0) ||
           (url.n > 8 && strncmp(url.p, "https://", 8) == 0);
}

/* Host, or host:port. */
static bool
host_ok(const char *host)
{
    const char *colon = strrchr(host, ':');
    uint32_t port;
    if (host[0] == '?' || host[0] == ':')
        return false;
    return !colon || strchr(colon, ']') || (num_u32(span_of(colon + 1), &port) && port > 0 && port < 65536);
}

/* NAME= before the URL; what is before "://" of a URL without one is its scheme. */
static bool
read_name(struct span *rest, struct spec *s, char *err, size_t size)
{
    const char *equals = memchr(rest->p, '=', rest->n), *scheme = strstr(rest->p, "://");
    if (!equals || (scheme && scheme < equals))
        return true;
    struct span name = {rest->p, (size_t)(equals - rest->p)};
    if (!name_ok(name)) {
        snprintf(err, size, "the name before \"=\" of an endpoint: expected 1 to 48 letters, digits or ._:-");
        return false;
    }
    snprintf(s->name, sizeof s->name, "%.*s", SPAN_ARG(name));
    rest->p += name.n + 1;
    rest->n -= name.n + 1;
    return true;
}

static bool
read_settings(struct span rest, struct spec *s, char *err, size_t size)
{
    while (rest.n > 0) {
        const char *comma = memchr(rest.p, ',', rest.n);
        struct span word = {rest.p, comma ? (size_t)(comma - rest.p) : rest.n};
        const char *equals = memchr(word.p, '=', word.n);
        struct span key = {word.p, equals ? (size_t)(equals - word.p) : word.n};
        struct span value = {word.p + key.n, 0};
        if (equals)
            value = (struct span){equals + 1, word.n - key.n - 1};
        if (!setting(s, key, value, err, size))
            return false;
        size_t used = word.n + (comma ? 1 : 0);
        rest = (struct span){rest.p + used, rest.n - used};
    }
    return true;
}

bool
spec_parse(const char *text, struct spec *out, char *err, size_t size)
{
    struct span rest = span_of(text);
    char host[256];
    *out = (struct spec){0};
    if (!read_name(&rest, out, err, size))
        return false;
    struct span url = {rest.p, strcspn(rest.p, ",")};
    if (!scheme_ok(url)) {
        const char *scheme = strstr(url.p, "://");
        int n = scheme && scheme - url.p < 12 ? (int)(scheme - url.p) + 3 : 0;
        snprintf(err, size, "endpoint \"%s%.*s\": expected a URL that begins with http:// or https://",
                 out->name, n, url.p);
        return false;
    }
    out->url = xstrndup(url.p, url.n);
    talk_host(out->url, host, sizeof host);
    if (!host_ok(host)) {
        snprintf(err, size, "URL of an endpoint: expected a host after ://, and a port of 1 to 65535 if any");
        spec_free(out);
        return false;
    }
    if (!out->name[0]) {
        name_of_host(host, out->name, 49);
        if (!name_ok(span_of(out->name)))
            snprintf(out->name, sizeof out->name, "endpoint");
    }
    size_t used = url.n < rest.n ? url.n + 1 : url.n;
    if (read_settings((struct span){rest.p + used, rest.n - used}, out, err, size))
        return true;
    spec_free(out);
    return false;
}

void
spec_free(struct spec *s)
{
    free(s->url);
    for (size_t i = 0; i < SPEC_HEADERS; i++)
        free(s->headers[i]);
    *s = (struct spec){0};
}
