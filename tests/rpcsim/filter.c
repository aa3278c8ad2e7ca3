/* filter.c - see filter.h. */
#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

void
filter_init(struct filter *f)
{
    *f = (struct filter){.addresses.width = 20};
    for (size_t i = 0; i < FILTER_TOPICS; i++)
        f->topics[i].width = 32;
}

void
filter_free(struct filter *f)
{
    free(f->addresses.items);
    for (size_t i = 0; i < FILTER_TOPICS; i++)
        free(f->topics[i].items);
    filter_init(f);
}

void
filter_add(struct filter_list *l, const uint8_t *item)
{
    l->items = xrealloc(l->items, (l->n + 1) * l->width);
    memcpy(l->items + l->n++ * l->width, item, l->width);
}

static int
compare20(const void *a, const void *b)
{
    return memcmp(a, b, 20);
}

static int
compare32(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void
sort(struct filter_list *l)
{
    if (l->n > 1)
        qsort(l->items, l->n, l->width, l->width == 20 ? compare20 : compare32);
}

void
filter_sort(struct filter *f)
{
    sort(&f->addresses);
    for (size_t i = 0; i < FILTER_TOPICS; i++)
        sort(&f->topics[i]);
}

bool
filter_list_match(const struct filter_list *l, const uint8_t *item)
{
    if (l->n == 0)
        return true;
    if (l->n == 1)
        return memcmp(l->items, item, l->width) == 0;
    return bsearch(item, l->items, l->n, l->width, l->width == 20 ? compare20 : compare32) != NULL;
}

bool
filter_match(const struct filter *f, const uint8_t address[20], const uint8_t *const *topics,
             size_t n_topics)
{
    if (n_topics < f->positions || !filter_list_match(&f->addresses, address))
        return false;
    for (size_t i = 0; i < f->positions; i++)
        if (!filter_list_match(&f->topics[i], topics[i]))
            return false;
    return true;
}
