/* sluice-producer: turns wanted block ranges into tasks.
 *
 *   producer --from N --to M [--step 1000] --tasks ADDR --control ADDR [--results ADDR]
 *   producer --ranges FILE|- ... -o -
 *
 * Pushes task lines on tasks (binds), pulls what fetchers and the writer tell from control (binds),
 * pushes given-up ranges on results (connects). In a pipe it only writes task lines.
 *
 * Always: no more tasks are unanswered than the fetchers gave credit for; only the writer's
 * `committed` ends a task; nothing is kept of a range before it is handed out or after it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/num.h"
#include "common/opts.h"
#include "common/tables.h"
#include "common/talk.h"
#include "common/task.h"
#include "common/words.h"
#include "producer/loop.h"

enum {
    COUNT_MAX = 32 << 20, /* bytes of a file that is counted before the start */
    SCATTERED_PIECES = 100, SCATTERED_BLOCKS = 10, /* so many ranges of so few blocks each have no lines */
    LINE_ROOM = 16 << 10, /* bytes of a task line beside the filter: avoid, most of all */
};

/* --- options --- */

static uint64_t from, to, step = 1000, hashes = 500, chain_id, attempts = 5;
static bool from_given, to_given;
static const char *ranges, *dataset = "logs", *tasks, *control, *results, *run_token;
static const char *error_mode = "best_effort", *log_format = "text", *bar_mode = "auto";
static struct opt_list addresses, topics[TASK_TOPICS];
static int64_t lease_ms = 5 * 60 * 1000, give_up_ms;

#define ENDLESS_MS UINT64_C(31536000000) /* a year */

static const struct opt table[] = {
    {"from", 0, NULL, OPT_NUMBER, &from, "BLOCK", "first block", 0, INT64_MAX - 1, &from_given},
    {"to", 0, NULL, OPT_NUMBER, &to, "BLOCK", "last block, included", 0, INT64_MAX - 1, &to_given},
    {"step", 0, NULL, OPT_NUMBER, &step, "BLOCKS", "blocks in a task", 1, LEDGER_SPAN_MAX, NULL},
    {"ranges", 'i', NULL, OPT_TEXT, &ranges, "FILE|-",
     "lines of FROM-TO, BLOCK or 0xHASH, in place of --from and --to", 0, 0, NULL},
    {"hashes", 0, NULL, OPT_NUMBER, &hashes, "N",
     "transaction hashes in a task", 1, TASK_HASHES_MAX, NULL},
    {"dataset", 0, NULL, OPT_TEXT, &dataset, "NAMES", "what to fetch, commas between", 0, 0, NULL},
    {"address", 0, "CONTRACT_ADDRESS", OPT_LIST, &addresses, "0xADDRESS",
     "only logs of this contract", 0, 0, NULL},
    {"topic0", 0, "EVENT_TOPIC", OPT_LIST, &topics[0], "0xTOPIC",
     "only logs with this topic0", 0, 0, NULL},
    {"topic1", 0, NULL, OPT_LIST, &topics[1], "0xTOPIC", "only logs with this topic1", 0, 0, NULL},
    {"topic2", 0, NULL, OPT_LIST, &topics[2], "0xTOPIC", "only logs with this topic2", 0, 0, NULL},
    {"topic3", 0, NULL, OPT_LIST, &topics[3], "0xTOPIC", "only logs with this topic3", 0, 0, NULL},
    {"chain-id", 0, NULL, OPT_NUMBER, &chain_id, "ID",
     "chain that endpoints must serve; 0: any", 0, INT64_MAX, NULL},
    {"tasks", 'o', NULL, OPT_TEXT, &tasks, "ADDR|-",
     "where tasks go: ipc://PATH, tcp://HOST:PORT, or - for stdout", 0, 0, NULL},
    {"control", 0, NULL, OPT_TEXT, &control, "ADDR",
     "where fetchers and writer answer", 0, 0, NULL},
    {"results", 0, NULL, OPT_TEXT, &results, "ADDR",
     "the writer's results, to have given-up ranges recorded", 0, 0, NULL},
    {"lease", 0, NULL, OPT_SECONDS, &lease_ms, "SECONDS",
     "a task not committed by then is issued again", 1000, ENDLESS_MS, NULL},
    {"attempts", 0, NULL, OPT_NUMBER, &attempts, "N",
     "failures after which a range is given up", 1, 255, NULL},
    {"on-error", 0, NULL, OPT_TEXT, &error_mode, "MODE",
     "best_effort: finish the rest; fail_fast: stop at the first given-up range", 0, 0, NULL},
    {"give-up", 0, NULL, OPT_SECONDS, &give_up_ms, "SECONDS",
     "leave when no endpoint worked, no block came or no failure was recorded for so long; 0: never", 0, ENDLESS_MS, NULL},
    {"run", 0, NULL, OPT_TEXT, &run_token, "TOKEN",
     "1 to 32 of 0-9 a-z that name this run (default random)", 0, 0, NULL},
    {"progress", 0, NULL, OPT_TEXT, &bar_mode, "WHEN",
     "live bar: auto, always or never", 0, 0, NULL},
    {"log-format", 0, NULL, OPT_TEXT, &log_format, "FORMAT", "text or json", 0, 0, NULL},
    {0},
};

