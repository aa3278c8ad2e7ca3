/* control.c - control lines, read and written by one table; see control.h. */
#include "common/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "common/words.h"

enum {
    ERROR_MAX = 1000, /* bytes of error text in a line */
    SHOWN_MAX = 80,   /* bytes of a wrong value in a message */
};

enum form { FORM_RUN, FORM_NAME, FORM_NUMBER, FORM_BLOCK, FORM_STATE, FORM_REASON, FORM_ERROR };

/* Every word there is, and where it is kept. */
#define FIELD(member) offsetof(struct control, member)
static const struct field {
    const char *key;
    enum form form;
    size_t offset;
} fields[] = {
    {"run", FORM_RUN, FIELD(run)},
    {"fetcher", FORM_NAME, FIELD(fetcher)},
    {"task", FORM_NUMBER, FIELD(task)},
    {"endpoint", FORM_NAME, FIELD(endpoint)},
    {"chain", FORM_NUMBER, FIELD(chain)},
    {"free", FORM_NUMBER, FIELD(free)},
    {"head", FORM_NUMBER, FIELD(head)},
    {"requests", FORM_NUMBER, FIELD(requests)},
    {"failures", FORM_NUMBER, FIELD(failures)},
    {"latency_us", FORM_NUMBER, FIELD(latency_us)},
    {"state", FORM_STATE, FIELD(state)},
    {"reason", FORM_REASON, FIELD(reason)},
    {"wait", FORM_NUMBER, FIELD(wait_ms)},
    {"rows", FORM_NUMBER, FIELD(rows)},
    {"from", FORM_BLOCK, FIELD(from)},
    {"to", FORM_BLOCK, FIELD(to)},
    {"error", FORM_ERROR, FIELD(error)},
};
#undef FIELD
enum { FIELDS = sizeof fields / sizeof *fields };

/* Bits of the words, in the order of the table above. */
enum {
    RUN = 1 << 0, FETCHER = 1 << 1, TASK = 1 << 2, ENDPOINT = 1 << 3, CHAIN = 1 << 4,
    FREE = 1 << 5, HEAD = 1 << 6, REQUESTS = 1 << 7, FAILURES = 1 << 8, LATENCY = 1 << 9,
    STATE = 1 << 10, REASON = 1 << 11, WAIT = 1 << 12, ROWS = 1 << 13, FROM = 1 << 14,
    TO = 1 << 15, ERROR = 1 << 16,
    RANGE = FROM | TO, ANSWER = RUN | FETCHER | TASK | FREE,
};

static const struct {
    const char *name;
    unsigned words;  /* that must come */
    bool range;      /* from and to may come */
} verbs[] = {
    [CONTROL_CREDIT] = {"credit", RUN | FETCHER | ENDPOINT | CHAIN | FREE | HEAD | REQUESTS |
                                  FAILURES | LATENCY | STATE, false},
    [CONTROL_TOOK] = {"took", ANSWER, false},
    [CONTROL_DECLINED] = {"declined", ANSWER | REASON | WAIT, true},
    [CONTROL_FETCHED] = {"fetched", ANSWER, true},
    [CONTROL_FAILED] = {"failed", ANSWER | ERROR, true},
    [CONTROL_REFUSED] = {"refused", ANSWER | ERROR, true},
    [CONTROL_BYE] = {"bye", FETCHER, false},
    [CONTROL_HELLO] = {"hello", 0, false},
    [CONTROL_COMMITTED] = {"committed", RUN | TASK | ENDPOINT | ROWS, true},
    [CONTROL_LOST] = {"lost", RUN | TASK, true},
    [CONTROL_REJECTED] = {"rejected", RUN | TASK | ENDPOINT | ERROR, true},
    [CONTROL_UNCOVERED] = {"uncovered", RUN | ENDPOINT | ROWS | RANGE, false},
};
enum { VERBS = sizeof verbs / sizeof *verbs };

static const char *const states[] = {
    [STATE_CLOSED] = "closed", [STATE_OPEN] = "open", [STATE_HALF_OPEN] = "half-open",
};
static const char *const reasons[] = {
    [REASON_NONE] = "none",   [REASON_SLOT] = "slot",   [REASON_BREAKER] = "breaker",
    [REASON_HEAD] = "head",   [REASON_AVOID] = "avoid", [REASON_CHAIN] = "chain",
    [REASON_STOPPING] = "stopping",
};
enum {
    STATES = sizeof states / sizeof *states,
    REASONS = sizeof reasons / sizeof *reasons,
};

static void *
place(struct control *c, const struct field *f)
{
    return (char *)c + f->offset;
}

static const void *
value_of(const struct control *c, const struct field *f)
{
    return (const char *)c + f->offset;
}

static int
find_name(const char *const *names, int n, struct span s)
{
    for (int i = 0; i < n; i++)
        if (span_is(s, names[i]))
            return i;
    return -1;
}

/* --- parsing --- */

