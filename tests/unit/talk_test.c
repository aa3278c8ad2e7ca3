/* talk_test.c - messages: one write each, nothing of a stranger's text breaks out, no secrets. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/talk.h"

static int kept_stderr, caught;
static char text[4096];

static int
set_up(void **state)
{
    int fds[2];

    (void)state;
    fflush(NULL);
    if (pipe(fds) != 0)
        return -1;
    kept_stderr = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    caught = fds[0];
    talk_name("fetcher");
    talk_format("text");
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(caught);
    return 0;
}

static const char *
said(void)
{
    ssize_t n = read(caught, text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void
the_name_comes_first(void **state)
{
    (void)state;
    say("endpoint \"%s\": %d", "ankr", 429);
    assert_string_equal(said(), "fetcher: endpoint \"ankr\": 429\n");
    warn("it said \"a\nb\x1B[2J\"");
    assert_string_equal(said(), "fetcher: it said \"a b [2J\"\n");
    say_line("[ankr] requests=%d", 5);
    assert_string_equal(said(), "[ankr] requests=5\n");
}

static void
json_is_one_object_a_line(void **state)
{
    (void)state;
    assert_true(talk_format("json"));
    warn("a \"quoted\"\nline");
    said();
    assert_memory_equal(text, "{\"time\":\"2", 10);
    assert_int_equal(text[strlen("{\"time\":\"2026-01-31T12:00:00.123Z") - 1], 'Z');
    assert_string_equal(strstr(text, "Z\","), "Z\",\"level\":\"warn\",\"program\":\"fetcher\","
                                              "\"message\":\"a \\\"quoted\\\"\\nline\"}\n");
    say_line("plain");
    assert_non_null(strstr(said(), "\"level\":\"info\",\"program\":\"fetcher\",\"message\":\"plain\"}\n"));
    assert_false(talk_format("xml"));
    say("still json");
    assert_int_equal(said()[0], '{');
}

static void
only_hosts_are_shown(void **state)
{
    static const char *const cases[][2] = {
        {"https://rpc.ankr.com/eth/SECRET", "rpc.ankr.com"},
        {"http://127.0.0.1:8545", "127.0.0.1:8545"},
        {"https://user:SECRET@host.example:443/x", "host.example:443"},
        {"https://user:SEC@RET@host.example?key=SECRET", "host.example"},
        {"https://host.example#SECRET@other", "host.example"},
        {"http://[::1]:8545/k", "[::1]:8545"},
        {"postgresql://u:SECRET@db.example/name", "db.example"},
        {"postgresql:///name", "?"},
        {"SECRET", "?"},
        {"", "?"},
        {"://SECRET", "?"},
        {"https://", "?"},
        {"https://a b/SECRET", "?"},
        {"https://SECRET\\@host/", "host"},
    };
    char out[64], small[5];
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(talk_host(cases[i][0], out, sizeof out), cases[i][1]);
    assert_string_equal(talk_host("https://host.example", small, sizeof small), "host");
}

static void
signals_are_counted(void **state)
{
    (void)state;
    talk_signals();
    assert_int_equal(talk_stop_count(), 0);
    raise(SIGPIPE); /* ignored */
    raise(SIGTERM);
    assert_int_equal(talk_stop_count(), 1);
    raise(SIGINT);
    raise(SIGINT);
    assert_true(talk_stop_count() >= 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest all[] = {
        TEST(the_name_comes_first), TEST(json_is_one_object_a_line), TEST(only_hosts_are_shown),
        TEST(signals_are_counted),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
