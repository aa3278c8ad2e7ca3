/* datasets.c - the list of datasets: a new one is one line here, one file and one table. */
#include <stdio.h>
#include <string.h>

#include "dataset.h"

enum { LIST_MAX = 16 };

const struct dataset *const datasets[] = {
    &dataset_logs,
    &dataset_blocks,
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
