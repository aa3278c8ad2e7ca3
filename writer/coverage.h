/* coverage.h - what is covered: its SQL, and what is left when it is taken from what is wanted.
 *
 * Pure. A gap is wanted minus covered; nothing else stores progress. Gap search streams: covered
 * ranges come in order of their first block, of any number of jobs at once, and memory does not
 * depend on how many there are.
 */
#ifndef SLUICE_WRITER_COVERAGE_H
#define SLUICE_WRITER_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "writer/compaction.h"
#include "writer/sql.h"

/* A range that became complete, or (error not empty) was given up. */
struct cover {
    int64_t job;
    uint64_t from, to; /* inclusive */
    struct span endpoint;
    uint64_t rows;
    uint64_t attempts; /* given up: */
    struct span error;
    bool failed;
    size_t nth;        /* private: in order of arrival */
};

/* Sorts by (failed, job, from); of equal keys only the one that reaches farthest stays, the first of these. Returns how
 * many are left. The order keeps parallel transactions from waiting for each other in a circle. */
size_t coverage_sort(struct cover *list, size_t n);

enum { COVERS_MAX = 64 /* lines of one batch, above which endpoints do not keep them apart */ };

/* Joins sorted covers that touch or overlap and came from one endpoint; if that leaves more than COVERS_MAX, of
 * any endpoints, whose names are then listed, in `names`. Returns how many are left. */
size_t coverage_join(struct cover *list, size_t n, struct buf *names);
/* Records sorted covers: ranges (one that begins where another does replaces it if it reaches farther: of copies the
 * first counts, of which the producer was told first, too), failed_ranges, and the failures that are overcome. Returns
 * what it adds to ranges. */
struct lines coverage_sql(struct buf *b, const char *schema, const struct cover *list, size_t n);

/* One step of compaction, in a transaction: merges ranges that touch or overlap and came from one
 * endpoint; where a step is full, of any endpoints, whose names are then listed. Returns ('last', job,
 * block, ranges read): the last range read, where the next step begins (not with what this one merged:
 * that would read over all the dead rows again). What was covered before this writer
 * `began` (store.h) and what since stay apart. */
void coverage_compact_sql(struct buf *b, const char *schema, struct spot from, const char *began);

enum { UNCOVER_STEP = 2048 /* lines */ };

/* One step of uncovering, in a transaction of the caller's: of the first UNCOVER_STEP lines of the jobs (ids, commas
 * between) that begin at block `next` or later, name the endpoint, alone or with others, reach as far as block `from`,
 * and came since this writer `began`, the blocks from `from` on go.
 * Returns ('uncovered', first block, last block, lines in work, the last one's first block, rows) for each range
 * that they make; what other lines cover of it, too, is not looked for. */
void coverage_uncover_sql(struct buf *b, const char *schema, const char *jobs, uint64_t next, uint64_t from,
                          struct span endpoint, const char *began);

/* --- gaps --- */
enum { GAPS_JOBS_MAX = 16 };

struct gaps {
    uint64_t from, to; /* wanted; block numbers are at most INT64_MAX */
    size_t jobs;       /* how many must cover a block for it to be no gap */
    uint64_t next[GAPS_JOBS_MAX]; /* of each job: the first block not known to be covered */
    uint64_t told;     /* blocks before this one are decided */
    bool held;         /* a gap waits to be joined with the next: */
    uint64_t held_from, held_to;
    void (*emit)(uint64_t from, uint64_t to, void *context);
    void *context;
};

void gaps_begin(struct gaps *g, uint64_t from, uint64_t to, size_t jobs,
                void (*emit)(uint64_t from, uint64_t to, void *context), void *context);
/* Job number `job` covers from..to. In order of from. */
void gaps_covered(struct gaps *g, size_t job, uint64_t from, uint64_t to);
void gaps_end(struct gaps *g);

#endif
