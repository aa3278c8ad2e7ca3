/* failures.h - tasks that were given up: until the writer has recorded each, and for the report.
 *
 * A failure waits to be told (as WIRE_GIVEN_UP), is told, and ends when the writer answers
 * for its task; without an answer it is told again after FAILURES_RETRY_MS. The first
 * FAILURES_SHOWN are kept as text for the end of the run, the others are only counted.
 */
#ifndef SLUICE_FAILURES_H
#define SLUICE_FAILURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum {
    FAILURES_SHOWN = 20,
    FAILURES_RETRY_MS = 30000,
    FAILURES_BACKLOG = 1024, /* so many untold or unanswered: no new task is issued */
    FAILURES_ERROR_MAX = 300 /* bytes of an error that are kept */
};

struct failure {
    uint64_t id;
    const char *of_hashes;  /* by hash: of what, "transactions"; else NULL */
    uint64_t from, to;      /* by hash: 0 and the count of hashes */
    uint32_t attempts;
    uint64_t chain;
    char *endpoint, *error; /* owned */
    int64_t due_ms;         /* told: when to tell it again */
    struct failure *next;
};

struct failures; /* opaque: its lists must stay in step */

struct failures *failures_new(void);
void failures_free(struct failures *f);

/* Copies *what with its texts. It waits for an answer if `tell` and not by hash. */
void failures_add(struct failures *f, const struct failure *what, bool tell);
/* The next one to tell; NULL: none. Then failures_told, which makes it wait for its answer. Also
 * keeps the time: call it in every turn. */
const struct failure *failures_next(struct failures *f, int64_t now_ms);
void failures_told(struct failures *f, int64_t now_ms);
void failures_tell_again(struct failures *f); /* who was told is gone */
/* An answer came for a task that the ledger does not know. With rows it was a late success. */
bool failures_answered(struct failures *f, uint64_t id, uint64_t rows);

size_t failures_waiting(const struct failures *f); /* untold or unanswered */
int64_t failures_stuck_ms(const struct failures *f, int64_t now_ms); /* waiting, and no answer came */
uint64_t failures_count(const struct failures *f);
/* The line for the i-th, or NULL. */
const char *failures_line(const struct failures *f, size_t i);

#endif
