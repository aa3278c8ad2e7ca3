/* sql.c - quoting; see sql.h. */
#include "writer/sql.h"

#include <string.h>

void
sql_name(struct buf *b, const char *name)
{
    buf_addc(b, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_addc(b, '"');
        buf_addc(b, *name);
    }
    buf_addc(b, '"');
}

void
sql_table(struct buf *b, const char *schema, const char *table)
{
    sql_name(b, schema);
    buf_addc(b, '.');
    sql_name(b, table);
}

void
sql_text(struct buf *b, struct span s)
{
    buf_adds(b, "E'");
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\'' || c == '\\')
            buf_addc(b, c);
        buf_addc(b, (unsigned char)c < 0x20 ? ' ' : c);
    }
    buf_addc(b, '\'');
}

void
sql_columns(struct buf *b, const struct table *t, const char *prefix)
{
    for (size_t i = 0; i < table_column_count(t); i++) {
        buf_adds(b, i ? ", " : "");
        buf_adds(b, prefix);
        sql_name(b, t->columns[i].name);
    }
}

void
sql_key(struct buf *b, const struct table *t, const char *prefix)
{
    for (size_t i = 0; i < TABLE_KEY_MAX && t->key[i]; i++) {
        buf_adds(b, i ? ", " : "");
        buf_adds(b, prefix);
        sql_name(b, t->key[i]);
    }
}

size_t
sql_table_index(const struct table *t)
{
    size_t i = 0;
    while (tables[i] && tables[i] != t)
        i++;
    return i;
}
