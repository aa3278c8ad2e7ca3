/* script.h - the SQL of a part of a batch: what must be made before it, and itself.
 *
 * The first is run by itself, so that making a table never waits inside a transaction that holds
 * rows. The second is one string, from BEGIN over a COPY for each table and the coverage of what
 * the part completes to COMMIT. Pure text; what is known to be made is in the store.
 */
#ifndef SLUICE_WRITER_SCRIPT_H
#define SLUICE_WRITER_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "writer/batch.h"
#include "writer/compaction.h"
#include "writer/store.h"

struct part {
    const struct batch *batch;
    size_t from, to; /* [from, to) of its items */
};

/* Tables and jobs that the part needs and the store does not know; appends nothing if it knows all.
 * Returns rows ('problem', text) where a table does not fit, and ('job', serial, job_id). */
void script_prepare(struct buf *sql, struct store *store, struct part part);
/* That has been run: the store knows its tables now (jobs by store_learn). */
void script_prepared(struct store *store, struct part part);
/* The part itself. staged: bit t set: table t goes by staging. moved: see schema_merge_sql. Returns
 * the lines that it adds to `ranges`. */
struct lines script_write(struct buf *sql, struct store *store, struct part part, const struct plan *plan,
                          uint32_t staged, bool moved);
/* A part that is a `doubted`, or rather one step of it (coverage.h), from this block on; still to be committed. */
void script_uncover(struct buf *sql, struct store *store, struct part part, uint64_t from);

#endif
