/* survey.h - what the endpoint is and has: its chain, its newest block, the logs it holds.
 *
 * Asks outside of any task: eth_chainId and eth_blockNumber before the first task, eth_chainId
 * as the breaker's probe and once a minute of work (behind some names nodes of another chain turn
 * up), eth_blockNumber when a task wants a block that is not there yet, and now and then as long as answers
 * are believed without a proof (trust.h), and the check of old logs (holdings.h). At most one request of each
 * sort is under way.
 */
#ifndef SLUICE_SURVEY_H
#define SLUICE_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "fetcher/cope.h"
#include "fetcher/holdings.h"
#include "fetcher/report.h"
#include "fetcher/rpc.h"

struct survey {
    struct rpc *rpc;
    struct endpoint *endpoint;
    struct report *report;
    struct coping *coping;
    struct holdings holdings;
    uint64_t wanted_chain;   /* 0: any */

    uint64_t chain;          /* 0: not known */
    bool head_known, want_head;
    int64_t head_asked_ms;   /* of the newest answer: when it was asked for */
    int64_t next_ms;         /* not before: after a failure */
    uint32_t failures;       /* in a row */
    struct judgement last;   /* and why */
    char error[400];
    bool told;               /* that it does not answer */
    int64_t first_ms;        /* when it was first asked for its chain; 0: not yet */
    int64_t chain_asked_ms;
    uint64_t chain_requests; /* that had been sent by then */
    bool out_chain, out_head, out_holdings;
    int64_t out_head_ms;
    size_t sample;           /* headers asked for */
    uint32_t unanswered;     /* questions of the check of old logs, in a row */
    int64_t now_ms;          /* of the turn, for what is answered in it */
};

/* Sends what is due. */
void survey_tick(struct survey *s, int64_t now_ms);
/* Of that, the questions for chain and head: they go before the steps that would take each slot as it gets free. */
void survey_look(struct survey *s, int64_t now_ms);
bool survey_ready(const struct survey *s); /* chain and head are known */
/* No answer yet, and none can be hoped for soon: nobody listens there, or it is not who it should be. */
bool survey_hopeless(const struct survey *s);
/* When survey_tick has something to do by itself; INT64_MAX: never. */
int64_t survey_next_ms(const struct survey *s, int64_t now_ms);

#endif
