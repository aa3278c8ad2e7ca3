/* rpc.h - JSON-RPC over HTTP (http.h) to one endpoint, many requests in flight.
 *
 * A request is one HTTP POST of one call or a batch. When it ends, its done function gets an
 * answer per call, already judged; results are valid inside that function only. No policy here:
 * when to send, how often, what next is endpoint.h and work.h.
 */
#ifndef SLUICE_RPC_H
#define SLUICE_RPC_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "json.h"
#include "verdict.h"

enum { RPC_BATCH_MAX = 100 };

struct rpc_call {
    const char *method;  /* static, "eth_getLogs" */
    struct buf params;   /* JSON array text, owned by the request */
    enum rpc_kind kind;
    uint64_t from, to;   /* blocks asked for; from > to: none */
    size_t items;        /* addresses and topics in the filter: may it be split? */
};

struct rpc_answer {
    struct judgement judgement;
    struct json result;  /* when VERDICT_OK and not taken by `read`; never a JSON null */
    struct span text;    /* otherwise: the error for people, without secrets; at most 300 bytes */
};

struct rpc_request {
    struct rpc_call calls[RPC_BATCH_MAX];
    size_t n;
    bool bare;           /* n == 1: send an object, not an array of one */
    int64_t sent_ms;     /* set by rpc_send */
    int64_t wait_us, latency_us; /* set before done: until the first byte of the answer, and the last */
    size_t bytes;        /* of the body after inflation; set before done */
    /* The reader of the body (HTTP 200) as text, in a hurry; NULL: none. It reads the answer to the first call where
     * that comes first and is good, and returns how far it got: all of the body, or, where two were asked, to the
     * comma behind that answer. The result is not read again. 0: all is parsed and judged. Then done follows. */
    size_t (*read)(const struct rpc_request *r, struct span body, uint64_t id, void *context);
    void (*done)(struct rpc_request *r, struct rpc_answer *answers, void *context);
    void *context;       /* the caller's */
    void *owner;         /* the caller's, free use */
    void *transfer;      /* private */
};

struct rpc_options {
    const char *url;
    const char *const *headers; /* "Name: value", ends at NULL, or NULL */
    int64_t timeout_ms;         /* whole request; default 30 s */
    size_t max_body;            /* bytes of one body after inflation */
    size_t max_bytes;           /* bytes of all bodies in flight; beyond it all but the oldest transfer pause */
    int max_connections;
};

struct rpc; /* opaque */

struct rpc *rpc_new(const struct rpc_options *o, char *err, size_t size); /* NULL: bad URL or header */
void rpc_free(struct rpc *c); /* and the requests in flight, without done */

struct rpc_request *rpc_request_new(void);
/* Adds a call and returns it, with empty params to be appended to. n stays within RPC_BATCH_MAX. */
struct rpc_call *rpc_request_add(struct rpc_request *r, const char *method, enum rpc_kind kind,
                                 uint64_t from, uint64_t to);
void rpc_request_free(struct rpc_request *r);

/* Sends; done is called later from rpc_perform, never from here. The caller keeps ownership and
 * must not free r before done (done may free it). */
void rpc_send(struct rpc *c, struct rpc_request *r, int64_t now_ms);
/* The newest block of the endpoint: tells "not yet" from "no longer" where texts do not. */
void rpc_head(struct rpc *c, uint64_t head);
size_t rpc_in_flight(const struct rpc *c);
size_t rpc_bytes_in_flight(const struct rpc *c);
/* Moves bytes and calls done functions. */
void rpc_perform(struct rpc *c, int64_t now_ms);
/* Sleeps until something is to do here, on one of fds, or timeout_ms passed. */
void rpc_wait(struct rpc *c, struct pollfd *fds, size_t n, int timeout_ms);

#endif
