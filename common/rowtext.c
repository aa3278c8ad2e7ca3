/* rowtext.c - rows as ndjson and CSV; see row.h.
 *
 * Lengths were checked by row_check; contents are taken as they come, and never past a length.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/num.h"
#include "common/row.h"

enum { NUMERIC_HEAD = 8, ARRAY_HEAD = 20 /* bytes, as in row.c */ };

static uint16_t
get16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] << 8 | u[1]);
}

static uint32_t
get32(const char *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static int64_t
get64(const char *p)
{
    return (int64_t)((uint64_t)get32(p) << 32 | get32(p + 4));
}

static void
add_hex(struct buf *b, struct span s)
{
    buf_adds(b, "0x");
    num_to_hex((const uint8_t *)s.p, s.n, buf_room(b, 2 * s.n));
    b->n += 2 * s.n;
}

static void
add_numeric(struct buf *b, struct span s)
{
    size_t n = get16(s.p), weight = get16(s.p + 2);

    if (n == 0) {
        buf_addc(b, '0');
        return;
    }
    for (size_t i = 0; i <= weight; i++)
        buf_addf(b, i ? "%04u" : "%u", i < n ? (unsigned)get16(s.p + NUMERIC_HEAD + 2 * i) : 0u);
}

static void
add_time(struct buf *b, int64_t us)
{
    int64_t seconds = us / 1000000, part = us % 1000000;
    struct tm tm;

    if (part < 0) {
        part += 1000000;
        seconds--;
    }
    time_t t = (time_t)(seconds + ROW_PG_EPOCH);
    if (!gmtime_r(&t, &tm))
        tm = (struct tm){0};
    buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (part)
        buf_addf(b, ".%06d", (int)part);
    buf_addc(b, 'Z');
}

static void
add_array(struct buf *b, struct span s, const char *brackets)
{
    buf_addc(b, brackets[0]);
    for (size_t at = ARRAY_HEAD; at + 8 <= s.n; at += 8)
        buf_addf(b, "%s%" PRId32, at > ARRAY_HEAD ? "," : "", (int32_t)get32(s.p + at + 4));
    buf_addc(b, brackets[1]);
}

/* The value's text without quotes, for all types but text and arrays. */
static void
add_plain(struct buf *b, enum column_type type, struct span s)
{
    switch (type) {
    case COL_INT4:
        buf_addf(b, "%" PRId32, (int32_t)get32(s.p));
        break;
    case COL_INT8:
        buf_addf(b, "%" PRId64, get64(s.p));
        break;
    case COL_BYTEA:
        add_hex(b, s);
        break;
    case COL_TIMESTAMPTZ:
        add_time(b, get64(s.p));
        break;
    case COL_NUMERIC:
        add_numeric(b, s);
        break;
    case COL_TEXT:
    case COL_INT4_ARRAY:
        break;
    }
}

static void
add_json(struct buf *b, enum column_type type, struct span s)
{
    bool quoted = type == COL_BYTEA || type == COL_TIMESTAMPTZ || type == COL_NUMERIC;

    if (type == COL_TEXT) {
        buf_add_json(b, s);
    } else if (type == COL_INT4_ARRAY) {
        add_array(b, s, "[]");
    } else {
        if (quoted)
            buf_addc(b, '"');
        add_plain(b, type, s);
        if (quoted)
            buf_addc(b, '"');
    }
}

static bool
needs_quotes(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (strchr("\",\r\n", s.p[i])) /* or a NUL, which strchr finds, too */
            return true;
    return s.n == 0;
}

/* RFC 4180; an empty text is quoted, since nothing at all means null. */
static void
add_csv(struct buf *b, enum column_type type, struct span s)
{
    if (type == COL_INT4_ARRAY) {
        buf_addc(b, '"');
        add_array(b, s, "{}");
        buf_addc(b, '"');
    } else if (type == COL_TEXT && !needs_quotes(s)) {
        buf_add(b, s.p, s.n);
    } else if (type == COL_TEXT) {
        buf_addc(b, '"');
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] == '"')
                buf_addc(b, '"');
            buf_addc(b, s.p[i]);
        }
        buf_addc(b, '"');
    } else {
        add_plain(b, type, s);
    }
}

/* Cuts the next field off; false: null. */
static bool
next_field(struct span *rest, struct span *field)
{
    uint32_t n = get32(rest->p);
    bool null = n == UINT32_MAX;

    *field = (struct span){rest->p + 4, null ? 0 : n};
    *rest = (struct span){field->p + field->n, rest->n - 4 - field->n};
    return !null;
}

static void
print_json(struct buf *out, const struct table *t, struct span *rest, bool with_table)
{
    const char *before = "{";

    if (with_table) {
        buf_addf(out, "{\"table\":\"%s\"", t->name);
        before = ",";
    }
    for (const struct column *c = t->columns; c < t->columns + TABLE_COLUMNS_MAX && c->name; c++) {
        struct span field;
        bool there = next_field(rest, &field);
        buf_adds(out, before);
        buf_addc(out, '"');
        buf_adds(out, c->name);
        buf_adds(out, "\":");
        if (there)
            add_json(out, c->type, field);
        else
            buf_adds(out, "null");
        before = ",";
    }
    buf_adds(out, "}\n");
}

static void
print_csv(struct buf *out, const struct table *t, struct span *rest)
{
    for (const struct column *c = t->columns; c < t->columns + TABLE_COLUMNS_MAX && c->name; c++) {
        struct span field;
        if (c > t->columns)
            buf_addc(out, ',');
        if (next_field(rest, &field))
            add_csv(out, c->type, field);
    }
    buf_addc(out, '\n');
}

void
row_print_header(struct buf *out, enum row_format f, const struct table *t)
{
    if (f != ROW_CSV)
        return;
    for (const struct column *c = t->columns; c < t->columns + TABLE_COLUMNS_MAX && c->name; c++)
        buf_addf(out, "%s%s", c > t->columns ? "," : "", c->name);
    buf_addc(out, '\n');
}

void
row_print(struct buf *out, enum row_format f, const struct table *t, struct span data, bool with_table)
{
    while (data.n > 0) {
        data = (struct span){data.p + 2, data.n - 2}; /* the count of fields */
        if (f == ROW_CSV)
            print_csv(out, t, &data);
        else
            print_json(out, t, &data, with_table);
    }
}
