/* draw.h - numbers that look random and depend on nothing but their arguments.
 *
 * The finaliser of splitmix64: a bijection of 64 bits, so that it can be undone. The chain draws
 * all its facts by it; the same (seed, what, a, b) gives the same number in every process.
 */
#ifndef RPCSIM_DRAW_H
#define RPCSIM_DRAW_H

#include <stdint.h>

static inline uint64_t
draw_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* draw_unmix(draw_mix(x)) == x: the multipliers are the inverses modulo 2^64. */
static inline uint64_t
draw_unmix(uint64_t x)
{
    x = (x ^ (x >> 31) ^ (x >> 62)) * 0x319642b2d24d8ec3u;
    x = (x ^ (x >> 27) ^ (x >> 54)) * 0x96de1b173f119089u;
    return x ^ (x >> 30) ^ (x >> 60);
}

static inline uint64_t
draw(uint64_t seed, uint64_t what, uint64_t a, uint64_t b)
{
    uint64_t x = draw_mix(seed + what * 0x9e3779b97f4a7c15u);
    x = draw_mix(x ^ (a + 0x632be59bd9b4e019u));
    return draw_mix(x ^ (b + 0x7f4a7c159e3779b9u));
}

#endif
