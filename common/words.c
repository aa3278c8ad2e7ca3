/* words.c - lines of key=value words; see words.h. */
#include "common/words.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 40 /* bytes of a wrong word in a message */ };

static bool
is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_key(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_key_char(s.p[i]))
            return false;
    return s.n > 0;
}

static bool
has_control(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return true;
    return false;
}

static bool
refuse(char *err, size_t size, const char *what, struct span word)
{
    int n = (int)(word.n < SHOWN_MAX ? word.n : SHOWN_MAX);
    snprintf(err, size, "%s: \"%.*s\"%s", what, n, word.p, word.n > SHOWN_MAX ? " ..." : "");
    return false;
}

/* Cuts the next word off: up to a space, but error= runs to the end. *more: a space followed. */
static struct span
next_word(struct span *rest, bool *more)
{
    static const char error[] = "error=";
    const char *space = NULL;
    struct span word = *rest;

    if (rest->n < sizeof error - 1 || memcmp(rest->p, error, sizeof error - 1) != 0)
        space = memchr(rest->p, ' ', rest->n);
    if (space)
        word.n = (size_t)(space - rest->p);
    *more = space != NULL;
    size_t used = word.n + (space ? 1 : 0);
    *rest = (struct span){rest->p + used, rest->n - used};
    return word;
}

static bool
add_word(struct words *out, struct span word, char *err, size_t size)
{
    const char *equals = memchr(word.p, '=', word.n);
    struct span key, value;

    if (!equals)
        return refuse(err, size, "expected key=value", word);
    key = (struct span){word.p, (size_t)(equals - word.p)};
    value = (struct span){equals + 1, word.n - key.n - 1};
    if (!is_key(key))
        return refuse(err, size, "a key has only a-z, 0-9 and _", word);
    if (value.n == 0)
        return refuse(err, size, "an empty value", word);
    for (size_t i = 0; i < out->n; i++)
        if (span_eq(out->word[i].key, key))
            return refuse(err, size, "a key given twice", key);
    if (out->n == WORDS_MAX)
        return refuse(err, size, "too many words, at", word);
    out->word[out->n].key = key;
    out->word[out->n++].value = value;
    return true;
}

bool
words_parse(struct span line, bool with_verb, struct words *out, char *err, size_t size)
{
    struct span rest = line;
    bool more = true;

    out->verb = (struct span){"", 0};
    out->n = 0;
    if (line.n == 0)
        return refuse(err, size, "expected a line of words", line);
    if (line.n > WORDS_LINE_MAX)
        return refuse(err, size, "a line longer than 128 KiB", line);
    if (has_control(line))
        return refuse(err, size, "a control character in the line", line);
    if (with_verb) {
        out->verb = next_word(&rest, &more);
        if (!is_key(out->verb))
            return refuse(err, size, "expected a verb", out->verb);
    }
    while (more) {
        struct span word = next_word(&rest, &more);
        if (word.n == 0)
            return refuse(err, size, "words are separated by single spaces", line);
        if (!add_word(out, word, err, size))
            return false;
    }
    return true;
}

bool
words_get(const struct words *w, const char *key, struct span *out)
{
    for (size_t i = 0; i < w->n; i++) {
        if (span_is(w->word[i].key, key)) {
            *out = w->word[i].value;
            return true;
        }
    }
    return false;
}

bool
words_run_ok(struct span run)
{
    for (size_t i = 0; i < run.n; i++)
        if (!is_key_char(run.p[i]) || run.p[i] == '_')
            return span_is(run, "-");
    return run.n >= 1 && run.n <= 32;
}