static const struct opts options = {
    .program = "sluice-producer",
    .sentence = "turns wanted block ranges into tasks, and issues again what is not committed",
    .usage = "--from BLOCK --to BLOCK --tasks ADDR --control ADDR [OPTION]...\n"
             "--ranges FILE|- --tasks ADDR --control ADDR [OPTION]...\n"
             "--from BLOCK --to BLOCK -o -",
    .table = table,
};

/* --- checks --- */

static bool
is_pipe(void)
{
    return strcmp(tasks, "-") == 0;
}

static void
check_wanted(void)
{
    if (ranges && (from_given || to_given))
        opts_fail("--ranges excludes --from and --to");
    if (!ranges && !from_given && !to_given)
        opts_fail("nothing is wanted: give --from and --to, or --ranges");
    if (!ranges && !from_given)
        opts_fail("--to without --from");
    if (!ranges && !to_given)
        opts_fail("--from without --to");
    if (!ranges && from > to)
        opts_fail("--from %" PRIu64 " is greater than --to %" PRIu64, from, to);
}

static void
check_links(void)
{
    if (!tasks)
        opts_fail("--tasks is missing: an address, or - for stdout");
    if (is_pipe() && control)
        opts_fail("--control has no use with --tasks -");
    if (is_pipe() && results)
        opts_fail("--results has no use with --tasks -");
    if (!is_pipe() && !control)
        opts_fail("--control is missing: without it fetchers and writer cannot answer");
    if ((control && strcmp(control, "-") == 0) || (results && strcmp(results, "-") == 0))
        opts_fail("--control and --results take an address, not -");
}

static void
check_words(void)
{
    bool filter = addresses.n > 0;
    char error[256];
    for (size_t i = 0; i < TASK_TOPICS; i++)
        filter |= topics[i].n > 0;
    if (!tables_check(dataset, filter, false, error, sizeof error))
        opts_fail("--dataset: %s", error);
    if (run_token && (strcmp(run_token, "-") == 0 || !words_run_ok(span_of(run_token))))
        opts_fail("--run \"%s\": expected 1 to 32 of 0-9 and a-z", run_token);
    if (strcmp(error_mode, "best_effort") != 0 && strcmp(error_mode, "fail_fast") != 0)
        opts_fail("--on-error \"%s\": expected best_effort or fail_fast", error_mode);
    if (strcmp(bar_mode, "auto") != 0 && strcmp(bar_mode, "always") != 0 &&
        strcmp(bar_mode, "never") != 0)
        opts_fail("--progress \"%s\": expected auto, always or never", bar_mode);
}

static void
make_filter(struct buf *out)
{
    char error[256];
    const char *const *by_topic[TASK_TOPICS];
    for (size_t i = 0; i < TASK_TOPICS; i++)
        by_topic[i] = topics[i].items;
    if (!task_filter(addresses.items, by_topic, out, error, sizeof error))
        opts_fail("%s", error);
    if (out->n + LINE_ROOM > WORDS_LINE_MAX)
        opts_fail("the filter is too long: %zu bytes of addresses and topics, at most %d", out->n,
                  WORDS_LINE_MAX - LINE_ROOM);
    buf_addc(out, '\0');
}

static void
make_token(char *out, size_t size)
{
    uint32_t random = 0;
    FILE *f = fopen("/dev/urandom", "rb");
    if (!f || fread(&random, sizeof random, 1, f) != 1)
        random = (uint32_t)getpid() * 2654435761u ^ (uint32_t)clock_us();
    if (f)
        fclose(f);
    snprintf(out, size, "%08" PRIx32, random);
}

/* --- what is wanted --- */

