#include "fetcher/pattern.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A text being read. */
struct cursor {
    const char *p, *end;
};

static bool
digit_at(struct cursor c, size_t ahead)
{
    return (size_t)(c.end - c.p) > ahead && isdigit((unsigned char)c.p[ahead]);
}

static bool
letter_at(struct cursor c, size_t ahead)
{
    return (size_t)(c.end - c.p) > ahead && isalpha((unsigned char)c.p[ahead]);
}

static uint64_t
shift_in(uint64_t n, unsigned base, unsigned digit)
{
    return n > (UINT64_MAX - digit) / base ? UINT64_MAX : n * base + digit;
}

static bool
read_hex(struct cursor *c, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = c->p + 2;

    if (c->end - c->p < 3 || c->p[0] != '0' || (c->p[1] | 0x20) != 'x' || !isxdigit((unsigned char)*p))
        return false;
    for (; p < c->end && isxdigit((unsigned char)*p); p++)
        n = shift_in(n, 16, isdigit((unsigned char)*p) ? (unsigned)(*p - '0') : (unsigned)((*p | 0x20) - 'a' + 10));
    c->p = p;
    *out = n;
    return true;
}

static bool
read_number(struct cursor *c, uint64_t *out)
{
    uint64_t n = 0;

    if (read_hex(c, out))
        return true;
    if (!digit_at(*c, 0))
        return false;
    for (;;) {
        if (digit_at(*c, 0))
            n = shift_in(n, 10, (unsigned)(*c->p++ - '0'));
        else if (c->p < c->end && (*c->p == ',' || *c->p == '.') && digit_at(*c, 1) && digit_at(*c, 2)
                 && digit_at(*c, 3) && !digit_at(*c, 4))
            c->p++;
        else
            break;
    }
    if (letter_at(*c, 0) && !letter_at(*c, 1) && strchr("kKmM", *c->p))
        n = shift_in(n, (*c->p++ | 0x20) == 'k' ? 1000 : 1000000, 0);
    *out = n;
    return true;
}

static bool
read_unit(struct cursor *c, double *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {
        {"ns", 1e-6}, {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"\xce\xbcs", 1e-3}, {"ms", 1},
        {"seconds", 1e3}, {"second", 1e3}, {"secs", 1e3}, {"sec", 1e3}, {"s", 1e3},
        {"minutes", 6e4}, {"minute", 6e4}, {"mins", 6e4}, {"min", 6e4}, {"m", 6e4},
        {"hours", 36e5}, {"hour", 36e5}, {"h", 36e5},
    };
    struct cursor at = *c;

    if (at.p < at.end && *at.p == ' ')
        at.p++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t n = strlen(units[i].name);

        if ((size_t)(at.end - at.p) < n || strncasecmp(at.p, units[i].name, n) != 0 || letter_at(at, n))
            continue;
        at.p += n;
        *c = at;
        *ms = units[i].ms;
        return true;
    }
    return false;
}

static bool
read_decimal(struct cursor *c, double *out)
{
    double n = 0, weight = 0.1;

    if (!digit_at(*c, 0))
        return false;
    while (digit_at(*c, 0))
        n = n * 10 + (*c->p++ - '0');
    if (c->p < c->end && *c->p == '.' && digit_at(*c, 1))
        for (c->p++; digit_at(*c, 0); weight /= 10)
            n += weight * (*c->p++ - '0');
    *out = n;
    return true;
}

static bool
read_duration(struct cursor *c, int64_t *out)
{
    double n, unit, total = 0;
    bool any = false;

    while (read_decimal(c, &n)) {
        any = true;
        if (!read_unit(c, &unit)) {
            total += n * 1e3;
            break;
        }
        total += n * unit;
    }
    if (!any)
        return false;
    if (total > 1e12)
        total = 1e12;
    *out = (int64_t)total;
    *out += (double)*out < total - 1e-6; /* but what rounding errors add */
    return true;
}

/* Matches one element of a pattern (not *, ^ or $) and moves the cursor behind it. */
static bool
match_one(char want, struct cursor *c, struct found *f)
{
    uint64_t n;

    switch (want) {
    case '#':
        return read_number(c, &n);
    case '@':
        if (!read_number(c, &n))
            return false;
        if (f->n < PATTERN_KEPT)
            f->numbers[f->n++] = n;
        return true;
    case '~':
        return read_duration(c, &f->duration_ms);
    default:
        if (c->p == c->end || tolower((unsigned char)*c->p) != want)
            return false;
        c->p++;
        return true;
    }
}

/* Matches at the cursor. After a mismatch behind a * that star takes one character more; earlier
 * stars need not be tried again, since they took the least they could. */
static bool
match_here(const char *pattern, struct cursor c, struct found *f)
{
    const char *star = NULL;
    struct cursor star_at = c;
    struct found star_found = *f;

    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            star_at = c;
            star_found = *f;
        } else if (!*pattern || (pattern[0] == '$' && !pattern[1] && c.p == c.end)) {
            return true;
        } else if (match_one(*pattern, &c, f)) {
            pattern++;
        } else if (star && star_at.p < star_at.end) {
            star_at.p++;
            c = star_at;
            *f = star_found;
            pattern = star;
        } else {
            return false;
        }
    }
}

bool
pattern_find(const char *pattern, struct span text, struct found *found)
{
    struct cursor c = text.n ? (struct cursor){text.p, text.p + text.n} : (struct cursor){"", ""};
    bool anchored = *pattern == '^';

    pattern += anchored;
    do {
        struct found f = {.duration_ms = -1};

        if (match_here(pattern, c, &f)) {
            if (found)
                *found = f;
            return true;
        }
        if (anchored || c.p == c.end)
            return false;
        c.p++;
    } while (true);
}
