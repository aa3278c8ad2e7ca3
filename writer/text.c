/* text.c - rows as text; see text.h. */
#include "writer/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
flush(struct text *t)
{
    size_t done = 0;

    while (done < t->buf.n) {
        ssize_t n = write(STDOUT_FILENO, t->buf.p + done, t->buf.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            snprintf(t->error, sizeof t->error, "cannot write to stdout: %s", strerror(errno));
            return false;
        }
        done += (size_t)n;
    }
    t->buf.n = 0;
    return true;
}

bool
text_rows(struct text *t, const struct table *table, struct span data)
{
    if (t->format == ROW_CSV && !t->only)
        t->only = table;
    if (t->only && t->only != table) {
        snprintf(t->error, sizeof t->error, "rows of \"%s\" came where only \"%s\" fits%s", table->name,
                 t->only->name, t->format == ROW_CSV ? ": csv holds one table, use --format ndjson" : "");
        return false;
    }
    if (!t->header_done)
        row_print_header(&t->buf, t->format, table);
    t->header_done = true;
    row_print(&t->buf, t->format, table, data, t->with_table);
    return flush(t);
}
