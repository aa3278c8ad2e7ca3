/* bloom.c - see bloom.h. The one door to nettle. */
#include "bloom.h"

#include <nettle/sha3.h>
#include <string.h>

enum { KECCAK_RATE = 136 }; /* bytes a block of Keccak-256 takes in */

static void
absorb(struct sha3_state *s, const uint8_t block[KECCAK_RATE])
{
    for (size_t i = 0; i < KECCAK_RATE / 8; i++) {
        uint64_t word = 0;
        for (size_t k = 8; k-- > 0;)
            word = word << 8 | block[i * 8 + k];
        s->a[i] ^= word;
    }
    sha3_permute(s);
}

void
keccak256(const uint8_t *p, size_t n, uint8_t out[32])
{
    struct sha3_state s = {0};
    for (; n >= KECCAK_RATE; p += KECCAK_RATE, n -= KECCAK_RATE)
        absorb(&s, p);
    uint8_t last[KECCAK_RATE] = {0};
    if (n > 0)
        memcpy(last, p, n);
    last[n] ^= 0x01; /* Keccak's padding, not SHA-3's 0x06 */
    last[KECCAK_RATE - 1] ^= 0x80;
    absorb(&s, last);
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(s.a[i / 8] >> (8 * (i % 8)));
}

struct bloom_bits
bloom_bits_of(const uint8_t *p, size_t n)
{
    uint8_t hash[32];
    keccak256(p, n, hash);
    struct bloom_bits bits;
    for (size_t i = 0; i < 3; i++)
        bits.bit[i] = (uint16_t)((hash[2 * i] << 8 | hash[2 * i + 1]) & 2047);
    return bits;
}

void
bloom_set(struct bloom *b, struct bloom_bits bits)
{
    for (size_t i = 0; i < 3; i++)
        b->bytes[255 - bits.bit[i] / 8] |= (uint8_t)(1u << (bits.bit[i] % 8));
}
