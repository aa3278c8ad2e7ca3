/* wire_test.c - result messages: there and back, cut out of streams, and damaged in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire.h"

static char err[300];
static const char long_data[70000] = "rows";

static const struct wire samples[] = {
    {.kind = WIRE_ROWS, .run = SPAN("5f"), .fetcher = SPAN("host-1"), .task = 17, .try = 2, .seq = 3,
     .table = SPAN("logs"), .rows = 1, .data = SPAN("\0\1\xFF\xFF\xFF\xFF")},
    {.kind = WIRE_ROWS, .run = SPAN("-"), .fetcher = SPAN("f"), .task = UINT64_MAX, .try = UINT32_MAX,
     .seq = UINT32_MAX, .table = SPAN("blocks"), .rows = UINT32_MAX, .data = {long_data, sizeof long_data}},
    {.kind = WIRE_END, .run = SPAN("5f"), .fetcher = SPAN("host-1"), .task = 17, .try = 2, .chunks = 4,
     .endpoint = SPAN("ankr"), .chain = 11155111, .dataset = SPAN("logs,blocks"), .filter = SPAN("address=0x12"),
     .from = 8950000, .to = 8950999},
    {.kind = WIRE_END_HASHES, .run = SPAN("5f"), .fetcher = SPAN("host-1"), .task = 18, .try = 1, .chunks = 0,
     .endpoint = SPAN("ankr"), .chain = 1, .dataset = SPAN("transactions"), .hashes = 500},
    {.kind = WIRE_GIVEN_UP, .run = SPAN("5f"), .endpoint = SPAN("ankr"), .task = 19, .try = 5, .chain = 1,
     .dataset = SPAN("logs"), .filter = {"", 0}, .from = 1, .to = INT64_MAX - 1, .error = SPAN("HTTP 500")},
    {.kind = WIRE_DOUBTED, .run = SPAN("5f"), .fetcher = SPAN("host-1"), .endpoint = SPAN("ankr"), .task = 20,
     .chain = 1, .dataset = SPAN("logs"), .filter = SPAN("topic0=0x34"), .from = 7},
};
enum { SAMPLES = sizeof samples / sizeof *samples };

static struct buf
encoded(const struct wire *w)
{
    struct buf b = {0};

    wire_encode(&b, w);
    return b;
}

static bool
decode(const struct buf *b, struct wire *out)
{
    return wire_decode((struct span){b->p, b->n}, out, err, sizeof err);
}

static void
assert_same(const struct wire *a, const struct wire *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(span_eq(a->run, b->run));
    assert_true(span_eq(a->fetcher, b->fetcher));
    assert_true(a->task == b->task);
    assert_int_equal(a->try, b->try);
    assert_int_equal(a->seq, b->seq);
    assert_true(span_eq(a->table, b->table));
    assert_int_equal(a->rows, b->rows);
    assert_true(span_eq(a->data, b->data));
    assert_int_equal(a->chunks, b->chunks);
    assert_true(span_eq(a->endpoint, b->endpoint));
    assert_true(a->chain == b->chain);
    assert_true(span_eq(a->dataset, b->dataset));
    assert_true(span_eq(a->filter, b->filter));
    assert_true(a->from == b->from && a->to == b->to);
    assert_true(a->hashes == b->hashes);
    assert_true(span_eq(a->error, b->error));
}

static void
there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct buf b = encoded(&samples[i]);
        struct wire got;
        assert_true(decode(&b, &got));
        assert_same(&got, &samples[i]);
        if (got.data.n) /* nothing was copied */
            assert_true(got.data.p > b.p && got.data.p + got.data.n <= b.p + b.n);
        buf_free(&b);
    }
}

