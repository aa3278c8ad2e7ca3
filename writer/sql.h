/* sql.h - names and texts inside SQL, quoted so that nothing in them can be SQL.
 *
 * Statements are built as text because a batch goes to the server as one string, BEGIN to COMMIT,
 * and such a string takes no parameters. Whatever came from outside passes through here.
 */
#ifndef SLUICE_WRITER_SQL_H
#define SLUICE_WRITER_SQL_H

#include "common/buf.h"
#include "common/tables.h"

enum { TABLES_MAX = 8 }; /* room for all of tables[]; a test holds it to that */

void sql_name(struct buf *b, const char *name);                       /* "name" */
void sql_table(struct buf *b, const char *schema, const char *table); /* "schema"."table" */
void sql_text(struct buf *b, struct span s); /* E'text', whatever standard_conforming_strings says */
/* "a", "b": the columns of t, each after prefix (as in excluded."a"). */
void sql_columns(struct buf *b, const struct table *t, const char *prefix);
void sql_key(struct buf *b, const struct table *t, const char *prefix);

size_t sql_table_index(const struct table *t); /* its place in tables[] */

#endif
