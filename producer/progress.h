/* progress.h - what a person sees of a run: a line per task, a live bar, the summary.
 *
 *   [publicnode] completed task 0 (blocks 8950000-8950999): 412 logs
 *   [=========>               ] 37.2 %  51230 rows/s  2480 blocks/s  1m20s left  not answering: ankr
 *
 * Everything goes to stderr. With the bar, lines are kept back and put out together with its next
 * drawing, so that it stands still as the last line; all other talk must come after
 * progress_clear. Runs of hash tasks, and of very many tiny ranges, have `Progress: 45/137 batches
 * (32.8 %), 6 active workers` in place of task lines, and on a terminal only the bar. The text itself is
 * made by pure functions.
 */
#ifndef SLUICE_PROGRESS_H
#define SLUICE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "producer/crew.h"
#include "producer/dispatch.h"

enum { PROGRESS_DRAW_MS = 100, PROGRESS_SAY_MS = 1000, PROGRESS_IDLE_MS = 10000, PROGRESS_SAMPLES = 16 };

struct progress_options {
    bool bar;
    const char *noun;        /* of the rows: "logs" or "rows" */
    const char *dataset;     /* of hashes: what is counted */
    uint64_t blocks_wanted;  /* 0: not known */
    uint64_t batches_wanted;
    bool scattered;          /* very many tiny ranges: no line for each */
};

struct progress_sample {
    int64_t ms;
    uint64_t blocks, rows, batches, requests;
};

struct progress {            /* plain state; progress_init, progress_free */
    struct progress_options o;
    int64_t start_ms;
    uint64_t blocks, rows, batches, hashes; /* done */
    struct progress_sample samples[PROGRESS_SAMPLES]; /* a ring, half a second apart */
    size_t n_samples;        /* ever taken */
    int64_t drawn_ms, said_ms;
    uint64_t said;           /* what was done then */
    bool shown;              /* the bar is on the screen */
    struct buf lines;        /* kept back; NUL after each */
};

void progress_init(struct progress *p, const struct progress_options *o, int64_t now_ms);
void progress_free(struct progress *p);

void progress_event(struct progress *p, const struct dispatch_event *e);
/* Draws and says what is due. */
void progress_tick(struct progress *p, const struct crew *c, int64_t now_ms);
int64_t progress_due_ms(const struct progress *p); /* -1: nothing to draw */
/* Puts out what was kept back and takes the bar off the screen. */
void progress_clear(struct progress *p);
void progress_summary(struct progress *p, const struct crew *c, int64_t now_ms);

/* --- text --- */
void progress_add_task(struct buf *out, const struct dispatch_event *e, const char *noun);
void progress_add_bar(struct buf *out, const struct progress *p, const struct crew *c,
                      size_t width, int64_t now_ms);
void progress_add_batches(struct buf *out, const struct progress *p, size_t workers);
void progress_add_endpoint(struct buf *out, const struct crew_endpoint *e);
void progress_add_totals(struct buf *out, const struct progress *p, int64_t now_ms);
void progress_add_workers(struct buf *out, const struct progress *p, size_t workers,
                          int64_t now_ms);
void progress_add_time(struct buf *out, int64_t ms); /* 12s, 1m20s, 3h05m, 2d04h */

#endif
