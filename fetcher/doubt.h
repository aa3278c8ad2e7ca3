/* doubt.h - an answer for logs contradicts nothing: is it the whole truth?
 *
 * What an answer leaves out does not show in it. It is asked for again when it is one of those that are
 * always tried (trust.h), or silent where many logs were expected, until the largest came twice. And a
 * block of it is looked into by another way, its receipts, where something tells of logs that the answer
 * lacks: a header whose bloom has them, a number left out, or silence at the start of a range, where a
 * node may have thrown old logs away (holdings.h).
 *
 * What proves to be left out is asked for in smaller ranges, down to a block's receipts; the endpoint is
 * asked for everything twice from then on, and what it answered before goes back: for tasks at hand by this
 * fetcher (work.h), for others by way of the writer (`doubted`), unless all of that came twice, too.
 */
#ifndef SLUICE_DOUBT_H
#define SLUICE_DOUBT_H

#include "fetcher/take.h"

/* A good answer came. True: it is not believed yet, or never; its step is with the job again. */
bool doubt_repeat(struct taking *t, struct flight *f, struct rpc_answer *a);
bool doubt_answer(struct taking *t, struct flight *f, const struct task *view);
/* Did the backend that sent the answer have the last block of its range? False: it is not known. */
bool doubt_proved(const struct flight *f);
/* The answer to a step of the kind STEP_CONTROL. */
void doubt_control(struct taking *t, struct flight *f, const struct rpc_request *r, struct rpc_answer *a);

#endif