/* The form on the wire is an interface: these are its bytes. */
static void
golden_bytes(void **state)
{
    static const char rows[] = "\x9A\x01\x00\xA2" "5f\xA6" "host-1\x11\x02\x03\xA4" "logs\x01\xC4\x06\0\1\xFF\xFF\xFF\xFF";
    static const char end[] = "\x9D\x01\x01\xA2" "5f\xA6" "host-1\x11\x02\x04\xA4" "ankr\xCE\x00\xAA\x36\xA7\xAB"
                              "logs,blocks\xAC" "address=0x12\xCE\x00\x88\x90\xF0\xCE\x00\x88\x94\xD7";
    static const char doubted[] = "\x9A\x01\x04\xA2" "5f\xA6" "host-1\xA4" "ankr\x14\x01\xA4" "logs\xAB" "topic0=0x34\x07";
    struct buf b = encoded(&samples[0]);
    (void)state;

    assert_int_equal(b.n, sizeof rows - 1);
    assert_memory_equal(b.p, rows, b.n);
    buf_free(&b);
    b = encoded(&samples[2]);
    assert_int_equal(b.n, sizeof end - 1);
    assert_memory_equal(b.p, end, b.n);
    buf_free(&b);
    b = encoded(&samples[SAMPLES - 1]);
    assert_int_equal(b.n, sizeof doubted - 1);
    assert_memory_equal(b.p, doubted, b.n);
    buf_free(&b);
}

static void
frames_are_found(void **state)
{
    struct buf stream = {0};
    size_t ends[SAMPLES], at = 0, body;
    (void)state;

    for (size_t i = 0; i < SAMPLES; i++) {
        wire_encode(&stream, &samples[i]);
        ends[i] = stream.n;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t size = wire_frame(stream.p + at, stream.n - at, &body);
        assert_int_equal(at + size, ends[i]);
        assert_int_equal(body, size);
        at += size;
    }
    for (size_t n = 0; n < ends[0]; n++)
        assert_int_equal(wire_frame(stream.p, n, &body), 0);
    for (size_t n = ends[0]; n < ends[1]; n += n < ends[0] + 60 ? 1 : 997)
        assert_int_equal(wire_frame(stream.p + ends[0], n - ends[0], &body), 0);
    buf_free(&stream);
}

static void
other_streams_are_told_at_once(void **state)
{
    static const struct span wrong[] = {
        {"GET / HTTP/1.1", 14}, {"{\"a\":1}", 7}, {"\x80", 1}, {"\x93\x01\x02\x03", 4}, {"\xDC\x00\x0A", 3},
        {"\x9A\x01\x00\xC0", 4}, {"\x9A\x01\x00\x91", 4}, {"\x9A\x01\x00\x81", 4}, {"\x9A\xCB", 2},
        {"\x9A\x01\xDD\xFF\xFF\xFF\xFF", 7}, {"\x9A\x01\xDF\xFF\xFF\xFF\xFF", 7}, /* huge array, huge map */
        {"\x9A\x01\xC6\xFF\xFF\xFF\xFF", 7}, {"\x9A\x01\xDB\x04\x01\x01\x01", 7}, /* longer than a message */
    };
    size_t body;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(wire_frame(wrong[i].p, wrong[i].n, &body) == SIZE_MAX);
}

static void
refused(const char *bytes, size_t n, const char *message)
{
    struct wire w;

    assert_false(wire_decode((struct span){bytes, n}, &w, err, sizeof err));
    assert_string_equal(err, message);
    assert_null(w.run.p);
}
#define REFUSED(bytes, message) refused(bytes, sizeof(bytes) - 1, message)

static void
mistakes_are_named(void **state)
{
    (void)state;
    REFUSED("", "result message: not an array of numbers and strings as in the protocol");
    REFUSED("hello", "result message: not an array of numbers and strings as in the protocol");
    REFUSED("\x9A\x02\0\xA1r\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: not of protocol version 1");
    REFUSED("\x9A\x01\5\xA1r\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: unknown kind");
    REFUSED("\x9A\x01\xFF\xA1r\xA1" "f\1\1\0\xA1t\1\xC4\0",
            "result message: not an array of numbers and strings as in the protocol");
    REFUSED("\x9A\x01\1\xA1r\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: expected 13 elements for kind 1, not 10");
    REFUSED("\x99\x01\4\xA1r\xA1" "f\1\1\1\xA1t\xA0", "result message: expected 10 elements for kind 4, not 9");
    REFUSED("\x9A\x01\4\xA1r\xA1" "f\1\1\1\xA1t\xA0\0", "result message: endpoint is not a string");
    REFUSED("\x9A\x01\0\x01\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: run is not a string");
    REFUSED("\x9A\x01\0\xA1\xFF\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: run is not UTF-8 text");
    REFUSED("\x9A\x01\0\xA1\0\xA1" "f\1\1\0\xA1t\1\xC4\0", "result message: run is not UTF-8 text");
    REFUSED("\x9A\x01\0\xA1r\xA1" "f\xA1x\1\0\xA1t\1\xC4\0", "result message: task is not a non-negative integer");
    REFUSED("\x9A\x01\0\xA1r\xA1" "f\xD0\xFF\1\0\xA1t\1\xC4\0", "result message: task is not a non-negative integer");
    REFUSED("\x9A\x01\0\xA1r\xA1" "f\1\xCF\0\0\0\1\0\0\0\0\0\xA1t\1\xC4\0", "result message: try is too large");
    REFUSED("\x9A\x01\0\xA1r\xA1" "f\1\1\0\xA1t\1\xA1x", "result message: data is not binary");
    REFUSED("\x9A\x01\0\xA1r\xA1" "f\1\1\0\xA1t\1\xC4\0x",
            "result message: not an array of numbers and strings as in the protocol"); /* one byte too many */
    REFUSED("\x9C\x01\3\xA1r\xA1" "e\1\1\1\xA1" "d\xA0\2\1\xA1x", "result message: from is greater than to");
}

