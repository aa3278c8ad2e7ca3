/* timers.c - see timers.h. */
#include "timers.h"

#include <stdlib.h>

#include "common/buf.h"

static void
swap(struct timer *a, struct timer *b)
{
    struct timer keep = *a;
    *a = *b;
    *b = keep;
}

static void
up(struct timers *t, size_t i)
{
    for (; i > 0 && t->heap[i].due_us < t->heap[(i - 1) / 2].due_us; i = (i - 1) / 2)
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
}

static void
down(struct timers *t, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < t->n; i = child) {
        if (child + 1 < t->n && t->heap[child + 1].due_us < t->heap[child].due_us)
            child++;
        if (t->heap[i].due_us <= t->heap[child].due_us)
            return;
        swap(&t->heap[i], &t->heap[child]);
    }
}

void
timers_add(struct timers *t, int64_t due_us, void *thing)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->heap = xrealloc(t->heap, t->cap * sizeof *t->heap);
    }
    t->heap[t->n] = (struct timer){due_us, thing};
    up(t, t->n++);
}

static void *
take(struct timers *t, size_t i)
{
    void *thing = t->heap[i].thing;
    t->heap[i] = t->heap[--t->n];
    if (i < t->n) {
        down(t, i);
        up(t, i);
    }
    return thing;
}

void *
timers_due(struct timers *t, int64_t now_us)
{
    return t->n > 0 && t->heap[0].due_us <= now_us ? take(t, 0) : NULL;
}

int64_t
timers_next(const struct timers *t)
{
    return t->n > 0 ? t->heap[0].due_us : INT64_MAX;
}

void
timers_remove(struct timers *t, void *thing)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->heap[i].thing == thing) {
            take(t, i);
            return;
        }
}

void
timers_free(struct timers *t)
{
    free(t->heap);
    *t = (struct timers){0};
}
