/* num.h - numbers, hex and time text, parsed whole or refused.
 *
 * Every function returns false and leaves *out alone unless the whole input is one value
 * of the wanted form and size.
 */
#ifndef SLUICE_NUM_H
#define SLUICE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

bool num_u64(struct span s, uint64_t *out);     /* decimal digits only */
bool num_u32(struct span s, uint32_t *out);
bool num_quantity(struct span s, uint64_t *out); /* 0x-hex as in JSON-RPC; leading zeros are let pass */
bool num_size(struct span s, uint64_t *out);     /* decimal with an optional k, M or G (powers of 1024) */
bool num_seconds(struct span s, int64_t *out_ms); /* "2", "0.5", "250ms", "5s", "10m", "1h", "1m30s" */
bool num_range(struct span s, uint64_t *from, uint64_t *to); /* "100-199" or "100"; from <= to */

/* Exactly n bytes of 0x-hex, either case. */
bool num_hex(struct span s, uint8_t *out, size_t n);
/* Any number of bytes: "0x" and an even count of digits. Decodes into out, which has room for
 * (s.n - 2) / 2 bytes; returns that many, or -1. The speed of this one matters. */
ptrdiff_t num_hex_bytes(struct span s, uint8_t *out);
bool num_word(const uint8_t word[32], uint64_t *out); /* big-endian; below 2^63 - 1, as a block number */
void num_to_hex(const uint8_t *p, size_t n, char *out); /* 2 n digits, no 0x, no NUL */

int64_t clock_ms(void); /* monotonic; read once per turn of a loop */
int64_t clock_us(void);

#endif
