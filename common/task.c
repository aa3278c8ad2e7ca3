/* task.c - task lines to structs, and filters in their canonical form; see task.h. */
#include "common/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/words.h"

enum {
    ADDRESS_SIZE = 20,
    WORD_SIZE = 32,  /* of a topic or a hash */
    SHOWN_MAX = 80,  /* bytes of a wrong value in a message */
};

/* Where words_parse or a word of the task is wrong. */
struct reject {
    char *text;
    size_t size;
};

static bool
reject(const struct reject *r, const char *key, const char *expected, struct span value)
{
    int n = (int)(value.n < SHOWN_MAX ? value.n : SHOWN_MAX);
    snprintf(r->text, r->size, "%s: expected %s, not \"%.*s\"%s", key, expected, n, value.p,
             value.n > SHOWN_MAX ? " ..." : "");
    return false;
}

/* --- lists of hex values, commas between --- */

/* Cuts the next item off a list; false when there is none. An empty list has one empty item. */
static bool
next_item(struct span *rest, struct span *item)
{
    if (!rest->p)
        return false;
    const char *comma = rest->n ? memchr(rest->p, ',', rest->n) : NULL;
    *item = *rest;
    if (comma) {
        item->n = (size_t)(comma - rest->p);
        *rest = (struct span){comma + 1, rest->n - item->n - 1};
    } else {
        *rest = (struct span){NULL, 0};
    }
    return true;
}

static const char *
hex_expected(size_t width)
{
    return width == ADDRESS_SIZE ? "an address (0x and 40 hex digits)"
                                 : "a topic or hash (0x and 64 hex digits)";
}

/* Appends the list's values to b. */
static bool
add_hex_list(struct buf *b, const char *key, struct span list, size_t width, const struct reject *r)
{
    struct span item;

    while (next_item(&list, &item)) {
        uint8_t value[WORD_SIZE];
        if (!num_hex(item, value, width))
            return reject(r, key, hex_expected(width), item);
        if (b->n / width == TASK_ADDRESSES_MAX)
            return reject(r, key, "at most 1000 values", item);
        buf_add(b, value, width);
    }
    return true;
}

/* --- parsing a task, a function for each form of word --- */

static bool
set_hex_list(const char *key, struct span value, size_t width, void *list, size_t *n,
             const struct reject *r)
{
    struct buf b = {0};

    if (!add_hex_list(&b, key, value, width, r)) {
        buf_free(&b);
        return false;
    }
    memcpy(list, &b.p, sizeof b.p); /* a pointer to some array of bytes */
    *n = b.n / width;
    return true;
}

static bool
set_names(const char *key, struct span value, char **out, const char *allowed, const struct reject *r)
{
    struct span rest = value, item;

    while (next_item(&rest, &item)) {
        if (item.n == 0)
            return reject(r, key, "names with single commas between", value);
        for (size_t i = 0; allowed && i < item.n; i++)
            if (!item.p[i] || !strchr(allowed, item.p[i]))
                return reject(r, key, "names of a-z, 0-9 and _ with commas between", value);
    }
    *out = xstrndup(value.p, value.n);
    return true;
}

static bool
set_number(const char *key, struct span value, uint64_t min, uint64_t max, uint64_t *out,
           const struct reject *r)
{
    char expected[80];

    if (num_u64(value, out) && *out >= min && *out <= max)
        return true;
    snprintf(expected, sizeof expected, "a number from %" PRIu64 " to %" PRIu64, min, max);
    return reject(r, key, expected, value);
}

static bool
set_filter_word(struct task *t, struct span key, struct span value, const struct reject *r)
{
    if (span_is(key, "address"))
        return set_hex_list("address", value, ADDRESS_SIZE, &t->addresses, &t->n_addresses, r);
    for (size_t i = 0; i < TASK_TOPICS; i++) {
        char name[] = "topic0";
        name[5] = (char)('0' + i);
        if (span_is(key, name))
            return set_hex_list(name, value, WORD_SIZE, &t->topics[i], &t->n_topics[i], r);
    }
    return reject(r, "task", "a known key", key);
}

/* Which words came; the rest of a task is told by its zeroed fields. */
struct came {
    bool task, from, to;
};

static bool
set_word(struct task *t, struct came *came, struct span key, struct span value,
         const struct reject *r)
{
    static const char name_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    if (span_is(key, "task"))
        return came->task = set_number("task", value, 0, UINT64_MAX, &t->id, r);
    if (span_is(key, "try")) {
        uint64_t number;
        if (!set_number("try", value, 1, UINT32_MAX, &number, r))
            return false;
        t->try = (uint32_t)number;
        return true;
    }
    if (span_is(key, "run")) {
        if (!words_run_ok(value))
            return reject(r, "run", "1 to 32 of a-z and 0-9, or \"-\"", value);
        memcpy(t->run, value.p, value.n);
        t->run[value.n] = '\0';
        return true;
    }
    if (span_is(key, "chain"))
        return set_number("chain", value, 1, INT64_MAX, &t->chain, r);
    if (span_is(key, "dataset"))
        return set_names("dataset", value, &t->dataset, name_chars, r);
    if (span_is(key, "from"))
        return came->from = set_number("from", value, 0, INT64_MAX - 1, &t->from, r);
    if (span_is(key, "to"))
        return came->to = set_number("to", value, 0, INT64_MAX - 1, &t->to, r);
    if (span_is(key, "hashes"))
        return t->by_hash = set_hex_list("hashes", value, WORD_SIZE, &t->hashes, &t->n_hashes, r);
    if (span_is(key, "avoid"))
        return set_names("avoid", value, &t->avoid, NULL, r);
    return set_filter_word(t, key, value, r);
}

