/* Rows on their way out: chunks, their order and numbers, notes, text. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/row.h"
#include "common/tables.h"
#include "fetcher/output.h"

static char folder[] = "/tmp/sluice-output.XXXXXX";
static struct link *in, *out;
static struct buf notes;

static int
set_up(void **state)
{
    static int n; /* a closed socket's address is free only some time later */
    char address[64], err[200];
    (void)state;
    snprintf(address, sizeof address, "ipc://%s/%d", folder, n++);
    struct link_options pull = {.address = address, .role = LINK_PULL, .bind = true, .high_water = 1000};
    struct link_options push = {.address = address, .role = LINK_PUSH, .high_water = 1000};
    in = link_open(&pull, err, sizeof err);
    out = link_open(&push, err, sizeof err);
    assert_non_null(in);
    assert_non_null(out);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    link_close(out, 0);
    link_close(in, 0);
    buf_free(&notes);
    return 0;
}

static void
note(struct span line, void *context)
{
    (void)context;
    buf_add(&notes, line.p, line.n);
    buf_addc(&notes, '\n');
}

static struct link_message
receive(struct output *o)
{
    struct link_message m;
    for (;;) {
        struct pollfd fd;
        assert_true(output_flush(o, note, NULL) >= 0);
        int got = link_recv(in, &m);
        assert_true(got >= 0);
        if (got)
            return m;
        link_pollfd(in, &fd);
        assert_true(poll(&fd, 1, 5000) >= 0);
    }
}

static const struct table *
account_rows(struct rows *rows, uint32_t n, size_t bytes)
{
    const struct table *t = table_find("contracts", 9);
    char *code = xcalloc(1, bytes);
    for (uint32_t i = 0; i < n; i++) {
        row_begin(&rows->data, t);
        row_bytes(&rows->data, "12345678901234567890", 20);
        row_int8(&rows->data, (int64_t)i);
        row_null(&rows->data);
        row_null(&rows->data);
        row_bytes(&rows->data, code, bytes);
        row_null(&rows->data);
        rows->n++;
    }
    free(code);
    return t;
}

static const struct wire who = {
    .run = {"r1", 2}, .fetcher = {"f1", 2}, .task = 5, .try = 2};

static void
rows_are_cut_into_chunks(void **state)
{
    struct output *o = output_new(out, OUTPUT_MSGPACK);
    struct rows rows = {0};
    uint32_t seq = 0, seen = 0, total = 0;
    char err[200];
    (void)state;
    const struct table *t = account_rows(&rows, 1000, 1000);
    output_rows(o, &who, &seq, t, &rows, false, false);
    assert_true(seq >= 4 && seq <= 16); /* a megabyte, less what does not fill a chunk */
    assert_true(rows.data.n < OUTPUT_CHUNK);
    output_rows(o, &who, &seq, t, &rows, true, false);
    assert_int_equal(rows.n, 0);
    assert_int_equal(rows.data.n, 0);
    for (; seen < seq; seen++) {
        struct link_message m = receive(o);
        struct wire w;
        assert_true(wire_decode((struct span){m.data, m.size}, &w, err, sizeof err));
        assert_int_equal(w.kind, WIRE_ROWS);
        assert_int_equal(w.seq, seen);
        assert_int_equal(w.task, 5);
        assert_int_equal(w.try, 2);
        assert_true(w.data.n <= OUTPUT_MESSAGE && (w.data.n >= OUTPUT_CHUNK || seen + 1 == seq));
        assert_true(row_check(t, w.data, w.rows));
        total += w.rows;
        link_message_free(&m);
    }
    assert_int_equal(total, 1000);
    assert_int_equal(output_queued(o), 0);
    buf_free(&rows.data);
    output_free(o);
}

