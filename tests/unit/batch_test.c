/* batch_test.c - when a batch is due, and in what order its chunks go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "writer/batch.h"

static char keys[64][14]; /* the beginnings of rows: field count, length 8, block number */

static struct item
rows_at(size_t table, uint8_t block, uint32_t rows)
{
    static size_t next;
    char *data = keys[next++ % 64];

    memset(data, 0, sizeof keys[0]);
    data[5] = 8;
    data[13] = (char)block;
    return (struct item){.message.size = 1000, .table = table,
                         .wire = {.kind = WIRE_ROWS, .rows = rows, .data = {data, sizeof keys[0]}}};
}

static void
add(struct batch *b, struct item item, int64_t now_ms)
{
    batch_add(b, &item, now_ms);
}

static void
taken_in_order_up_to_so_many_rows(void **state)
{
    struct batch_limits limits = {.rows = 100, .bytes = 1 << 20, .age_ms = 25};
    struct item end = {.wire.kind = WIRE_END};
    struct batch b = {0}, to = {0};

    (void)state;
    add(&b, rows_at(0, 1, 60), 1000);
    add(&b, rows_at(0, 2, 40), 1001);
    add(&b, end, 1002);
    add(&b, rows_at(0, 3, 1), 1003);
    add(&b, end, 1004);
    batch_take(&b, &to, &limits, NULL, NULL);
    assert_int_equal(to.n, 3); /* the end goes with its rows */
    assert_int_equal(to.rows, 100);
    assert_int_equal(b.n, 2);
    assert_int_equal(b.rows, 1);
    assert_int_equal(b.items[0].wire.rows, 1);
    assert_int_equal(b.bytes, 1000 + 2 * ITEM_BYTES);
    assert_true(batch_due(&b, &(struct batch_limits){.rows = 100, .bytes = 1 << 20, .age_ms = 25}, 1025));
    batch_clear(&to);

    batch_take(&b, &to, &limits, NULL, NULL); /* all of it */
    assert_int_equal(to.n, 2);
    assert_int_equal(b.n, 0);
    assert_int_equal(b.bytes, 0);
    batch_clear(&to);

    add(&b, rows_at(0, 1, 500), 0); /* one at least */
    add(&b, rows_at(0, 1, 500), 0);
    batch_take(&b, &to, &limits, NULL, NULL);
    assert_int_equal(to.rows, 500);
    assert_int_equal(b.rows, 500);
    batch_free(&to);
    batch_free(&b);
}

static struct item
of_task(struct item item, uint64_t task)
{
    item.wire.task = task;
    return item;
}

static bool
waits_for_other_rows(const struct wire *end, void *context)
{
    struct batch *elsewhere = context;
    struct begun g = {0};

    begun_find(&g, elsewhere);
    bool has = begun_has(&g, elsewhere, end);
    begun_free(&g);
    return has;
}

static void
ends_wait_for_rows_elsewhere(void **state)
{
    struct batch_limits limits = {.rows = 100, .bytes = 1 << 20, .age_ms = 25};
    struct item end = {.wire.kind = WIRE_END};
    struct batch b = {0}, first = {0}, to = {0};

    (void)state;
    add(&first, of_task(rows_at(0, 1, 1), 1), 0);
    add(&first, of_task(rows_at(0, 2, 1), 2), 0);
    add(&first, of_task(rows_at(0, 3, 1), 1), 0);
    add(&first, of_task(end, 2), 0);
    add(&b, of_task(end, 1), 0);
    add(&b, of_task(rows_at(0, 5, 1), 3), 0);
    add(&b, of_task(end, 2), 0); /* once more: its rows are with the first end */
    add(&b, of_task(end, 3), 0);
    batch_take(&b, &to, &limits, waits_for_other_rows, &first);
    assert_int_equal(to.n, 3);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.items[0].wire.task, 1);
    assert_int_equal(b.bytes, ITEM_BYTES);
    batch_clear(&to);
    batch_take(&b, &to, &limits, waits_for_other_rows, &first);
    assert_int_equal(to.n, 0);
    batch_clear(&first);
    batch_take(&b, &to, &limits, waits_for_other_rows, &first);
    assert_int_equal(to.n, 1);
    assert_int_equal(b.n + b.bytes, 0);
    batch_free(&first);
    batch_free(&to);
    batch_free(&b);
}

static void
a_doubt_is_taken_alone(void **state)
{
    struct batch_limits limits = {.rows = 100, .bytes = 1 << 20, .age_ms = 25};
    struct item end = {.wire.kind = WIRE_END}, doubt = {.wire.kind = WIRE_DOUBTED};
    const size_t taken[] = {2, 1, 1, 1};
    struct batch b = {0}, to = {0};

    (void)state;
    add(&b, rows_at(0, 1, 1), 0);
    add(&b, end, 0);
    add(&b, doubt, 0);
    add(&b, doubt, 0);
    add(&b, rows_at(0, 1, 1), 0);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        assert_int_equal(batch_doubted(&b), i == 1 || i == 2);
        batch_take(&b, &to, &limits, NULL, NULL);
        assert_int_equal(to.n, taken[i]);
        assert_int_equal(batch_doubted(&to), i == 1 || i == 2);
        batch_clear(&to);
    }
    assert_int_equal(b.n, 0);
    batch_free(&to);
    batch_free(&b);
}

