/* main.c - sluice-writer: pulls result messages, commits rows with their coverage, tells the
 * producer after COMMIT.
 *
 *     writer --results ADDR|- [--control ADDR] [--db URI] ...
 *     writer --gaps [--chain-id N --dataset NAMES ... --from N --to M [--remember]]
 *     writer --status
 *
 *     results  PULL, binds: result messages from fetchers and the producer; or stdin
 *     control  PUSH, connects: `committed` and `lost` lines to the producer
 *
 * Invariants: rows and the range they complete are in one transaction; nothing is told before its
 * COMMIT is confirmed; what is held is bounded; nothing that was received is dropped but what the
 * database itself refuses, and that is said.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/opts.h"
#include "common/talk.h"
#include "common/task.h"
#include "writer/gaps.h"
#include "writer/loop.h"
#include "writer/schema.h"
#include "writer/status.h"

enum { PATIENCE_MS = 10000, QUESTION_PATIENCE_MS = 2000, CONTROL_LINGER_MS = 1000, RESULTS_HIGH_WATER = 2, CONNECTIONS_MAX = 64 };

struct settings {
    const char *results, *control, *db, *schema, *output, *format, *log_format;
    uint64_t connections, batch_size, batch_min, batch_max, batch_bytes, max_idle;
    int64_t batch_timeout_ms, max_lifetime_ms, max_idle_time_ms, give_up_ms;
    bool connections_given, max_idle_given;
    bool gaps, remember, status;
    uint64_t chain, from, to;
    bool chain_given, from_given, to_given;
    const char *dataset;
    struct opt_list address, topics[TASK_TOPICS];
};

static struct settings set = {
    .schema = "public",
    .format = "ndjson",
    .log_format = "text",
    .connections = 2,
    .batch_min = 1000,
    .batch_max = 50000,
    .batch_bytes = 8 << 20,
    .batch_timeout_ms = 25,
    .max_lifetime_ms = 30 * 60 * 1000,
    .max_idle_time_ms = 5 * 60 * 1000,
};

static const struct opt table[] = {
    {.name = "results", .letter = 'i', .type = OPT_TEXT, .value = &set.results, .arg = "ADDR",
     .help = "where results come from: ipc://PATH, tcp://HOST:PORT, or - for stdin"},
    {.name = "control", .type = OPT_TEXT, .value = &set.control, .arg = "ADDR",
     .help = "the producer, to be told what is committed"},
    {.name = "db", .env = "DATABASE_URL", .type = OPT_TEXT, .value = &set.db, .arg = "URI",
     .help = "the database; without it PGHOST and the like"},
    {.name = "schema", .type = OPT_TEXT, .value = &set.schema, .arg = "NAME", .help = "schema of the tables"},
    {.name = "connections", .type = OPT_NUMBER, .value = &set.connections, .arg = "N", .min = 1,
     .max = CONNECTIONS_MAX, .given = &set.connections_given, .help = "most connections open at once"},
    {.name = "max-open", .type = OPT_NUMBER, .value = &set.connections, .arg = "N", .min = 1,
     .max = CONNECTIONS_MAX, .given = &set.connections_given, .help = "the same as --connections"},
    {.name = "max-idle", .type = OPT_NUMBER, .value = &set.max_idle, .arg = "N", .max = CONNECTIONS_MAX,
     .given = &set.max_idle_given, .help = "most connections kept open without work (default all)"},
    {.name = "max-lifetime", .type = OPT_SECONDS, .value = &set.max_lifetime_ms, .arg = "TIME",
     .help = "age at which a connection is renewed; 0: never"},
    {.name = "max-idle-time", .type = OPT_SECONDS, .value = &set.max_idle_time_ms, .arg = "TIME",
     .help = "idle time after which a connection is closed; 0: never"},
    {.name = "batch-size", .env = "BATCH_SIZE", .type = OPT_NUMBER, .value = &set.batch_size, .arg = "ROWS",
     .min = 1, .help = "rows at which a batch is committed, fixed"},
    {.name = "batch-min", .type = OPT_NUMBER, .value = &set.batch_min, .arg = "ROWS", .min = 1,
     .help = "least rows of a batch, where its size adapts and the database is slow to commit"},
    {.name = "batch-max", .type = OPT_NUMBER, .value = &set.batch_max, .arg = "ROWS", .min = 1,
     .help = "most rows of a batch, where its size adapts and the database keeps up"},
    {.name = "batch-bytes", .type = OPT_SIZE, .value = &set.batch_bytes, .arg = "SIZE", .min = 1024,
     .help = "bytes at which a batch is committed"},
    {.name = "batch-timeout", .env = "BATCH_TIMEOUT", .type = OPT_SECONDS, .value = &set.batch_timeout_ms,
     .arg = "TIME", .help = "longest wait of a row; a plain number in the environment is in ms"},
    {.name = "give-up", .type = OPT_SECONDS, .value = &set.give_up_ms, .arg = "TIME",
     .help = "leave when the database fails for so long; 0: never"},
    {.name = "output", .letter = 'o', .type = OPT_TEXT, .value = &set.output, .arg = "-",
     .help = "print the rows in place of storing them"},
    {.name = "format", .type = OPT_TEXT, .value = &set.format, .arg = "ndjson|csv", .help = "how to print them"},
    {.name = "gaps", .type = OPT_FLAG, .value = &set.gaps, .help = "print the ranges that a job (or every job) lacks"},
    {.name = "remember", .type = OPT_FLAG, .value = &set.remember,
     .help = "gaps: the range is wanted of the job from now on; without one, no more than now"},
    {.name = "status", .type = OPT_FLAG, .value = &set.status, .help = "print jobs and what is covered"},
    {.name = "chain-id", .type = OPT_NUMBER, .value = &set.chain, .arg = "N", .max = INT64_MAX,
     .given = &set.chain_given, .help = "gaps: chain of the job"},
    {.name = "dataset", .type = OPT_TEXT, .value = &set.dataset, .arg = "NAMES", .help = "gaps: datasets of the job"},
    {.name = "address", .env = "CONTRACT_ADDRESS", .type = OPT_LIST, .value = &set.address, .arg = "0x...",
     .help = "gaps: contracts of the job"},
    {.name = "topic0", .env = "EVENT_TOPIC", .type = OPT_LIST, .value = &set.topics[0], .arg = "0x...",
     .help = "gaps: first topics of the job"},
    {.name = "topic1", .type = OPT_LIST, .value = &set.topics[1], .arg = "0x...", .help = "gaps: second topics"},
    {.name = "topic2", .type = OPT_LIST, .value = &set.topics[2], .arg = "0x...", .help = "gaps: third topics"},
    {.name = "topic3", .type = OPT_LIST, .value = &set.topics[3], .arg = "0x...", .help = "gaps: fourth topics"},
    {.name = "from", .type = OPT_NUMBER, .value = &set.from, .arg = "BLOCK", .max = INT64_MAX - 1,
     .given = &set.from_given, .help = "gaps: first wanted block"},
    {.name = "to", .type = OPT_NUMBER, .value = &set.to, .arg = "BLOCK", .max = INT64_MAX - 1,
     .given = &set.to_given, .help = "gaps: last wanted block"},
    {.name = "log-format", .type = OPT_TEXT, .value = &set.log_format, .arg = "text|json", .help = "form of messages"},
    {0},
};

static const struct opts options = {
    .program = "sluice-writer",
    .sentence = "Collects results and commits them to PostgreSQL, each with the range it covers.",
    .usage = "--results ADDR [--control ADDR] [--db URI] [OPTION]...\n"
             "-i - -o - [--format ndjson|csv] [--dataset NAME]\n"
             "--gaps [--dataset NAMES [--chain-id N] [--address 0x...]... [--from N --to M [--remember]]]\n"
             "--status",
    .table = table,
};

/* BATCH_TIMEOUT=25 means 25 ms, as it does for the systems this one replaces. */
static void
plain_timeout_is_ms(void)
{
    const char *text = getenv("BATCH_TIMEOUT");
    struct buf ms = {0};
    uint64_t v;

    if (!text || !num_u64(span_of(text), &v))
        return;
    buf_addf(&ms, "%sms", text);
    buf_addc(&ms, '\0');
    setenv("BATCH_TIMEOUT", ms.p, 1);
    buf_free(&ms);
}

