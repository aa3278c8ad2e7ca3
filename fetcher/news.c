/* news.c - control lines on their way to the producer; see news.h. */
#include "fetcher/news.h"

#include <stdlib.h>

struct line {
    struct line *next;
    struct buf text;
};

struct news {
    struct link *link;
    struct line *first, **last;
    size_t n;
    struct buf credit; /* the newest, not yet sent; goes after the lines */
};

struct news *
news_new(struct link *link)
{
    struct news *n = xcalloc(1, sizeof *n);
    n->link = link;
    n->last = &n->first;
    return n;
}

static void
drop_first(struct news *n)
{
    struct line *l = n->first;
    n->first = l->next;
    if (!n->first)
        n->last = &n->first;
    n->n--;
    buf_free(&l->text);
    free(l);
}

void
news_free(struct news *n)
{
    if (!n)
        return;
    while (n->first)
        drop_first(n);
    buf_free(&n->credit);
    free(n);
}

void
news_line(struct news *n, struct span line)
{
    if (!n->link)
        return;
    if (n->n == NEWS_MAX)
        drop_first(n);
    struct line *l = xcalloc(1, sizeof *l);
    buf_add(&l->text, line.p, line.n);
    *n->last = l;
    n->last = &l->next;
    n->n++;
}

void
news_tell(struct news *n, const struct control *c)
{
    if (!n->link)
        return;
    if (c->verb == CONTROL_CREDIT) {
        n->credit.n = 0;
        control_format(&n->credit, c);
        return;
    }
    struct buf line = {0};
    control_format(&line, c);
    news_line(n, (struct span){line.p, line.n});
    buf_free(&line);
}

bool
news_flush(struct news *n)
{
    while (n->first) {
        const struct line *l = n->first;
        if (link_send_part(n->link, l->text.p, l->text.n, l->next || n->credit.n) == 0)
            return false;
        drop_first(n);
    }
    if (n->credit.n && link_send(n->link, n->credit.p, n->credit.n) == 0)
        return false;
    n->credit.n = 0;
    return true;
}
