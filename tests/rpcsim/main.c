/* main.c - rpcsim: a simulated JSON-RPC endpoint for tests and benchmarks.
 *
 *     rpcsim --port 0 --blocks 10000 --logs-per-block 100 --latency 5ms --rate 50
 *     rpcsim --recorded tests/fixtures/execution-apis --max-range 10
 *
 * Prints "listening on 127.0.0.1:PORT", then answers until TERM or INT. GET /stats counts. The same
 * (seed, block) has the same text in every process and whatever is asked. Its faults are drawn from
 * the numbers of requests: a test that asks in the same order meets the same ones.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "chain.h"
#include "common/num.h"
#include "common/opts.h"
#include "common/talk.h"
#include "gzip.h"
#include "recorded.h"
#include "scenario.h"
#include "server.h"
#include "sim.h"

enum { OPTIONS_MAX = 80 };

struct settings {
    uint64_t port, fault_seed, max_body;
    const char *host, *profile, *scenario, *recorded;
    struct opt_list addresses;
    bool no_bloom;
    struct chain_options chain;
    const char *knobs[OPTIONS_MAX]; /* by their place in knob_list */
    bool flags[OPTIONS_MAX];
};

static void
add_own_options(struct settings *s, struct opt *o)
{
    const struct opt own[] = {
        {.name = "port", .type = OPT_NUMBER, .value = &s->port, .arg = "N", .help = "0: any (printed)", .max = 65535},
        {.name = "host", .type = OPT_TEXT, .value = &s->host, .arg = "IPV4", .help = "where to listen"},
        {.name = "recorded", .type = OPT_TEXT, .value = &s->recorded, .arg = "PATH",
         .help = "serve recorded blocks (see recorded.h) in place of a drawn chain"},
        {.name = "scenario", .type = OPT_TEXT, .value = &s->scenario, .arg = "FILE",
         .help = "turns the knobs over time (see scenario.h)"},
        {.name = "seed", .type = OPT_NUMBER, .value = &s->chain.seed, .arg = "N", .help = "which chain"},
        {.name = "fault-seed", .type = OPT_NUMBER, .value = &s->fault_seed, .arg = "N", .help = "which faults"},
        {.name = "logs-per-block", .type = OPT_NUMBER, .value = &s->chain.logs_per_block, .arg = "N",
         .help = "density of logs", .max = 1000000},
        {.name = "txs-per-block", .type = OPT_NUMBER, .value = &s->chain.txs_per_block, .arg = "N",
         .help = "transactions; with 0, one where there are logs", .max = 100000},
        {.name = "profile", .type = OPT_TEXT, .value = &s->profile, .arg = "NAME",
         .help = "how logs are spread: even, sparse, dense or uneven"},
        {.name = "big-block", .type = OPT_NUMBER, .value = &s->chain.big_block, .arg = "N",
         .help = "a block with more logs than others"},
        {.name = "big-logs", .type = OPT_NUMBER, .value = &s->chain.big_logs, .arg = "N", .help = "how many",
         .max = 1000000},
        {.name = "address", .type = OPT_LIST, .value = &s->addresses, .arg = "0xADDRESS",
         .help = "a contract that emits logs (many; default: drawn)"},
        {.name = "contracts", .type = OPT_NUMBER, .value = &s->chain.contracts, .arg = "N",
         .help = "how many contracts are drawn", .min = 1, .max = 100000},
        {.name = "holders", .type = OPT_NUMBER, .value = &s->chain.holders, .arg = "N",
         .help = "how many accounts take part", .min = 1, .max = 65536},
        {.name = "mixed", .type = OPT_FLAG, .value = &s->chain.mixed,
         .help = "logs of all shapes, not ERC-20 transfers only"},
        {.name = "log-timestamps", .type = OPT_FLAG, .value = &s->chain.log_timestamps,
         .help = "logs carry blockTimestamp"},
        {.name = "phantoms", .type = OPT_NUMBER, .value = &s->chain.phantoms, .arg = "N",
         .help = "every nth block's bloom has all bits set, as if it had logs"},
        {.name = "no-bloom", .type = OPT_FLAG, .value = &s->no_bloom, .help = "blooms with all bits set: cheaper"},
        {.name = "max-body", .type = OPT_SIZE, .value = &s->max_body, .arg = "SIZE",
         .help = "bytes of an answer, in every case", .min = 1 << 16},
    };
    memcpy(o, own, sizeof own);
    o += sizeof own / sizeof *own;
    for (size_t i = 0; knob_list[i].name; i++)
        *o++ = (struct opt){.name = knob_list[i].name, .type = knob_list[i].arg ? OPT_TEXT : OPT_FLAG,
                            .value = knob_list[i].arg ? (void *)&s->knobs[i] : (void *)&s->flags[i],
                            .arg = knob_list[i].arg, .help = knob_list[i].help};
}