static int
open_ranges(void)
{
    if (!ranges)
        return -1;
    if (strcmp(ranges, "-") == 0)
        return STDIN_FILENO;
    int fd = open(ranges, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        opts_fail("--ranges \"%s\": %s", ranges, strerror(errno));
    if (S_ISDIR(st.st_mode))
        opts_fail("--ranges \"%s\": is a directory", ranges);
    return fd;
}

static struct plan *
plan_lines(uint64_t step_blocks, const char *no_hashes)
{
    struct plan *plan = plan_of_lines(step_blocks, hashes);
    plan_refuse_hashes(plan, no_hashes);
    if (strcmp(dataset, "blocks") == 0)
        plan_numbers(plan);
    return plan;
}

/* Reads a file once for what it adds up to; also finds bad lines before anything is started. Not
 * where that takes long: then percent and time left are missing from the bar. */
static void
count_ranges(int fd, const char *name, const char *no_hashes, struct progress_options *out)
{
    struct stat st;
    off_t start = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || start < 0 || st.st_size > COUNT_MAX)
        return;
    struct plan *plan = plan_lines(LEDGER_SPAN_MAX, no_hashes);
    struct plan_piece piece;
    enum plan_status status;
    bool error = false;
    uint64_t pieces = 0;
    while ((status = plan_next(plan, &piece)) == PLAN_PIECE || status == PLAN_HUNGRY) {
        if (status == PLAN_HUNGRY && !loop_feed(plan, fd, 0, &error))
            break;
        if (status == PLAN_PIECE && piece.by_hash)
            out->batches_wanted++;
        else if (status == PLAN_PIECE)
            out->blocks_wanted += piece.to - piece.from + 1;
        pieces += status == PLAN_PIECE && !piece.by_hash;
    }
    out->scattered = pieces >= SCATTERED_PIECES && out->blocks_wanted / pieces < SCATTERED_BLOCKS;
    if (status == PLAN_BAD)
        opts_fail("%s, %s", name, plan_error(plan));
    if (error)
        exit(EXIT_USAGE);
    plan_close(plan);
    lseek(fd, start, SEEK_SET);
}

static bool
wants_bar(void)
{
    const char *term = getenv("TERM");
    if (strcmp(bar_mode, "auto") != 0)
        return strcmp(bar_mode, "always") == 0;
    return isatty(STDERR_FILENO) && strcmp(log_format, "text") == 0 && term &&
           strcmp(term, "dumb") != 0;
}

static void
check(void)
{
    if (!talk_format(log_format))
        opts_fail("--log-format \"%s\": expected text or json", log_format);
    check_wanted();
    check_links();
    check_words();
}

static void
describe_ranges(char *out, size_t size)
{
    if (!ranges)
        snprintf(out, size, "%" PRIu64 "-%" PRIu64, from, to);
    else if (strcmp(ranges, "-") == 0)
        snprintf(out, size, "standard input");
    else
        snprintf(out, size, "\"%s\"", ranges);
}

int
main(int argc, char **argv)
{
    struct buf filter = {0};
    char token[33], wanted[512], why[256];

    talk_name("producer");
    opts_parse(&options, argc, argv);
    check();
    make_filter(&filter);
    make_token(token, sizeof token);
    describe_ranges(wanted, sizeof wanted);
    const char *no_hashes = tables_check(dataset, false, true, why, sizeof why) ? NULL : why;
    struct loop_options o = {
        .dispatch = {
            .task = {
                .run = run_token ? run_token : is_pipe() ? "-" : token,
                .chain = chain_id, .dataset = dataset, .filter = filter.p,
            },
            .hashes = hashes, .lease_ms = lease_ms, .attempts = (unsigned)attempts,
            .fail_fast = strcmp(error_mode, "fail_fast") == 0, .tell_failures = results != NULL,
        },
        .progress = {
            .bar = wants_bar(), .noun = strcmp(dataset, "logs") == 0 ? "logs" : "rows", .dataset = dataset,
            .blocks_wanted = ranges ? 0 : to - from + 1,
        },
        .tasks = tasks, .control = control, .results = results, .wanted = wanted,
        .input = open_ranges(), .give_up_ms = give_up_ms,
    };
    if (ranges && !is_pipe())
        count_ranges(o.input, wanted, no_hashes, &o.progress);
    struct plan *plan = ranges ? plan_lines(step, no_hashes) : plan_of_range(from, to, step);
    talk_signals();
    int status = is_pipe() ? loop_pipe(&o, plan) : loop_run(&o, plan);
    plan_close(plan);
    buf_free(&filter);
    return status;
}
