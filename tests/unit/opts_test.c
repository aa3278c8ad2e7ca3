/* opts_test.c - options, environment and defaults; what is wrong is named and exits 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/opts.h"
#include "common/talk.h"

static struct {
    bool flag;
    const char *text;
    struct opt_list list;
    uint64_t number, size;
    int64_t wait;
    bool given;
} v;

static const struct opt table[] = {
    {.name = "flag", .letter = 'f', .env = "T_FLAG", .type = OPT_FLAG, .value = &v.flag, .help = "a flag"},
    {.name = "text", .letter = 't', .env = "T_TEXT", .type = OPT_TEXT, .value = &v.text, .arg = "TEXT", .help = "a text"},
    {.name = "list", .env = "T_LIST", .type = OPT_LIST, .value = &v.list, .arg = "ITEM", .help = "a list"},
    {.name = "number", .letter = 'n', .env = "T_NUMBER", .type = OPT_NUMBER, .value = &v.number, .arg = "N",
     .help = "a number", .min = 1, .max = 100, .given = &v.given},
    {.name = "size", .type = OPT_SIZE, .value = &v.size, .arg = "BYTES", .help = "a size", .min = 1024},
    {.name = "wait", .env = "T_WAIT", .type = OPT_SECONDS, .value = &v.wait, .arg = "SECONDS", .help = "a time",
     .min = 1, .max = 60000},
    {0},
};
static const struct opts options = {
    .program = "sluice-test", .sentence = "Tests options.", .usage = "[OPTION]...\n--other", .table = table};

static int
reset(void **state)
{
    static const char *const names[] = {"T_FLAG", "T_TEXT", "T_LIST", "T_NUMBER", "T_WAIT"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    for (size_t i = 0; i < v.list.n; i++)
        free((void *)(uintptr_t)v.list.items[i]);
    free(v.list.items);
    memset(&v, 0, sizeof v);
    v.text = "default";
    v.number = 10;
    v.size = 64 << 20;
    v.wait = 250;
    return 0;
}

enum { WORDS = 12 };

/* Parses the words (NULL ends them) here. */
static void
parse(const char *const *words)
{
    char *argv[WORDS + 2] = {(char[]){"test"}};
    int argc = 1;

    for (; *words; words++)
        argv[argc++] = (char *)(uintptr_t)*words;
    opts_parse(&options, argc, argv);
}
#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

/* Parses them in a child; returns its exit status, and what it printed to stdout and stderr. */
static int
parse_apart(const char *const *words, char *printed, size_t size)
{
    int fds[2], status;
    size_t n = 0;
    ssize_t got;

    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        parse(words);
        fflush(NULL);
        _exit(99); /* parsed */
    }
    close(fds[1]);
    while (n < size - 1 && (got = read(fds[0], printed + n, size - 1 - n)) > 0)
        n += (size_t)got;
    printed[n] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
refused(const char *const *words, const char *message)
{
    char printed[4096], want[4096];

    assert_int_equal(parse_apart(words, printed, sizeof printed), 2);
    snprintf(want, sizeof want, "test: %s (try --help)\n", message);
    assert_string_equal(printed, want);
}
#define REFUSED(message, ...) refused((const char *const[]){__VA_ARGS__, NULL}, message)

static void
defaults_stay(void **state)
{
    (void)state;
    PARSE(NULL);
    assert_false(v.flag);
    assert_string_equal(v.text, "default");
    assert_int_equal(v.list.n, 0);
    assert_int_equal(v.number, 10);
    assert_int_equal(v.wait, 250);
    assert_false(v.given);
}

static void
flags_set(void **state)
{
    (void)state;
    PARSE("--flag", "--text=a b", "--list", "x", "--list=y", "-n", "20", "--size", "2M", "--wait", "1m");
    assert_true(v.flag);
    assert_string_equal(v.text, "a b");
    assert_int_equal(v.list.n, 2);
    assert_string_equal(v.list.items[0], "x");
    assert_string_equal(v.list.items[1], "y");
    assert_null(v.list.items[2]);
    assert_int_equal(v.number, 20);
    assert_int_equal(v.size, 2 << 20);
    assert_int_equal(v.wait, 60000);
    assert_true(v.given);
    PARSE("-n", "0x1F");
    assert_int_equal(v.number, 31);
}

