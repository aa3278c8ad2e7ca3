/* tell.c - lines for the producer; see tell.h. */
#include "writer/tell.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/control.h"

static void
drop_first(struct tell *t)
{
    free(t->lines[t->first]);
    t->first = (t->first + 1) % TELL_MAX;
    t->n--;
}

static void
queue(struct tell *t, const struct control *c)
{
    struct buf line = {0};

    if (!t->link)
        return;
    if (t->n == TELL_MAX) {
        t->dropped++;
        return;
    }
    control_format(&line, c);
    t->lines[(t->first + t->n) % TELL_MAX] = xstrndup(line.p, line.n);
    t->n++;
    buf_free(&line);
}

static struct control
about(enum control_verb verb, const struct wire *w)
{
    struct control c = {.verb = verb, .run = w->run, .task = w->task};

    if (w->kind == WIRE_END || w->kind == WIRE_GIVEN_UP) {
        c.has_range = true;
        c.from = w->from;
        c.to = w->to;
    }
    return c;
}

void
tell_hello(struct tell *t)
{
    queue(t, &(struct control){.verb = CONTROL_HELLO});
}

void
tell_committed(struct tell *t, const struct wire *w, uint64_t rows)
{
    struct control c = about(CONTROL_COMMITTED, w);

    c.endpoint = w->endpoint;
    c.rows = rows;
    queue(t, &c);
}

void
tell_lost(struct tell *t, const struct wire *w, const char *why)
{
    struct control c = about(why ? CONTROL_REJECTED : CONTROL_LOST, w);

    if (why) {
        c.endpoint = w->endpoint;
        c.error = span_of(why);
    }
    queue(t, &c);
}

void
tell_uncovered(struct tell *t, const struct wire *w, uint64_t rows, uint64_t from, uint64_t to)
{
    struct control c = {
        .verb = CONTROL_UNCOVERED, .run = w->run, .endpoint = w->endpoint, .rows = rows, .from = from, .to = to,
    };

    queue(t, &c);
}

bool
tell_room(const struct tell *t, size_t lines)
{
    return !t->link || TELL_MAX - t->n >= lines;
}

void
tell_flush(struct tell *t)
{
    while (t->n > 0) {
        const char *line = t->lines[t->first];
        int sent = link_send_part(t->link, line, strlen(line), t->n > 1);
        if (sent == 0)
            return;
        drop_first(t); /* sent, or the link is broken for good */
    }
}

void
tell_free(struct tell *t)
{
    while (t->n > 0)
        drop_first(t);
}
