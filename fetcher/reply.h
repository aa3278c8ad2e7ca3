/* reply.h - from the body of a response to one judged answer per call. Pure.
 *
 * Calls and answers are matched by id, leniently: a number or the same number as a string, in any
 * order; unknown ids are ignored, of two answers the first counts, a lone object answers a whole
 * batch, and where a result and an error are both there the error counts. Calls without an answer
 * are VERDICT_TRANSIENT, or share the verdict of the item that explains it (batch too large,
 * too many requests).
 */
#ifndef SLUICE_REPLY_H
#define SLUICE_REPLY_H

#include <stdint.h>

#include "common/buf.h"
#include "fetcher/json.h"
#include "fetcher/rpc.h"
#include "fetcher/secrets.h"
#include "fetcher/verdict.h"

enum { REPLY_TEXT_MAX = 300 /* bytes */ };

struct reply {
    enum transport transport;
    const char *trouble;     /* the transport's error for people, without secrets; NULL */
    long status;
    int64_t retry_after_ms;  /* -1: absent */
    struct span body;        /* JSON_PADDING readable bytes follow */
    uint64_t first_id;       /* of the first call; the others count up */
    uint64_t head;           /* newest block known of the endpoint, 0: none */
    int64_t now_unix;        /* seconds */
};

/* What reading needs and keeps between replies; zeroed, with doc set by its owner. */
struct reader {
    struct json_doc *doc;
    const struct secrets *secrets;
    struct buf texts, scratch;
};

/* Fills answers[0 .. r->n). Results and texts are valid until the next reply is read. */
void reply_read(struct reader *reader, const struct reply *reply, const struct rpc_request *r,
                struct rpc_answer *answers);
void reader_free(struct reader *reader); /* but not doc */

#endif
