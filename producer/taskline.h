/* taskline.h - a task as the line that fetchers read (common/protocol.txt, section 2). */
#ifndef SLUICE_TASKLINE_H
#define SLUICE_TASKLINE_H

#include <stdint.h>

#include "common/buf.h"
#include "producer/plan.h"

struct taskline {         /* what all tasks of a run have in common */
    const char *run;      /* token; "-" is left out */
    uint64_t chain;       /* 0: any */
    const char *dataset;
    const char *filter;   /* canonical words; "" for none; hash tasks have none */
};

/* Appends the line without a newline. */
void taskline_add(struct buf *out, const struct taskline *t, uint64_t id, unsigned try,
                  const struct plan_piece *piece);

#endif
