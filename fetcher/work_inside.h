/* work_inside.h - what the three files of work.h share: work.c, work_tasks.c and work_requests.c. */
#ifndef SLUICE_WORK_INSIDE_H
#define SLUICE_WORK_INSIDE_H

#include "fetcher/ask.h"
#include "fetcher/job.h"
#include "fetcher/take.h"
#include "fetcher/work.h"

struct work {
    struct work_parts p;
    struct taking taking;
    struct json_doc *null_doc;
    struct job *jobs;   /* in order of arrival */
    struct job *gone;   /* given back, but with requests still under way */
    size_t n_jobs;
    struct flight *flights;
    char run[33];       /* of the newest task */
    char *dataset, *filter; /* owned: of the newest task whose logs are asked for by range; NULL: none came */
    bool leaving;       /* takes no more tasks */
    uint64_t told_free; /* by the newest line */
    uint64_t task_requests; /* that the newest task takes: the next may be as large */
    uint64_t given_up;
    size_t doubted;     /* jobs, in a pipe */
    uint64_t doubt_from; /* what is doubted: blocks from this one on */
    bool told_behind;   /* that a backend lags */
    uint64_t logs_flying; /* blocks whose logs are being asked for */
    double bytes_flying;  /* expected in the answers */
    int64_t blocked_until_ms; /* no tokens before */
    uint32_t prefetch, paced; /* now; requests answered since pace_ms */
    int64_t pace_ms;
    int64_t now_ms;     /* of this turn */
};

/* --- work.c --- */
/* What the endpoint no longer has is not asked of it. */
void work_cut_unheld(struct work *w, struct job *j);

/* Where the endpoint was found to leave logs out: what it answered for the tasks at hand goes to others. Before any
 * of them ends. */
void work_recheck(struct work *w);

/* How many more tasks the producer is told that it takes now. */
uint64_t work_offer(struct work *w, int64_t now_ms);

/* --- work_tasks.c --- */
void work_hand_out_rows(struct work *w, struct job *j, bool all);
/* What this endpoint answered so far is not believed: the writer is told, and with that of the end of job j, if any. */
void work_doubt(struct work *w, struct job *j);
void work_sweep(struct work *w); /* ends the jobs that are over */

/* --- work_requests.c --- */
void work_pump(struct work *w); /* sends what may go now */
const char *work_lacks(struct work *w, const struct step *s); /* the method without which it cannot be asked, or NULL */

#endif
