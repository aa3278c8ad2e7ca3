/* rpc_test.c - requests against a scripted server: matching, transports, memory, secrets. */
#define _GNU_SOURCE /* memmem, in webserver.h */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/num.h"
#include "fetcher/rpc.h"
#include "tests/unit/webserver.h"

enum { MOST = 64, PATIENCE_MS = 20000 };

/* What became of the requests of a test. */
struct outcome {
    size_t n;
    struct rpc_answer answers[MOST];
    char results[MOST][200], texts[MOST][400];
    size_t bytes;
    int64_t latency_us;
};

static void
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

static struct rpc_request *
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

static struct rpc *
client(const char *url)
{
    char err[200];
    struct rpc_options o = {.url = url, .timeout_ms = 30000, .max_body = 1 << 20, .max_bytes = 8 << 20};
    struct rpc *c = rpc_new(&o, err, sizeof err);

    assert_non_null(c);
    return c;
}

/* Turns both sides until nothing is in flight. */
static void
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

static uint64_t
first_id(struct span body)
{
    const char *id = memmem(body.p, body.n, "\"id\":", 5);

    return id ? strtoull(id + 5, NULL, 10) : 0;
}

static enum web_then
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

static struct outcome
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

static struct outcome
ask(const char *body, size_t calls)
{
    struct script s = {.body = body};
    struct outcome o = ask_with(&s, calls, RPC_BLOCK, "/");

    buf_free(&s.head);
    buf_free(&s.seen);
    return o;
}

static struct outcome
ask_status(const char *status, const char *headers, const char *body)
{
    struct script s = {.status = status, .headers = headers, .body = body};
    struct outcome o = ask_with(&s, 1, RPC_BLOCK, "/");

    buf_free(&s.head);
    buf_free(&s.seen);
    return o;
}

/* --- tests --- */

static void
a_call_is_a_bare_object(void **state)
{
    struct script s = {.body = "{\"jsonrpc\":\"2.0\",\"id\":$0,\"result\":{\"a\":1}}"};
    struct outcome o = ask_with(&s, 1, RPC_BLOCK, "/");

    (void)state;
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_OK);
    assert_string_equal(o.results[0], "{\"a\":1}");
    assert_true(o.latency_us > 0);
    assert_int_equal(o.bytes, strlen("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}"));
    assert_string_equal(s.seen.p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_test\",\"params\":[0]}");
    assert_non_null(strstr(s.head.p, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(s.head.p, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(s.head.p, "User-Agent: sluice/"));
    assert_non_null(strstr(s.head.p, "gzip"));
    assert_null(strstr(s.head.p, "Expect"));
    buf_free(&s.head);
    buf_free(&s.seen);
}

static void
batches_are_matched_by_id(void **state)
{
    struct outcome o = ask("[{\"id\":\"$2\",\"result\":\"c\"},{\"id\":99999,\"result\":\"x\"},{\"id\":$0,\"result\":\"a\"},"
                           "{\"id\":$1,\"error\":{\"code\":-32601,\"message\":\"no\"}},{\"id\":$0,\"result\":\"again\"},7]", 3);

    (void)state;
    assert_string_equal(o.results[0], "\"a\"");
    assert_int_equal(o.answers[1].judgement.verdict, VERDICT_NOMETHOD);
    assert_string_equal(o.texts[1], "code -32601: no");
    assert_string_equal(o.results[2], "\"c\"");
}

static void
missing_items_are_asked_again(void **state)
{
    struct outcome o = ask("[{\"id\":$1,\"result\":1}]", 3);

    (void)state;
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_int_equal(o.answers[1].judgement.verdict, VERDICT_OK);
    assert_int_equal(o.answers[2].judgement.verdict, VERDICT_TRANSIENT);
    assert_int_equal(ask("[]", 2).answers[1].judgement.verdict, VERDICT_TRANSIENT);
}

static void
missing_items_share_an_explanation(void **state)
{
    struct outcome o = ask("[{\"id\":$0,\"error\":{\"code\":-32600,\"message\":\"batch too large\"}}]", 3);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(o.answers[i].judgement.verdict, VERDICT_BATCH);
}

static void
one_object_answers_a_batch(void **state)
{
    struct outcome o = ask("{\"id\":null,\"error\":{\"code\":31,\"message\":\"Batch of more than 3 requests are not allowed\"}}", 5);

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(o.answers[i].judgement.verdict, VERDICT_BATCH);
        assert_int_equal(o.answers[i].judgement.max_items, 3);
    }
    o = ask("[{\"id\":null,\"error\":{\"code\":429,\"message\":\"slow\"}}]", 2);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_RATE);
    assert_int_equal(o.answers[1].judgement.verdict, VERDICT_RATE);
}

