/* task_test.c - task lines, and filters in one canonical form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/task.h"

#define ADDRESS_A "0x00000000000000000000000000000000000000aa"
#define ADDRESS_B "0x00000000000000000000000000000000000000BB"
#define TOPIC_1 "0x1111111111111111111111111111111111111111111111111111111111111111"
#define TOPIC_2 "0x2222222222222222222222222222222222222222222222222222222222222222"

static char err[300];

static bool
parse(const char *line, struct task *t)
{
    return task_parse(span_of(line), t, err, sizeof err);
}

static void
refused(const char *line, const char *message)
{
    struct task t;

    assert_false(parse(line, &t));
    assert_string_equal(err, message);
    assert_null(t.dataset);
    assert_null(t.addresses);
}

static void
a_full_line(void **state)
{
    struct task t;
    (void)state;

    assert_true(parse("task=17 try=2 run=5f0c2a91 chain=11155111 dataset=logs,blocks from=8950000 to=8950999 "
                      "topic1=" TOPIC_1 "," TOPIC_2 " address=" ADDRESS_A "," ADDRESS_B " avoid=ankr,drpc.org", &t));
    assert_int_equal(t.id, 17);
    assert_int_equal(t.try, 2);
    assert_string_equal(t.run, "5f0c2a91");
    assert_int_equal(t.chain, 11155111);
    assert_string_equal(t.dataset, "logs,blocks");
    assert_false(t.by_hash);
    assert_int_equal(t.from, 8950000);
    assert_int_equal(t.to, 8950999);
    assert_int_equal(t.n_addresses, 2);
    assert_int_equal(t.addresses[1][19], 0xbb);
    assert_int_equal(t.n_topics[0], 0);
    assert_int_equal(t.n_topics[1], 2);
    assert_int_equal(t.topics[1][1][0], 0x22);
    assert_string_equal(t.filter, "topic1=" TOPIC_1 "," TOPIC_2 " address=" ADDRESS_A "," ADDRESS_B);
    assert_string_equal(t.avoid, "ankr,drpc.org");
    task_free(&t);
    assert_null(t.filter);
}

static void
defaults(void **state)
{
    struct task t;
    (void)state;

    assert_true(parse("task=0 dataset=logs from=0 to=0", &t));
    assert_int_equal(t.try, 1);
    assert_string_equal(t.run, "-");
    assert_int_equal(t.chain, 0);
    assert_string_equal(t.filter, "");
    assert_string_equal(t.avoid, "");
    assert_int_equal(t.n_addresses, 0);
    task_free(&t);
}

static void
hash_tasks(void **state)
{
    struct task t;
    (void)state;

    assert_true(parse("task=1 dataset=transactions hashes=" TOPIC_1 "," TOPIC_2, &t));
    assert_true(t.by_hash);
    assert_int_equal(t.n_hashes, 2);
    assert_int_equal(t.hashes[1][31], 0x22);
    task_free(&t);
}

static void
a_thousand_hashes_and_no_more(void **state)
{
    struct buf b = {0};
    struct task t;
    (void)state;

    buf_adds(&b, "task=1 dataset=transactions hashes=" TOPIC_1);
    for (int i = 1; i < TASK_HASHES_MAX; i++)
        buf_adds(&b, "," TOPIC_2);
    assert_true(task_parse((struct span){b.p, b.n}, &t, err, sizeof err));
    assert_int_equal(t.n_hashes, TASK_HASHES_MAX);
    task_free(&t);
    buf_adds(&b, "," TOPIC_2);
    assert_false(task_parse((struct span){b.p, b.n}, &t, err, sizeof err));
    assert_non_null(strstr(err, "hashes: expected at most 1000 values"));
    buf_free(&b);
}

static void
mistakes_are_named(void **state)
{
    (void)state;
    refused("dataset=logs from=1 to=2", "task: missing task");
    refused("task=1 from=1 to=2", "task: missing dataset");
    refused("task=1 dataset=logs", "task: missing from and to, or hashes");
    refused("task=1 dataset=logs to=1", "task: missing from");
    refused("task=1 dataset=logs from=1", "task: missing to");
    refused("task=1 dataset=logs from=2 to=1", "task: from 2 is greater than to 1");
    refused("task=1 dataset=logs from=1 to=2 hashes=" TOPIC_1, "task: expected from and to, or hashes, not both");
    refused("task=x dataset=logs from=1 to=2",
            "task: expected a number from 0 to 18446744073709551615, not \"x\"");
    refused("task=1 dataset=logs from=1 to=9223372036854775808",
            "to: expected a number from 0 to 9223372036854775806, not \"9223372036854775808\"");
    refused("task=1 try=0 dataset=logs from=1 to=2", "try: expected a number from 1 to 4294967295, not \"0\"");
    refused("task=1 run=A dataset=logs from=1 to=2", "run: expected 1 to 32 of a-z and 0-9, or \"-\", not \"A\"");
    refused("task=1 dataset=logs,,blocks from=1 to=2",
            "dataset: expected names with single commas between, not \"logs,,blocks\"");
    refused("task=1 dataset=Logs from=1 to=2",
            "dataset: expected names of a-z, 0-9 and _ with commas between, not \"Logs\"");
    refused("task=1 dataset=logs from=1 to=2 address=0x12",
            "address: expected an address (0x and 40 hex digits), not \"0x12\"");
    refused("task=1 dataset=logs from=1 to=2 address=" ADDRESS_A ",",
            "address: expected an address (0x and 40 hex digits), not \"\"");
    refused("task=1 dataset=logs from=1 to=2 topic3=" ADDRESS_A,
            "topic3: expected a topic or hash (0x and 64 hex digits), not \"" ADDRESS_A "\"");
    refused("task=1 dataset=logs from=1 to=2 topic4=" TOPIC_1, "task: expected a known key, not \"topic4\"");
    refused("task=1 dataset=logs from=1 to=2 address=" ADDRESS_A " bogus=1",
            "task: expected a known key, not \"bogus\"");
    refused("task=1 task=2 dataset=logs from=1 to=2", "a key given twice: \"task\"");
}

static void
filters_are_canonical(void **state)
{
    static const char *const addresses[] = {ADDRESS_B "," ADDRESS_A, ADDRESS_A, NULL};
    static const char *const topics2[] = {TOPIC_2, TOPIC_1, NULL}, *const none[] = {NULL};
    const char *const *const topics[TASK_TOPICS] = {none, NULL, topics2, NULL};
    struct buf b = {0};
    struct task t;
    (void)state;

    assert_true(task_filter(addresses, topics, &b, err, sizeof err));
    buf_addc(&b, '\0');
    assert_string_equal(b.p, "address=" ADDRESS_A ",0x00000000000000000000000000000000000000bb topic2=" TOPIC_1 "," TOPIC_2);
    /* and a task's filter reads the same when sent so */
    struct buf line = {0};
    buf_addf(&line, "task=1 dataset=logs from=1 to=2 %s", b.p);
    assert_true(task_parse((struct span){line.p, line.n}, &t, err, sizeof err));
    assert_string_equal(t.filter, b.p);
    task_free(&t);
    buf_free(&line);
    buf_free(&b);
}