static void
check_settings(void)
{
    bool collects = !set.gaps && !set.status, filter = set.address.n > 0;
    char err[256];

    for (size_t i = 0; i < TASK_TOPICS; i++)
        filter |= set.topics[i].n > 0;
    if (!talk_format(set.log_format))
        opts_fail("--log-format: expected text or json, not \"%s\"", set.log_format);
    if (set.gaps && set.status)
        opts_fail("--gaps and --status are two questions: ask one");
    if (set.remember && !(set.gaps && set.chain_given))
        opts_fail("--remember goes with --gaps and --chain-id");
    if (collects && !set.results)
        opts_fail("--results is missing: where do results come from?");
    if (set.output && strcmp(set.output, "-") != 0)
        opts_fail("--output: expected -, not \"%s\"", set.output);
    if (strcmp(set.format, "ndjson") != 0 && strcmp(set.format, "csv") != 0)
        opts_fail("--format: expected ndjson or csv, not \"%s\"", set.format);
    if (set.dataset && !tables_check(set.dataset, filter && set.gaps, false, err, sizeof err))
        opts_fail("--dataset: %s", err);
    if (set.from_given != set.to_given)
        opts_fail("--from and --to go together");
    if (set.from_given && set.from > set.to)
        opts_fail("--from %llu is after --to %llu", (unsigned long long)set.from, (unsigned long long)set.to);
    if (!pg_valid(set.db))
        opts_fail("--db: expected a connection URI, such as postgresql:///NAME (its password percent-encoded)");
    if (set.schema[0] == '\0' || strlen(set.schema) > 63)
        opts_fail("--schema: expected a name of 1 to 63 bytes");
    if (set.batch_size)
        set.batch_min = set.batch_max = set.batch_size;
    if (set.batch_min > set.batch_max)
        opts_fail("--batch-min %llu is greater than --batch-max %llu", (unsigned long long)set.batch_min,
                  (unsigned long long)set.batch_max);
    if (!set.max_idle_given)
        set.max_idle = CONNECTIONS_MAX;
}

