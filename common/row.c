/* row.c - rows in binary COPY form; see row.h. */
#include "row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "num.h"

enum { NUMERIC_DIGITS_MAX = 20 /* base-10000 digits of 2^256 - 1 */ };

static inline void
put16(char *p, uint16_t v)
{
    p[0] = (char)(v >> 8);
    p[1] = (char)v;
}

static inline void
put32(char *p, uint32_t v)
{
    put16(p, (uint16_t)(v >> 16));
    put16(p + 2, (uint16_t)v);
}

static inline void
put64(char *p, uint64_t v)
{
    put32(p, (uint32_t)(v >> 32));
    put32(p + 4, (uint32_t)v);
}

static inline uint16_t
get16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] << 8 | u[1]);
}

static inline uint32_t
get32(const char *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline uint64_t
get64(const char *p)
{
    return (uint64_t)get32(p) << 32 | get32(p + 4);
}

/* --- building --- */

void
row_begin(struct buf *b, const struct table *t)
{
    put16(buf_room(b, 2), (uint16_t)table_column_count(t));
    b->n += 2;
}

void
row_null(struct buf *b)
{
    put32(buf_room(b, 4), UINT32_MAX);
    b->n += 4;
}

void
row_int4(struct buf *b, int32_t v)
{
    char *p = buf_room(b, 8);
    put32(p, 4);
    put32(p + 4, (uint32_t)v);
    b->n += 8;
}

void
row_int8(struct buf *b, int64_t v)
{
    char *p = buf_room(b, 12);
    put32(p, 8);
    put64(p + 4, (uint64_t)v);
    b->n += 12;
}

void
row_bytes(struct buf *b, const void *bytes, size_t n)
{
    char *p = buf_room(b, 4 + n);
    put32(p, (uint32_t)n);
    if (n)
        memcpy(p + 4, bytes, n);
    b->n += 4 + n;
}

void
row_unix_time(struct buf *b, int64_t seconds)
{
    row_int8(b, (seconds - ROW_PG_EPOCH) * 1000000);
}

/* digits[0] is the least significant base-10000 digit; PostgreSQL wants neither leading nor
 * trailing zero digits, and the weight of the first one. */
static void
row_numeric(struct buf *b, const uint16_t *digits, int n)
{
    int low = 0;
    while (n > 0 && digits[n - 1] == 0)
        n--;
    while (low < n && digits[low] == 0)
        low++;
    size_t count = (size_t)(n - low);
    char *p = buf_room(b, 12 + 2 * count);
    put32(p, (uint32_t)(8 + 2 * count));
    put16(p + 4, (uint16_t)count);
    put16(p + 6, (uint16_t)(n > 0 ? n - 1 : 0)); /* weight */
    put16(p + 8, 0);                             /* sign: positive */
    put16(p + 10, 0);                            /* dscale */
    for (size_t i = 0; i < count; i++)
        put16(p + 12 + 2 * i, digits[n - 1 - (int)i]);
    b->n += 12 + 2 * count;
}

void
row_numeric_u64(struct buf *b, uint64_t v)
{
    uint16_t digits[5];
    int n = 0;
    for (; v; v /= 10000)
        digits[n++] = (uint16_t)(v % 10000);
    row_numeric(b, digits, n);
}

void
row_numeric_u256(struct buf *b, const uint8_t big_endian[32])
{
    uint32_t limbs[8]; /* most significant first */
    uint16_t digits[NUMERIC_DIGITS_MAX];
    int n = 0, first = 0;
    for (int i = 0; i < 8; i++)
        limbs[i] = get32((const char *)big_endian + 4 * i);
    for (;;) {
        while (first < 8 && limbs[first] == 0)
            first++;
        if (first == 8)
            break;
        uint64_t rest = 0;
        for (int i = first; i < 8; i++) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / 10000);
            rest %= 10000;
        }
        digits[n++] = (uint16_t)rest;
    }
    row_numeric(b, digits, n);
}

