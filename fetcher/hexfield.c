/* hexfield.c - see hexfield.h. */
#include "hexfield.h"

#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "common/row.h"

bool
member(struct json object, const char *key, struct json *out)
{
    return json_get(object, key, out) && json_type(*out) != JSON_NULL;
}

bool
hex_u64(struct json v, uint64_t *out)
{
    struct span s;
    if (json_string(v, &s))
        return num_quantity(s, out);
    return json_u64(v, out);
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
put_u64(uint8_t out[32], uint64_t v)
{
    memset(out, 0, 24);
    for (int i = 31; i >= 24; i--, v >>= 8)
        out[i] = (uint8_t)v;
}

bool
hex_u256(struct json v, uint8_t out[32])
{
    struct span s;
    uint64_t small;

    if (hex_u64(v, &small)) {
        put_u64(out, small);
        return true;
    }
    if (!json_string(v, &s) || s.n < 3 || s.p[0] != '0' || (s.p[1] | 0x20) != 'x')
        return false;
    const char *end = s.p + s.n, *first = s.p + 2;
    while (end - first > 64 && *first == '0')
        first++;
    if (end - first > 64)
        return false;
    memset(out, 0, 32);
    for (int nibble = 0; end > first; nibble++) {
        int d = digit(*--end);
        if (d < 0)
            return false;
        out[31 - nibble / 2] |= (uint8_t)(d << 4 * (nibble % 2));
    }
    return true;
}

bool
hex_bytes(struct json v, uint8_t *out, size_t n)
{
    struct span s;
    return json_string(v, &s) && num_hex(s, out, n);
}

bool
hex_transaction(struct json tx, uint8_t hash[32])
{
    struct json v = tx;
    return (json_type(tx) != JSON_OBJECT || member(tx, "hash", &v)) && hex_bytes(v, hash, 32);
}

bool
hex_time(struct json v, int64_t *out)
{
    struct span s;
    uint64_t seconds;
    bool ok = hex_u64(v, &seconds) || (json_string(v, &s) && num_u64(s, &seconds));
    if (!ok || seconds > ROW_TIME_MAX)
        return false;
    *out = (int64_t)seconds;
    return true;
}

bool
hex_to_row(struct buf *row, struct span hex)
{
    uint8_t *p = (uint8_t *)buf_room(row, 4 + hex.n / 2);
    ptrdiff_t n = num_hex_bytes(hex, p + 4);
    if (n < 0)
        return false;
    for (int i = 3; i >= 0; i--)
        p[3 - i] = (uint8_t)((size_t)n >> 8 * i);
    row->n += 4 + (size_t)n;
    return true;
}

/* --- members into a row --- */

void
field_bad(struct fields *f, const char *key, const char *expected)
{
    struct json v;
    struct span s;

    if (f->bad)
        return;
    f->bad = true;
    if (!member(f->object, key, &v))
        snprintf(f->why, WHY_MAX, "%s without %s", f->what, key);
    else if (json_string(v, &s))
        snprintf(f->why, WHY_MAX, "%s: %s is \"%.*s\", expected %s", f->what, key,
                 (int)(s.n > 40 ? 40 : s.n), s.p, expected);
    else
        snprintf(f->why, WHY_MAX, "%s: %s is not a string, expected %s", f->what, key, expected);
}

void
field_null(struct fields *f)
{
    row_null(f->row);
}

/* The member; false when it is missing, and then its field is done. */
static bool
take(struct fields *f, const char *key, enum field_need need, struct json *v)
{
    if (member(f->object, key, v))
        return true;
    if (need == FIELD_REQUIRED)
        field_bad(f, key, "");
    row_null(f->row);
    return false;
}

void
field_int4(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    uint64_t n;

    if (!take(f, key, need, &v))
        return;
    if (hex_u64(v, &n) && n <= INT32_MAX)
        row_int4(f->row, (int32_t)n);
    else
        field_bad(f, key, "a number below 2^31");
}

void
field_int8(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    uint64_t n;

    if (!take(f, key, need, &v))
        return;
    if (hex_u64(v, &n) && n <= INT64_MAX)
        row_int8(f->row, (int64_t)n);
    else
        field_bad(f, key, "a number below 2^63");
}

void
field_numeric(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    uint64_t n;
    uint8_t wide[32];

    if (!take(f, key, need, &v))
        return;
    if (hex_u64(v, &n))
        row_numeric_u64(f->row, n);
    else if (hex_u256(v, wide))
        row_numeric_u256(f->row, wide);
    else
        field_bad(f, key, "a number below 2^256");
}

void
field_time(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    int64_t seconds;

    if (!take(f, key, need, &v))
        return;
    if (hex_time(v, &seconds))
        row_unix_time(f->row, seconds);
    else
        field_bad(f, key, "unix seconds");
}

void
field_bytes(struct fields *f, const char *key, size_t n, enum field_need need)
{
    struct json v;
    struct span s;
    char expected[32];

    if (!take(f, key, need, &v))
        return;
    if (json_string(v, &s) && s.n == 2 + 2 * n && hex_to_row(f->row, s))
        return;
    snprintf(expected, sizeof expected, "%zu bytes of 0x-hex", n);
    field_bad(f, key, expected);
}

void
field_data(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    struct span s;

    if (!take(f, key, need, &v))
        return;
    if (!json_string(v, &s) || !hex_to_row(f->row, s))
        field_bad(f, key, "0x-hex");
}

void
field_text(struct fields *f, const char *key, enum field_need need)
{
    struct json v;
    struct span s;

    if (!take(f, key, need, &v))
        return;
    if (json_string(v, &s) && !memchr(s.p, 0, s.n))
        row_bytes(f->row, s.p, s.n);
    else
        field_bad(f, key, "text");
}
