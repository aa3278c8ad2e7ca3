/* compaction.h - when lines of `ranges` are merged, and where to begin. Pure.
 *
 * One step reads COMPACT_STEP lines from the cursor on and merges what it can (coverage.h). While there are
 * as many, the next one follows at once, from where it ended; the last one is begun again from the same
 * line when there are COMPACT_LINES new ones, since lines of several endpoints need a full step to become
 * one. New lines before the cursor set it back. A step waits for a connection that has nothing else to do;
 * with COMPACT_URGENT new lines it comes before the next batch. So however a writer ends, it leaves some
 * tens of thousands of lines that could be merged, and not more.
 */
#ifndef SLUICE_WRITER_COMPACTION_H
#define SLUICE_WRITER_COMPACTION_H

#include <stdbool.h>
#include <stdint.h>

enum { COMPACT_STEP = 20000, COMPACT_LINES = 5000, COMPACT_URGENT = 20000 };

struct spot {
    int64_t job, block;
};

/* New lines. */
struct lines {
    struct spot first;
    uint64_t n;
};

struct compaction {
    struct spot cursor, begun; /* where the next step begins, and where this one has */
    uint64_t added;            /* lines since the last step began */
    bool more;                 /* there is more to read than what steps have read so far */
    bool running;
};

void compaction_init(struct compaction *c); /* with what former runs left */
void compaction_added(struct compaction *c, const struct lines *lines); /* they are committed */
void compaction_hurry(struct compaction *c); /* any new line counts */
bool compaction_due(const struct compaction *c);
bool compaction_urgent(const struct compaction *c);
void compaction_begin(struct compaction *c); /* a step, from the cursor */
/* last: the last of `read` lines. */
void compaction_end(struct compaction *c, struct spot last, uint64_t read);
void compaction_fail(struct compaction *c); /* that step; it is due again with new lines */

#endif
