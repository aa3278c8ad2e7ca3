/* output.h - rows and ends on their way to the results link, in order, bounded.
 *
 * Rows are cut into messages of 64 to 256 KiB (one row alone may be longer) or printed as text.
 * What the link does not take waits here; the caller stops asking endpoints while output_full.
 * A note is a control line that becomes true once the message before it was handed over (say
 * "fetched"): output_flush then passes it on.
 */
#ifndef SLUICE_OUTPUT_H
#define SLUICE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/link.h"
#include "common/wire.h"
#include "fetcher/dataset.h"

enum {
    OUTPUT_CHUNK = 64 << 10,    /* bytes of rows that make a message */
    OUTPUT_MESSAGE = 256 << 10, /* more are cut */
    OUTPUT_QUEUE = 1 << 20,     /* bytes waiting, from which on it counts as full */
};

enum output_format { OUTPUT_MSGPACK, OUTPUT_NDJSON, OUTPUT_CSV };

struct output; /* opaque: a queue */

/* The link stays the caller's. */
struct output *output_new(struct link *link, enum output_format format);
void output_free(struct output *o);

/* CSV: the header line, once. */
void output_header(struct output *o, const struct table *t);
/* Hands out whole chunks of the rows, or all that is left; takes them out of rows. w names run,
 * fetcher, task and try; *seq counts on. with_table: text objects name their table. */
void output_rows(struct output *o, const struct wire *w, uint32_t *seq, const struct table *t,
                 struct rows *rows, bool all, bool with_table);
/* An end or a given-up record (msgpack only), then the note (may be empty). */
void output_end(struct output *o, const struct wire *w, struct span note);

bool output_full(const struct output *o);
size_t output_queued(const struct output *o); /* bytes */
/* Writes on. Each note that became true is passed on. -1: the link broke. */
int output_flush(struct output *o, void (*note)(struct span line, void *context), void *context);

#endif
