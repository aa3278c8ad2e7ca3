/* step.c - one thing to ask for a task; see step.h. */
#include "fetcher/step.h"

#include <stdlib.h>

#include "common/buf.h"

enum { JOIN_MS = 500 /* pauses before another try differ by chance, at first by so much */ };

struct step *
step_new(enum step_kind kind, struct piece at)
{
    struct step *s = xcalloc(1, sizeof *s);
    s->kind = kind;
    s->at = at;
    return s;
}

struct step *
step_copy(const struct step *s, struct piece at)
{
    struct step *copy = xmalloc(sizeof *copy);
    *copy = *s;
    copy->next = NULL;
    copy->origin = NULL;
    copy->at = at;
    return copy;
}

struct step *
step_cut(struct step *s, uint64_t width)
{
    struct piece rest;
    s->at = piece_cut(s->at, width, &rest);
    if (rest.from > rest.to)
        return NULL;
    s->proved = s->tailed = false;
    struct step *other = step_copy(s, rest);
    other->not_before_ms = 0;
    if (s->group)
        s->group->left++;
    return other;
}

void
step_free(struct step *s)
{
    if (s && s->origin)
        free(s->origin);
    free(s);
}

void
steps_put(struct step **list, struct step *s)
{
    while (*list && (*list)->at.from <= s->at.from)
        list = &(*list)->next;
    s->next = *list;
    *list = s;
}

struct step *
steps_take(struct step **list, int64_t now_ms)
{
    for (; *list; list = &(*list)->next) {
        struct step *s = *list;
        if (s->not_before_ms > now_ms)
            continue;
        *list = s->next;
        s->next = NULL;
        return s;
    }
    return NULL;
}

static bool
joins(const struct step *s, const struct step *other, int64_t now_ms)
{
    bool units = s->kind == STEP_BLOCKS || s->kind == STEP_RECEIPTS || s->kind == STEP_STATE || s->kind == STEP_HASHES;
    return units && other->kind == s->kind && other->needs == s->needs && other->dataset == s->dataset &&
           other->assembly == s->assembly && (!s->assembly || s->kind == STEP_RECEIPTS) &&
           other->one_by_one == s->one_by_one && !other->group && other->not_before_ms <= now_ms + JOIN_MS &&
           s->failures < 2 && other->failures < 2 && s->bad < 2 && other->bad < 2;
}

void
steps_join(struct step **list, struct step *s, uint64_t width, int64_t now_ms)
{
    while (*list && (*list)->at.from <= s->at.to + 1) {
        struct step *other = *list;
        if (other->at.from != s->at.to + 1 || piece_width(other->at) + piece_width(s->at) > width ||
            !joins(s, other, now_ms)) {
            list = &other->next;
            continue;
        }
        *list = other->next;
        s->at.to = other->at.to;
        s->failures = other->failures > s->failures ? other->failures : s->failures;
        s->bad = other->bad > s->bad ? other->bad : s->bad;
        s->unseen = other->unseen > s->unseen ? other->unseen : s->unseen;
        s->throttled = other->throttled > s->throttled ? other->throttled : s->throttled;
        step_free(other);
    }
}

size_t
steps_count(const struct step *list, int64_t now_ms)
{
    size_t n = 0;
    for (; list; list = list->next)
        n += list->not_before_ms <= now_ms;
    return n;
}

int64_t
steps_next_ms(const struct step *list, int64_t now_ms)
{
    int64_t next = INT64_MAX;
    for (; list; list = list->next)
        if (list->not_before_ms > now_ms && list->not_before_ms < next)
            next = list->not_before_ms;
    return next;
}

void
steps_free(struct step **list)
{
    while (*list) {
        struct step *s = *list;
        *list = s->next;
        step_free(s);
    }
}

struct values
values_all(const struct task *t)
{
    struct values v = {{{0, t->n_addresses}}};
    for (size_t i = 0; i < TASK_TOPICS; i++)
        v.of[1 + i].n = t->n_topics[i];
    return v;
}

static size_t
longest_list(const struct values *v)
{
    size_t longest = 0;
    for (size_t i = 1; i < 1 + TASK_TOPICS; i++)
        if (v->of[i].n > v->of[longest].n)
            longest = i;
    return longest;
}

size_t
values_longest(const struct values *v)
{
    return v->of[longest_list(v)].n;
}

bool
values_split(struct values *v, size_t max, struct values *rest)
{
    size_t longest = longest_list(v);
    size_t n = v->of[longest].n;
    if (n < 2)
        return false;
    size_t first = max > 0 && max < n ? max : n - n / 2;
    *rest = *v;
    v->of[longest].n = first;
    rest->of[longest].from += first;
    rest->of[longest].n = n - first;
    return true;
}

struct task
values_view(const struct task *t, const struct values *v)
{
    struct task view = *t;
    if (t->addresses)
        view.addresses = t->addresses + v->of[0].from;
    view.n_addresses = v->of[0].n;
    for (size_t i = 0; i < TASK_TOPICS; i++) {
        if (t->topics[i])
            view.topics[i] = t->topics[i] + v->of[1 + i].from;
        view.n_topics[i] = v->of[1 + i].n;
    }
    return view;
}
