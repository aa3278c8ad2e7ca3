/* link_play.h - for the tests of link.h: both ends in one process, every wait a poll with a limit. */
#ifndef SLUICE_TEST_LINK_PLAY_H
#define SLUICE_TEST_LINK_PLAY_H

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

#define UNUSED __attribute__((unused))

enum { PATIENCE_MS = 10000 };

static char err[300];
static char folder[64];
static int kept_stdin, kept_stdout;

static UNUSED int
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

static UNUSED int
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

static UNUSED const char *
in_folder(const char *prefix, const char *name)
{
    static char text[2][128];
    static int turn;
    turn = !turn;
    snprintf(text[turn], sizeof text[turn], "%s%s/%s", prefix, folder, name);
    return text[turn];
}

static UNUSED struct link *
open_link(const char *address, enum link_role role, bool bind)
{
    return link_open(&(struct link_options){.address = address, .role = role, .bind = bind, .high_water = 10},
                     err, sizeof err);
}

static UNUSED struct link *
open_dash(enum link_role role, link_frame *frame)
{
    struct link *l = link_open(&(struct link_options){.address = "-", .role = role, .frame = frame}, err, sizeof err);
    assert_non_null(l);
    return l;
}

/* Waits for what link_pollfd asks for, on up to two links. */
static UNUSED void
wait_for(struct link *a, struct link *b)
{
    struct pollfd p[2];

    link_pollfd(a, &p[0]);
    if (b)
        link_pollfd(b, &p[1]);
    assert_true(poll(p, b ? 2 : 1, PATIENCE_MS) > 0);
}

static UNUSED int
recv_wait(struct link *l, struct link_message *m)
{
    int got;

    while ((got = link_recv(l, m)) == 0)
        wait_for(l, NULL);
    return got;
}

static UNUSED void
send_wait(struct link *l, const void *data, size_t n)
{
    int sent;

    while ((sent = link_send(l, data, n)) == 0)
        wait_for(l, NULL);
    assert_int_equal(sent, 1);
}

static UNUSED void
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
static UNUSED void
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
static UNUSED int
feed_stdin(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    dup2(fds[0], STDIN_FILENO);
    close(fds[0]);
    return fds[1];
}

/* A pipe whose writing end is stdout; returns the reading end. */
static UNUSED int
catch_stdout(void)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDOUT_FILENO);
    close(fds[1]);
    return fds[0];
}

static UNUSED void
put(int fd, const void *p, size_t n)
{
    assert_int_equal(write(fd, p, n), n);
}

#endif