void
row_int4_array(struct buf *b, const int32_t *v, size_t n)
{
    enum { INT4_OID = 23 };
    size_t size = n ? 20 + 8 * n : 12;
    char *p = buf_room(b, 4 + size);
    put32(p, (uint32_t)size);
    put32(p + 4, n ? 1 : 0); /* dimensions */
    put32(p + 8, 0);         /* no nulls */
    put32(p + 12, INT4_OID);
    if (n) {
        put32(p + 16, (uint32_t)n);
        put32(p + 20, 1); /* lower bound */
    }
    for (size_t i = 0; i < n; i++) {
        put32(p + 24 + 8 * i, 4);
        put32(p + 28 + 8 * i, (uint32_t)v[i]);
    }
    b->n += 4 + size;
}

/* --- checking --- */

static bool
numeric_ok(const char *p, size_t n)
{
    if (n < 8 || n != 8 + 2 * (size_t)get16(p) || get16(p) > NUMERIC_DIGITS_MAX)
        return false;
    if (get16(p + 2) >= NUMERIC_DIGITS_MAX || get16(p + 4) != 0 || get16(p + 6) != 0)
        return false;
    for (size_t i = 8; i < n; i += 2)
        if (get16(p + i) > 9999)
            return false;
    return get16(p) <= get16(p + 2) + 1;
}

static bool
array_ok(const char *p, size_t n)
{
    if (n == 12)
        return get32(p) == 0;
    if (n < 20 || get32(p) != 1 || (n - 20) / 8 != get32(p + 12) || (n - 20) % 8 != 0)
        return false;
    for (size_t i = 20; i < n; i += 8)
        if (get32(p + i) != 4)
            return false;
    return true;
}

static bool
field_ok(const struct column *c, const char *p, size_t n)
{
    switch (c->type) {
    case COL_INT4:
        return n == 4;
    case COL_INT8:
    case COL_TIMESTAMPTZ:
        return n == 8;
    case COL_NUMERIC:
        return numeric_ok(p, n);
    case COL_INT4_ARRAY:
        return array_ok(p, n);
    case COL_BYTEA:
    case COL_TEXT:
        return true;
    }
    return false;
}

/* The row at *at of data; advances *at behind it. */
static bool
one_row_ok(const struct table *t, size_t columns, struct span data, size_t *at)
{
    if (data.n - *at < 2 || get16(data.p + *at) != columns)
        return false;
    *at += 2;
    for (size_t i = 0; i < columns; i++) {
        if (data.n - *at < 4)
            return false;
        uint32_t n = get32(data.p + *at);
        *at += 4;
        if (n == UINT32_MAX) {
            if (t->columns[i].not_null)
                return false;
            continue;
        }
        if (n > data.n - *at || !field_ok(&t->columns[i], data.p + *at, n))
            return false;
        *at += n;
    }
    return true;
}

bool
row_check(const struct table *t, struct span data, uint32_t rows)
{
    size_t columns = table_column_count(t), at = 0;
    for (uint32_t i = 0; i < rows; i++)
        if (!one_row_ok(t, columns, data, &at))
            return false;
    return at == data.n;
}

/* --- printing --- */

static void
print_numeric(struct buf *out, const char *p)
{
    int count = get16(p), weight = get16(p + 2);
    if (count == 0) {
        buf_addc(out, '0');
        return;
    }
    buf_addf(out, "%u", get16(p + 8));
    for (int i = 1; i <= weight; i++)
        buf_addf(out, "%04u", i < count ? get16(p + 8 + 2 * i) : 0U);
}

