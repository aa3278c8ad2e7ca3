/* row.h - rows in the form of PostgreSQL's binary COPY: built, checked, printed.
 *
 * A row is encoded once, by the fetcher, in the form that the database takes; the writer moves
 * bytes. The form: a 16-bit field count, then per field a 32-bit length (-1: null) and the bytes,
 * big-endian (PostgreSQL documentation, COPY, "Binary Format").
 */
#ifndef SLUICE_ROW_H
#define SLUICE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "tables.h"

enum { ROW_PG_EPOCH = 946684800 }; /* 2000-01-01 in seconds since 1970 */
#define ROW_TIME_MAX INT64_C(9224318015999) /* seconds since 1970: the last that timestamptz holds */

/* Fields are added in column order after row_begin. */
void row_begin(struct buf *b, const struct table *t);
void row_null(struct buf *b);
void row_int4(struct buf *b, int32_t v);
void row_int8(struct buf *b, int64_t v);
void row_bytes(struct buf *b, const void *p, size_t n);      /* bytea and text */
void row_unix_time(struct buf *b, int64_t seconds);          /* timestamptz; 0 to ROW_TIME_MAX */
void row_numeric_u256(struct buf *b, const uint8_t big_endian[32]);
void row_numeric_u64(struct buf *b, uint64_t v);
void row_int4_array(struct buf *b, const int32_t *v, size_t n);

/* Walks data and checks that it is exactly `rows` rows of t: field counts, lengths fit the types,
 * no null where not_null. Cheap: no field is read but lengths, and how long a numeric is. */
bool row_check(const struct table *t, struct span data, uint32_t rows);

enum row_format { ROW_NDJSON, ROW_CSV };
/* The CSV header line with newline; nothing for ndjson. */
void row_print_header(struct buf *out, enum row_format f, const struct table *t);
/* Appends checked rows as text: hex with 0x, timestamps ISO 8601 UTC, ndjson numbers for int4 and
 * int8, strings for numeric (JSON numbers lose precision), CSV by RFC 4180 with empty for null.
 * With a table name (ndjson, several tables in one stream) each object starts "table":"...". */
void row_print(struct buf *out, enum row_format f, const struct table *t, struct span data,
               bool with_table);

#endif
