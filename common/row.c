/* row.c - rows in the form of binary COPY: built and checked, see row.h; printed in rowtext.c. */
#include "common/row.h"

#include <string.h>

enum {
    INT4_OID = 23,            /* of PostgreSQL's integer, in array_send's form */
    NUMERIC_HEAD = 8,         /* bytes before the digits: count, weight, sign, scale */
    NUMERIC_DIGITS_MAX = 20,  /* of base 10000, in 2^256 - 1 */
    ARRAY_HEAD_EMPTY = 12,    /* dimensions, null flag, type */
    ARRAY_HEAD = 20,          /* and length and lower bound of the one dimension */
};

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

/* Takes n more bytes of b into use. */
static inline char *
take(struct buf *b, size_t n)
{
    char *p = b->cap - b->n >= n ? b->p + b->n : buf_room(b, n);
    b->n += n;
    return p;
}

/* A field of n bytes, to be filled by the caller. */
static inline char *
field(struct buf *b, size_t n)
{
    char *p = take(b, 4 + n);
    put32(p, (uint32_t)n);
    return p + 4;
}

void
row_begin(struct buf *b, const struct table *t)
{
    put16(take(b, 2), (uint16_t)table_column_count(t));
}

void
row_null(struct buf *b)
{
    put32(take(b, 4), UINT32_MAX);
}

void
row_int4(struct buf *b, int32_t v)
{
    put32(field(b, 4), (uint32_t)v);
}

void
row_int8(struct buf *b, int64_t v)
{
    put64(field(b, 8), (uint64_t)v);
}

void
row_bytes(struct buf *b, const void *p, size_t n)
{
    char *to = field(b, n);
    if (n)
        memcpy(to, p, n);
}

void
row_unix_time(struct buf *b, int64_t seconds)
{
    if (seconds > ROW_TIME_MAX) /* decoders refuse these and negative ones */
        seconds = ROW_TIME_MAX;
    if (seconds < 0)
        seconds = 0;
    row_int8(b, (seconds - ROW_PG_EPOCH) * 1000000);
}

/* --- numeric --- */

/* digits: base 10000, the most significant first. */
static void
put_numeric(struct buf *b, const uint16_t *digits, size_t n)
{
    while (n > 0 && *digits == 0) {
        digits++;
        n--;
    }
    size_t kept = n;
    while (kept > 0 && digits[kept - 1] == 0)
        kept--;
    char *p = field(b, NUMERIC_HEAD + 2 * kept);
    put16(p, (uint16_t)kept);
    put16(p + 2, (uint16_t)(n ? n - 1 : 0)); /* weight of the first digit */
    put16(p + 4, 0);                         /* positive */
    put16(p + 6, 0);                         /* no decimals */
    for (size_t i = 0; i < kept; i++)
        put16(p + NUMERIC_HEAD + 2 * i, digits[i]);
}

void
row_numeric_u64(struct buf *b, uint64_t v)
{
    uint16_t digits[5];

    for (size_t i = 5; i-- > 0; v /= 10000)
        digits[i] = (uint16_t)(v % 10000);
    put_numeric(b, digits, 5);
}

/* Divides the number in n limbs (most significant first) by 10^8; returns the remainder. */
static uint32_t
divide(uint32_t *limb, size_t n)
{
    uint64_t rest = 0;

    for (size_t i = 0; i < n; i++) {
        rest = rest << 32 | limb[i];
        limb[i] = (uint32_t)(rest / 100000000);
        rest %= 100000000;
    }
    return (uint32_t)rest;
}

void
row_numeric_u256(struct buf *b, const uint8_t big_endian[32])
{
    uint16_t digits[NUMERIC_DIGITS_MAX];
    uint32_t limbs[8];
    size_t first = 0, at = NUMERIC_DIGITS_MAX;

    for (size_t i = 0; i < 8; i++) {
        const uint8_t *p = big_endian + 4 * i;
        limbs[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    for (;;) {
        while (first < 8 && limbs[first] == 0)
            first++;
        if (first == 8)
            break;
        uint32_t rest = divide(limbs + first, 8 - first);
        digits[--at] = (uint16_t)(rest % 10000);
        digits[--at] = (uint16_t)(rest / 10000);
    }
    put_numeric(b, digits + at, NUMERIC_DIGITS_MAX - at);
}

void
row_int4_array(struct buf *b, const int32_t *v, size_t n)
{
    char *p = field(b, n ? ARRAY_HEAD + 8 * n : ARRAY_HEAD_EMPTY);

    put32(p, n ? 1 : 0); /* dimensions */
    put32(p + 4, 0);     /* no nulls */
    put32(p + 8, INT4_OID);
    if (n == 0)
        return;
    put32(p + 12, (uint32_t)n);
    put32(p + 16, 1); /* lower bound */
    for (size_t i = 0; i < n; i++) {
        put32(p + ARRAY_HEAD + 8 * i, 4);
        put32(p + ARRAY_HEAD + 8 * i + 4, (uint32_t)v[i]);
    }
}

/* --- checking --- */

static bool
length_fits(enum column_type type, uint32_t n)
{
    switch (type) {
    case COL_INT4:
        return n == 4;
    case COL_INT8:
    case COL_TIMESTAMPTZ:
        return n == 8;
    case COL_BYTEA:
    case COL_TEXT:
        return true;
    case COL_NUMERIC:
        return n >= NUMERIC_HEAD;
    case COL_INT4_ARRAY:
        return n == ARRAY_HEAD_EMPTY || (n >= ARRAY_HEAD && (n - ARRAY_HEAD) % 8 == 0);
    }
    return false;
}

/* numeric_send's form of n bytes: as many digits as it says, and none beyond those of 2^256 - 1, since a few bytes can
 * stand for 131,072 digits. */
static inline bool
is_numeric(const unsigned char *p, uint32_t n)
{
    unsigned digits = (unsigned)p[0] << 8 | p[1], weight = (unsigned)p[2] << 8 | p[3];

    return n == NUMERIC_HEAD + 2 * digits && weight < NUMERIC_DIGITS_MAX && digits <= weight + 1;
}

static inline uint32_t
get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Where the row at p ends, or NULL. */
static inline const unsigned char *
check_row(const struct column *columns, size_t n, const unsigned char *p, const unsigned char *end)
{
    if (end - p < 2 || (size_t)(p[0] << 8 | p[1]) != n)
        return NULL;
    p += 2;
    for (size_t i = 0; i < n; i++) {
        if (end - p < 4)
            return NULL;
        uint32_t len = get32(p);
        p += 4;
        if (len == UINT32_MAX) {
            if (columns[i].not_null)
                return NULL;
            continue;
        }
        if ((size_t)(end - p) < len || !length_fits(columns[i].type, len))
            return NULL;
        if (columns[i].type == COL_NUMERIC && !is_numeric(p, len))
            return NULL;
        p += len;
    }
    return p;
}

bool
row_check(const struct table *t, struct span data, uint32_t rows)
{
    size_t n = table_column_count(t);
    const unsigned char *p = (const unsigned char *)data.p;
    const unsigned char *end = p ? p + data.n : p;

    for (uint32_t i = 0; i < rows; i++) {
        p = check_row(t->columns, n, p, end);
        if (!p)
            return false;
    }
    return p == end;
}