static void
a_long_row_goes_alone(void **state)
{
    struct output *o = output_new(out, OUTPUT_MSGPACK);
    struct rows rows = {0};
    uint32_t seq = 0;
    char err[200];
    (void)state;
    account_rows(&rows, 1, 10);
    account_rows(&rows, 1, 2 << 20);
    const struct table *t = account_rows(&rows, 1, 10);
    output_rows(o, &who, &seq, t, &rows, true, false);
    assert_int_equal(seq, 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct link_message m = receive(o);
        struct wire w;
        assert_true(wire_decode((struct span){m.data, m.size}, &w, err, sizeof err));
        assert_int_equal(w.rows, 1);
        assert_true(row_check(t, w.data, 1));
        link_message_free(&m);
    }
    buf_free(&rows.data);
    output_free(o);
}

static void
a_note_follows_its_end(void **state)
{
    struct output *o = output_new(out, OUTPUT_MSGPACK);
    struct wire end = who, w;
    char err[200];
    (void)state;
    end.kind = WIRE_END;
    end.chunks = 0;
    end.endpoint = end.dataset = SPAN("logs");
    end.from = 5;
    end.to = 9;
    output_end(o, &end, SPAN("fetched run=r1"));
    assert_null(notes.p);
    struct link_message m = receive(o);
    assert_true(wire_decode((struct span){m.data, m.size}, &w, err, sizeof err));
    assert_int_equal(w.kind, WIRE_END);
    assert_int_equal(w.to, 9);
    link_message_free(&m);
    buf_addc(&notes, '\0');
    assert_string_equal(notes.p, "fetched run=r1\n");
    output_free(o);
}

/* What it tells is true only when the rows have left. */
static void
a_note_waits_for_a_reader(void **state)
{
    char address[64], err[200];
    struct wire end = who;
    (void)state;
    snprintf(address, sizeof address, "ipc://%s/nobody", folder);
    struct link_options push = {.address = address, .role = LINK_PUSH, .high_water = 1000};
    struct link *nobody = link_open(&push, err, sizeof err);
    struct output *o = output_new(nobody, OUTPUT_MSGPACK);
    end.kind = WIRE_END;
    end.endpoint = end.dataset = SPAN("logs");
    output_end(o, &end, SPAN("fetched run=r1"));
    assert_int_equal(output_flush(o, note, NULL), 0);
    assert_null(notes.p);
    output_free(o);
    link_close(nobody, 0);
}

static void
it_says_when_it_is_full(void **state)
{
    struct output *o = output_new(out, OUTPUT_MSGPACK);
    struct rows rows = {0};
    uint32_t seq = 0;
    (void)state;
    assert_false(output_full(o));
    const struct table *t = account_rows(&rows, 9, 1 << 20);
    output_rows(o, &who, &seq, t, &rows, true, false);
    assert_true(output_full(o));
    for (uint32_t i = 0; i < seq; i++) {
        struct link_message m = receive(o);
        link_message_free(&m);
    }
    assert_false(output_full(o));
    buf_free(&rows.data);
    output_free(o);
}

static void
text_has_one_header_and_no_ends(void **state)
{
    struct output *o = output_new(out, OUTPUT_CSV);
    struct rows rows = {0};
    struct wire end = who;
    uint32_t seq = 0;
    (void)state;
    const struct table *t = account_rows(&rows, 1, 1);
    output_header(o, t);
    output_header(o, t);
    output_rows(o, &who, &seq, t, &rows, true, false);
    end.kind = WIRE_END;
    output_end(o, &end, SPAN(""));
    struct link_message m = receive(o);
    assert_memory_equal(m.data, "address,block_number", 20);
    link_message_free(&m);
    m = receive(o);
    assert_memory_equal(m.data, "0x3132333435", 12);
    assert_int_equal(m.data[m.size - 1], '\n');
    link_message_free(&m);
    output_flush(o, note, NULL);
    assert_int_equal(output_queued(o), 0);
    buf_free(&rows.data);
    output_free(o);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_are_cut_into_chunks),
        TEST(a_long_row_goes_alone),
        TEST(a_note_follows_its_end),
        TEST(a_note_waits_for_a_reader),
        TEST(it_says_when_it_is_full),
        TEST(text_has_one_header_and_no_ends),
    };
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    link_terminate();
    char path[64];
    for (int i = 0; i < 64; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
