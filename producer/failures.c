/* failures.c - what was given up; see failures.h. */
#include "producer/failures.h"

#include <inttypes.h>
#include <stdlib.h>

struct list {
    struct failure *first, *last;
};

struct failures {
    struct list untold, told; /* both in order of time */
    size_t waiting;
    int64_t since_ms; /* some wait, and nothing was answered; 0: none, or not known yet */
    uint64_t count;
    struct {
        uint64_t id;
        char *line;
    } shown[FAILURES_SHOWN];
    size_t n_shown;
};

struct failures *
failures_new(void)
{
    return xcalloc(1, sizeof(struct failures));
}

static void
failure_free(struct failure *one)
{
    free(one->endpoint);
    free(one->error);
    free(one);
}

static void
append(struct list *l, struct failure *one)
{
    one->next = NULL;
    if (l->last)
        l->last->next = one;
    else
        l->first = one;
    l->last = one;
}

static struct failure *
take_first(struct list *l)
{
    struct failure *one = l->first;
    if (one && !(l->first = one->next))
        l->last = NULL;
    return one;
}

void
failures_free(struct failures *f)
{
    if (!f)
        return;
    struct failure *one;
    while ((one = take_first(&f->untold)) || (one = take_first(&f->told)))
        failure_free(one);
    for (size_t i = 0; i < f->n_shown; i++)
        free(f->shown[i].line);
    free(f);
}

static char *
describe(const struct failure *one)
{
    struct buf b = {0};
    if (one->of_hashes)
        buf_addf(&b, "failed task %" PRIu64 " of %" PRIu64 " %s", one->id, one->to, one->of_hashes);
    else
        buf_addf(&b, "failed blocks %" PRIu64 "-%" PRIu64, one->from, one->to);
    buf_addf(&b, " after %" PRIu32 " attempt%s on \"%s\": ", one->attempts,
             one->attempts == 1 ? "" : "s", one->endpoint);
    buf_add_line(&b, span_of(one->error), FAILURES_ERROR_MAX);
    buf_addc(&b, '\0');
    return b.p;
}

void
failures_add(struct failures *f, const struct failure *what, bool tell)
{
    f->count++;
    if (f->n_shown < FAILURES_SHOWN) {
        f->shown[f->n_shown].id = what->id;
        f->shown[f->n_shown++].line = describe(what);
    }
    if (!tell || what->of_hashes)
        return;
    struct failure *one = xmalloc(sizeof *one);
    struct buf error = {0};
    buf_add_line(&error, span_of(what->error), FAILURES_ERROR_MAX);
    buf_addc(&error, '\0');
    *one = *what;
    one->endpoint = xstrdup(what->endpoint);
    one->error = error.p;
    append(&f->untold, one);
    f->waiting++;
}

const struct failure *
failures_next(struct failures *f, int64_t now_ms)
{
    while (f->told.first && f->told.first->due_ms <= now_ms)
        append(&f->untold, take_first(&f->told));
    if (f->waiting > 0 && !f->since_ms)
        f->since_ms = now_ms;
    return f->untold.first;
}

void
failures_told(struct failures *f, int64_t now_ms)
{
    struct failure *one = take_first(&f->untold);
    one->due_ms = now_ms + FAILURES_RETRY_MS;
    append(&f->told, one);
}

void
failures_tell_again(struct failures *f)
{
    for (struct failure *one = f->told.first; one; one = one->next)
        one->due_ms = 0;
}

static bool
remove_id(struct list *l, uint64_t id)
{
    struct failure *before = NULL;
    for (struct failure *one = l->first; one; before = one, one = one->next) {
        if (one->id != id)
            continue;
        if (before)
            before->next = one->next;
        else
            l->first = one->next;
        if (l->last == one)
            l->last = before;
        failure_free(one);
        return true;
    }
    return false;
}

static void
forget(struct failures *f, uint64_t id)
{
    f->count--;
    for (size_t i = 0; i < f->n_shown; i++)
        if (f->shown[i].id == id) {
            free(f->shown[i].line);
            for (f->n_shown--; i < f->n_shown; i++)
                f->shown[i] = f->shown[i + 1];
        }
}

bool
failures_answered(struct failures *f, uint64_t id, uint64_t rows)
{
    if (f->waiting == 0 || (!remove_id(&f->told, id) && !remove_id(&f->untold, id)))
        return false;
    f->waiting--;
    f->since_ms = 0;
    if (rows > 0)
        forget(f, id);
    return true;
}

size_t
failures_waiting(const struct failures *f)
{
    return f->waiting;
}

int64_t
failures_stuck_ms(const struct failures *f, int64_t now_ms)
{
    return f->since_ms ? now_ms - f->since_ms : 0;
}

uint64_t
failures_count(const struct failures *f)
{
    return f->count;
}

const char *
failures_line(const struct failures *f, size_t i)
{
    return i < f->n_shown ? f->shown[i].line : NULL;
}
