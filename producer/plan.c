/* plan.c - a lazy source of ranges and hashes; see plan.h. */
#include "producer/plan.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/num.h"

struct plan {
    uint64_t step;       /* blocks in a piece */
    bool cutting;        /* next..last is still to be handed out */
    uint64_t next, last;

    bool lines;          /* there is input to read */
    bool eof;
    char *in;            /* PLAN_BUFFER bytes, owned */
    size_t at, end;      /* the unread part of in */
    uint64_t line;       /* number of the last line taken */

    uint8_t *hashes;     /* owned; room for one piece */
    size_t n_hashes, hashes_per_piece;
    const char *no_hashes; /* why there may be none, or NULL */
    bool numbers;        /* hashes are block numbers */
    bool handed_out;     /* hashes is lent; starts anew at the next call */

    char error[PLAN_LINE_MAX + 256];
};

struct plan *
plan_of_range(uint64_t from, uint64_t to, uint64_t step)
{
    struct plan *p = xcalloc(1, sizeof *p);
    p->step = step;
    p->cutting = true;
    p->next = from;
    p->last = to;
    return p;
}

struct plan *
plan_of_lines(uint64_t step, size_t hashes_per_piece)
{
    struct plan *p = xcalloc(1, sizeof *p);
    p->step = step;
    p->lines = true;
    p->in = xmalloc(PLAN_BUFFER);
    p->hashes_per_piece = hashes_per_piece;
    return p;
}

void
plan_refuse_hashes(struct plan *p, const char *why)
{
    p->no_hashes = why;
}

void
plan_numbers(struct plan *p)
{
    p->numbers = true;
}

void
plan_close(struct plan *p)
{
    if (!p)
        return;
    free(p->in);
    free(p->hashes);
    free(p);
}

char *
plan_room(struct plan *p, size_t *size)
{
    if (p->at > 0) {
        memmove(p->in, p->in + p->at, p->end - p->at);
        p->end -= p->at;
        p->at = 0;
    }
    *size = PLAN_BUFFER - p->end;
    return p->in + p->end;
}

void
plan_fed(struct plan *p, size_t n)
{
    p->end += n;
}

void
plan_eof(struct plan *p)
{
    p->eof = true;
}

uint64_t
plan_step(const struct plan *p)
{
    return p->step;
}

const char *
plan_error(const struct plan *p)
{
    return p->error[0] ? p->error : NULL;
}

static void
bad_line(struct plan *p, struct span text, const char *why)
{
    char shown[81];
    size_t n = text.n < sizeof shown - 1 ? text.n : sizeof shown - 1;
    for (size_t i = 0; i < n; i++)
        shown[i] = isprint((unsigned char)text.p[i]) ? text.p[i] : '?';
    shown[n] = '\0';
    snprintf(p->error, sizeof p->error, "line %" PRIu64 ": \"%s%s\": %s", p->line, shown,
             n < text.n ? "..." : "", why);
}

static bool
read_hash(const struct plan *p, struct span text, uint8_t out[PLAN_HASH])
{
    uint64_t n;
    if (!p->numbers)
        return num_hex(text, out, PLAN_HASH);
    if (!num_quantity(text, &n) || n > PLAN_BLOCK_MAX)
        return false;
    memset(out, 0, PLAN_HASH);
    for (size_t i = PLAN_HASH; n > 0; n >>= 8)
        out[--i] = (uint8_t)n;
    return true;
}

static void
take_hash(struct plan *p, struct span text)
{
    if (p->no_hashes) {
        bad_line(p, text, p->no_hashes);
        return;
    }
    if (!p->hashes)
        p->hashes = xmalloc(p->hashes_per_piece * PLAN_HASH);
    if (read_hash(p, text, p->hashes + p->n_hashes * PLAN_HASH))
        p->n_hashes++;
    else
        bad_line(p, text, p->numbers ? "expected a block number: 0x and hex digits"
                                     : "expected a transaction hash: 0x and 64 hex digits");
}

/* num_range refuses without saying why; the two numbers alone tell more. */
static const char *
range_fault(struct span text)
{
    const char *dash = memchr(text.p, '-', text.n);
    uint64_t from, to;
    if (dash && num_u64((struct span){text.p, (size_t)(dash - text.p)}, &from) &&
        num_u64((struct span){dash + 1, text.n - (size_t)(dash - text.p) - 1}, &to) && from > to)
        return "the first block is after the last";
    return "expected from-to, a block number or a 0x transaction hash";
}

static void
take_range(struct plan *p, struct span text)
{
    uint64_t from, to;
    if (!num_range(text, &from, &to))
        bad_line(p, text, range_fault(text));
    else if (to > PLAN_BLOCK_MAX)
        bad_line(p, text, "a block number is at most 9223372036854775806");
    else {
        p->next = from;
        p->last = to;
        p->cutting = true;
    }
}

static void
take_line(struct plan *p, struct span text)
{
    p->line++;
    while (text.n > 0 && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    if (text.n == 0)
        return;
    if (text.n >= 2 && text.p[0] == '0' && text.p[1] == 'x')
        take_hash(p, text);
    else
        take_range(p, text);
}

/* Takes one line off the buffer: PLAN_PIECE stands for "took one". */
static enum plan_status
read_line(struct plan *p)
{
    size_t have = p->end - p->at;
    char *start = p->in + p->at;
    char *newline = have > 0 ? memchr(start, '\n', have) : NULL;
    size_t n = newline ? (size_t)(newline - start) : have;
    if (n > PLAN_LINE_MAX) {
        p->line++;
        bad_line(p, (struct span){start, n}, "the line is too long");
        return PLAN_BAD;
    }
    if (!newline && !p->eof)
        return PLAN_HUNGRY;
    if (!newline && have == 0)
        return PLAN_END;
    p->at += n + (newline ? 1 : 0);
    if (n >= 2 && start[0] == '\\' && start[1] == 'x')
        start[0] = '0'; /* as PostgreSQL shows bytes */
    take_line(p, (struct span){start, n});
    return p->error[0] ? PLAN_BAD : PLAN_PIECE;
}

static enum plan_status
cut(struct plan *p, struct plan_piece *out)
{
    uint64_t left = p->last - p->next; /* blocks after the first */
    out->from = p->next;
    out->to = left >= p->step ? p->next + p->step - 1 : p->last;
    p->cutting = out->to < p->last;
    p->next = out->to + 1;
    return PLAN_PIECE;
}

uint64_t
plan_left(const struct plan *p)
{
    if (p->lines && (!p->eof || p->at < p->end || (p->n_hashes > 0 && !p->handed_out)))
        return UINT64_MAX;
    return p->cutting ? (p->last - p->next) / p->step + 1 : 0;
}

static enum plan_status
hand_out_hashes(struct plan *p, struct plan_piece *out)
{
    out->by_hash = true;
    out->hashes = p->hashes;
    out->n_hashes = p->n_hashes;
    p->handed_out = true;
    return PLAN_PIECE;
}

enum plan_status
plan_next(struct plan *p, struct plan_piece *out)
{
    *out = (struct plan_piece){0};
    if (p->handed_out) {
        p->handed_out = false;
        p->n_hashes = 0;
    }
    for (;;) {
        if (p->error[0])
            return PLAN_BAD;
        if (p->cutting)
            return cut(p, out);
        if (p->lines && p->n_hashes == p->hashes_per_piece)
            return hand_out_hashes(p, out);
        enum plan_status got = p->lines ? read_line(p) : PLAN_END;
        if (got == PLAN_END && p->n_hashes > 0)
            return hand_out_hashes(p, out);
        if (got != PLAN_PIECE)
            return got;
    }
}