/* --- the database at start --- */

static int
unavailable(struct pg *pg)
{
    char where[200];

    if (!talk_stop_count())
        warn("%s: %s", pg_describe(set.db, where, sizeof where), pg_error(pg));
    return talk_stop_count() ? EXIT_INTERRUPTED : EXIT_UNAVAILABLE;
}

static char began[32]; /* store.h */
static bool pooled;    /* lane.h */

/* The control tables, the time, and how many connections we may have: at most a tenth of the server's,
 * unless the user says more. Returns an exit status. */
static int
prepare_database(struct pg *pg)
{
    struct buf sql = {0};
    uint64_t limit = 0;
    int status = EXIT_COMPLETE;

    schema_control_sql(&sql, set.schema);
    buf_adds(&sql, "SELECT current_setting('max_connections'), extract(epoch FROM now()), pg_backend_pid();");
    buf_addc(&sql, '\0');
    if (!pg_run(pg, sql.p)) {
        enum pg_class class = pg_class(pg);
        warn("database: %s", pg_error(pg));
        status = class == PG_CONFIG || class == PG_VANISHED ? EXIT_USAGE
                 : talk_stop_count()                        ? EXIT_INTERRUPTED
                                                            : EXIT_UNAVAILABLE;
    } else if (pg_rows(pg) > 0) {
        uint64_t share = num_u64(span_of(pg_value(pg, 0, 0)), &limit) && limit >= 10 ? limit / 10 : 1;
        if (!set.connections_given && set.connections > share)
            set.connections = share;
        snprintf(began, sizeof began, "%s", pg_value(pg, 0, 1));
        pooled = pg_number(pg, 0, 2) != pg_backend(pg);
    }
    buf_free(&sql);
    return status;
}

/* --- what it does --- */

