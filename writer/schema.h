/* schema.h - the SQL that makes tables, copies into them and merges staged rows. Pure text.
 *
 * Tables come from common/tables.c and are made when first needed, under an advisory lock so
 * that writers that start together do not trip over each other. A table that is there already is
 * used as it is if it fits: our columns in our types and a unique index on our key; further
 * columns are left alone.
 */
#ifndef SLUICE_WRITER_SCHEMA_H
#define SLUICE_WRITER_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/tables.h"

/* jobs, ranges, failed_ranges, and the schema itself, in a transaction. */
void schema_control_sql(struct buf *b, const char *schema);
/* One table, in a transaction. Returns rows ('problem', text) where it does not fit. */
void schema_table_sql(struct buf *b, const char *schema, const struct table *t);

/* COPY into the table, or (staged) into this connection's stage, its temporary copy of it, which is made. */
void schema_copy_sql(struct buf *b, const char *schema, const struct table *t, bool staged);
/* Staged rows into the table: INSERT ... ON CONFLICT DO UPDATE in key order. Where the stage holds
 * a key twice, the one that came last wins (or the newest, see tables.h). Returns ('met') where a
 * key is there already, unless all rows of the table go by staging always (`newest`). moved: first removes rows
 * that have one of these under another key (see `unique` in tables.h); where there are such, it
 * fails without. */
void schema_merge_sql(struct buf *b, const char *schema, const struct table *t, bool moved);
/* Prepares the same merge, but for moved ones, of rows that come along with it: $1 is an array of them (array.h), in
 * key order, each key once. For this connection; the serial number is in its name. Returns ('type', index of the
 * table, oid of the rows' type). */
void schema_along_sql(struct buf *b, const char *schema, const struct table *t, uint64_t serial);
void schema_along_name(struct buf *b, const struct table *t, uint64_t serial); /* unquoted */

#endif