static void
set_knobs(const struct settings *s, struct knobs *k)
{
    char err[1000];
    *k = knobs_default;
    for (size_t i = 0; knob_list[i].name; i++) {
        const char *text = s->flags[i] ? "on" : s->knobs[i];
        if (text && !knob_set(k, span_of(knob_list[i].name), span_of(text), err, sizeof err))
            opts_fail("--%s", err);
    }
}

static enum chain_profile
find_profile(const char *name)
{
    static const char *const names[] = {"even", "sparse", "dense", "uneven"};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (enum chain_profile)i;
    opts_fail("--profile: '%s', expected even, sparse, dense or uneven", name);
}

static void
open_chain(struct settings *s, struct sim *sim)
{
    uint8_t (*addresses)[20] = xcalloc(s->addresses.n + 1, 20);
    for (size_t i = 0; i < s->addresses.n; i++)
        if (!num_hex(span_of(s->addresses.items[i]), addresses[i], 20))
            opts_fail("--address: '%s', expected 0x and 40 hex digits", s->addresses.items[i]);
    s->chain.profile = find_profile(s->profile);
    s->chain.bloom = !s->no_bloom;
    s->chain.addresses = s->addresses.n ? (const uint8_t (*)[20])addresses : NULL;
    s->chain.n_addresses = s->addresses.n;
    s->chain.head = sim->knobs.head;
    sim->chain = chain_new(&s->chain);
    sim->source = chain_source(sim->chain);
    free(addresses);
}

static struct recorded *
open_recorded(const char *path, struct sim *sim)
{
    char err[1000];
    struct recorded *r = recorded_open(path, err, sizeof err);
    if (!r)
        opts_fail("--recorded: %s", err);
    sim->source = recorded_source(r);
    return r;
}

static void
open_scenario(const char *path, struct sim *sim)
{
    char err[1000];
    struct buf text = {0};
    if (!path)
        return;
    if (!gzip_read_file(path, &text, err, sizeof err))
        opts_fail("--scenario: %s", err);
    sim->scenario = scenario_parse((struct span){text.p, text.n}, err, sizeof err);
    if (!sim->scenario)
        opts_fail("--scenario: %s: %s", path, err);
    buf_free(&text);
}

static void
allow_many_connections(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int
main(int argc, char **argv)
{
    struct settings s = {
        .host = "127.0.0.1", .profile = "even", .fault_seed = 1, .max_body = 512 << 20,
        .chain = {.seed = 1, .logs_per_block = 10, .txs_per_block = 5, .contracts = 8, .holders = 4096,
                  .genesis_time = 1700000000, .block_seconds = 12},
    };
    struct opt table[OPTIONS_MAX] = {0};
    struct sim sim = {.start_ms = -1};
    char err[1000];

    talk_name("rpcsim");
    add_own_options(&s, table);
    opts_parse(&(struct opts){.program = "rpcsim", .sentence = "a simulated JSON-RPC endpoint",
                              .usage = "[OPTION]...", .table = table}, argc, argv);
    set_knobs(&s, &sim.knobs);
    sim.seed = s.fault_seed;
    sim.max_body = s.max_body;
    open_scenario(s.scenario, &sim);
    struct recorded *recorded = NULL;
    if (s.recorded)
        recorded = open_recorded(s.recorded, &sim);
    else
        open_chain(&s, &sim);

    talk_signals();
    allow_many_connections();
    struct server *server = server_new(&sim, s.host, (uint16_t)s.port, err, sizeof err);
    if (!server) {
        warn("%s", err);
        return EXIT_UNAVAILABLE;
    }
    printf("listening on %s:%u\n", s.host, server_port(server));
    fflush(stdout);
    server_run(server);
    server_free(server);
    scenario_free(sim.scenario);
    chain_free(sim.chain);
    recorded_free(recorded);
    knobs_free(&sim.knobs);
    return EXIT_COMPLETE;
}
