/* array.h - the rows of one table of a plan as one value, to go along with a statement. Pure.
 *
 * It is an array of rows in PostgreSQL's binary form, that of array_recv and record_recv: rows as COPY wants them,
 * but the type of each field goes before it. They are in key order, as PostgreSQL would sort them, so that parallel
 * transactions do not wait for each other in a circle, and each key is there once: of several rows the one that came
 * last, or the newest (see tables.h).
 */
#ifndef SLUICE_WRITER_ARRAY_H
#define SLUICE_WRITER_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "writer/batch.h"

enum { ARRAY_MAX = 1 << 20 /* bytes of rows: more are better copied */ };

size_t array_bytes(const struct batch *batch, const struct plan *plan, size_t table); /* of its rows as they came */
/* Appends it. type: the oid of such a row's. */
void array_add(struct buf *b, const struct batch *batch, const struct plan *plan, size_t table, uint32_t type);

#endif
