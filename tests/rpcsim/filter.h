/* filter.h - which logs eth_getLogs asks for: addresses, and up to four topic positions, each a
 * list of which any may match (an empty list: all do). Lists are sorted, so a match is a search.
 */
#ifndef RPCSIM_FILTER_H
#define RPCSIM_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FILTER_TOPICS = 4 };

struct filter_list {
    uint8_t *items; /* owned: n items of `width` bytes, sorted once filter_sort was called */
    size_t n;
    size_t width; /* 20 or 32 bytes */
};

struct filter {
    struct filter_list addresses;
    struct filter_list topics[FILTER_TOPICS];
    size_t positions; /* a log needs at least so many topics to match */
    bool arrays;      /* an address or topic came as a list */
};

void filter_init(struct filter *f);
void filter_free(struct filter *f);
void filter_add(struct filter_list *l, const uint8_t *item);
void filter_sort(struct filter *f);

bool filter_list_match(const struct filter_list *l, const uint8_t *item);
bool filter_match(const struct filter *f, const uint8_t address[20], const uint8_t *const *topics,
                  size_t n_topics);

#endif
