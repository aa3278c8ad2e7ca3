/* link_test.c - links over ipc and tcp: whole messages, clear errors, nothing lost. */
#include "link_play.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_arrive_over_ipc),
        TEST(messages_arrive_over_tcp),
        TEST(sends_wait_for_a_reader),
        TEST(parts_leave_together),
        TEST(what_is_not_received_keeps_waking),
        TEST(a_sender_with_room_sleeps),
        TEST(a_full_peer_takes_no_more),
        TEST(what_was_left_wakes_the_reader),
        TEST(closing_delivers_what_was_taken),
        TEST(wrong_addresses_are_named),
        TEST(places_in_use_are_refused),
        TEST(a_stale_socket_is_taken_over),
        TEST(closing_nothing_is_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
