/* bloom.h - logs blooms: 2048 bits, three for each address and topic of a log (yellow paper, 4.3.1). */
#ifndef RPCSIM_BLOOM_H
#define RPCSIM_BLOOM_H

#include <stddef.h>
#include <stdint.h>

struct bloom {
    uint8_t bytes[256];
};

struct bloom_bits { /* which three bits an item sets, 0 to 2047 */
    uint16_t bit[3];
};

void keccak256(const uint8_t *p, size_t n, uint8_t out[32]);
struct bloom_bits bloom_bits_of(const uint8_t *p, size_t n);
void bloom_set(struct bloom *b, struct bloom_bits bits);

#endif
