/* link_pipe_test.c - links over pipes and files: messages cut wherever they break, and nothing lost. */
#include "link_play.h"

static void
lines_are_cut(void **state)
{
    int fd = feed_stdin();
    struct link *l = open_dash(LINK_PULL, link_frame_line);
    struct link_message m;
    struct pollfd p;
    (void)state;

    assert_true(link_is_pipe(l));
    assert_int_equal(link_recv(l, &m), 0);
    link_pollfd(l, &p);
    assert_int_equal(poll(&p, 1, 0), 0);
    put(fd, "one\ntwo\n\nthr", 12);
    expect(l, "one");
    expect(l, "two");
    expect(l, "");
    assert_int_equal(link_recv(l, &m), 0);
    put(fd, "ee\nlast without end", 19);
    expect(l, "three");
    assert_int_equal(link_recv(l, &m), 0);
    close(fd);
    expect(l, "last without end");
    expect_end(l, NULL);
    link_pollfd(l, &p); /* a caller that polls on must not spin */
    assert_int_equal(poll(&p, 1, 0), 0);
    link_close(l, 0);
}

static void
endless_lines_are_refused(void **state)
{
    int fd = feed_stdin();
    struct link *l = open_dash(LINK_PULL, link_frame_line);
    struct link_message m;
    char part[16384];
    (void)state;

    memset(part, 'x', sizeof part);
    put(fd, "good\n", 5);
    expect(l, "good");
    for (int i = 0; i < 8; i++) {
        put(fd, part, sizeof part);
        assert_int_equal(link_recv(l, &m), 0);
    }
    put(fd, "x", 1);
    expect_end(l, "stdin: a line longer than 128 KiB");
    close(fd);
    link_close(l, 0);
}

static void
result_messages_are_cut_wherever_they_break(void **state)
{
    int fd = feed_stdin();
    struct link *l = open_dash(LINK_PULL, wire_frame);
    struct wire w = {.kind = WIRE_ROWS, .run = SPAN("-"), .fetcher = SPAN("f"), .table = SPAN("logs"), .data = SPAN("data")};
    struct buf one = {0};
    struct link_message m;
    (void)state;

    wire_encode(&one, &w);
    for (size_t cut = 1; cut < one.n; cut++) {
        put(fd, one.p, cut);
        assert_int_equal(link_recv(l, &m), 0);
        put(fd, one.p + cut, one.n - cut);
        assert_int_equal(link_recv(l, &m), 1);
        assert_int_equal(m.size, one.n);
        assert_memory_equal(m.data, one.p, one.n);
        link_message_free(&m);
    }
    put(fd, one.p, one.n);
    put(fd, one.p, 5);
    close(fd);
    assert_int_equal(recv_wait(l, &m), 1);
    link_message_free(&m);
    expect_end(l, "stdin: ends in the middle of a message");
    link_close(l, 0);
    buf_free(&one);
}

static void
garbage_is_refused(void **state)
{
    int fd = feed_stdin();
    struct link *l = open_dash(LINK_PULL, wire_frame);
    (void)state;

    put(fd, "task=1 dataset=logs\n", 20);
    expect_end(l, "stdin: not a stream of result messages");
    close(fd);
    link_close(l, 0);
}

static void
files_serve_as_stdin(void **state)
{
    int fd = open(in_folder("", "file"), O_CREAT | O_RDWR, 0600);
    (void)state;

    put(fd, "a\nb", 3);
    lseek(fd, 0, SEEK_SET);
    dup2(fd, STDIN_FILENO);
    close(fd);
    struct link *l = open_dash(LINK_PULL, link_frame_line);
    expect(l, "a");
    expect(l, "b");
    expect_end(l, NULL);
    link_close(l, 0);
}

static void
a_closed_stdin_is_named(void **state)
{
    (void)state;
    close(STDIN_FILENO);
    assert_null(link_open(&(struct link_options){.address = "-", .role = LINK_PULL, .frame = wire_frame}, err, sizeof err));
    assert_string_equal(err, "stdin: Bad file descriptor");
}

