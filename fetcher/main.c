/* main.c - sluice-fetcher: pulls tasks for one endpoint, asks it by JSON-RPC, pushes rows.
 *
 *     sluice-fetcher --rpc [NAME=]URL[,key=value]... --tasks ADDR --results ADDR --control ADDR
 *     sluice-fetcher --rpc URL -i - -o - [--format ndjson]
 *     sluice-fetcher --rpc URL --check
 *     sluice-fetcher --topic EVENT
 *
 * Sockets: pulls task lines from --tasks, pushes result messages to --results and control lines
 * to --control; all three connect out.
 *
 * Invariants: every task taken ends in one way (an end, or back to the producer); no row of a
 * reply that failed a test leaves; nothing is asked beyond the endpoint's newest block; memory is
 * bounded by credit, by the size of bodies in flight and by the queue of results.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "common/opts.h"
#include "common/talk.h"
#include "fetcher/event.h"
#include "fetcher/loop.h"
#include "fetcher/spec.h"

struct settings {
    const char *rpc, *tasks, *results, *control, *format, *log_format, *topic;
    uint64_t chain, concurrency, threshold, retries, prefetch, batch, max_body, max_bytes;
    uint64_t range;
    int64_t breaker_ms, timeout_ms, give_up_ms, task_limit_ms;
    bool check, fixed, give_up_given, prefetch_given;
};

static struct settings set = {
    .format = "msgpack", .log_format = "text",
    .concurrency = 10, .threshold = 5, .retries = 3, .batch = 25,
    .max_body = 64 << 20, .max_bytes = 32 << 20, .range = 10000,
    .breaker_ms = 10000, .timeout_ms = 30000,
};

static const struct opt table[] = {
    {"rpc", 0, "RPC_URL", OPT_TEXT, &set.rpc, "[NAME=]URL[,...]",
     "the endpoint; settings after commas: concurrency= rps= batch= pause= timeout= header=", 0, 0, NULL},
    {"tasks", 'i', NULL, OPT_TEXT, &set.tasks, "ADDR", "where tasks come from, - for stdin", 0, 0, NULL},
    {"results", 'o', NULL, OPT_TEXT, &set.results, "ADDR", "where rows go, - for stdout", 0, 0, NULL},
    {"control", 0, NULL, OPT_TEXT, &set.control, "ADDR", "the producer's control address; none in a pipe", 0, 0, NULL},
    {"format", 0, NULL, OPT_TEXT, &set.format, "FORMAT", "msgpack, or with -o - ndjson or csv", 0, 0, NULL},
    {"chain-id", 0, NULL, OPT_NUMBER, &set.chain, "N", "the chain that the endpoint must be of (default any)", 1, INT64_MAX, NULL},
    {"concurrency", 0, "MAX_CONCURRENCY", OPT_NUMBER, &set.concurrency, "N", "most requests in flight", 1, 1000, NULL},
    {"fixed-concurrency", 0, NULL, OPT_FLAG, &set.fixed, NULL, "do not adapt it to the endpoint's latency", 0, 0, NULL},
    {"batch", 0, NULL, OPT_NUMBER, &set.batch, "N", "most calls in one request, 1: no batches", 1, 100, NULL},
    {"range", 0, NULL, OPT_NUMBER, &set.range, "BLOCKS", "widest eth_getLogs to begin with", 1, 1000000, NULL},
    {"breaker-threshold", 0, "CIRCUIT_BREAKER_THRESHOLD", OPT_NUMBER, &set.threshold, "N", "failures in a row that open the breaker", 1, 1000, NULL},
    {"breaker-timeout", 0, "CIRCUIT_BREAKER_TIMEOUT", OPT_SECONDS, &set.breaker_ms, "SECONDS", "until an open breaker lets a probe through", 1, 86400000, NULL},
    {"timeout", 0, NULL, OPT_SECONDS, &set.timeout_ms, "SECONDS", "of one request", 1, 3600000, NULL},
    {"retries", 0, NULL, OPT_NUMBER, &set.retries, "N", "of a request here, before its task goes to another endpoint", 0, 100, NULL},
    {"give-up", 0, NULL, OPT_SECONDS, &set.give_up_ms, "SECONDS", "exit 3 after so long without a good answer (default in a pipe 300, else never)", 1, 0, &set.give_up_given},
    {"task-limit", 0, NULL, OPT_SECONDS, &set.task_limit_ms, "SECONDS", "leave, to be replaced, when a task takes longer (default never)", 1000, 31536000000, NULL},
    {"max-body", 0, NULL, OPT_SIZE, &set.max_body, "BYTES", "of one answer", 1 << 16, (uint64_t)1 << 32, NULL},
    {"max-bytes", 0, NULL, OPT_SIZE, &set.max_bytes, "BYTES", "of all answers in flight", 1 << 16, (uint64_t)1 << 36, NULL},
    {"prefetch", 0, NULL, OPT_NUMBER, &set.prefetch, "N", "tasks taken beyond those in work (default by its pace)", 0, 1000, &set.prefetch_given},
    {"check", 0, NULL, OPT_FLAG, &set.check, NULL, "print the endpoint's chain and newest block, and leave", 0, 0, NULL},
    {"topic", 0, NULL, OPT_TEXT, &set.topic, "EVENT", "print the topic0 of an event, such as 'Transfer(address,address,uint256)', and leave", 0, 0, NULL},
    {"log-format", 0, NULL, OPT_TEXT, &set.log_format, "FORMAT", "text or json", 0, 0, NULL},
    {NULL, 0, NULL, OPT_FLAG, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct opts options = {
    .program = "sluice-fetcher",
    .sentence = "pulls tasks for one endpoint, asks it by JSON-RPC, pushes rows",
    .usage = "--rpc [NAME=]URL --tasks ADDR --results ADDR --control ADDR\n"
             "--rpc [NAME=]URL -i - -o - [--format ndjson|csv]\n"
             "--rpc [NAME=]URL --check\n"
             "--topic EVENT",
    .table = table,
};

static enum output_format
read_format(void)
{
    if (strcmp(set.format, "msgpack") == 0)
        return OUTPUT_MSGPACK;
    if (strcmp(set.format, "ndjson") != 0 && strcmp(set.format, "csv") != 0)
        opts_fail("--format \"%s\": expected msgpack, ndjson or csv", set.format);
    if (set.results && strcmp(set.results, "-") != 0)
        opts_fail("--format %s: text goes to stdout only, expected -o -", set.format);
    return strcmp(set.format, "csv") == 0 ? OUTPUT_CSV : OUTPUT_NDJSON;
}

static void
check_settings(void)
{
    if (!talk_format(set.log_format))
        opts_fail("--log-format \"%s\": expected text or json", set.log_format);
    if (!set.rpc)
        opts_fail("--rpc is missing: expected an endpoint's URL");
    if (set.check)
        return;
    if (!set.tasks)
        opts_fail("--tasks is missing: expected an address, or - for stdin");
    if (!set.results)
        opts_fail("--results is missing: expected an address, or - for stdout");
    if (strcmp(set.results, "-") == 0 && strcmp(set.format, "msgpack") == 0 && isatty(STDOUT_FILENO))
        opts_fail("-o -: the rows are binary, not for a terminal: pipe them on, or add --format ndjson");
    if (set.control && (strcmp(set.control, "-") == 0 || strcmp(set.tasks, "-") == 0))
        opts_fail("--control expects an address, and tasks from one: it has no place in a pipe");
}

static struct loop_options
loop_options(const struct spec *spec, const char *host)
{
    uint64_t batch = spec->batch ? spec->batch : set.batch;
    uint32_t concurrency = spec->concurrency ? spec->concurrency : (uint32_t)set.concurrency;
    if (!set.give_up_given && !set.control)
        set.give_up_ms = 300000;
    return (struct loop_options){
        .endpoint_name = spec->name, .host = host,
        .tasks = set.tasks, .results = set.results, .control = set.control,
        .format = set.check ? OUTPUT_MSGPACK : read_format(),
        .chain = set.chain, .retries = (uint32_t)set.retries, .prefetch_given = set.prefetch_given,
        .prefetch = set.prefetch_given ? (uint32_t)set.prefetch : concurrency,
        .give_up_ms = set.give_up_ms, .task_limit_ms = set.task_limit_ms, .check = set.check,
        .endpoint = {
            .concurrency = concurrency, .fixed_concurrency = set.fixed, .rps = spec->rps,
            .batch = (uint32_t)batch, .pause_ms = spec->pause_ms,
            .breaker_threshold = set.check ? UINT32_MAX : (uint32_t)set.threshold,
            .breaker_cooldown_ms = set.breaker_ms, .backoff_min_ms = 1000, .backoff_max_ms = 30000,
            .max_blocks = set.range, .target_bytes = 8 << 20, .seed = (uint64_t)clock_us(),
        },
        .rpc = {
            .url = spec->url, .headers = (const char *const *)spec->headers,
            .timeout_ms = spec->timeout_ms ? spec->timeout_ms : set.timeout_ms,
            .max_body = set.max_body, .max_bytes = set.max_bytes, .max_connections = (int)concurrency + 2,
        },
    };
}

static int
print_topic(const char *event)
{
    uint8_t topic[32];
    char text[65] = "";
    if (!event_topic(event, topic))
        opts_fail("--topic \"%s\": expected an event, such as Transfer(address,address,uint256)", event);
    num_to_hex(topic, sizeof topic, text);
    printf("0x%.64s\n", text);
    return talk_printed();
}

/* Bodies, rows and messages of some hundred KB come and go all the time: glibc would ask the system for their pages, and
 * give them back, each time. */
static void
keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

int
main(int argc, char **argv)
{
    struct spec spec;
    char err[256], host[256];
    talk_name("fetcher");
    opts_parse(&options, argc, argv);
    if (set.topic)
        return print_topic(set.topic);
    check_settings();
    if (!spec_parse(set.rpc, &spec, err, sizeof err))
        opts_fail("--rpc: %s", err);
    struct loop_options o = loop_options(&spec, talk_host(spec.url, host, sizeof host));
    talk_signals();
    keep_memory();
    int status = loop_run(&o);
    spec_free(&spec);
    return status;
}
