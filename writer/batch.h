/* batch.h - results gathered for one transaction. Pure.
 *
 * Messages stay as they were received; nothing is copied. A batch is due when its rows, its bytes,
 * its messages or the age of its oldest reach a limit. A plan says in what order the chunks of a
 * part of it go to the database: table by table in the order of tables[], and within a table by
 * first key, so that keys are inserted in order (index pages stay warm, and parallel transactions
 * do not wait for each other in a circle); staged rows go in the order they came, which tells
 * which is the latest.
 *
 * A `doubted` is a batch by itself: it is taken when all before it is, and the caller takes nothing while it is
 * at work (lane.h).
 *
 * When the database refuses a row, the batch is halved until the message at fault is alone: parts
 * is the stack of what is still to be written, [from, to) of the messages in order of arrival.
 */
#ifndef SLUICE_WRITER_BATCH_H
#define SLUICE_WRITER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/link.h"
#include "common/wire.h"
#include "writer/sql.h"

struct item {
    struct link_message message; /* owned; wire points into it */
    struct wire wire;
    size_t table;  /* of WIRE_ROWS: index in tables[] */
    uint64_t rows[TABLES_MAX]; /* of an end: of its attempt, by table */
    char *lost;    /* owned; why it is not to be written: the database refused it or a chunk before it */
};

bool item_is_end(const struct item *item); /* of a range or of hashes */

enum { BATCH_ITEMS_MAX = 4096, ITEM_BYTES = sizeof(struct item) + 128 };

struct batch {
    struct item *items; /* owned */
    size_t n, cap;
    size_t bytes;       /* messages, and what it takes to keep them */
    uint64_t rows;
    int64_t since_ms;   /* arrival of the first */
};

struct batch_limits {
    uint64_t rows, bytes;
    int64_t age_ms;
};

void batch_add(struct batch *b, const struct item *item, int64_t now_ms); /* takes the message */
/* Moves the first messages, up to a limit of rows or bytes but one at least, to the empty batch
 * `to`. Ends that have to wait (NULL: none) stay behind. */
void batch_take(struct batch *b, struct batch *to, const struct batch_limits *l,
                bool (*waits)(const struct wire *end, void *context), void *context);
bool batch_due(const struct batch *b, const struct batch_limits *l, int64_t now_ms);
int64_t batch_due_at(const struct batch *b, const struct batch_limits *l); /* INT64_MAX: empty */
bool batch_doubted(const struct batch *b); /* a `doubted` is first */
void batch_clear(struct batch *b); /* frees the messages, keeps the array */
void batch_free(struct batch *b);

/* Attempts that a batch has rows of but not the end: the end must not overtake them. */
struct begun {
    uint32_t *items; /* owned: of each attempt the first */
    size_t n, cap;
};

void begun_find(struct begun *g, const struct batch *b);
bool begun_has(const struct begun *g, const struct batch *b, const struct wire *end);
void begun_free(struct begun *g);

struct plan {
    uint32_t *order; /* owned: items that are chunks, in order of sending */
    size_t cap;
    size_t start[TABLES_MAX + 1]; /* chunks of table t: order[start[t]] to order[start[t + 1] - 1] */
};

/* staged: bit t set: table t goes by staging. */
void batch_plan(const struct batch *b, size_t from, size_t to, uint32_t staged, struct plan *p);
void plan_free(struct plan *p);

enum { PARTS_MAX = 32 };

struct parts {
    struct {
        size_t from, to;
    } part[PARTS_MAX];
    size_t n; /* the last one is the next to be written */
};

void parts_all(struct parts *p, size_t n);
bool parts_split(struct parts *p); /* halves the next one; false: it is a single message */

#endif