/* Stores the value; returns what was expected if it has not that form, else NULL. */
static const char *
store(struct control *c, const struct field *f, struct span value)
{
    int found;

    switch (f->form) {
    case FORM_RUN:
        if (!words_run_ok(value))
            return "1 to 32 of a-z and 0-9, or \"-\"";
        *(struct span *)place(c, f) = value;
        return NULL;
    case FORM_NAME:
    case FORM_ERROR:
        *(struct span *)place(c, f) = value;
        return NULL;
    case FORM_NUMBER:
        return num_u64(value, place(c, f)) ? NULL : "a number";
    case FORM_BLOCK:
        if (!num_u64(value, place(c, f)) || *(uint64_t *)place(c, f) > INT64_MAX)
            return "a block number";
        return NULL;
    case FORM_STATE:
        found = find_name(states, STATES, value);
        c->state = (enum control_state)found;
        return found >= 0 ? NULL : "closed, open or half-open";
    case FORM_REASON:
        found = find_name(reasons + 1, REASONS - 1, value);
        c->reason = (enum control_reason)(found + 1);
        return found >= 0 ? NULL : "slot, breaker, head, avoid, chain or stopping";
    }
    return "a known word";
}

/* The index of a key in fields that the verb may have, or -1. */
static int
find_field(struct span key, unsigned allowed)
{
    for (int i = 0; i < FIELDS; i++)
        if (span_is(key, fields[i].key))
            return allowed >> i & 1 ? i : -1;
    return -1;
}

static bool
store_words(struct control *c, const struct words *w, unsigned allowed, unsigned *came, char *err,
            size_t size)
{
    const char *verb = verbs[c->verb].name;

    for (size_t i = 0; i < w->n; i++) {
        struct span key = w->word[i].key, value = w->word[i].value;
        int found = find_field(key, allowed);
        if (found < 0) {
            snprintf(err, size, "%s: unknown key \"%.*s\"", verb, (int)(key.n < SHOWN_MAX ? key.n : SHOWN_MAX), key.p);
            return false;
        }
        const char *expected = store(c, &fields[found], value);
        if (expected) {
            snprintf(err, size, "%s: %s: expected %s, not \"%.*s\"", verb, fields[found].key, expected,
                     (int)(value.n < SHOWN_MAX ? value.n : SHOWN_MAX), value.p);
            return false;
        }
        *came |= 1u << found;
    }
    return true;
}

bool
control_parse(struct span line, struct control *out, char *err, size_t size)
{
    struct words w;
    unsigned came = 0;
    int verb;

    *out = (struct control){0};
    if (!words_parse(line, true, &w, err, size))
        return false;
    for (verb = 0; verb < VERBS && !span_is(w.verb, verbs[verb].name); verb++)
        ;
    if (verb == VERBS) {
        snprintf(err, size, "unknown verb \"%.*s\"", (int)(w.verb.n < SHOWN_MAX ? w.verb.n : SHOWN_MAX), w.verb.p);
        return false;
    }
    out->verb = (enum control_verb)verb;
    unsigned must = verbs[verb].words;
    if (!store_words(out, &w, must | (verbs[verb].range ? RANGE : 0), &came, err, size))
        return false;
    if (came & RANGE)
        must |= RANGE; /* both or none */
    for (int i = 0; i < FIELDS; i++) {
        if (must >> i & 1 && !(came >> i & 1)) {
            snprintf(err, size, "%s: missing %s", verbs[verb].name, fields[i].key);
            return false;
        }
    }
    out->has_range = came & RANGE;
    if (out->from > out->to) {
        snprintf(err, size, "%s: from %" PRIu64 " is greater than to %" PRIu64, verbs[verb].name,
                 out->from, out->to);
        return false;
    }
    return true;
}

/* --- formatting --- */

/* A name as one word: what cannot stand in one becomes "_". */
static void
add_name(struct buf *out, struct span name)
{
    size_t start = out->n;

    buf_add_line(out, name, WORDS_LINE_MAX / 8);
    for (size_t i = start; i < out->n; i++)
        if (out->p[i] == ' ')
            out->p[i] = '_';
    if (out->n == start)
        buf_addc(out, '-');
}

static void
add_value(struct buf *out, const struct control *c, const struct field *f)
{
    size_t start = out->n;

    switch (f->form) {
    case FORM_RUN:
    case FORM_NAME:
        add_name(out, *(const struct span *)value_of(c, f));
        break;
    case FORM_NUMBER:
    case FORM_BLOCK:
        buf_addf(out, "%" PRIu64, *(const uint64_t *)value_of(c, f));
        break;
    case FORM_STATE:
        buf_adds(out, states[c->state]);
        break;
    case FORM_REASON:
        buf_adds(out, reasons[c->reason]);
        break;
    case FORM_ERROR:
        buf_add_line(out, c->error, ERROR_MAX);
        if (out->n == start)
            buf_addc(out, '-');
        break;
    }
}

void
control_format(struct buf *out, const struct control *c)
{
    unsigned words = verbs[c->verb].words;

    if (c->has_range && verbs[c->verb].range)
        words |= RANGE;
    buf_adds(out, verbs[c->verb].name);
    for (int i = 0; i < FIELDS; i++) {
        if (!(words >> i & 1))
            continue;
        buf_addf(out, " %s=", fields[i].key);
        add_value(out, c, &fields[i]);
    }
}
