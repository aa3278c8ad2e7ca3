/* datasets_test.c - the list of datasets: names, what each declares, narrowing a task's topics. */
#include "records.h"

static void
finds_all_by_name(void **state)
{
    size_t n = 0;
    (void)state;
    for (const struct dataset *const *d = datasets; *d; d++, n++) {
        assert_ptr_equal(dataset_find(span_of((*d)->name)), *d);
        assert_string_equal((*d)->table->name, (*d)->name);
        assert_ptr_equal(table_find((*d)->name, strlen((*d)->name)), (*d)->table);
        assert_true(!(*d)->log || ((*d)->needs & NEED_LOGS));
        assert_true(!(*d)->log || !(*d)->block); /* at most one */
        assert_true(!((*d)->needs & NEED_STATE) == !(*d)->state);
        assert_true(!(*d)->state == !(*d)->touched);
        assert_true(!(*d)->state == !(*d)->state_needs);
        assert_true((*d)->log || (*d)->block || (*d)->state);
    }
    assert_int_equal(n, 7);
    assert_null(dataset_find(SPAN("log")));
    assert_null(dataset_find(SPAN("")));
}

static void
reads_lists(void **state)
{
    const struct dataset *list[16];
    char err[100] = "";

    (void)state;
    assert_int_equal(dataset_list("logs", list, err, sizeof err), 1);
    assert_int_equal(dataset_list("blocks,logs,traces", list, err, sizeof err), 3);
    assert_ptr_equal(list[0], &dataset_blocks);
    assert_ptr_equal(list[2], &dataset_traces);
    static const char *const bad[] = {"", ",", "logs,", ",logs", "logs,,blocks", "logs,blobs", "logs,logs", "Logs", "logs "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err[0] = '\0';
        assert_int_equal(dataset_list(bad[i], list, err, sizeof err), 0);
        assert_int_not_equal(strlen(err), 0);
    }
    dataset_list("logs,blobs", list, err, sizeof err);
    assert_non_null(strstr(err, "\"blobs\""));
}

static size_t
narrowed(const char *names, size_t topics)
{
    const struct dataset *list[16];
    struct task t = {0};
    char err[100];

    if (topics) {
        t.topics[0] = xcalloc(topics, 32);
        t.n_topics[0] = topics;
    }
    dataset_narrow(list, dataset_list(names, list, err, sizeof err), &t);
    size_t n = t.n_topics[0];
    if (n == 3)
        assert_memory_equal(t.topics[0], dataset_token_transfers.topic0, 3 * 32);
    free(t.topics[0]);
    return n;
}

static void
narrows_only_what_nobody_else_needs(void **state)
{
    (void)state;
    assert_int_equal(narrowed("token_transfers", 0), 3);
    assert_int_equal(narrowed("token_transfers,blocks", 0), 3);
    assert_int_equal(narrowed("token_transfers,logs", 0), 0);
    assert_int_equal(narrowed("logs", 0), 0);
    assert_int_equal(narrowed("blocks", 0), 0);
    assert_int_equal(narrowed("token_transfers", 1), 1); /* the task's own wins */
}

static void
tables_know_what_goes_by_hash(void **state)
{
    (void)state;
    for (const struct dataset *const *d = datasets; *d; d++) {
        assert_int_equal((*d)->table->by_hash, (*d)->transaction != NULL || (*d)->needs == NEED_HEADER);
        assert_int_equal((*d)->table->filtered, (*d)->filtered);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_all_by_name),
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(tables_know_what_goes_by_hash),
        cmocka_unit_test(narrows_only_what_nobody_else_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
