/* tell.h - what the producer is told: lines for the control link, queued while it takes none.
 *
 * The queue is bounded; when it is full a line is dropped. That loses nothing: a task
 * whose `committed` never arrives is issued again when its lease runs out, and its rows, being
 * there already, change nothing. For `uncovered` lines room is waited for (lane_doubted.c).
 */
#ifndef SLUICE_WRITER_TELL_H
#define SLUICE_WRITER_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/link.h"
#include "common/wire.h"

enum { TELL_MAX = 4096 /* lines */ };

struct tell {
    struct link *link; /* NULL: there is nobody to tell */
    char *lines[TELL_MAX]; /* a ring; owned */
    size_t first, n;
    uint64_t dropped;
};

void tell_hello(struct tell *t); /* once, first */
/* w: an end, or a given-up record. */
void tell_committed(struct tell *t, const struct wire *w, uint64_t rows);
/* why: its rows are refused, and by what; NULL: they did not come. */
void tell_lost(struct tell *t, const struct wire *w, const char *why);
/* w: a `doubted`; so many rows were known of these blocks. */
void tell_uncovered(struct tell *t, const struct wire *w, uint64_t rows, uint64_t from, uint64_t to);
bool tell_room(const struct tell *t, size_t lines); /* for so many; true where there is nobody to tell */
void tell_flush(struct tell *t); /* as much as the link takes */
void tell_free(struct tell *t);

#endif