static void
texts_are_bounded_and_made_readable(void **state)
{
    char *long_text = malloc(1 << 20);
    struct wire w = samples[4], got;
    (void)state;

    memset(long_text, 'e', 1 << 20);
    w.error = (struct span){long_text, 1 << 20};
    struct buf b = encoded(&w);
    assert_true(decode(&b, &got));
    assert_int_equal(got.error.n, 128 << 10);
    buf_free(&b);
    w.error = SPAN("bad \xFF\nbytes");
    b = encoded(&w);
    assert_true(decode(&b, &got));
    assert_true(span_is(got.error, "bad ? bytes"));
    buf_free(&b);
    /* from a stranger: a name of 300 bytes */
    b.n = 0;
    buf_add(&b, "\x9A\x01\0\xDA\x01\x2C", 6);
    buf_add(&b, long_text, 300);
    buf_add(&b, "\xA1" "f\1\1\0\xA1t\1\xC4\0", 10);
    assert_false(decode(&b, &got));
    assert_string_equal(err, "result message: run is too long");
    buf_free(&b);
    free(long_text);
}

static unsigned
next_random(void)
{
    static uint64_t seed = 88172645463325252u;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 16);
}

/* Both functions on a block of exactly n bytes, so that ASan sees any step beyond. */
static void
try_bytes(const char *p, size_t n)
{
    char *block = malloc(n ? n : 1);
    struct wire w;
    size_t body, size;

    memcpy(block, p, n);
    size = wire_frame(block, n, &body);
    assert_true(size == SIZE_MAX || size <= n);
    if (wire_decode((struct span){block, n}, &w, err, sizeof err)) {
        assert_int_equal(size, n);
        assert_true(w.data.n <= n && w.error.n <= n && w.filter.n <= n);
    }
    free(block);
}

static void
damage_is_survived(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct buf b = encoded(&samples[i]);
        size_t near = b.n < 200 ? b.n : 200;
        for (size_t n = 0; n < near; n++)
            try_bytes(b.p, n);
        for (size_t bit = 0; bit < 8 * near; bit++) {
            b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
            try_bytes(b.p, b.n);
            b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
        }
        for (int k = 0; k < 4000; k++) {
            char kept[3];
            size_t at[3];
            for (int j = 0; j < 3; j++) {
                at[j] = next_random() % (near ? near : 1);
                kept[j] = b.p[at[j]];
                b.p[at[j]] = (char)next_random();
            }
            try_bytes(b.p, b.n < 300 ? b.n : 300);
            for (int j = 2; j >= 0; j--)
                b.p[at[j]] = kept[j];
        }
        buf_free(&b);
    }
}

static void
noise_is_survived(void **state)
{
    char noise[64];
    (void)state;

    for (int k = 0; k < 100000; k++) {
        size_t n = next_random() % sizeof noise;
        for (size_t i = 0; i < n; i++)
            noise[i] = (char)next_random();
        if (n && k % 2)
            noise[0] = (char)(0x9A + next_random() % 4); /* get past the first look */
        try_bytes(noise, n);
    }
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(there_and_back),     cmocka_unit_test(golden_bytes),
        cmocka_unit_test(frames_are_found),   cmocka_unit_test(other_streams_are_told_at_once),
        cmocka_unit_test(mistakes_are_named), cmocka_unit_test(texts_are_bounded_and_made_readable),
        cmocka_unit_test(damage_is_survived), cmocka_unit_test(noise_is_survived),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
