/* keccak.h - Keccak-256 as Ethereum uses it: the padding that SHA-3 had before it was a standard.
 * The one door to nettle. */
#ifndef SLUICE_KECCAK_H
#define SLUICE_KECCAK_H

#include <stddef.h>
#include <stdint.h>

void keccak256(const void *p, size_t n, uint8_t out[32]);

#endif
