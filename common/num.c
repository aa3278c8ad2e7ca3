/* num.c - numbers, hex and time text; see num.h. */
#include "common/num.h"

#include <string.h>
#include <time.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { NOT_HEX = 0xFF };

/* clang-format off */
#define X NOT_HEX
#define X16 X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X
static const uint8_t hex_value[256] = {
    X16, X16, X16,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, X, X, X, X, X, X,
    X, 10, 11, 12, 13, 14, 15, X, X, X, X, X, X, X, X, X,
    X16,
    X, 10, 11, 12, 13, 14, 15, X, X, X, X, X, X, X, X, X,
    X16, X16, X16, X16, X16, X16, X16, X16, X16,
};
#undef X16
#undef X
/* clang-format on */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
num_u64(struct span s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_digit(s.p[i]))
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

bool
num_u32(struct span s, uint32_t *out)
{
    uint64_t v;

    if (!num_u64(s, &v) || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

bool
num_quantity(struct span s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.n < 3 || s.p[0] != '0' || s.p[1] != 'x')
        return false;
    for (size_t i = 2; i < s.n; i++) {
        uint8_t digit = hex_value[(uint8_t)s.p[i]];
        if (digit == NOT_HEX || v >> 60)
            return false;
        v = v << 4 | digit;
    }
    *out = v;
    return true;
}

bool
num_size(struct span s, uint64_t *out)
{
    unsigned shift = 0;
    uint64_t v;

    if (s.n > 1) {
        char unit = s.p[s.n - 1];
        shift = unit == 'k' || unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
    }
    if (shift)
        s.n--;
    if (!num_u64(s, &v) || v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

/* Takes "12" or "12.345" off the front of s: whole part and thousand-millionths. */
static bool
take_decimal(struct span *s, uint64_t *whole, uint64_t *nano)
{
    size_t n = 0;
    uint64_t scale = 1000000000;

    while (n < s->n && is_digit(s->p[n]))
        n++;
    if (!num_u64((struct span){s->p, n}, whole))
        return false;
    *nano = 0;
    if (n < s->n && s->p[n] == '.') {
        size_t first = ++n;
        for (; n < s->n && is_digit(s->p[n]); n++) {
            scale /= 10;
            *nano += scale * (uint64_t)(s->p[n] - '0');
        }
        if (n == first || n - first > 9)
            return false;
    }
    *s = (struct span){s->p + n, s->n - n};
    return true;
}

/* Takes a unit off the front of s: its milliseconds, or 0. A missing unit means seconds. */
static uint64_t
take_unit(struct span *s)
{
    uint64_t ms = 0;
    size_t n = 1;

    if (s->n == 0)
        return 1000;
    if (s->n >= 2 && memcmp(s->p, "ms", 2) == 0) {
        ms = 1;
        n = 2;
    } else if (s->p[0] == 's') {
        ms = 1000;
    } else if (s->p[0] == 'm') {
        ms = UINT64_C(60) * 1000;
    } else if (s->p[0] == 'h') {
        ms = UINT64_C(60) * 60 * 1000;
    }
    *s = (struct span){s->p + n, s->n - n};
    return ms;
}

bool
num_seconds(struct span s, int64_t *out_ms)
{
    const uint64_t most = INT64_MAX / 2;
    uint64_t total = 0, last = UINT64_MAX;
    bool first = true;

    do {
        uint64_t whole, nano;
        if (!take_decimal(&s, &whole, &nano))
            return false;
        if (s.n == 0 && !first)
            return false; /* "1m30": thirty what? */
        uint64_t unit = take_unit(&s);
        /* Units go down ("1m30s"), and the value is a whole number of milliseconds. */
        if (unit == 0 || unit >= last || nano * unit % 1000000000 != 0)
            return false;
        if (whole > most / unit || total > most - whole * unit - unit)
            return false;
        total += whole * unit + nano * unit / 1000000000;
        last = unit;
        first = false;
    } while (s.n > 0);
    *out_ms = (int64_t)total;
    return true;
}

bool
num_range(struct span s, uint64_t *from, uint64_t *to)
{
    const char *dash = s.n ? memchr(s.p, '-', s.n) : NULL;
    uint64_t a, b;

    if (!dash) {
        if (!num_u64(s, &a))
            return false;
        b = a;
    } else {
        size_t n = (size_t)(dash - s.p);
        if (!num_u64((struct span){s.p, n}, &a) ||
            !num_u64((struct span){dash + 1, s.n - n - 1}, &b) || a > b)
            return false;
    }
    *from = a;
    *to = b;
    return true;
}

#ifdef __SSE2__
/* 16 digits to nibbles; false if one is not a digit. */
static inline bool
nibbles16(const char *p, __m128i *out)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_d = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    __m128i is_l = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);

    letter = _mm_add_epi8(letter, _mm_set1_epi8(10));
    *out = _mm_or_si128(_mm_and_si128(digit, is_d), _mm_and_si128(letter, is_l));
    return _mm_movemask_epi8(_mm_or_si128(is_d, is_l)) == 0xFFFF;
}

/* Nibbles (first one high, as in memory) to bytes in the low half of each 16-bit lane. */
static inline __m128i
join_nibbles(__m128i v)
{
    __m128i both = _mm_or_si128(_mm_slli_epi16(v, 4), _mm_srli_epi16(v, 8));
    return _mm_and_si128(both, _mm_set1_epi16(0xFF));
}

/* 32 digits to 16 bytes. */
static inline bool
bytes16(const char *p, __m128i *out)
{
    __m128i a, b;
    bool good = nibbles16(p, &a);

    good &= nibbles16(p + 16, &b);
    *out = _mm_packus_epi16(join_nibbles(a), join_nibbles(b));
    return good;
}

/* Decodes whole blocks of 16 bytes; returns how many bytes, or -1. */
static inline ptrdiff_t
decode_blocks(const char *p, uint8_t *out, size_t n)
{
    size_t i = 0;

    for (; n - i >= 16; i += 16) {
        __m128i bytes;
        if (!bytes16(p + 2 * i, &bytes))
            return -1;
        _mm_storeu_si128((__m128i *)(void *)(out + i), bytes);
    }
    return (ptrdiff_t)i;
}

/* 32 bytes, the size of most; out is left alone if they are not hex. */
static inline bool
decode_32(const char *p, uint8_t *out)
{
    __m128i a, b;
    bool good = bytes16(p, &a);

    if (!(good & bytes16(p + 32, &b)))
        return false;
    _mm_storeu_si128((__m128i *)(void *)out, a);
    _mm_storeu_si128((__m128i *)(void *)(out + 16), b);
    return true;
}
#else
static inline ptrdiff_t
decode_blocks(const char *p, uint8_t *out, size_t n)
{
    (void)p, (void)out, (void)n;
    return 0;
}
static inline bool decode_hex(const char *p, uint8_t *out, size_t n);

static inline bool
decode_32(const char *p, uint8_t *out)
{
    uint8_t aside[32];

    if (!decode_hex(p, aside, sizeof aside))
        return false;
    memcpy(out, aside, sizeof aside);
    return true;
}
#endif

static inline bool
decode_hex(const char *p, uint8_t *out, size_t n)
{
    ptrdiff_t done = decode_blocks(p, out, n);
    unsigned bad = 0;

    if (done < 0)
        return false;
    for (size_t i = (size_t)done; i < n; i++) {
        uint8_t high = hex_value[(uint8_t)p[2 * i]], low = hex_value[(uint8_t)p[2 * i + 1]];
        bad |= (unsigned)(high | low);
        out[i] = (uint8_t)(high << 4 | low);
    }
    return bad < 16;
}

static bool
has_0x(struct span s)
{
    return s.n >= 2 && s.p[0] == '0' && s.p[1] == 'x';
}

bool
num_hex(struct span s, uint8_t *out, size_t n)
{
    uint8_t small[64];

    if (!has_0x(s) || (s.n - 2) / 2 != n || s.n % 2 != 0)
        return false;
    if (n == 32)
        return decode_32(s.p + 2, out);
    if (n > sizeof small) { /* too long to keep aside: look first, so that out is left alone */
        for (size_t i = 2; i < s.n; i++)
            if (hex_value[(uint8_t)s.p[i]] == NOT_HEX)
                return false;
        return decode_hex(s.p + 2, out, n);
    }
    if (!decode_hex(s.p + 2, small, n))
        return false;
    if (n)
        memcpy(out, small, n);
    return true;
}

ptrdiff_t
num_hex_bytes(struct span s, uint8_t *out)
{
    if (!has_0x(s) || s.n % 2 != 0)
        return -1;
    size_t n = (s.n - 2) / 2;
    return decode_hex(s.p + 2, out, n) ? (ptrdiff_t)n : -1;
}

bool
num_word(const uint8_t word[32], uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 32; i++) {
        if (n >> 55)
            return false;
        n = n << 8 | word[i];
    }
    if (n >= INT64_MAX)
        return false;
    *out = n;
    return true;
}

void
num_to_hex(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
}

int64_t
clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_ms(void)
{
    return clock_us() / 1000;
}
