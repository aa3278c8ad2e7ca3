/* piece.c - ranges of blocks; see piece.h. */
#include "fetcher/piece.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

uint64_t
piece_width(struct piece p)
{
    if (p.from > p.to)
        return 0;
    return p.to - p.from == UINT64_MAX ? UINT64_MAX : p.to - p.from + 1;
}

struct piece
piece_cut(struct piece p, uint64_t width, struct piece *rest)
{
    uint64_t all = piece_width(p);
    if (width == 0)
        width = all - all / 2;
    *rest = (struct piece){1, 0};
    if (all <= 1 || width >= all)
        return p;
    *rest = (struct piece){p.from + width, p.to};
    return (struct piece){p.from, p.from + width - 1};
}

struct piece
piece_within(struct piece p, struct piece bounds)
{
    return (struct piece){p.from > bounds.from ? p.from : bounds.from, p.to < bounds.to ? p.to : bounds.to};
}

static bool
touches(struct piece a, struct piece b)
{
    return (a.to == UINT64_MAX || b.from <= a.to + 1) && (b.to == UINT64_MAX || a.from <= b.to + 1);
}

void
pieces_add(struct pieces *s, struct piece p)
{
    if (p.from > p.to)
        return;
    size_t i = 0;
    while (i < s->n && s->v[i].from < p.from && !touches(s->v[i], p))
        i++;
    size_t end = i;
    while (end < s->n && touches(s->v[end], p)) {
        if (s->v[end].from < p.from)
            p.from = s->v[end].from;
        if (s->v[end].to > p.to)
            p.to = s->v[end].to;
        end++;
    }
    if (end == i && s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 8;
        s->v = xrealloc(s->v, s->cap * sizeof *s->v);
    }
    memmove(s->v + i + 1, s->v + end, (s->n - end) * sizeof *s->v);
    s->n = s->n - (end - i) + 1;
    s->v[i] = p;
}

bool
pieces_hold(const struct pieces *s, struct piece p)
{
    if (p.from > p.to)
        return true;
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].from <= p.from && p.to <= s->v[i].to)
            return true;
    return false;
}

/* What of whole the set holds from its start on, and up to its end. */
static void
ends_held(const struct pieces *s, struct piece whole, struct piece *head, struct piece *tail)
{
    *head = *tail = (struct piece){1, 0};
    for (size_t i = 0; i < s->n; i++) {
        struct piece p = s->v[i];
        if (p.from <= whole.from && whole.from <= p.to)
            *head = (struct piece){whole.from, p.to < whole.to ? p.to : whole.to};
        if (p.from <= whole.to && whole.to <= p.to)
            *tail = (struct piece){p.from > whole.from ? p.from : whole.from, whole.to};
    }
}

bool
pieces_finished(const struct pieces *s, struct piece whole, struct piece *part, struct piece *rest)
{
    struct piece head, tail;
    ends_held(s, whole, &head, &tail);
    *part = *rest = (struct piece){1, 0};
    if (piece_width(head) == 0 && piece_width(tail) == 0) {
        *rest = whole;
        return false;
    }
    bool first = piece_width(head) >= piece_width(tail);
    *part = first ? head : tail;
    if (piece_width(*part) < piece_width(whole))
        *rest = first ? (struct piece){head.to + 1, whole.to}
                      : (struct piece){whole.from, tail.from - 1};
    return true;
}

void
pieces_free(struct pieces *s)
{
    free(s->v);
    *s = (struct pieces){0};
}
