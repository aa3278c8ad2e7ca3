/* job.h - a task in work: what of it is planned, asked, done. Plain state, no I/O.
 *
 * The plan is lazy: job_step makes the next step when there is room for a request, so that a
 * task of a million blocks costs no more memory than one of a thousand. Per-block sources are
 * asked in JSON-RPC batches, logs by range; where both are wanted the task is worked window by
 * window: first the headers of a window, then its logs, which are checked against them.
 *
 * done holds the blocks whose rows are all made. When a job ends early (job_cut) the finished
 * part that shares one end with the task counts, and the rest goes back.
 */
#ifndef SLUICE_JOB_H
#define SLUICE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/control.h"
#include "common/task.h"
#include "fetcher/assembly.h"
#include "fetcher/dataset.h"
#include "fetcher/endpoint.h"
#include "fetcher/piece.h"
#include "fetcher/step.h"

enum {
    JOB_DATASETS = 16,
    JOB_WINDOW = 512, /* blocks whose headers are kept at once, 310 bytes each */
    JOB_WINDOWS = 4,  /* open at once, per job */
    JOB_TOUCHES_MAX = 50000, /* of 88 bytes */
};

struct window {
    struct window *next;
    struct piece at;
    uint64_t planned;       /* first block not asked for */
    uint64_t got;           /* headers */
    struct header *headers; /* one per block, in order */
};

/* How a job ends when it does not end well. */
struct job_cut {
    bool set;
    enum control_verb verb; /* CONTROL_DECLINED, CONTROL_FAILED or CONTROL_REFUSED */
    enum control_reason reason;
    int64_t wait_ms;
    char error[320];
};

struct job {
    struct job *next;
    int64_t since_ms; /* when it was taken */
    struct task task;
    const struct dataset *list[JOB_DATASETS];
    size_t n_list;
    struct rows rows[JOB_DATASETS];   /* of each dataset, not yet handed out */
    struct buf touches[JOB_DATASETS]; /* struct touch each */
    unsigned needs;                   /* per block: enum source, or-ed */
    bool by_range;                    /* logs are asked for by range */
    bool from_receipts;               /* or read out of the receipts, which are there anyway */
    bool with_state;

    struct piece want;  /* the blocks worked here: the task's, less what was cut off */
    uint64_t planned;   /* first block not planned (a hash task: hash) */
    struct step *ready; /* list, owned */
    struct window *windows;
    struct group *groups;
    struct assembly *assemblies;
    size_t flying;      /* steps in requests */
    struct pieces done; /* blocks; a hash task: hashes */
    size_t missing, first_missing; /* hashes that are not known here: how many, and one of them */
    size_t state_dataset, state_planned; /* next address to plan; all blocks come first */
    size_t touches_kept; /* addresses, when they were last looked through */

    struct job_cut cut;
    bool stopped;       /* no further step starts */
    bool told;          /* its end was, by `doubted` */
    bool doubted;       /* in work when the endpoint was found to leave logs out */
    uint32_t seq;       /* rows messages so far */
    int64_t beyond_ms;  /* since when it waits for a block that is not there yet; 0: it does not */
};

/* Takes the task over (*task is empty afterwards). NULL: a dataset is unknown or cannot be had
 * by hash; err names it. */
struct job *job_new(struct task *task, char *err, size_t size);
void job_free(struct job *j);

struct job_limits {
    uint64_t blocks; /* of logs in one request, beside the endpoint's own limit */
    uint64_t whole;  /* blocks whose contents are asked for in one request; 0: no limit known */
    size_t values;   /* addresses or topics in one list; 0: no limit known */
};

/* The next step to ask now, fitted to the endpoint's limits and to these; NULL: none now. */
struct step *job_step(struct job *j, struct endpoint *e, const struct job_limits *limits, int64_t now_ms);
/* Cuts a step for logs by its filter: s keeps at most max values of its longest list (0: half), the
 * rest is put back as another step. False: no list has two. */
bool job_split_values(struct job *j, struct step *s, size_t max);
void job_put(struct job *j, struct step *s); /* a step comes back or is added */
/* Roughly how many requests it still takes that could go now. */
uint64_t job_load(const struct job *j, struct endpoint *e, int64_t now_ms);
/* The next block is beyond the endpoint's newest one. */
bool job_beyond(const struct job *j, uint64_t head);
/* Nothing flies, waits or is left to plan, or it was stopped and nothing flies. */
bool job_over(const struct job *j);

/* These blocks' rows are all made (for a step of a group: one of its parts). Frees the step. */
void job_done(struct job *j, struct step *s);
/* All its blocks go back: they are not waited for. Frees the step. */
void job_drop(struct job *j, struct step *s);
/* Nobody here knows the transaction (or block) of this step: the job goes on, and is refused at its end. Frees
 * the step. */
void job_missing(struct job *j, struct step *s);
/* The header of a block in a window; when the last one comes, the window's logs are planned. */
void job_header(struct job *j, const struct header *h);
/* Addresses whose state is wanted are kept until the last block is done, each once; beyond
 * JOB_TOUCHES_MAX of them the blocks not planned yet go back, if somebody can take them and the first
 * ones did not. */
void job_bound_touches(struct job *j, bool can_give_back);
struct assembly *job_assembly(struct job *j, const struct step *origin, uint64_t block);
void job_assembled(struct job *j, struct assembly *a); /* and frees it */

/* Ends the job: no step starts, what is not done goes back with this verb. The first cut stays. */
void job_stop(struct job *j, enum control_verb verb, enum control_reason reason, int64_t wait_ms,
              const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Gives back only the blocks after (before) this one, and goes on with the others. */
void job_cut_after(struct job *j, uint64_t last, enum control_reason reason, int64_t wait_ms);
void job_cut_before(struct job *j, uint64_t first, const char *error);
/* The dataset for whose sake the method is asked, and ": " after it, where the job has several; else "". */
const char *job_blamed(const struct job *j, const char *method, char *out, size_t size);
/* What was finished: false: nothing. *rest is what goes back (from > to: nothing). */
bool job_result(const struct job *j, struct piece *part, struct piece *rest);

#endif
