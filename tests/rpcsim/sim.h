/* sim.h - the endpoint: a request's text in, an answer and what to do with it out. No sockets, no
 * clock.
 *
 *     text -> faults of the whole request (faults.c)     -> reply
 *          -> calls -> limits and methods (methods.c)    -> lies (lies.c) -> reply
 */
#ifndef RPCSIM_SIM_H
#define RPCSIM_SIM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"
#include "common/buf.h"
#include "knobs.h"
#include "source.h"
#include "stats.h"
#include "styles.h"

enum act {
    ACT_SEND,
    ACT_DROP,  /* close without an answer */
    ACT_RESET, /* the same, with a reset */
    ACT_CUT,   /* headers and half of the body, then close */
    ACT_HANG,  /* nothing for a while, then close */
    ACT_STALL, /* headers and half of the body, nothing for a while, then close */
};

struct reply {
    enum act act;
    unsigned status;
    const char *content_type;
    const char *encoding;  /* Content-Encoding, or NULL */
    char retry_after[40];  /* header; "": none */
    struct buf body;
    int64_t delay_us;      /* from the request's arrival */
};

struct scenario;

struct sim {
    struct source source;
    struct chain *chain; /* NULL: recorded */
    struct knobs knobs;
    struct scenario *scenario; /* owned, or NULL */
    struct stats stats;
    uint64_t seed;    /* of the faults */
    uint64_t counter; /* of requests: decides which one fails, and how */
    uint64_t batches, answers; /* the same for mangled batches and for lies */
    int64_t start_ms; /* of the first request; -1: none yet */
    double tokens;    /* of the rate */
    int64_t tokens_us;
    int64_t day;      /* of the quota */
    uint64_t of_day;  /* requests in it */
    size_t max_body;  /* bytes of an answer; more is refused, whatever the knobs */
};

void sim_tick(struct sim *s, int64_t now_us); /* scenario and growth of the head */
void sim_answer(struct sim *s, struct span request, int64_t now_us, struct reply *out);
void reply_free(struct reply *r);
uint64_t sim_head(const struct sim *s);

/* --- between the files of the endpoint --- */

struct exchange { /* one call being answered */
    struct sim *sim;
    uint64_t head; /* as the node that answers sees it */
    json_t *params;
    struct buf *out; /* the result's text is appended */
    uint64_t n_logs;

    bool failed;
    unsigned http; /* status if this is the only call */
    int code;
    struct buf message, data; /* of the error */
    struct style whole;        /* shape SHAPE_TEXT, _SINGLE: replaces the whole answer */
};

void exchange_fail(struct exchange *x, enum refusal kind, int code, const char *message);
void exchange_refuse(struct exchange *x, enum refusal kind, const struct style *style, const struct style_words *w);

/* methods.c */
void method_call(struct exchange *x, const char *name);

/* getlogs.c */
void getlogs(struct exchange *x);

/* faults.c: true: the reply is made and the request done */
bool faults_request(struct sim *s, int64_t now_us, struct reply *out);
bool faults_rate(struct sim *s, int64_t now_us, uint64_t *wait_s); /* true: one too many */
void faults_whole(struct sim *s, const struct style *style, const struct style_words *w, struct reply *out);
void faults_rate_reply(struct sim *s, uint64_t wait_s, struct reply *out);
int64_t faults_delay_us(struct sim *s, uint64_t n_logs);
bool faults_spoil(struct sim *s, struct reply *out); /* after the answer: cut, truncated, ... */

/* lies.c: changes the text of an array of logs (or block, or receipts) that starts at `start` */
bool lie_due(struct sim *s, uint64_t mask, enum lie *out);
void lie_logs(struct exchange *x, size_t start, enum lie lie, uint64_t to);
void lie_receipts(struct exchange *x, size_t start, enum lie lie);
size_t lie_object_end(const struct buf *b, size_t at); /* of the object that begins at `at` */

#endif
