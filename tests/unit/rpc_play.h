/* rpc_play.h - for the tests of rpc.h: a client, a server that answers what it was told to, and what became of it. */
#ifndef SLUICE_TEST_RPC_PLAY_H
#define SLUICE_TEST_RPC_PLAY_H

#define _GNU_SOURCE /* memmem, in webserver.h */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "common/num.h"
#include "fetcher/rpc.h"
#include "tests/unit/webserver.h"

#define UNUSED __attribute__((unused))

enum { MOST = 64, PATIENCE_MS = 20000 };

/* What became of the requests of a test. */
struct outcome {
    size_t n;
    struct rpc_answer answers[MOST];
    char results[MOST][200], texts[MOST][400];
    size_t bytes;
    int64_t latency_us;
};

static UNUSED void
keep(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct outcome *o = context;

    for (size_t i = 0; i < r->n && o->n < MOST; i++, o->n++) {
        struct buf text = {0};

        o->answers[o->n] = answers[i];
        if (answers[i].judgement.verdict == VERDICT_OK) {
            json_print(&text, answers[i].result, sizeof o->results[0] - 1);
            memcpy(o->results[o->n], text.p, text.n);
        } else {
            assert_true(answers[i].text.n <= 300);
            memcpy(o->texts[o->n], answers[i].text.p, answers[i].text.n);
        }
        buf_free(&text);
    }
    o->bytes = r->bytes;
    o->latency_us = r->latency_us;
    rpc_request_free(r);
}

static UNUSED struct rpc_request *
request(struct outcome *o, size_t calls, enum rpc_kind kind)
{
    struct rpc_request *r = rpc_request_new();

    for (size_t i = 0; i < calls; i++)
        buf_addf(&rpc_request_add(r, "eth_test", kind, 100 + i, 100 + i)->params, "[%zu]", i);
    r->bare = calls == 1;
    r->done = keep;
    r->context = o;
    return r;
}

static UNUSED struct rpc *
client(const char *url)
{
    char err[200];
    struct rpc_options o = {.url = url, .timeout_ms = 30000, .max_body = 1 << 20, .max_bytes = 8 << 20};
    struct rpc *c = rpc_new(&o, err, sizeof err);

    assert_non_null(c);
    return c;
}

/* Turns both sides until nothing is in flight. */
static UNUSED void
run(struct rpc *c, struct web *w)
{
    int64_t begin = clock_ms();

    while (rpc_in_flight(c) > 0) {
        assert_true(clock_ms() - begin < PATIENCE_MS);
        rpc_perform(c, clock_ms());
        web_turn(w);
        if (rpc_in_flight(c))
            rpc_wait(c, NULL, 0, 1);
    }
}

/* --- a server that answers one fixed text, with $0, $1 ... for the ids asked --- */

struct script {
    const char *status, *headers, *body;
    struct buf head, seen; /* of the last request */
};

static UNUSED uint64_t
first_id(struct span body)
{
    const char *id = memmem(body.p, body.n, "\"id\":", 5);

    return id ? strtoull(id + 5, NULL, 10) : 0;
}

static UNUSED enum web_then
scripted(const struct web_request *r, struct buf *out, void *context)
{
    struct script *s = context;
    struct buf body = {0};

    for (const char *p = s->body; *p; p++)
        if (p[0] == '$')
            buf_addf(&body, "%llu", (unsigned long long)(first_id(r->body) + (uint64_t)(*++p - '0')));
        else
            buf_addc(&body, *p);
    s->head.n = s->seen.n = 0;
    buf_add(&s->head, r->head.p, r->head.n);
    buf_add(&s->seen, r->body.p, r->body.n);
    buf_addc(&s->head, '\0');
    buf_addc(&s->seen, '\0');
    web_reply(out, s->status ? s->status : "200 OK", s->headers ? s->headers : "", (struct span){body.p, body.n});
    buf_free(&body);
    return WEB_KEEP;
}

static UNUSED struct outcome
ask_with(struct script *s, size_t calls, enum rpc_kind kind, const char *path)
{
    struct outcome o = {0};
    struct web w;
    struct rpc *c;
    char url[300];

    web_start(&w, scripted, s);
    snprintf(url, sizeof url, "%s%s", w.url, path);
    c = client(url);
    rpc_send(c, request(&o, calls, kind), clock_ms());
    run(c, &w);
    rpc_free(c);
    web_stop(&w);
    assert_int_equal(o.n, calls);
    return o;
}

static UNUSED struct outcome
ask(const char *body, size_t calls)
{
    struct script s = {.body = body};
    struct outcome o = ask_with(&s, calls, RPC_BLOCK, "/");

    buf_free(&s.head);
    buf_free(&s.seen);
    return o;
}

static UNUSED struct outcome
ask_status(const char *status, const char *headers, const char *body)
{
    struct script s = {.status = status, .headers = headers, .body = body};
    struct outcome o = ask_with(&s, 1, RPC_BLOCK, "/");

    buf_free(&s.head);
    buf_free(&s.seen);
    return o;
}

static UNUSED enum web_then
stall(const struct web_request *r, struct buf *out, void *context)
{
    (void)r;
    if (context)
        buf_adds(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1");
    return WEB_KEEP;
}

static UNUSED struct outcome
once(web_answer *answer, void *context)
{
    struct outcome o = {0};
    struct web w;
    struct rpc *c;

    web_start(&w, answer, context);
    c = client(w.url);
    rpc_send(c, request(&o, 1, RPC_BLOCK), clock_ms());
    run(c, &w);
    rpc_free(c);
    web_stop(&w);
    return o;
}

#endif
