/* rpc_transport_test.c - connections that end, stay silent or bring too much. */
#include "rpc_play.h"

#include <zlib.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_connection_is_nobodys_fault),
        cmocka_unit_test(resets_are_transient),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(silence_times_out),
        cmocka_unit_test(bodies_are_bounded_after_inflation),
        cmocka_unit_test(bytes_in_flight_are_bounded_and_all_end),
        cmocka_unit_test(connections_are_reused),
        cmocka_unit_test(what_flies_is_dropped_at_the_end),
        cmocka_unit_test(waits_on_other_descriptors_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
