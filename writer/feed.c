/* feed.c - chunks into COPY; see feed.h. The frame: PostgreSQL documentation, COPY, "Binary Format". */
#include "writer/feed.h"

enum { PUT_MAX = 64 << 10 /* bytes handed over at a time */ };

static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"; /* signature, flags, no extension */
static const char trailer[] = "\377\377";

void
feed_begin(struct feed *f, const struct batch *batch, const struct plan *plan, uint32_t along)
{
    *f = (struct feed){.batch = batch, .plan = plan, .along = along};
}

void
feed_next(struct feed *f)
{
    while (f->plan->start[f->table] == f->plan->start[f->table + 1] || f->along >> f->table & 1)
        f->table++;
    f->on = true;
    f->step = FEED_HEADER;
    f->chunk = f->plan->start[f->table];
    f->offset = 0;
}

/* As pg_put: 0: no room, call again; else the chunk is through, or the connection broken. */
static int
put_chunk(struct feed *f, struct pg *pg)
{
    struct span data = f->batch->items[f->plan->order[f->chunk]].wire.data;
    int put = 1;

    while (f->offset < data.n && put > 0) {
        size_t n = data.n - f->offset < PUT_MAX ? data.n - f->offset : PUT_MAX;
        put = pg_put(pg, data.p + f->offset, n);
        if (put > 0)
            f->offset += n;
    }
    if (put > 0) {
        f->offset = 0;
        f->chunk++;
    }
    return put;
}

static int
put_step(struct feed *f, struct pg *pg)
{
    int put = 1;

    switch (f->step) {
    case FEED_HEADER:
        return pg_put(pg, header, sizeof header - 1);
    case FEED_DATA:
        while (f->chunk < f->plan->start[f->table + 1] && put > 0)
            put = put_chunk(f, pg);
        return put;
    case FEED_TRAILER:
        return pg_put(pg, trailer, sizeof trailer - 1);
    case FEED_END:
        return pg_put_end(pg);
    }
    return -1;
}

bool
feed_more(struct feed *f, struct pg *pg)
{
    for (;;) {
        int put = put_step(f, pg);
        if (put == 0)
            return false;
        if (put < 0 || f->step == FEED_END)
            break;
        f->step++;
    }
    f->on = false;
    f->table++;
    return true;
}
