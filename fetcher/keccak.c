/* keccak.c - see keccak.h. nettle's SHA-3 pads with 0x06, Keccak with 0x01: only the permutation
 * is taken from it. */
#include "keccak.h"

#include <nettle/sha3.h>

enum { RATE = SHA3_256_BLOCK_SIZE }; /* 136 bytes */

static void
absorb(struct sha3_state *s, const uint8_t block[RATE])
{
    for (int lane = 0; lane < RATE / 8; lane++) {
        uint64_t v = 0;
        for (int i = 7; i >= 0; i--)
            v = v << 8 | block[8 * lane + i];
        s->a[lane] ^= v;
    }
    sha3_permute(s);
}

void
keccak256(const void *p, size_t n, uint8_t out[32])
{
    struct sha3_state s = {{0}};
    const uint8_t *in = p;
    uint8_t last[RATE] = {0};

    for (; n >= RATE; n -= RATE, in += RATE)
        absorb(&s, in);
    for (size_t i = 0; i < n; i++)
        last[i] = in[i];
    last[n] ^= 0x01;
    last[RATE - 1] ^= 0x80;
    absorb(&s, last);
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(s.a[i / 8] >> 8 * (i % 8));
}
