/* script.h - the SQL of a part of a batch: what must be made before it, and itself.
 *
 * The first is run by itself, so that making a table never waits inside a transaction that holds
 * rows. The second goes from BEGIN over a COPY or a merge for each table and the coverage of what
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
/* How the rows of a part go, by table: bit t for table t. */
struct ways {
    uint32_t staged; /* by a stage, or */
    uint32_t along;  /* with the statement that merges them (schema_along_sql) */
    const uint64_t *prepared; /* by table: the serial number of that statement */
    uint32_t fresh;  /* it is to be prepared */
    bool moved;      /* see schema_merge_sql */
};

/* What is sent one after the other: SQL, cut where rows go along with a statement. */
struct script {
    struct buf sql; /* owned: texts, each with a NUL at its end */
    struct {
        size_t at;    /* in sql: statements; or the name of a prepared one, for */
        size_t table; /* whose rows go along; TABLES_MAX: none */
    } step[2 * TABLES_MAX + 2];
    size_t n, next;
};

/* The part itself. Returns the lines that it adds to `ranges`. */
struct lines script_write(struct script *s, struct store *store, struct part part, const struct plan *plan,
                          const struct ways *ways);
/* A part that is a `doubted`, or rather one step of it (coverage.h), from this block on; still to be committed. */
void script_uncover(struct script *s, struct store *store, struct part part, uint64_t next);
void script_free(struct script *s);

#endif
