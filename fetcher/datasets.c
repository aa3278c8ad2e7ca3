/* datasets.c - the list of datasets: a new one is one line here, one file and one table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"

enum { LIST_MAX = 16 };

const struct dataset *const datasets[] = {
    &dataset_logs,
    &dataset_blocks,
    &dataset_transactions,
    &dataset_token_transfers,
    &dataset_traces,
    &dataset_contracts,
    &dataset_accounts,
    NULL,
};

const struct dataset *
dataset_find(struct span name)
{
    for (const struct dataset *const *d = datasets; *d; d++)
        if (span_is(name, (*d)->name))
            return *d;
    return NULL;
}

static bool
holds(const struct dataset *const *list, size_t n, const struct dataset *d)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == d)
            return true;
    return false;
}

size_t
dataset_list(const char *names, const struct dataset *list[16], char *err, size_t size)
{
    size_t n = 0;

    for (const char *p = names;; p++) {
        struct span name = {p, strcspn(p, ",")};
        const struct dataset *d = dataset_find(name);
        if (!d) {
            snprintf(err, size, "dataset \"%.*s\" is not known", SPAN_ARG(name));
            return 0;
        }
        if (holds(list, n, d) || n == LIST_MAX) {
            snprintf(err, size, "dataset \"%s\" is named twice", d->name);
            return 0;
        }
        list[n++] = d;
        p += name.n;
        if (!*p)
            return n;
    }
}

void
dataset_narrow(const struct dataset *const *list, size_t n, struct task *t)
{
    size_t topics = 0, at = 0;

    for (size_t i = 0; i < n; i++) {
        if ((list[i]->needs & NEED_LOGS) && list[i]->n_topic0 == 0)
            return;
        topics += list[i]->n_topic0;
    }
    if (topics == 0 || t->n_topics[0] != 0)
        return;
    free(t->topics[0]);
    t->topics[0] = xmalloc(topics * 32);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < list[i]->n_topic0; j++)
            memcpy(t->topics[0][at++], list[i]->topic0[j], 32);
    t->n_topics[0] = topics;
}

/* By address; of one address the creation comes last, and of creations the latest and surest. */
static int
compare_touches(const void *a, const void *b)
{
    const struct touch *x = a, *y = b;
    int order = memcmp(x->address, y->address, 20);
    if (order != 0)
        return order;
    if (x->created != y->created)
        return x->created ? 1 : -1;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return (int)x->certain - (int)y->certain;
}

void
touches_unique(struct buf *touches)
{
    struct touch *t = (struct touch *)(void *)touches->p;
    size_t n = touches->n / sizeof *t, kept = 0;

    if (n == 0)
        return;
    qsort(t, n, sizeof *t, compare_touches);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || memcmp(t[i].address, t[i + 1].address, 20) != 0)
            t[kept++] = t[i];
    touches->n = kept * sizeof *t;
}
