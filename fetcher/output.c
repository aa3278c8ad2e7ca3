/* output.c - rows and ends on their way to the results link; see output.h. */
#include "fetcher/output.h"

#include <stdlib.h>

#include "common/row.h"

struct message {
    struct message *next;
    struct buf data; /* may be empty: only a note */
    struct buf note;
};

struct output {
    struct link *link;
    enum output_format format;
    bool header_done;
    struct message *first, **last;
    size_t queued; /* bytes */
};

struct output *
output_new(struct link *link, enum output_format format)
{
    struct output *o = xcalloc(1, sizeof *o);
    o->link = link;
    o->format = format;
    o->last = &o->first;
    return o;
}

static void
message_free(struct message *m)
{
    buf_free(&m->data);
    buf_free(&m->note);
    free(m);
}

void
output_free(struct output *o)
{
    if (!o)
        return;
    while (o->first) {
        struct message *m = o->first;
        o->first = m->next;
        message_free(m);
    }
    free(o);
}

static struct message *
message_new(void)
{
    return xcalloc(1, sizeof(struct message));
}

static void
put(struct output *o, struct message *m)
{
    o->queued += m->data.n;
    *o->last = m;
    o->last = &m->next;
}

void
output_header(struct output *o, const struct table *t)
{
    if (o->format != OUTPUT_CSV || o->header_done)
        return;
    o->header_done = true;
    struct message *m = message_new();
    row_print_header(&m->data, ROW_CSV, t);
    put(o, m);
}

/* Bytes of the row that starts at p: it was made here, so its form is right. */
static size_t
row_bytes_of(const char *p)
{
    const unsigned char *at = (const unsigned char *)p + 2;
    for (unsigned fields = (unsigned)(at[-2] << 8 | at[-1]); fields > 0; fields--) {
        uint32_t len = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        at += 4 + (len == UINT32_MAX ? 0 : len);
    }
    return (size_t)(at - (const unsigned char *)p);
}

/* How many of the rows after `at`, and how many bytes, the next message takes: all, or whole rows
 * that fill a chunk. */
static size_t
chunk(const struct rows *rows, size_t at, uint32_t *n)
{
    size_t size = rows->data.n - at, row;
    *n = rows->n;
    if (size <= OUTPUT_MESSAGE)
        return size;
    for (*n = 0, size = 0; size < OUTPUT_CHUNK; size += row, ++*n) {
        row = row_bytes_of(rows->data.p + at + size);
        if (*n > 0 && size + row > OUTPUT_MESSAGE)
            break;
    }
    return size;
}

static void
send_chunk(struct output *o, const struct wire *w, uint32_t *seq, const struct table *t,
           struct span data, uint32_t rows, bool with_table)
{
    struct message *m = message_new();
    if (o->format == OUTPUT_MSGPACK) {
        struct wire chunk_wire = *w;
        chunk_wire.kind = WIRE_ROWS;
        chunk_wire.seq = *seq;
        chunk_wire.table = span_of(t->name);
        chunk_wire.rows = rows;
        chunk_wire.data = data;
        wire_encode(&m->data, &chunk_wire);
    } else {
        row_print(&m->data, o->format == OUTPUT_CSV ? ROW_CSV : ROW_NDJSON, t, data, with_table);
    }
    ++*seq;
    put(o, m);
}

void
output_rows(struct output *o, const struct wire *w, uint32_t *seq, const struct table *t,
            struct rows *rows, bool all, bool with_table)
{
    size_t at = 0;
    while (rows->data.n - at >= OUTPUT_CHUNK || (all && at < rows->data.n)) {
        uint32_t n;
        struct span data = {rows->data.p + at, chunk(rows, at, &n)};
        send_chunk(o, w, seq, t, data, n, with_table);
        rows->n -= n;
        at += data.n;
    }
    if (at == rows->data.n && rows->data.cap > OUTPUT_CHUNK)
        buf_free(&rows->data);
    else if (at > 0)
        buf_drop(&rows->data, at);
}

void
output_end(struct output *o, const struct wire *w, struct span note)
{
    struct message *m = message_new();
    if (o->format == OUTPUT_MSGPACK)
        wire_encode(&m->data, w);
    buf_add(&m->note, note.p, note.n);
    put(o, m);
}

bool
output_full(const struct output *o)
{
    return o->queued >= OUTPUT_QUEUE;
}

size_t
output_queued(const struct output *o)
{
    return o->queued;
}

int
output_flush(struct output *o, void (*note)(struct span line, void *context), void *context)
{
    size_t together = 0; /* bytes of the parts of one message, but for the last */
    while (o->first) {
        struct message *m = o->first;
        bool more = m->next && m->next->data.n && (together += m->data.n) + m->next->data.n <= OUTPUT_CHUNK;
        int sent = m->data.n ? link_send_part(o->link, m->data.p, m->data.n, more) : 1;
        if (sent <= 0)
            return sent;
        if (m->note.n)
            note((struct span){m->note.p, m->note.n}, context);
        o->queued -= m->data.n;
        o->first = m->next;
        if (!o->first)
            o->last = &o->first;
        message_free(m);
        together = more ? together : 0;
    }
    return 0;
}
