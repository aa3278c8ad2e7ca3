/* link_test.c - links over ipc, tcp and pipes: whole messages, clear errors, nothing lost.
 * Both ends live in this one process; every wait is a poll with a limit.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/link.h"
#include "common/num.h"
#include "common/wire.h"

enum { PATIENCE_MS = 10000 };

static char err[300];
static char folder[64];
static int kept_stdin, kept_stdout;

static int
set_up(void **state)
{
    (void)state;
    fflush(NULL);
    signal(SIGPIPE, SIG_IGN);
    kept_stdin = dup(STDIN_FILENO);
    kept_stdout = dup(STDOUT_FILENO);
    snprintf(folder, sizeof folder, "/tmp/link_test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int
tear_down(void **state)
{
    static const char *const files[] = {"socket", "file"};

    (void)state;
    link_terminate();
    if (kept_stdin >= 0)
        dup2(kept_stdin, STDIN_FILENO);
    dup2(kept_stdout, STDOUT_FILENO);
    close(kept_stdin);
    close(kept_stdout);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static const char *
in_folder(const char *prefix, const char *name)
{
    static char text[2][128];
    static int turn;
    turn = !turn;
    snprintf(text[turn], sizeof text[turn], "%s%s/%s", prefix, folder, name);
    return text[turn];
}

static struct link *
open_link(const char *address, enum link_role role, bool bind)
{
    return link_open(&(struct link_options){.address = address, .role = role, .bind = bind, .high_water = 10},
                     err, sizeof err);
}

static struct link *
open_dash(enum link_role role, link_frame *frame)
{
    struct link *l = link_open(&(struct link_options){.address = "-", .role = role, .frame = frame}, err, sizeof err);
    assert_non_null(l);
    return l;
}

/* Waits for what link_pollfd asks for, on up to two links. */
static void
wait_for(struct link *a, struct link *b)
{
    struct pollfd p[2];

    link_pollfd(a, &p[0]);
    if (b)
        link_pollfd(b, &p[1]);
    assert_true(poll(p, b ? 2 : 1, PATIENCE_MS) > 0);
}

static int
recv_wait(struct link *l, struct link_message *m)
{
    int got;

    while ((got = link_recv(l, m)) == 0)
        wait_for(l, NULL);
    return got;
}

static void
send_wait(struct link *l, const void *data, size_t n)
{
    int sent;

    while ((sent = link_send(l, data, n)) == 0)
        wait_for(l, NULL);
    assert_int_equal(sent, 1);
}

static void
expect(struct link *l, const char *text)
{
    struct link_message m;

    assert_int_equal(recv_wait(l, &m), 1);
    assert_int_equal(m.size, strlen(text));
    assert_memory_equal(m.data, text, m.size);
    link_message_free(&m);
    assert_null(m.owner);
}

/* Nothing comes any more; the error (NULL: none) says why. */
static void
expect_end(struct link *l, const char *error)
{
    struct link_message m;

    assert_int_equal(recv_wait(l, &m), -1);
    if (error)
        assert_string_equal(link_error(l), error);
    else
        assert_null(link_error(l));
    assert_int_equal(link_recv(l, &m), -1);
}

/* A pipe whose reading end is stdin; returns the writing end. */
static int
feed_stdin(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    return fds[1];
}

/* A pipe whose writing end is stdout; returns the reading end. */
static int
catch_stdout(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDOUT_FILENO);
    close(fds[1]);
    return fds[0];
}

static void
put(int fd, const void *p, size_t n)
{
    assert_int_equal(write(fd, p, n), n);
}

/* --- ZeroMQ --- */

/* Many messages of many sizes, each side only waking when its descriptor says so. */
static void
exchange(const char *address, bool pull_binds)
{
    struct link *pull, *push;
    struct link_message m;
    char *data = malloc(200000);
    int sent = 0, got = 0;
    enum { MESSAGES = 3000 };

    pull = pull_binds ? open_link(address, LINK_PULL, true) : NULL;
    push = open_link(address, LINK_PUSH, !pull_binds);
    if (!pull_binds)
        pull = open_link(address, LINK_PULL, false);
    assert_non_null(pull);
    assert_non_null(push);
    assert_false(link_is_pipe(pull));
    while (got < MESSAGES) {
        int taken = 1, received = 0;
        for (; sent < MESSAGES && taken == 1; sent += taken) {
            size_t n = sent % 100 == 99 ? 200000 : (size_t)(sent * 7 % 300);
            memset(data, sent & 0xFF, n);
            taken = link_send(push, data, n);
            assert_true(taken >= 0);
        }
        while (got < MESSAGES && (received = link_recv(pull, &m)) == 1) {
            size_t n = got % 100 == 99 ? 200000 : (size_t)(got * 7 % 300);
            assert_int_equal(m.size, n);
            assert_true(n == 0 || (unsigned char)m.data[n - 1] == (got & 0xFF));
            link_message_free(&m);
            got++;
        }
        assert_int_equal(received < 0, 0);
        if (got < MESSAGES)
            wait_for(pull, push);
    }
    assert_int_equal(link_recv(pull, &m), 0);
    link_close(push, 0);
    link_close(pull, 0);
    link_terminate();
    free(data);
}

