/* scenario.c - see scenario.h. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"

struct step {
    int64_t at_ms;  /* -1: not by time */
    uint64_t after; /* requests */
    struct span settings; /* into text */
    bool done;
};

struct scenario {
    char *text; /* owned */
    struct step *steps;
    size_t n;
};

static struct span
next_word(struct span *line)
{
    while (line->n > 0 && *line->p == ' ') {
        line->p++;
        line->n--;
    }
    const char *space = memchr(line->p, ' ', line->n);
    struct span word = {line->p, space ? (size_t)(space - line->p) : line->n};
    line->p += word.n;
    line->n -= word.n;
    return word;
}

static bool
apply(struct span settings, struct knobs *k, char *err, size_t size)
{
    for (struct span word = next_word(&settings); word.n > 0; word = next_word(&settings)) {
        const char *equals = memchr(word.p, '=', word.n);
        struct span name = {word.p, equals ? (size_t)(equals - word.p) : word.n};
        struct span value = {name.p + name.n + 1, equals ? word.n - name.n - 1 : 0};
        if (!equals) {
            snprintf(err, size, "'%.*s', expected name=value", SPAN_ARG(word));
            return false;
        }
        if (!knob_set(k, name, value, err, size))
            return false;
    }
    return true;
}

/* False: err says what is wrong with the line. */
static bool
parse_line(struct span line, struct step *out, char *err, size_t size)
{
    struct span verb = next_word(&line), when = next_word(&line);
    *out = (struct step){.at_ms = -1};
    if (span_is(verb, "at") ? !num_seconds(when, &out->at_ms)
                            : !span_is(verb, "after") || !num_u64(when, &out->after) ||
                                  !span_is(next_word(&line), "requests")) {
        snprintf(err, size, "expected 'at SECONDS' or 'after N requests'");
        return false;
    }
    out->settings = line;
    struct knobs trial = {0};
    bool ok = apply(line, &trial, err, size);
    knobs_free(&trial);
    return ok;
}

struct scenario *
scenario_parse(struct span text, char *err, size_t size)
{
    struct scenario *s = xcalloc(1, sizeof *s);
    s->text = xstrndup(text.p, text.n);
    size_t number = 0;
    for (char *p = s->text, *end; *p; p = end) {
        char *newline = strchr(p, '\n');
        struct span line = {p, newline ? (size_t)(newline - p) : strlen(p)};
        end = p + line.n + (newline != NULL);
        number++;
        if (line.n == 0 || *p == '#')
            continue;
        char why[400];
        s->steps = xrealloc(s->steps, (s->n + 1) * sizeof *s->steps);
        if (!parse_line(line, &s->steps[s->n++], why, sizeof why)) {
            snprintf(err, size, "line %zu: %s", number, why);
            scenario_free(s);
            return NULL;
        }
    }
    return s;
}

void
scenario_apply(struct scenario *s, int64_t elapsed_ms, uint64_t requests, struct knobs *k)
{
    for (size_t i = 0; i < s->n; i++) {
        struct step *step = &s->steps[i];
        bool due = step->at_ms >= 0 ? elapsed_ms >= step->at_ms : requests >= step->after;
        if (step->done || !due)
            continue;
        char err[400];
        apply(step->settings, k, err, sizeof err); /* was checked when it was read */
        step->done = true;
    }
}

void
scenario_free(struct scenario *s)
{
    if (!s)
        return;
    free(s->steps);
    free(s->text);
    free(s);
}
