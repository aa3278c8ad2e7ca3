/* cope.h - what becomes of a step that an endpoint did not serve: a way per verdict.
 *
 * The one table of consequences: again after a pause, smaller, with another method, or the task
 * goes back (declined, failed, refused) with what is finished of it. Pure policy: it changes the
 * job and the endpoint's record, nothing else.
 */
#ifndef SLUICE_COPE_H
#define SLUICE_COPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/ask.h"
#include "fetcher/endpoint.h"
#include "fetcher/holdings.h"
#include "fetcher/job.h"
#include "fetcher/rpc.h"
#include "fetcher/trust.h"

struct coping {
    struct endpoint *endpoint;
    uint32_t retries;   /* of a step that fails for no reason of its own */
    bool alone;         /* nobody to hand a task back to: try longer */
    struct lacks lacks;
    struct holdings *holdings;
    struct trust trust;
    uint64_t logs_from; /* first block whose logs and receipts are held here, as far as known */
    uint32_t odd;       /* blocks whose receipts were right only when asked for one by one */
    size_t max_values;  /* addresses or topics in one list; 0: no limit known */
    uint64_t seed;      /* of the jitter */
    uint32_t refusals;  /* of our key, in a row */
    char fatal[400];    /* not empty: this endpoint must not be used any more, and why */
};

/* Takes the step over. calls: of the request it was part of. */
void cope(struct coping *c, struct job *j, struct step *s, const struct rpc_answer *a,
          const char *method, size_t calls, int64_t now_ms);
/* Pause before try n (1, 2, ...): 1/4, 1, 2, 4 ... 30 s, of which the last half is random. The first is
 * short: a lone failure is mostly a connection that was dropped. */
int64_t cope_pause_ms(struct coping *c, uint32_t n);

#endif