static void
free_port_address(char *out, size_t size)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&name, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &n), 0);
    close(fd);
    snprintf(out, size, "tcp://127.0.0.1:%d", ntohs(name.sin_port));
}

static void
messages_arrive_over_ipc(void **state)
{
    (void)state;
    exchange(in_folder("ipc://", "socket"), true);
    exchange(in_folder("ipc://", "socket"), false);
}

static void
messages_arrive_over_tcp(void **state)
{
    char address[64];
    (void)state;

    free_port_address(address, sizeof address);
    exchange(address, true);
}

static void
sends_wait_for_a_reader(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *push = open_link(address, LINK_PUSH, false), *pull;
    struct pollfd p;
    (void)state;

    assert_non_null(push);
    assert_int_equal(link_send(push, "x", 1), 0); /* nobody there: not taken, not dropped */
    link_pollfd(push, &p);
    assert_int_equal(poll(&p, 1, 0), 0);
    pull = open_link(address, LINK_PULL, true);
    assert_non_null(pull);
    send_wait(push, "x", 1);
    expect(pull, "x");
    link_close(push, 0);
    link_close(pull, 0);
}

/* Until the last part nothing leaves; then each arrives as a message of its own. */
static void
parts_leave_together(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *pull = open_link(address, LINK_PULL, true), *push = open_link(address, LINK_PUSH, false);
    struct link_message m;
    struct pollfd p;
    (void)state;

    send_wait(push, "first", 5);
    expect(pull, "first");
    assert_int_equal(link_send_part(push, "one", 3, true), 1);
    assert_int_equal(link_send_part(push, "two", 3, true), 1);
    link_pollfd(pull, &p);
    assert_int_equal(poll(&p, 1, 50), 0);
    assert_int_equal(link_recv(pull, &m), 0);
    assert_int_equal(link_send_part(push, "three", 5, false), 1);
    expect(pull, "one");
    expect(pull, "two");
    expect(pull, "three");
    link_close(push, 0);
    link_close(pull, 0);
}

/* However often it is asked. */
static void
what_is_not_received_keeps_waking(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *pull = open_link(address, LINK_PULL, true), *push = open_link(address, LINK_PUSH, false);
    struct pollfd p;
    (void)state;

    send_wait(push, "first", 5);
    expect(pull, "first");
    assert_int_equal(link_send_part(push, "second", 6, true), 1);
    assert_int_equal(link_send_part(push, "third", 5, false), 1);
    expect(pull, "second"); /* both have come */
    for (int i = 0; i < 3; i++) {
        link_pollfd(pull, &p);
        assert_int_equal(poll(&p, 1, 0), 1);
    }
    expect(pull, "third");
    link_close(push, 0);
    link_close(pull, 0);
}

/* What had room does not wake the sender: there is nothing to do. */
static void
a_sender_with_room_sleeps(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *pull = open_link(address, LINK_PULL, true), *push = open_link(address, LINK_PUSH, false);
    struct pollfd p;
    (void)state;

    for (int i = 0; i < 50; i++) { /* more than its high water: it is told that some were read */
        send_wait(push, "x", 1);
        expect(pull, "x");
    }
    link_pollfd(push, &p);
    assert_int_equal(poll(&p, 1, 0), 0);
    link_close(push, 0);
    link_close(pull, 0);
}

static void
a_full_peer_takes_no_more(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *pull = open_link(address, LINK_PULL, true), *push = open_link(address, LINK_PUSH, false);
    char *data = calloc(1, 1 << 20);
    struct link_message m;
    int sent = 0, got = 0;
    (void)state;

    send_wait(push, data, 1 << 20);
    for (sent = 1; sent < 200 && link_send(push, data, 1 << 20) == 1;)
        sent++;
    assert_in_range(sent, 2, 60); /* bounded by the high-water marks of both sides */
    while (got < sent && recv_wait(pull, &m) == 1) {
        assert_int_equal(m.size, 1 << 20);
        link_message_free(&m);
        got++;
    }
    send_wait(push, "more", 4);
    expect(pull, "more");
    link_close(push, 0);
    link_close(pull, 0);
    free(data);
}

