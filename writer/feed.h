/* feed.h - the chunks of a plan into COPY after COPY, as far as the connection takes them.
 * Chunks are bytes in the form that COPY wants; they are framed, not looked at.
 */
#ifndef SLUICE_WRITER_FEED_H
#define SLUICE_WRITER_FEED_H

#include <stdbool.h>

#include "writer/batch.h"
#include "writer/pg.h"

struct feed {
    const struct batch *batch;
    const struct plan *plan;
    uint32_t along; /* bit t: not of table t, see script.h */
    bool on;      /* inside a COPY */
    size_t table; /* the one on hand, or the first that may be next */
    enum { FEED_HEADER, FEED_DATA, FEED_TRAILER, FEED_END } step; /* what goes next */
    size_t chunk, offset;
};

void feed_begin(struct feed *f, const struct batch *batch, const struct plan *plan, uint32_t along);
void feed_next(struct feed *f); /* the server is ready for the next table's rows */
/* False: the connection takes no more now. True: this COPY has all, or pg_next tells why not. */
bool feed_more(struct feed *f, struct pg *pg);

#endif
