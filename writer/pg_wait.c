/* pg_wait.c - what waits for the database, where there is no loop to do that; see pg.h. */
#include <poll.h>

#include "common/num.h"
#include "common/talk.h"
#include "writer/pg.h"

enum { RETRY_MS = 200, LOOK_MS = 500 /* signals are seen by then */ };

static void
wait_ms(struct pg *p, int ms)
{
    struct pollfd fd;

    pg_pollfd(p, &fd);
    if (poll(&fd, 1, ms) > 0)
        pg_ready(p, fd.revents);
}

bool
pg_open(struct pg *p, int64_t patience_ms)
{
    int64_t start = clock_ms();

    for (;;) {
        enum pg_event event;
        pg_begin(p, clock_ms());
        while ((event = pg_connecting(p, clock_ms())) == PG_WAIT && talk_stop_count() == 0)
            wait_ms(p, LOOK_MS);
        if (event == PG_DONE)
            return true;
        if (pg_class(p) == PG_ACCESS || talk_stop_count() || clock_ms() - start >= patience_ms)
            return false;
        poll(NULL, 0, RETRY_MS);
    }
}

/* Collects events until PG_DONE or a stop signal. */
static bool
finish(struct pg *p, void (*row)(struct pg *p, int at, void *context), void *context)
{
    bool fine = true;
    enum pg_event event;

    while ((event = pg_next(p)) != PG_DONE) {
        fine &= event != PG_ERROR;
        if (event == PG_WAIT && talk_stop_count() > 0)
            pg_abandon(p, "interrupted");
        else if (event == PG_WAIT)
            wait_ms(p, LOOK_MS);
        for (int i = 0; event == PG_ROWS && row && i < pg_rows(p); i++)
            row(p, i, context);
    }
    return fine && pg_connected(p);
}

bool
pg_run(struct pg *p, const char *sql)
{
    return pg_query(p, sql, NULL) && finish(p, NULL, NULL);
}

bool
pg_each(struct pg *p, const char *sql, void (*row)(struct pg *p, int at, void *context), void *context)
{
    if (!pg_query(p, sql, NULL))
        return false;
    pg_singly(p);
    return finish(p, row, context);
}
