/* take.h - what comes in: decoded, checked, counted, and refused by kind where it is not valid.
 *
 * A message that is refused is one chunk (or one end) less, so its task will not count as
 * covered. Strangers can send anything: each kind of mistake is told once, then only counted.
 */
#ifndef SLUICE_WRITER_TAKE_H
#define SLUICE_WRITER_TAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer/batch.h"
#include "writer/partial.h"
#include "writer/store.h"

enum { REFUSALS_MAX = 16 };

struct refusals {
    char kind[REFUSALS_MAX][160];
    size_t n;
    uint64_t count;
};

enum take {
    TAKE_REFUSED, /* said or counted; drop the message */
    TAKE_LOST,    /* an end whose chunks are not all there: tell the producer, drop it */
    TAKE_FINE,    /* item is filled, and belongs to the caller */
};

/* Looks at a message. Rows are counted in partial, ends are held against it; what is given up or doubted is of a
 * job that there can be. */
enum take take_message(const struct link_message *m, struct partial *partial, struct store *store,
                       struct refusals *refusals, struct item *item);
void refusals_end(const struct refusals *r); /* the count, if it is more than was said */

#endif