static void
lines_get_their_newline(void **state)
{
    int fd = catch_stdout();
    struct link *l = open_dash(LINK_PUSH, link_frame_line);
    char got[64];
    (void)state;

    assert_int_equal(link_send(l, "one", 3), 1);
    assert_int_equal(link_send(l, "two\n", 4), 1); /* has it already */
    assert_int_equal(link_flush(l), 0);
    assert_int_equal(read(fd, got, sizeof got), 8);
    assert_memory_equal(got, "one\ntwo\n", 8);
    close(fd);
    link_close(l, 0);
}

/* A reader that pauses: link_send takes about 1 MiB, then no more, and nothing is lost. */
static void
a_slow_reader_stops_the_sender(void **state)
{
    enum { SIZE = 50000, MESSAGES = 100 };
    int fd = catch_stdout(), sent = 0;
    struct link *l = open_dash(LINK_PUSH, wire_frame);
    unsigned char *data = malloc(SIZE), *got = malloc(SIZE);
    size_t total = 0;
    (void)state;

    for (; sent < MESSAGES; sent++) {
        memset(data, sent, SIZE);
        if (link_send(l, data, SIZE) == 0)
            break;
    }
    assert_in_range(sent * SIZE, 1 << 20, (1 << 20) + 3 * 65536);
    assert_in_range(link_flush(l), 1 << 20, (1 << 20) + SIZE);
    assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0); /* shared: untouched */
    while (total < (size_t)MESSAGES * SIZE) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        for (; sent < MESSAGES; sent++) {
            memset(data, sent, SIZE);
            if (link_send(l, data, SIZE) == 0)
                break;
        }
        link_flush(l);
        assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
        ssize_t n = read(fd, got, SIZE);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(got[i], (total + (size_t)i) / SIZE);
        total += (size_t)n;
    }
    assert_int_equal(link_flush(l), 0);
    link_close(l, 0);
    close(fd);
    free(data);
    free(got);
}

static void
a_reader_that_has_gone_is_told(void **state)
{
    int fd = catch_stdout();
    struct link *l = open_dash(LINK_PUSH, link_frame_line);
    (void)state;

    assert_int_equal(link_send(l, "x", 1), 1);
    close(fd);
    assert_int_equal(link_send(l, "y", 1), -1);
    assert_string_equal(link_error(l), "stdout: the reader has gone");
    assert_int_equal(link_send(l, "z", 1), -1);
    assert_int_equal(link_flush(l), 0);
    link_close(l, PATIENCE_MS);
}

static void
files_serve_as_stdout(void **state)
{
    const char *path = in_folder("", "file");
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    char *data = calloc(1, 3 << 20);
    struct stat st;
    (void)state;

    put(fd, "before", 6);
    dup2(fd, STDOUT_FILENO);
    struct link *l = open_dash(LINK_PUSH, wire_frame);
    assert_int_equal(link_send(l, data, 3 << 20), 1);
    assert_int_equal(link_flush(l), 0);
    link_close(l, 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, (3 << 20) + 6);
    close(fd);
    free(data);
}

static void
what_was_left_in_a_pipe_wakes_the_reader(void **state)
{
    int fd = feed_stdin();
    struct link *l = open_dash(LINK_PULL, link_frame_line);
    struct link_message m;
    (void)state;

    put(fd, "a\nb\nc\n", 6);
    for (int i = 0; i < 3; i++) { /* all are read at once: the pipe itself is empty then */
        wait_for(l, NULL);
        assert_int_equal(link_recv(l, &m), 1);
        link_message_free(&m);
    }
    assert_int_equal(link_recv(l, &m), 0);
    close(fd);
    link_close(l, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_cut),
        TEST(endless_lines_are_refused),
        TEST(result_messages_are_cut_wherever_they_break),
        TEST(garbage_is_refused),
        TEST(files_serve_as_stdin),
        TEST(a_closed_stdin_is_named),
        TEST(lines_get_their_newline),
        TEST(a_slow_reader_stops_the_sender),
        TEST(a_reader_that_has_gone_is_told),
        TEST(files_serve_as_stdout),
        TEST(what_was_left_in_a_pipe_wakes_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
