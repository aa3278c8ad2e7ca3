/* rpc_test.c - requests against a scripted server: what is sent, whose answer is whose, and what is said of it. */
#include "rpc_play.h"

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

/* As one that reads the first answer of an array, up to the comma behind it. */
static size_t
read_first(const struct rpc_request *r, struct span body, uint64_t id, void *context)
{
    const char *end = body.p[0] == '[' ? memmem(body.p, body.n, "},", 2) : NULL;

    (void)r, (void)id, (void)context;
    return end ? (size_t)(end + 1 - body.p) : 0;
}

static void
keep_second(struct rpc_request *r, struct rpc_answer *answers, void *context)
{
    struct outcome *o = context;

    assert_int_equal(answers[0].judgement.verdict, VERDICT_OK);
    buf_free(&r->calls[1].params);
    r->n = 1;
    keep(r, &answers[1], o);
}

/* The answer to the second of two calls, of which the first is not JSON, but read. */
static struct outcome
second(const char *body)
{
    struct script s = {.body = body};
    struct outcome o = {0};
    struct web w;

    web_start(&w, scripted, &s);
    struct rpc *c = client(w.url);
    struct rpc_request *r = request(&o, 2, RPC_BLOCK);
    r->read = read_first;
    r->done = keep_second;
    rpc_send(c, r, clock_ms());
    run(c, &w);
    rpc_free(c);
    web_stop(&w);
    buf_free(&s.head);
    buf_free(&s.seen);
    assert_int_equal(o.n, 1);
    return o;
}

static void
what_follows_text_is_parsed(void **state)
{
    (void)state;
    assert_string_equal(second("[{any},{\"id\":$1,\"result\":[[7]]}]\r\n ").results[0], "[[7]]");
    assert_int_equal(second("[{any},{\"id\":$1,\"error\":{\"code\":-32601,\"message\":\"no\"}}]").answers[0].judgement.verdict,
                     VERDICT_NOMETHOD);
    assert_int_equal(second("[{any},{\"id\":null,\"error\":{\"code\":429,\"message\":\"slow\"}}]").answers[0].judgement.verdict,
                     VERDICT_RATE);
    static const char *const none[] = {"[{any},]", "[{any},", "[{any},{\"id\":$1,\"result\":1}", "[{any},{\"id\":$1,\"result\":1}]x",
                                       "[{any},{\"id\":$0,\"result\":1}]", "[{any},[1]]"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(second(none[i]).answers[0].judgement.verdict, VERDICT_TRANSIENT);
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
    o = ask("", 1);
    assert_int_equal(o.answers[0].judgement.verdict, VERDICT_TRANSIENT);
    assert_string_equal(o.texts[0], "an empty answer");
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

/* A page is shown in part, and a key may begin where the part ends: this is Express's page for a wrong path. */
static void
the_beginning_of_a_secret_is_not_shown(void **state)
{
    struct script s = {.status = "404 Not Found",
                             .body = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n"
                                     "</head>\n<body>\n<pre>Cannot POST /S3CRETkey77</pre>\n</body>\n</html>\n"};
    struct outcome o = ask_with(&s, 1, RPC_BLOCK, "/S3CRETkey77");

    (void)state;
    assert_non_null(strstr(o.texts[0], "Cannot POST /***"));
    buf_free(&s.head);
    buf_free(&s.seen);
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
        cmocka_unit_test(what_follows_text_is_parsed),
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
        cmocka_unit_test(the_beginning_of_a_secret_is_not_shown),
        cmocka_unit_test(bad_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