static void
empty_and_wrong_filters(void **state)
{
    static const char *const wrong[] = {ADDRESS_A, "0xzz", NULL};
    const char *const *const none[TASK_TOPICS] = {NULL, NULL, NULL, NULL};
    const char *const *const bad_topic[TASK_TOPICS] = {NULL, wrong, NULL, NULL};
    struct buf b = {0};
    (void)state;

    assert_true(task_filter(NULL, none, &b, err, sizeof err));
    assert_int_equal(b.n, 0);
    assert_false(task_filter(wrong, none, &b, err, sizeof err));
    assert_string_equal(err, "address: expected an address (0x and 40 hex digits), not \"0xzz\"");
    assert_false(task_filter(NULL, bad_topic, &b, err, sizeof err));
    assert_string_equal(err, "topic1: expected a topic or hash (0x and 64 hex digits), not \"" ADDRESS_A "\"");
    assert_int_equal(b.n, 0); /* nothing half-done is left */
    buf_free(&b);
}

/* A valid line with single bytes changed or cut short: never a crash or a leak. */
static void
damage_is_survived(void **state)
{
    static const char good[] = "task=17 try=2 run=5f chain=1 dataset=logs from=1 to=9 address=" ADDRESS_A " topic0=" TOPIC_1;
    static const char put[] = " ,=\n0xz\xFF";
    (void)state;

    for (size_t i = 0; i < sizeof good; i++) {
        for (size_t k = 0; k < sizeof put - 1; k++) {
            char *line = malloc(sizeof good - 1);
            struct task t;
            memcpy(line, good, sizeof good - 1);
            if (i < sizeof good - 1)
                line[i] = put[k];
            if (task_parse((struct span){line, k ? sizeof good - 1 : i}, &t, err, sizeof err))
                task_free(&t);
            free(line);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(a_full_line),           cmocka_unit_test(defaults),
        cmocka_unit_test(hash_tasks),            cmocka_unit_test(a_thousand_hashes_and_no_more),
        cmocka_unit_test(mistakes_are_named),    cmocka_unit_test(filters_are_canonical),
        cmocka_unit_test(empty_and_wrong_filters), cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