/* A reader that stopped before it had all is woken for the rest, and may leave the link alone. */
static void
what_was_left_wakes_the_reader(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    struct link *pull = open_link(address, LINK_PULL, true), *push = open_link(address, LINK_PUSH, false);
    struct link_message m;
    (void)state;

    for (int i = 0; i < 5; i++)
        send_wait(push, "message", 7);
    for (int i = 0; i < 5; i++) {
        wait_for(pull, NULL);
        while (link_recv(pull, &m) == 0) /* the wake-up may have been housekeeping */
            wait_for(pull, NULL);
        link_message_free(&m);
    }
    link_close(push, 0);
    link_close(pull, 0);
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

/* A program that sends and leaves at once: what was taken arrives. */
static void
closing_delivers_what_was_taken(void **state)
{
    const char *address = in_folder("ipc://", "socket");
    int status;
    (void)state;

    pid_t child = fork();
    if (child == 0) {
        struct link *push = open_link(address, LINK_PUSH, false);
        for (int i = 0; i < 100; i++) {
            struct pollfd p;
            while (link_send(push, "message", 7) == 0) {
                link_pollfd(push, &p);
                if (poll(&p, 1, PATIENCE_MS) <= 0)
                    _exit(1);
            }
        }
        link_close(push, PATIENCE_MS);
        link_terminate();
        _exit(0);
    }
    struct link *pull = open_link(address, LINK_PULL, true);
    assert_non_null(pull);
    for (int i = 0; i < 100; i++)
        expect(pull, "message");
    link_close(pull, 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void
refused(const char *address, enum link_role role, bool bind, const char *why)
{
    char want[300];

    assert_null(open_link(address, role, bind));
    snprintf(want, sizeof want, "\"%s\": %s", address, why);
    assert_string_equal(err, want);
}

static void
wrong_addresses_are_named(void **state)
{
    char long_path[200] = "ipc:///tmp/";
    (void)state;

    memset(long_path + 11, 'x', 110);
    refused("results", LINK_PULL, true, "expected ipc://PATH, tcp://HOST:PORT or -");
    refused("udp://1.2.3.4:5", LINK_PUSH, false, "expected ipc://PATH, tcp://HOST:PORT or -");
    refused("", LINK_PUSH, false, "expected ipc://PATH, tcp://HOST:PORT or -");
    refused("ipc://", LINK_PULL, true, "expected a path after ipc://");
    refused("tcp://localhost", LINK_PUSH, false, "expected tcp://HOST:PORT");
    refused("tcp://:80", LINK_PUSH, false, "expected tcp://HOST:PORT");
    refused("tcp://localhost:0", LINK_PUSH, false, "expected a port from 1 to 65535");
    refused("tcp://localhost:65536", LINK_PUSH, false, "expected a port from 1 to 65535");
    refused("tcp://localhost:http", LINK_PULL, true, "expected a port from 1 to 65535");
    refused("tcp://192.0.2.1:12345", LINK_PULL, true, "cannot bind: not an address of this machine");
    refused(long_path, LINK_PULL, true, "the path has 115 bytes, a unix socket's name at most 107");
    refused(long_path, LINK_PUSH, false, "the path has 115 bytes, a unix socket's name at most 107");
    refused(in_folder("ipc://", "missing/socket"), LINK_PULL, true, "cannot bind: no such folder");
}

static void
places_in_use_are_refused(void **state)
{
    char address[64];
    const char *ipc = in_folder("ipc://", "socket"), *file = in_folder("", "file");
    struct stat st;
    (void)state;

    free_port_address(address, sizeof address);
    struct link *tcp = open_link(address, LINK_PULL, true), *unix_ = open_link(ipc, LINK_PULL, true);
    assert_non_null(tcp);
    assert_non_null(unix_);
    refused(address, LINK_PULL, true, "cannot bind: the address is in use");
    refused(ipc, LINK_PULL, true, "cannot bind: another process listens there");
    link_close(tcp, 0);
    link_close(unix_, 0);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    refused(in_folder("ipc://", "file"), LINK_PULL, true,
            "cannot bind: there is a file of this name that is not a socket");
    assert_int_equal(stat(in_folder("", "file"), &st), 0);
    assert_true(S_ISREG(st.st_mode)); /* still there */
}

static void
a_stale_socket_is_taken_over(void **state)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)state;

    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd); /* the file stays, as after kill -9 */
    struct link *pull = open_link(in_folder("ipc://", "socket"), LINK_PULL, true);
    assert_non_null(pull);
    link_close(pull, 0);
}

static void
closing_nothing_is_legal(void **state)
{
    (void)state;
    link_close(NULL, 0);
    link_terminate();
    link_terminate();
}

/* --- pipes --- */

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

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest all[] = {
        TEST(messages_arrive_over_ipc), TEST(messages_arrive_over_tcp), TEST(sends_wait_for_a_reader),
        TEST(parts_leave_together), TEST(a_sender_with_room_sleeps), TEST(a_full_peer_takes_no_more),
        TEST(what_is_not_received_keeps_waking), TEST(what_was_left_wakes_the_reader),
        TEST(what_was_left_in_a_pipe_wakes_the_reader), TEST(closing_delivers_what_was_taken),
        TEST(wrong_addresses_are_named), TEST(places_in_use_are_refused), TEST(a_stale_socket_is_taken_over),
        TEST(closing_nothing_is_legal), TEST(lines_are_cut), TEST(endless_lines_are_refused),
        TEST(result_messages_are_cut_wherever_they_break), TEST(garbage_is_refused), TEST(files_serve_as_stdin),
        TEST(a_closed_stdin_is_named), TEST(lines_get_their_newline), TEST(a_slow_reader_stops_the_sender),
        TEST(a_reader_that_has_gone_is_told), TEST(files_serve_as_stdout),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
