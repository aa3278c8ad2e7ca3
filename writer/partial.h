/* partial.h - which chunks of unfinished tasks have come. Pure state.
 *
 * An end names how many chunks came before it. Unless exactly these were seen, in order, by this
 * process, some are missing (it was restarted in the middle, or one was refused), and the range
 * must not be recorded as covered.
 *
 * At most `max` attempts are remembered. When more are open at once the one longest untouched is
 * forgotten; its end will then not match and the task is asked for again: slower, never wrong.
 */
#ifndef SLUICE_WRITER_PARTIAL_H
#define SLUICE_WRITER_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/wire.h"
#include "writer/sql.h"

enum { PARTIAL_MAX = 65536, PARTIAL_REASONS_MAX = 4096 };

struct partial; /* opaque: a hash table */

struct partial *partial_new(size_t max);
void partial_free(struct partial *p);

/* A chunk (w is WIRE_ROWS) of tables[table]. */
void partial_chunk(struct partial *p, const struct wire *w, size_t table);
/* The attempt that w is of cannot become whole any more, since its rows are refused: the reason is
 * kept for its end, while there are not more than PARTIAL_REASONS_MAX. */
void partial_spoil(struct partial *p, const struct wire *w, const char *why);
/* An end: is the attempt whole? rows: of each table, by index. *why: where it is not, the reason
 * or NULL; the caller's. Forgets the attempt. */
bool partial_end(struct partial *p, const struct wire *w, uint64_t rows[TABLES_MAX], char **why);

/* Are both messages of one attempt, the same (run, fetcher, task, try)? */
bool partial_same(const struct wire *a, const struct wire *b);

#endif
