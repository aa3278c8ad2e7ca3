/* wanted.h - what was ever asked for of a job: the SQL around the column `wanted` of jobs.
 *
 * Pure text. `wanted` is the union of all ranges that runs asked for, kept by `--gaps --remember`.
 * A job without it (its rows came through a pipe) wants all from the first to the last block that
 * is known of it, covered or given up; so does one in a database that has no such column yet.
 */
#ifndef SLUICE_WRITER_WANTED_H
#define SLUICE_WRITER_WANTED_H

#include <stdint.h>

#include "common/buf.h"

/* Adds the column to jobs unless it is there. */
void wanted_column_sql(struct buf *b, const char *schema);
/* The range (first and last block) is wanted of the jobs; NULL: no more than is wanted already.
 * ids: job ids, commas between. */
void wanted_add_sql(struct buf *b, const char *schema, const char *ids, const uint64_t range[2]);
/* Query: first and last block of each range that any of the jobs wants, in order. */
void wanted_ranges_sql(struct buf *b, const char *schema, const char *ids);
/* Query: one line of text, how much of what the job wants is covered. No row where nothing is wanted. */
void wanted_summary_sql(struct buf *b, const char *schema, const char *id);

#endif