static void
a_lone_call_is_matched_leniently(void **state)
{
    (void)state;
    assert_int_equal(ask("[{\"id\":\"$0\",\"result\":1}]", 1).answers[0].judgement.verdict, VERDICT_OK);
    assert_int_equal(ask("{\"id\":null,\"result\":1}", 1).answers[0].judgement.verdict, VERDICT_OK);
    assert_int_equal(ask("{\"id\":77777,\"result\":1}", 1).answers[0].judgement.verdict, VERDICT_BADDATA);
    assert_int_equal(ask("{\"id\":77777,\"error\":{\"code\":-32601}}", 1).answers[0].judgement.verdict, VERDICT_NOMETHOD);
}

static void
errors_of_any_shape_are_read(void **state)
{
    struct outcome o;

    (void)state;
    o = ask("{\"id\":$0,\"result\":null,\"error\":{\"code\":-32601,\"message\":\"x\"}}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_NOMETHOD);
    o = ask("{\"id\":$0,\"result\":5,\"error\":null}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_OK);
    o = ask("{\"error\":\"rate limit exceeded\"}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_RATE);
    o = ask("{\"message\":\"You have no quota exceeded\"}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_QUOTA);
    o = ask("{\"id\":$0,\"error\":{\"code\":\"-32601\",\"message\":{\"why\":\"x\"}}}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_NOMETHOD);
    assert_string_equal(o.texts[0], "code -32601: {\"why\":\"x\"}");
    o = ask("{\"id\":$0,\"error\":{\"code\":-32005,\"message\":\"m\",\"data\":{\"try_again_in\":\"2s\",\"why\":\"rps limit\"}}}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_RATE);
    assert_int_equal(o.answers[0].judgement.wait_ms, 2000);
    o = ask("{\"id\":$0}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_TRANSIENT);
    o = ask("{\"id\":$0,\"result\":null}", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_NOTYET);
}

/* Only the start of a message is looked into: 5,000 bytes. */
static void
long_errors_are_cut(void **state)
{
    struct buf body = {0};
    struct outcome o;

    (void)state;
    for (int far = 0; far < 2; far++) {
        body.n = 0;
        buf_adds(&body, "{\"id\":$0,\"error\":{\"code\":-32000,\"message\":\"");
        for (int i = 0; i < (far ? 5000 : 4900); i++)
            buf_addc(&body, 'x');
        buf_adds(&body, "rate limit exceeded\"}}");
        buf_addc(&body, '\0');
        o = ask(body.p, 1);
        assert_int_equal(o.answers[0].judgement.verdict, far ? VERDICT_TRANSIENT : VERDICT_RATE);
    }
    buf_free(&body);
}

static void
what_is_not_json_is_judged_by_status(void **state)
{
    struct outcome o;

    (void)state;
    o = ask_status("502 Bad Gateway", NULL, "<html>\n<b>oops</b></html>");
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_string_equal(o.texts[0], "HTTP 502: not JSON: '<html> <b>oops</b></html>'");
    assert_int_equal(ask("{\"id\":1,\"resu", 1).answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_int_equal(ask("{\"id\":$0,\"result\":1}{\"id\":$0,\"result\":1}", 1).answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_int_equal(ask("", 1).answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_int_equal(ask_status("200 OK", "Content-Type: text/html\r\n", "{\"id\":$0,\"result\":1}").answers[0].judgement.verdict,
                     VERDICT_OK);
    assert_int_equal(ask("  {\"id\":$0,\"result\":1} ", 1).answers[0].judgement.verdict, VERDICT_OK);
    o = ask_status("400 Bad Request", "Content-Type: text/html\r\n", "{\"id\":1,\"error\":{\"code\":35,\"message\":\"method is not available\"}}");
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_NOMETHOD);
    assert_string_equal(o.texts[0], "HTTP 400: code 35: method is not available");
}

static void
retry_after_is_read(void **state)
{
    struct outcome o;
    char header[100], date[64];
    time_t then = time(NULL) + 20;
    struct tm tm;

    (void)state;
    o = ask_status("429 Too Many Requests", "RETRY-AFTER:  7 \r\n", "");
    assert_int_equal(o.answers[0].judgement.wait_ms, 7000);
    o = ask_status("429 Too Many Requests", "Retry-After: 0\r\n", "");
    assert_int_equal(o.answers[0].judgement.wait_ms, -1);
    o = ask_status("429 Too Many Requests", "Retry-After: soon\r\n", "");
    assert_int_equal(o.answers[0].judgement.wait_ms, -1);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    snprintf(header, sizeof header, "Retry-After: %s\r\n", date);
    o = ask_status("429 Too Many Requests", header, "");
    assert_in_range(o.answers[0].judgement.wait_ms, 15000, 20000);
}

static void
redirects_are_not_followed(void **state)
{
    struct outcome o = ask_status("302 Found", "Location: http://127.0.0.1:1/\r\n", "");

    (void)state;
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_non_null(strstr(o.texts[0], "redirect"));
    assert_int_equal(ask_status("301 Moved", "Location: http://127.0.0.1:1/\r\n", "").answers[0].judgement.verdict, VERDICT_AUTH);
}

static void
secrets_are_not_shown(void **state)
{
    struct script s = {.status = "401 Unauthorized",
                       .body = "{\"error\":{\"code\":1,\"message\":\"key S3CRETkey77 of /v2/S3CRETkey77 see https://x.example/v2/OTHERkey?a=b\",\"data\":\"apikey=Pa55word9\"}}"};
    struct outcome o = ask_with(&s, 1, RPC_BLOCK, "/v2/S3CRETkey77?apikey=Pa55word9");

    (void)state;
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_AUTH);
    assert_string_equal(o.texts[0], "HTTP 401: code 1: key *** of /v2/*** see https://x.example*** (apikey=***)");
    assert_non_null(strstr(s.head.p, "POST /v2/S3CRETkey77?apikey=Pa55word9 HTTP/1.1"));
    buf_free(&s.head);
    buf_free(&s.seen);
}

/* --- connections --- */

static void
ok_reply(const struct web_request *r, struct buf *out)
{
    char body[100];

    snprintf(body, sizeof body, "{\"id\":%llu,\"result\":1}", (unsigned long long)first_id(r->body));
    web_reply(out, "200 OK", "", span_of(body));
}

static enum web_then
idle_close(const struct web_request *r, struct buf *out, void *context)
{
    uint64_t *closes = context;

    if (r->connection == 1 && r->number == 2) { /* as if it had closed before */
        ++*closes;
        return WEB_RESET;
    }
    ok_reply(r, out);
    return WEB_KEEP;
}

static void
a_stale_connection_is_nobodys_fault(void **state)
{
    struct outcome o = {0};
    uint64_t closes = 0;
    struct web w;
    struct rpc *c;

    (void)state;
    web_start(&w, idle_close, &closes);
    c = client(w.url);
    for (int i = 0; i < 3; i++) {
        rpc_send(c, request(&o, 1, RPC_BLOCK), clock_ms());
        run(c, &w);
    }
    assert_int_equal(o.n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(o.answers[i].judgement.verdict, VERDICT_OK);
    assert_int_equal(closes, 1);
    assert_int_equal(w.connections, 2);
    rpc_free(c);
    web_stop(&w);
}

static enum web_then
always_reset(const struct web_request *r, struct buf *out, void *context)
{
    (void)r, (void)context;
    (void)out;
    return WEB_RESET;
}

static enum web_then
half(const struct web_request *r, struct buf *out, void *context)
{
    (void)r, (void)context;
    buf_adds(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1");
    return WEB_CLOSE;
}

static enum web_then
stall(const struct web_request *r, struct buf *out, void *context)
{
    (void)r;
    if (context)
        buf_adds(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1");
    return WEB_KEEP;
}

static struct outcome
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

static void
resets_are_transient(void **state)
{
    (void)state;
    assert_string_equal(once(always_reset, NULL).answers[0].judgement.rule, "reset");
    assert_string_equal(once(half, NULL).answers[0].judgement.rule, "reset");
}

static void
nobody_listens(void **state)
{
    struct outcome o = {0};
    struct web w;
    struct rpc *c;

    (void)state;
    web_start(&w, stall, NULL);
    c = client(w.url);
    close(w.fd);
    w.fd = dup(0);
    rpc_send(c, request(&o, 1, RPC_BLOCK), clock_ms());
    run(c, &w);
    assert_string_equal(o.answers[0].judgement.rule, "connect");
    assert_string_equal(o.texts[0], "connection refused");
    rpc_free(c);
    web_stop(&w);
}

/* The clock is the test's: a timeout needs no waiting. */
static void
silence_times_out(void **state)
{
    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        struct outcome o = {0};
        struct web w;
        struct rpc *c;
        int64_t limit = begun ? 15000 : 30000;

        web_start(&w, stall, begun ? &o : NULL);
        c = client(w.url);
        rpc_send(c, request(&o, 1, RPC_BLOCK), 0);
        for (int i = 0; i < 50; i++) {
            rpc_perform(c, 0);
            web_turn(&w);
            rpc_wait(c, NULL, 0, 1);
        }
        rpc_perform(c, limit - 1);
        assert_int_equal(rpc_in_flight(c), 1);
        rpc_perform(c, limit);
        assert_int_equal(rpc_in_flight(c), 0);
        assert_string_equal(o.answers[0].judgement.rule, "timeout");
        rpc_free(c);
        web_stop(&w);
    }
}

/* --- bodies --- */

static void
gzipped(struct buf *out, size_t n)
{
    z_stream z = {0};
    struct buf text = {0};
    uint8_t small[1 << 16];

    buf_adds(&text, "{\"id\":null,\"result\":\"");
    while (text.n < n)
        buf_adds(&text, "0000000000000000");
    buf_adds(&text, "\"}");
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    z.next_in = (uint8_t *)text.p;
    z.avail_in = (unsigned)text.n;
    z.next_out = small;
    z.avail_out = sizeof small;
    deflate(&z, Z_FINISH);
    web_reply(out, "200 OK", "Content-Encoding: gzip\r\n", (struct span){(char *)small, sizeof small - z.avail_out});
    deflateEnd(&z);
    buf_free(&text);
}

static enum web_then
zipped(const struct web_request *r, struct buf *out, void *context)
{
    (void)r;
    gzipped(out, *(size_t *)context);
    return WEB_KEEP;
}

static void
bodies_are_bounded_after_inflation(void **state)
{
    size_t n = 500000;
    struct outcome o = once(zipped, &n);

    (void)state;
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_OK);
    assert_true(o.bytes > n);
    n = 3 << 20; /* a few kB on the wire */
    o = once(zipped, &n);
    assert_string_equal(o.answers[0].judgement.rule, "body-bound");
    assert_true(o.bytes <= 1 << 20);
}

static enum web_then
large(const struct web_request *r, struct buf *out, void *context)
{
    size_t n = *(size_t *)context;

    buf_addf(out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    buf_addf(out, "{\"id\":%020llu", (unsigned long long)first_id(r->body)); /* not a JSON number, on purpose */
    for (size_t at = 26; at < n; at++)
        buf_addc(out, ' ');
    return WEB_KEEP;
}

static void
bytes_in_flight_are_bounded_and_all_end(void **state)
{
    char err[100];
    size_t n = 900000, most = 0;
    struct outcome o = {0};
    struct web w;
    struct rpc *c;

    (void)state;
    web_start(&w, large, &n);
    c = rpc_new(&(struct rpc_options){.url = w.url, .timeout_ms = 30000, .max_body = 1 << 20, .max_bytes = 1 << 20}, err, sizeof err);
    assert_non_null(c);
    for (int i = 0; i < 20; i++)
        rpc_send(c, request(&o, 1, RPC_BLOCK), clock_ms());
    while (rpc_in_flight(c)) {
        rpc_perform(c, clock_ms());
        web_turn(&w);
        if (rpc_bytes_in_flight(c) > most)
            most = rpc_bytes_in_flight(c);
        rpc_wait(c, NULL, 0, 1);
    }
    assert_int_equal(o.n, 20);
    assert_int_equal(o.bytes, n);
    assert_true(most < 12 << 20); /* one read of each beyond the bound, and not 20 bodies */
    assert_int_equal(rpc_bytes_in_flight(c), 0);
    rpc_free(c);
    web_stop(&w);
}

/* --- the rest --- */

static void
connections_are_reused(void **state)
{
    struct outcome o = {0};
    struct script s = {.body = "{\"id\":$0,\"result\":1}"};
    struct web w;
    struct rpc *c;

    (void)state;
    web_start(&w, scripted, &s);
    c = client(w.url);
    for (int i = 0; i < 6; i++) {
        for (int k = 0; k < 10; k++)
            rpc_send(c, request(&o, 1, RPC_BLOCK), clock_ms());
        run(c, &w);
    }
    assert_int_equal(o.n, 60);
    assert_int_equal(w.requests, 60);
    assert_true(w.connections <= 10);
    rpc_free(c);
    web_stop(&w);
    buf_free(&s.head);
    buf_free(&s.seen);
}

static void
what_flies_is_dropped_at_the_end(void **state)
{
    struct outcome o = {0};
    struct web w;
    struct rpc *c;
    struct rpc_request *r = request(&o, 2, RPC_BLOCK);

    (void)state;
    web_start(&w, stall, NULL);
    c = client(w.url);
    rpc_send(c, r, clock_ms());
    rpc_perform(c, clock_ms());
    rpc_free(c);
    assert_int_equal(o.n, 0);
    web_stop(&w);
}

static void
waits_on_other_descriptors_too(void **state)
{
    struct web w;
    struct rpc *c;
    int ends[2];
    struct pollfd p;

    (void)state;
    web_start(&w, stall, NULL);
    c = client(w.url);
    assert_int_equal(pipe(ends), 0);
    p = (struct pollfd){.fd = ends[0], .events = POLLIN};
    rpc_wait(c, &p, 1, 0);
    assert_int_equal(p.revents, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    rpc_wait(c, &p, 1, PATIENCE_MS);
    assert_true(p.revents & POLLIN);
    close(ends[0]);
    close(ends[1]);
    rpc_free(c);
    web_stop(&w);
}

static void
bad_options_are_named(void **state)
{
    static const char *const headers[] = {"X-Key: abc", "no colon", NULL};
    static const char *const split[] = {"X-Key: abc\r\nX-Other: def", NULL};
    static const char *const urls[] = {"", "ftp://host", "host:80", "http://", "file:///etc/passwd", "http://a b/"};
    struct rpc_options o = {.timeout_ms = 1000, .max_body = 1000, .max_bytes = 1000};
    char err[200];

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        o.url = urls[i];
        assert_null(rpc_new(&o, err, sizeof err));
        assert_non_null(strstr(err, "URL"));
    }
    o.url = "http://127.0.0.1:1";
    o.headers = headers;
    assert_null(rpc_new(&o, err, sizeof err));
    assert_non_null(strstr(err, "header 2"));
    o.headers = split;
    assert_null(rpc_new(&o, err, sizeof err));
    rpc_free(NULL);
    rpc_request_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_a_bare_object),
        cmocka_unit_test(batches_are_matched_by_id),
        cmocka_unit_test(missing_items_are_asked_again),
        cmocka_unit_test(missing_items_share_an_explanation),
        cmocka_unit_test(one_object_answers_a_batch),
        cmocka_unit_test(a_lone_call_is_matched_leniently),
        cmocka_unit_test(errors_of_any_shape_are_read),
        cmocka_unit_test(long_errors_are_cut),
        cmocka_unit_test(what_is_not_json_is_judged_by_status),
        cmocka_unit_test(retry_after_is_read),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(a_stale_connection_is_nobodys_fault),
        cmocka_unit_test(resets_are_transient),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(bodies_are_bounded_after_inflation),
        cmocka_unit_test(bytes_in_flight_are_bounded_and_all_end),
        cmocka_unit_test(connections_are_reused),
        cmocka_unit_test(what_flies_is_dropped_at_the_end),
        cmocka_unit_test(waits_on_other_descriptors_too),
        cmocka_unit_test(bad_options_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
