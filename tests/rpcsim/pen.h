/* pen.h - writing JSON text quickly into room that was made before. */
#ifndef RPCSIM_PEN_H
#define RPCSIM_PEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PEN(p, literal) pen_put((p), (literal), sizeof(literal) - 1)

static inline char *
pen_put(char *p, const void *text, size_t n)
{
    memcpy(p, text, n);
    return p + n;
}

static inline char *
pen_hex(char *p, const uint8_t *bytes, size_t n)
{
    static const char digits[16] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *p++ = digits[bytes[i] >> 4];
        *p++ = digits[bytes[i] & 15];
    }
    return p;
}

/* 0x and no leading zeros, as JSON-RPC writes quantities (without the quotes). */
static inline char *
pen_quantity(char *p, uint64_t v)
{
    static const char digits[16] = "0123456789abcdef";
    int shift = v ? (63 - __builtin_clzll(v)) & ~3 : 0;
    *p++ = '0';
    *p++ = 'x';
    for (; shift >= 0; shift -= 4)
        *p++ = digits[v >> shift & 15];
    return p;
}

/* A 32-byte word that holds v: 64 digits. */
static inline char *
pen_word(char *p, uint64_t v)
{
    static const char digits[16] = "0123456789abcdef";
    memset(p, '0', 48);
    for (int i = 0; i < 16; i++)
        p[48 + i] = digits[v >> (60 - 4 * i) & 15];
    return p + 64;
}

#endif