static int
ask(struct pg *pg)
{
    const char *const *topics[TASK_TOPICS];
    struct buf filter = {0};
    char err[200];

    if (set.status)
        return status_print(pg, set.schema);
    for (size_t i = 0; i < TASK_TOPICS; i++)
        topics[i] = set.topics[i].items;
    if (!task_filter(set.address.items, topics, &filter, err, sizeof err))
        opts_fail("%s", err);
    if (!set.dataset && (set.from_given || set.chain_given || filter.n))
        set.dataset = "logs";
    struct gaps_wanted wanted = {
        .has_chain = set.chain_given, .chain = set.chain,
        .has_range = set.from_given, .from = set.from, .to = set.to, .remember = set.remember,
        .datasets = span_of(set.dataset ? set.dataset : ""),
        .filter = {filter.p, filter.n},
    };
    int status = gaps_print(pg, set.schema, &wanted);
    buf_free(&filter);
    return status;
}

static int
answer(void)
{
    struct pg *pg = pg_new(set.db);
    int status = pg_open(pg, QUESTION_PATIENCE_MS) ? EXIT_COMPLETE : unavailable(pg);

    if (status == EXIT_COMPLETE && set.remember)
        status = prepare_database(pg);
    if (status == EXIT_COMPLETE)
        status = ask(pg);
    pg_free(pg);
    return talk_stop_count() ? EXIT_INTERRUPTED : status;
}

static struct link *
open_link(const char *what, const struct link_options *o)
{
    char err[200];
    struct link *l = link_open(o, err, sizeof err);

    if (!l)
        warn("%s %s", what, err);
    return l;
}

static void
prepare_text(struct text *text)
{
    const struct table *list[TABLES_MAX];
    size_t n = set.dataset ? store_datasets(span_of(set.dataset), list) : 0;

    text->format = strcmp(set.format, "csv") == 0 ? ROW_CSV : ROW_NDJSON;
    text->only = n == 1 ? list[0] : NULL;
    text->with_table = text->format == ROW_NDJSON && !text->only;
}

static int
run(struct loop_options *o)
{
    int status = EXIT_COMPLETE;
    struct pg *pg = NULL;

    if (!o->text) {
        pg = pg_new(set.db);
        status = pg_open(pg, PATIENCE_MS) ? prepare_database(pg) : unavailable(pg);
    }
    if (status != EXIT_COMPLETE) {
        pg_free(pg);
        return status;
    }
    o->first = pg;
    o->shared->pooled = pooled;
    o->connections = set.connections;
    return loop_run(o);
}

static int
collect(void)
{
    struct text text = {0};
    struct lane_shared shared = {
        .uri = set.db,
        .limits = {.batch = {.rows = set.batch_max, .bytes = set.batch_bytes, .age_ms = set.batch_timeout_ms},
                   .max_idle = set.max_idle, .max_lifetime_ms = set.max_lifetime_ms,
                   .max_idle_time_ms = set.max_idle_time_ms},
        .store = {.schema = set.schema, .began = began, .control = true},
    };
    compaction_init(&shared.compaction);
    sizer_init(&shared.sizer, set.batch_min, set.batch_max);
    struct loop_options o = {.shared = &shared, .give_up_ms = set.give_up_ms};
    int status = EXIT_USAGE;

    if (set.output) {
        prepare_text(&text);
        o.text = &text;
    }
    o.results = open_link("--results", &(struct link_options){
        .address = set.results, .role = LINK_PULL, .bind = true, .high_water = RESULTS_HIGH_WATER, .frame = wire_frame});
    if (o.results && set.control)
        shared.tell.link = open_link("--control", &(struct link_options){
            .address = set.control, .role = LINK_PUSH, .high_water = 1000, .frame = link_frame_line});
    if (o.results && (!set.control || shared.tell.link)) {
        shared.partial = partial_new(PARTIAL_MAX);
        status = run(&o);
    }
    tell_free(&shared.tell);
    store_forget(&shared.store);
    partial_free(shared.partial);
    buf_free(&text.buf);
    link_close(o.results, 0);
    link_close(shared.tell.link, CONTROL_LINGER_MS);
    link_terminate();
    return status;
}

int
main(int argc, char **argv)
{
    talk_name("writer");
    plain_timeout_is_ms();
    opts_parse(&options, argc, argv);
    check_settings();
    talk_signals();
    return set.gaps || set.status ? answer() : collect();
}
