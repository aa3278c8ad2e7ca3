/* From which block on an endpoint has logs: against imagined nodes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fetcher/holdings.h"

struct node {
    uint64_t head, first_held; /* logs before are gone, headers are not */
    uint64_t every;            /* each such block has logs; 0: none has */
};

/* Answers until the check is over; returns the number of requests. */
static int
check(struct holdings *h, const struct node *n, size_t batch)
{
    int requests = 0;
    while (h->state != HOLDINGS_IDLE) {
        assert_true(++requests < 200);
        if (h->state == HOLDINGS_CONTROL) {
            holdings_controlled(h, h->candidate >= n->first_held);
            continue;
        }
        uint64_t blocks[HOLDINGS_SAMPLE], lowest = UINT64_MAX;
        size_t count = holdings_sample(h, blocks, batch);
        assert_true(count >= 1 && count <= batch);
        for (size_t i = 0; i < count; i++) {
            assert_true(blocks[i] <= n->head);
            if (n->every && blocks[i] % n->every == 0 && blocks[i] < lowest)
                lowest = blocks[i];
        }
        holdings_sampled(h, lowest, batch);
    }
    return requests;
}

static void
logs_seen_are_proof(void **state)
{
    struct holdings h;
    (void)state;
    holdings_init(&h);
    assert_false(holdings_believe(&h, 1000, 100000));
    holdings_saw(&h, 500);
    assert_true(holdings_believe(&h, 1000, 100000));
    assert_true(holdings_believe(&h, 500, 100000));
    assert_false(holdings_believe(&h, 499, 100000));
}

static void
a_full_node_is_believed(void **state)
{
    struct node n = {.head = 100000, .every = 3};
    struct holdings h;
    (void)state;
    holdings_init(&h);
    holdings_doubt(&h, 1000, n.head);
    assert_true(check(&h, &n, 25) <= 2);
    assert_int_equal(h.min_block, 0);
    assert_true(holdings_believe(&h, 1000, 100000));
    assert_false(holdings_believe(&h, 999, 100000));
}

static void
a_pruned_node_is_found_out(void **state)
{
    (void)state;
    for (uint64_t first = 2000; first < 100000; first += 6789) {
        struct node n = {.head = 100000, .first_held = first, .every = 7};
        struct holdings h;
        holdings_init(&h);
        holdings_doubt(&h, 1000, n.head);
        check(&h, &n, 25);
        assert_true(h.min_block >= first);       /* never a block that is not held */
        assert_true(h.min_block <= first + 400); /* and not much less than is */
        assert_false(holdings_believe(&h, first - 1, 100000));
        assert_true(holdings_believe(&h, h.min_block, 100000));
    }
}

static void
without_batches_too(void **state)
{
    struct node n = {.head = 50000, .first_held = 20000, .every = 1};
    struct holdings h;
    (void)state;
    holdings_init(&h);
    holdings_doubt(&h, 10, n.head);
    check(&h, &n, 1);
    assert_true(h.min_block >= 20000 && h.min_block <= 20400);
}

static void
a_chain_without_logs_has_none(void **state)
{
    struct node n = {.head = 100000, .first_held = 0, .every = 0};
    struct holdings h;
    (void)state;
    holdings_init(&h);
    holdings_doubt(&h, 77, n.head);
    check(&h, &n, 25);
    assert_int_equal(h.min_block, 0);
    assert_true(holdings_believe(&h, 77, 100000));
}

static void
one_at_a_time(void **state)
{
    struct node n = {.head = 200, .first_held = 0, .every = 1};
    struct holdings h;
    (void)state;
    holdings_init(&h);
    holdings_doubt(&h, 100, n.head);
    holdings_doubt(&h, 5, n.head);
    check(&h, &n, 25);
    assert_true(holdings_believe(&h, 100, 100000));
    assert_false(holdings_believe(&h, 5, 100000));
    holdings_doubt(&h, 5, n.head);
    check(&h, &n, 25);
    assert_true(holdings_believe(&h, 5, 100000));
}

/* A node that is a block behind has no logs of the newest one: that tells nothing of its history. */
static void
the_newest_blocks_are_not_doubted(void **state)
{
    struct holdings h;
    (void)state;
    holdings_init(&h);
    holdings_doubt(&h, 99990, 100000);
    assert_int_equal(h.state, HOLDINGS_IDLE);
    assert_true(holdings_believe(&h, 99990, 100000));
    assert_false(holdings_believe(&h, 99000, 100000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_seen_are_proof),        cmocka_unit_test(a_full_node_is_believed),
        cmocka_unit_test(a_pruned_node_is_found_out), cmocka_unit_test(without_batches_too),
        cmocka_unit_test(a_chain_without_logs_has_none), cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(the_newest_blocks_are_not_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
