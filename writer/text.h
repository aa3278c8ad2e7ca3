/* text.h - rows as text on stdout, in place of a database.
 *
 * Each ndjson object begins with "table" unless only one table was asked for; a CSV stream holds
 * one table, since another would have other columns.
 */
#ifndef SLUICE_WRITER_TEXT_H
#define SLUICE_WRITER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/row.h"

struct text {
    enum row_format format;
    const struct table *only; /* NULL: any; CSV: set by the first rows */
    bool with_table;
    bool header_done;
    struct buf buf; /* owned */
    char error[160];
};

/* To stdout, waiting for its reader. False: error. */
bool text_rows(struct text *t, const struct table *table, struct span data);

#endif