static void
print_time(struct buf *out, const char *p)
{
    int64_t us = (int64_t)get64(p), fraction = us % 1000000;
    if (fraction < 0)
        fraction += 1000000;
    time_t seconds = (time_t)((us - fraction) / 1000000 + ROW_PG_EPOCH);
    struct tm tm;
    char text[40];
    if (!gmtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
        text[0] = 0;
    buf_adds(out, text);
    if (fraction)
        buf_addf(out, ".%06d", (int)fraction);
    buf_addc(out, 'Z');
}

static void
print_hex(struct buf *out, const char *p, size_t n)
{
    buf_add(out, "0x", 2);
    num_to_hex((const uint8_t *)p, n, buf_room(out, 2 * n));
    out->n += 2 * n;
}

static void
print_array(struct buf *out, const char *p, size_t n, const char *open, const char *close)
{
    buf_adds(out, open);
    for (size_t i = 24; i < n; i += 8)
        buf_addf(out, "%s%" PRId32, i > 24 ? "," : "", (int32_t)get32(p + i));
    buf_adds(out, close);
}

static void
print_json_text(struct buf *out, const char *p, size_t n)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < 0x20)
            buf_addf(out, "\\u%04x", c);
        else
            buf_addc(out, (char)c);
    }
    buf_addc(out, '"');
}

static void
print_csv_text(struct buf *out, const char *p, size_t n)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"')
            buf_addc(out, '"');
        buf_addc(out, p[i]);
    }
    buf_addc(out, '"');
}

/* A value that is not null. JSON: numbers for int4 and int8, an array for int4[], else a string. */
static void
print_value(struct buf *out, enum row_format f, enum column_type type, const char *p, size_t n)
{
    const char *quote = f == ROW_NDJSON ? "\"" : "";
    switch (type) {
    case COL_INT4:
        buf_addf(out, "%" PRId32, (int32_t)get32(p));
        return;
    case COL_INT8:
        buf_addf(out, "%" PRId64, (int64_t)get64(p));
        return;
    case COL_TEXT:
        (f == ROW_NDJSON ? print_json_text : print_csv_text)(out, p, n);
        return;
    case COL_INT4_ARRAY:
        if (f == ROW_NDJSON)
            print_array(out, p, n, "[", "]");
        else
            print_array(out, p, n, "\"{", "}\"");
        return;
    case COL_BYTEA:
    case COL_TIMESTAMPTZ:
    case COL_NUMERIC:
        break;
    }
    buf_adds(out, quote);
    if (type == COL_BYTEA)
        print_hex(out, p, n);
    else if (type == COL_TIMESTAMPTZ)
        print_time(out, p);
    else
        print_numeric(out, p);
    buf_adds(out, quote);
}

void
row_print_header(struct buf *out, enum row_format f, const struct table *t)
{
    size_t columns = table_column_count(t);
    if (f != ROW_CSV)
        return;
    for (size_t i = 0; i < columns; i++)
        buf_addf(out, "%s%s", i ? "," : "", t->columns[i].name);
    buf_addc(out, '\n');
}

static void
print_key(struct buf *out, const char *name, bool first)
{
    buf_addf(out, "%s\"%s\":", first ? "" : ",", name);
}

void
row_print(struct buf *out, enum row_format f, const struct table *t, struct span data, bool with_table)
{
    size_t columns = table_column_count(t), at = 0;
    while (at < data.n) {
        at += 2;
        if (f == ROW_NDJSON) {
            buf_addc(out, '{');
            if (with_table)
                buf_addf(out, "\"table\":\"%s\"", t->name);
        }
        for (size_t i = 0; i < columns; i++) {
            uint32_t n = get32(data.p + at);
            at += 4;
            if (f == ROW_NDJSON)
                print_key(out, t->columns[i].name, i == 0 && !with_table);
            else if (i)
                buf_addc(out, ',');
            if (n == UINT32_MAX) {
                if (f == ROW_NDJSON)
                    buf_adds(out, "null");
                continue;
            }
            print_value(out, f, t->columns[i].type, data.p + at, n);
            at += n;
        }
        buf_adds(out, f == ROW_NDJSON ? "}\n" : "\n");
    }
}