static void
environment_sets(void **state)
{
    (void)state;
    setenv("T_FLAG", "yes", 1);
    setenv("T_TEXT", "from env", 1);
    setenv("T_LIST", "  a\tb\n c ", 1);
    setenv("T_NUMBER", "30", 1);
    PARSE(NULL);
    assert_true(v.flag);
    assert_string_equal(v.text, "from env");
    assert_int_equal(v.list.n, 3);
    assert_string_equal(v.list.items[2], "c");
    assert_int_equal(v.number, 30);
    assert_true(v.given);
}

static void
flags_beat_environment(void **state)
{
    (void)state;
    setenv("T_LIST", "a b", 1);
    setenv("T_NUMBER", "not looked at", 1);
    setenv("T_TEXT", "", 1); /* empty: unset */
    PARSE("--list", "c", "--number=5");
    assert_int_equal(v.list.n, 1);
    assert_string_equal(v.list.items[0], "c");
    assert_int_equal(v.number, 5);
    assert_string_equal(v.text, "default");
}

static void
mistakes_are_named(void **state)
{
    (void)state;
    REFUSED("unknown or ambiguous option \"--bogus\"", "--bogus=secret");
    REFUSED("unknown option \"-z\"", "-z");
    REFUSED("--text: a value is missing", "--text");
    REFUSED("--number: a value is missing", "-n");
    REFUSED("--flag takes no value", "--flag=1");
    REFUSED("unexpected argument \"stray\"", "stray");
    REFUSED("unexpected argument \"https\"", "https://host/SECRETKEY");
    REFUSED("--number: expected a whole number from 1 to 100, not \"101\"", "-n", "101");
    REFUSED("--number: expected a whole number from 1 to 100, not \"0\"", "--number=0");
    REFUSED("--number: expected a whole number from 1 to 100, not \"0x\"", "--number=0x");
    REFUSED("--number: expected a whole number from 1 to 100, not \"5x\"", "--number=5x");
    REFUSED("--number: expected a whole number from 1 to 100, not \"\"", "--number=");
    REFUSED("--size: expected a size like 512k, 64M or 1G of at least 1k, not \"12\"", "--size=12");
    REFUSED("--wait: expected a time like 30, 250ms, 5s or 1m30s from 1ms to 60s, not \"2m\"", "--wait=2m");
}

static void
mistakes_of_the_environment_name_the_variable(void **state)
{
    (void)state;
    setenv("T_WAIT", "soon", 1);
    REFUSED("T_WAIT: expected a time like 30, 250ms, 5s or 1m30s from 1ms to 60s, not \"soon\"", NULL);
    unsetenv("T_WAIT");
    setenv("T_FLAG", "maybe", 1);
    REFUSED("T_FLAG: expected 1 or 0, not \"maybe\"", NULL);
}

static void
help_and_version_win(void **state)
{
    static const char *const help[] = {"--bogus", "--number=5", "--help", NULL};
    static const char *const version[] = {"--version", NULL};
    char printed[8192];
    (void)state;

    assert_int_equal(parse_apart(help, printed, sizeof printed), 0);
    assert_non_null(strstr(printed, "usage: sluice-test [OPTION]...\n       sluice-test --other\n"));
    assert_non_null(strstr(printed, "Tests options."));
    assert_non_null(strstr(printed, "-n, --number N"));
    assert_non_null(strstr(printed, "a number [10] {T_NUMBER}"));
    assert_non_null(strstr(printed, "[64M]"));
    assert_non_null(strstr(printed, "[250ms]"));
    assert_int_equal(parse_apart(version, printed, sizeof printed), 0);
    assert_string_equal(printed, "sluice-test " SLUICE_VERSION "\n");
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup(defaults_stay, reset),
        cmocka_unit_test_setup(flags_set, reset),
        cmocka_unit_test_setup(environment_sets, reset),
        cmocka_unit_test_setup(flags_beat_environment, reset),
        cmocka_unit_test_setup(mistakes_are_named, reset),
        cmocka_unit_test_setup(mistakes_of_the_environment_name_the_variable, reset),
        cmocka_unit_test_setup(help_and_version_win, reset),
        cmocka_unit_test_setup(defaults_stay, reset),
    };
    talk_name("test");
    return cmocka_run_group_tests(all, NULL, NULL);
}
