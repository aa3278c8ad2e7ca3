/* pattern.h - finds phrases with numbers in the texts of providers.
 *
 * A pattern is found anywhere in a text, without regard to case. It is written in small letters:
 *
 *     #   a number           "limited to 0 - 50 blocks" has two
 *     @   a number, kept     "limited to # - @ block" keeps 50
 *     ~   a duration, kept   "retry in ~" of "retry in 1m30s"
 *     *   anything between
 *     ^ $ start and end of the text, as first and last character
 *
 * Numbers are decimal with thousands apart ("10,000", "10.000"), with k or m behind ("2K"), or
 * 0x-hex. Durations are those of Go ("560.27ms", "10m0s", "1h"), also with a word ("5 seconds"),
 * and plain numbers of seconds ("30", "30.0").
 */
#ifndef SLUICE_PATTERN_H
#define SLUICE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum { PATTERN_KEPT = 4 };

struct found {
    uint64_t numbers[PATTERN_KEPT]; /* of each @; too large ones are UINT64_MAX */
    size_t n;
    int64_t duration_ms;            /* of ~, rounded up; -1: none */
};

/* *found is set only where the pattern is found; found may be NULL. */
bool pattern_find(const char *pattern, struct span text, struct found *found);

#endif
