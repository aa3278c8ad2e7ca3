/* lies.c - answers that look right and are not. They are made by changing the finished text, so that
 * a drawn and a recorded chain lie alike. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "sim.h"

enum { DRAW_LIE = 200 };

bool
lie_due(struct sim *s, uint64_t mask, enum lie *out)
{
    uint64_t lies = s->knobs.lies & mask;
    if (!s->knobs.lie_every || !lies || ++s->answers % s->knobs.lie_every != 0)
        return false;
    uint64_t pick = draw(s->seed, DRAW_LIE, s->answers, 0) % (uint64_t)__builtin_popcountll(lies);
    for (unsigned lie = 0; lie < LIE_KINDS; lie++)
        if (lies >> lie & 1 && pick-- == 0) {
            s->stats.lies++;
            *out = (enum lie)lie;
            return true;
        }
    return false;
}

/* Where the value of the first member of that name begins (after its quote), at or after `at`. */
static char *
member(struct buf *b, size_t at, const char *name)
{
    buf_addc(b, '\0'); /* texts hold no NUL: a place for strstr to stop */
    b->n--;
    char key[40];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    char *p = strstr(b->p + at, key);
    return p ? p + strlen(key) : NULL;
}

static void
flip_digit(char *p) /* of "0x..." */
{
    if (p)
        p[5] = p[5] == '0' ? '1' : '0';
}

/* Replaces the value that begins at p by another. */
static void
replace(struct buf *b, char *p, const char *with)
{
    if (!p)
        return;
    size_t at = (size_t)(p - b->p), old = strcspn(p, "\""), rest = b->n - at - old, n = strlen(with);
    buf_room(b, n);
    memmove(b->p + at + n, b->p + at + old, rest);
    memcpy(b->p + at, with, n);
    b->n = b->n + n - old;
}

/* The end of the object that begins at `at`: objects here hold no braces in strings. */
size_t
lie_object_end(const struct buf *b, size_t at)
{
    int depth = 0;
    for (; at < b->n; at++) {
        depth += b->p[at] == '{';
        if (b->p[at] == '}' && --depth == 0)
            return at + 1;
    }
    return at;
}

/* A copy of the first object of the array in front of it or at its end. */
static void
repeat_first(struct buf *b, size_t start, bool at_end)
{
    size_t n = lie_object_end(b, start + 1) - (start + 1);
    struct buf copy = {0};
    buf_add(&copy, b->p + start + 1, n);
    if (at_end) {
        b->n--;
        buf_addc(b, ',');
        buf_add(b, copy.p, copy.n);
        buf_addc(b, ']');
    } else {
        struct buf rest = {0};
        buf_add(&rest, b->p + start + 1, b->n - start - 1);
        b->n = start + 1;
        buf_add(b, copy.p, copy.n);
        buf_addc(b, ',');
        buf_add(b, rest.p, rest.n);
        buf_free(&rest);
    }
    buf_free(&copy);
}

/* Moves the first object of the array to its end. */
static void
first_to_end(struct buf *b, size_t start)
{
    size_t end = lie_object_end(b, start + 1);
    if (b->p[end] != ',')
        return;
    repeat_first(b, start, true);
    memmove(b->p + start + 1, b->p + end + 1, b->n - end - 1);
    b->n -= end - start;
}

/* Leaves out one object of the array, another each time. */
static void
drop_one(struct exchange *x, size_t start)
{
    struct buf *b = x->out;
    uint64_t pick = x->sim->answers % x->n_logs;
    size_t at = start + 1, end;
    for (; pick > 0; pick--)
        at = lie_object_end(b, at) + 1;
    end = lie_object_end(b, at);
    if (b->p[end] == ',')
        end++;
    else if (at > start + 1)
        at--; /* the comma before the last one */
    memmove(b->p + at, b->p + end, b->n - end);
    b->n -= end - at;
    x->n_logs--;
}

void
lie_logs(struct exchange *x, size_t start, enum lie lie, uint64_t to)
{
    struct buf *b = x->out;
    char text[40];
    char *removed;
    switch (lie) {
    case LIE_OUTSIDE:
        snprintf(text, sizeof text, "0x%" PRIx64, to + 1);
        replace(b, member(b, start, "blockNumber"), text);
        break;
    case LIE_ADDRESS:
        flip_digit(member(b, start, "address"));
        break;
    case LIE_DUPLICATE:
        repeat_first(b, start, false);
        break;
    case LIE_HASH:
        flip_digit(member(b, start, "blockHash"));
        break;
    case LIE_REMOVED:
        buf_addc(b, '\0');
        b->n--;
        removed = strstr(b->p + start, "\"removed\":false");
        if (removed)
            memcpy(removed, "\"removed\": true", 15);
        break;
    case LIE_UNORDERED:
        first_to_end(b, start);
        break;
    case LIE_BADHEX:
        replace(b, member(b, start, "data"), "0xzz");
        break;
    case LIE_OVERFLOW:
        replace(b, member(b, start, "logIndex"), "0x10000000000000000");
        break;
    case LIE_FEWER:
        drop_one(x, start);
        break;
    default: /* LIE_MISSING */
        b->n = start;
        buf_adds(b, "[]");
        x->n_logs = 0;
    }
}

static void
null_first(struct buf *b, size_t start, size_t end)
{
    memmove(b->p + start + 5, b->p + end, b->n - end);
    memcpy(b->p + start + 1, "null", 4);
    b->n -= end - (start + 5);
}

/* The number of objects stays as it is. */
static void
first_for_second(struct buf *b, size_t start, size_t end)
{
    if (b->p[end] != ',')
        return;
    size_t second = end + 1, rest = lie_object_end(b, second), n = end - start - 1;
    buf_room(b, n);
    memmove(b->p + second + n, b->p + rest, b->n - rest);
    memcpy(b->p + second, b->p + start + 1, n);
    b->n = b->n - (rest - second) + n;
}

/* The first one is left out, is null, is there twice, or also in place of the second. */
void
lie_receipts(struct exchange *x, size_t start, enum lie lie)
{
    struct buf *b = x->out;
    size_t end = lie_object_end(b, start + 1);
    if (b->n < start + 3)
        return;
    if (lie == LIE_RECEIPT_OTHER) {
        first_for_second(b, start, end);
        return;
    }
    if (lie == LIE_RECEIPT_TWICE) {
        repeat_first(b, start, false);
        return;
    }
    if (lie == LIE_RECEIPT_NULL) {
        null_first(b, start, end);
        return;
    }
    end += b->p[end] == ',';
    memmove(b->p + start + 1, b->p + end, b->n - end);
    b->n -= end - start - 1;
}
