/* take.c - messages, checked; see take.h. */
#include "writer/take.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/row.h"
#include "common/talk.h"

static enum take
refuse(struct refusals *r, const char *why)
{
    r->count++;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->kind[i], why) == 0)
            return TAKE_REFUSED;
    if (r->n < REFUSALS_MAX) {
        snprintf(r->kind[r->n++], sizeof r->kind[0], "%s", why);
        warn("results: message refused: %s", why);
    }
    return TAKE_REFUSED;
}

void
refusals_end(const struct refusals *r)
{
    if (r->count > r->n)
        warn("results: %" PRIu64 " messages were refused in all", r->count);
}

static enum take
take_rows(struct partial *partial, struct refusals *refusals, struct item *item)
{
    const struct wire *w = &item->wire;
    const struct table *t = table_find(w->table.p, w->table.n);
    char why[120];

    if (!t) {
        snprintf(why, sizeof why, "unknown table \"%.*s\"", w->table.n < 60 ? (int)w->table.n : 60, w->table.p);
        partial_spoil(partial, w, why);
        return refuse(refusals, why);
    }
    if (!row_check(t, w->data, w->rows)) {
        snprintf(why, sizeof why, "its rows are not rows of \"%s\"", t->name);
        partial_spoil(partial, w, why);
        return refuse(refusals, why);
    }
    item->table = sql_table_index(t);
    partial_chunk(partial, w, item->table);
    return TAKE_FINE;
}

/* Is that a range of datasets that we know, under a filter that is one? */
static bool
check_coverage(const struct wire *w, struct store *store, char *why, size_t size)
{
    const struct table *datasets[TABLES_MAX];
    size_t n = store_datasets(w->dataset, datasets);
    char err[100];

    if (n == 0) {
        snprintf(why, size, "unknown dataset in \"%.*s\"", w->dataset.n < 60 ? (int)w->dataset.n : 60, w->dataset.p);
        return false;
    }
    if (w->kind == WIRE_END_HASHES)
        return true;
    if (w->kind != WIRE_DOUBTED && w->from > w->to) {
        snprintf(why, size, "its range ends before it begins");
        return false;
    }
    store_trim(store);
    for (size_t i = 0; i < n; i++)
        if (!store_job(store, w->chain, datasets[i], w->filter, err, sizeof err)) {
            snprintf(why, size, "its filter is none: %s", err);
            return false;
        }
    return true;
}

enum take
take_message(const struct link_message *m, struct partial *partial, struct store *store,
             struct refusals *refusals, struct item *item)
{
    char why[160];

    *item = (struct item){.message = *m};
    if (!wire_decode((struct span){m->data, m->size}, &item->wire, why, sizeof why))
        return refuse(refusals, why);
    if (item->wire.kind == WIRE_ROWS)
        return take_rows(partial, refusals, item);
    if (!check_coverage(&item->wire, store, why, sizeof why))
        return refuse(refusals, why);
    if (item_is_end(item) && !partial_end(partial, &item->wire, item->rows, &item->lost))
        return TAKE_LOST;
    return TAKE_FINE;
}