static void
taken_up_to_so_many_bytes(void **state)
{
    struct batch_limits limits = {.rows = 100, .bytes = 2 * (1000 + ITEM_BYTES), .age_ms = 25};
    struct batch b = {0}, to = {0};

    (void)state;
    for (int i = 0; i < 5; i++)
        add(&b, rows_at(0, 1, 1), 0);
    batch_take(&b, &to, &limits, NULL, NULL);
    assert_int_equal(to.n, 2);
    assert_int_equal(b.n, 3);
    batch_free(&to);
    batch_free(&b);
}

static void
due_by_rows_bytes_age_or_messages(void **state)
{
    struct batch_limits limits = {.rows = 100, .bytes = 1 << 20, .age_ms = 25};
    struct item end = {.wire.kind = WIRE_END};
    struct batch b = {0};

    (void)state;
    assert_false(batch_due(&b, &limits, 1000000)); /* an empty one never is */
    assert_true(batch_due_at(&b, &limits) == INT64_MAX);
    add(&b, rows_at(0, 1, 60), 1000);
    add(&b, rows_at(0, 2, 39), 1020);
    assert_false(batch_due(&b, &limits, 1024));
    assert_true(batch_due(&b, &limits, 1025)); /* the first waits since 1000 */
    assert_int_equal(batch_due_at(&b, &limits), 1025);
    add(&b, rows_at(0, 3, 1), 1021);
    assert_true(batch_due(&b, &limits, 1021));
    batch_clear(&b);
    assert_int_equal(b.bytes, 0);

    limits.bytes = 4000 + 4 * ITEM_BYTES;
    for (int i = 0; i < 3; i++)
        add(&b, rows_at(0, 1, 1), 0);
    assert_false(batch_due(&b, &limits, 0));
    add(&b, rows_at(0, 1, 1), 0);
    assert_true(batch_due(&b, &limits, 0));
    batch_clear(&b);

    limits.bytes = UINT64_MAX;
    for (int i = 0; i < BATCH_ITEMS_MAX; i++) {
        assert_false(batch_due(&b, &limits, 0));
        add(&b, end, 0);
    }
    assert_true(batch_due(&b, &limits, 0));
    batch_free(&b);
}

static void
chunks_by_table_and_key(void **state)
{
    struct item end = {.wire.kind = WIRE_END};
    struct item refused = rows_at(0, 1, 1);
    struct batch b = {0};
    struct plan p = {0};

    (void)state;
    refused.lost = xstrdup("why");
    add(&b, rows_at(1, 9, 1), 0);  /* 0 */
    add(&b, rows_at(0, 30, 1), 0); /* 1 */
    add(&b, end, 0);               /* 2 */
    add(&b, rows_at(0, 10, 1), 0); /* 3 */
    add(&b, refused, 0);           /* 4 */
    add(&b, rows_at(0, 30, 1), 0); /* 5 */
    add(&b, rows_at(0, 20, 1), 0); /* 6 */

    batch_plan(&b, 0, b.n, 0, &p);
    assert_int_equal(p.start[0], 0);
    assert_int_equal(p.start[1], 4);
    assert_int_equal(p.start[2], 5);
    assert_int_equal(p.start[TABLES_MAX], 5);
    const uint32_t sorted[] = {3, 6, 1, 5, 0};
    assert_memory_equal(p.order, sorted, sizeof sorted);

    batch_plan(&b, 0, b.n, 1, &p); /* table 0 by staging: in order of arrival */
    const uint32_t arrived[] = {1, 3, 5, 6, 0};
    assert_memory_equal(p.order, arrived, sizeof arrived);

    batch_plan(&b, 2, 4, 0, &p); /* a part of it */
    assert_int_equal(p.start[TABLES_MAX], 1);
    assert_int_equal(p.order[0], 3);
    batch_plan(&b, 2, 2, 0, &p);
    assert_int_equal(p.start[TABLES_MAX], 0);
    plan_free(&p);
    batch_free(&b);
}

/* Halving reaches every message once, in order, and ends. */
static void
parts_find_the_one_at_fault(void **state)
{
    (void)state;
    for (size_t n = 1; n < 70; n++)
        for (size_t bad = 0; bad < n; bad++) {
            struct parts p;
            size_t written = 0, refused = 0, tries = 0;
            parts_all(&p, n);
            while (p.n > 0) {
                size_t from = p.part[p.n - 1].from, to = p.part[p.n - 1].to;
                assert_in_range(++tries, 1, 2 * n + 16);
                assert_int_equal(from, written + refused); /* in order */
                if (bad < from || bad >= to) {
                    written += to - from;
                    p.n--;
                } else if (!parts_split(&p)) {
                    assert_int_equal(from, bad);
                    refused++;
                    p.n--;
                }
            }
            assert_int_equal(refused, 1);
            assert_int_equal(written, n - 1);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken_in_order_up_to_so_many_rows),
        cmocka_unit_test(ends_wait_for_rows_elsewhere),
        cmocka_unit_test(a_doubt_is_taken_alone),
        cmocka_unit_test(taken_up_to_so_many_bytes),
        cmocka_unit_test(due_by_rows_bytes_age_or_messages),
        cmocka_unit_test(chunks_by_table_and_key),
        cmocka_unit_test(parts_find_the_one_at_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
