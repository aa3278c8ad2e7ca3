/* plan.h - where the wanted work comes from: one range, or lines of ranges and hashes.
 *
 * A lazy source: a range is cut into pieces of `step` blocks only as they are asked for, and lines
 * are parsed only as they are needed, so what is pending takes no memory. Pure: somebody else
 * reads; the plan lends its buffer (plan_room), is told how much came in (plan_fed) and that the
 * input is over (plan_eof).
 *
 * A line is `from-to`, a single block number, or a hash: 0x and the 64 digits of a transaction's, or 0x and
 * the digits of a block's number. Hashes are gathered into pieces of `hashes_per_piece`; the last one may be
 * smaller. Empty lines are skipped.
 */
#ifndef SLUICE_PLAN_H
#define SLUICE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLAN_BUFFER = 64 << 10, /* bytes of lines read ahead */
    PLAN_LINE_MAX = 256,    /* bytes; a longer line is a bad one */
    PLAN_HASH = 32,         /* bytes of a hash; a number has zeros before it */
};

#define PLAN_BLOCK_MAX ((uint64_t)(INT64_MAX - 1)) /* what follows it fits a bigint, too */

enum plan_status {
    PLAN_PIECE,  /* *out is the next piece */
    PLAN_HUNGRY, /* more input is needed */
    PLAN_END,    /* nothing is left */
    PLAN_BAD,    /* a bad line; plan_error tells which */
};

struct plan_piece {
    bool by_hash;
    uint64_t from, to;     /* blocks, both included; unused by hash */
    const uint8_t *hashes; /* PLAN_HASH bytes each, valid until the next plan_next */
    size_t n_hashes;
};

struct plan; /* opaque: only its functions keep its buffer straight */

struct plan *plan_of_range(uint64_t from, uint64_t to, uint64_t step);
struct plan *plan_of_lines(uint64_t step, size_t hashes_per_piece);
/* A line with a hash is a bad one, and why. The text must outlive the plan. */
void plan_refuse_hashes(struct plan *p, const char *why);
void plan_numbers(struct plan *p); /* what begins with 0x is a block number */
void plan_close(struct plan *p);

enum plan_status plan_next(struct plan *p, struct plan_piece *out);
/* How many pieces are to come; UINT64_MAX: lines may follow whose number is not known. */
uint64_t plan_left(const struct plan *p);

/* Where to read into, and how much fits: never nothing after PLAN_HUNGRY. */
char *plan_room(struct plan *p, size_t *size);
void plan_fed(struct plan *p, size_t n);
void plan_eof(struct plan *p);

uint64_t plan_step(const struct plan *p); /* blocks in a piece, at most */
/* `line 3: "12x": expected ...`, or NULL. */
const char *plan_error(const struct plan *p);

#endif