static bool
is_whole(const struct task *t, const struct came *came, const struct reject *r)
{
    const char *missing = !came->task                        ? "task"
                          : !t->dataset                      ? "dataset"
                          : t->by_hash                       ? NULL
                          : !came->from && !came->to         ? "from and to, or hashes"
                          : !came->from                      ? "from"
                          : !came->to                        ? "to"
                                                             : NULL;
    if (missing)
        snprintf(r->text, r->size, "task: missing %s", missing);
    else if (t->by_hash && (came->from || came->to))
        snprintf(r->text, r->size, "task: expected from and to, or hashes, not both");
    else if (!t->by_hash && t->from > t->to)
        snprintf(r->text, r->size, "task: from %" PRIu64 " is greater than to %" PRIu64, t->from, t->to);
    else
        return true;
    return false;
}

/* The filter's words as they stand in the line. */
static char *
filter_words(const struct words *w)
{
    struct buf b = {0};

    for (size_t i = 0; i < w->n; i++) {
        struct span key = w->word[i].key, value = w->word[i].value;
        if (!span_is(key, "address") && !(key.n == 6 && memcmp(key.p, "topic", 5) == 0))
            continue;
        if (b.n)
            buf_addc(&b, ' ');
        buf_add(&b, key.p, key.n);
        buf_addc(&b, '=');
        buf_add(&b, value.p, value.n);
    }
    buf_addc(&b, '\0');
    return b.p;
}

bool
task_parse(struct span line, struct task *out, char *err, size_t size)
{
    struct task t = {.try = 1, .run = "-"};
    struct came came = {0};
    struct reject r = {err, size};
    struct words w;

    *out = (struct task){0};
    if (!words_parse(line, false, &w, err, size))
        return false;
    for (size_t i = 0; i < w.n; i++)
        if (!set_word(&t, &came, w.word[i].key, w.word[i].value, &r))
            goto bad;
    if (!is_whole(&t, &came, &r))
        goto bad;
    t.filter = filter_words(&w);
    if (!t.avoid)
        t.avoid = xstrdup("");
    *out = t;
    return true;
bad:
    task_free(&t);
    return false;
}

void
task_free(struct task *t)
{
    free(t->dataset);
    free(t->filter);
    free(t->avoid);
    free(t->addresses);
    for (size_t i = 0; i < TASK_TOPICS; i++)
        free(t->topics[i]);
    free(t->hashes);
    *t = (struct task){0};
}

/* --- canonical filters --- */

static int
compare_addresses(const void *a, const void *b)
{
    return memcmp(a, b, ADDRESS_SIZE);
}

static int
compare_words(const void *a, const void *b)
{
    return memcmp(a, b, WORD_SIZE);
}

/* Appends " key=0x..,0x.." of all the items, sorted and each once. */
static bool
add_filter_word(struct buf *out, const char *key, const char *const *items, size_t width,
                const struct reject *r)
{
    struct buf all = {0};
    bool good = true;

    for (; items && *items && good; items++)
        good = add_hex_list(&all, key, span_of(*items), width, r);
    size_t n = all.n / width;
    if (good && n) {
        qsort(all.p, n, width, width == ADDRESS_SIZE ? compare_addresses : compare_words);
        buf_addf(out, "%s%s=", out->n ? " " : "", key);
        for (size_t i = 0; i < n; i++) {
            const char *value = all.p + i * width;
            if (i && memcmp(value, value - width, width) == 0)
                continue;
            buf_adds(out, i ? ",0x" : "0x");
            num_to_hex((const uint8_t *)value, width, buf_room(out, 2 * width));
            out->n += 2 * width;
        }
    }
    buf_free(&all);
    return good;
}

bool
task_filter(const char *const *addresses, const char *const *const topics[TASK_TOPICS],
            struct buf *out, char *err, size_t size)
{
    struct reject r = {err, size};
    struct buf words = {0};
    bool good = add_filter_word(&words, "address", addresses, ADDRESS_SIZE, &r);

    for (size_t i = 0; i < TASK_TOPICS && good; i++) {
        char key[] = "topic0";
        key[5] = (char)('0' + i);
        good = add_filter_word(&words, key, topics[i], WORD_SIZE, &r);
    }
    if (good)
        buf_add(out, words.p, words.n);
    buf_free(&words);
    return good;
}
