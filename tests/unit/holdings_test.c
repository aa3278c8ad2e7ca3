/* From which block on an endpoint has logs: against imagined nodes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>

#include "fetcher/holdings.h"

struct node {
    uint64_t head, first_held; /* logs before are gone, headers are not */
    uint64_t every;            /* each such block has logs; 0: none has */
    uint64_t phantoms;         /* each such block has a bloom, but no logs; 0: none */
    bool receipts;             /* are served, of what is held */
    int slips;                 /* so many empty answers that are not true */
};

static bool
phantom(const struct node *n, uint64_t block)
{
    return n->phantoms && block % n->phantoms == 0 && !(n->every && block % n->every == 0);
}

static bool
has_bloom(const struct node *n, uint64_t block)
{
    return (n->every && block % n->every == 0) || phantom(n, block);
}

static enum witness
witness(const struct node *n, uint64_t block)
{
    if (!n->receipts)
        return WITNESS_NONE;
    if (block < n->first_held)
        return WITNESS_GONE;
    return phantom(n, block) ? WITNESS_FOR : WITNESS_AGAINST;
}

/* Answers until the check is over; returns the number of requests. */
static int
check(struct holdings *h, struct node *n, size_t batch)
{
    int requests = 0;
    while (h->state != HOLDINGS_IDLE) {
        assert_true(++requests < 200);
        if (h->state == HOLDINGS_CONTROL) {
            bool any = h->candidate >= n->first_held && !phantom(n, h->candidate);
            holdings_controlled(h, any && !(n->slips > 0 && n->slips--));
            continue;
        }
        if (h->state == HOLDINGS_WITNESS) {
            holdings_witnessed(h, witness(n, h->candidate));
            continue;
        }
        uint64_t blocks[HOLDINGS_SAMPLE], lowest = UINT64_MAX;
        size_t count = holdings_sample(h, blocks, batch);
        assert_true(count >= 1 && count <= batch);
        for (size_t i = 0; i < count; i++) {
            assert_true(blocks[i] <= n->head);
            if (has_bloom(n, blocks[i]) && blocks[i] < lowest)
                lowest = blocks[i];
        }
        holdings_sampled(h, lowest, batch);
    }
    return requests;
}

/* A fresh check, in batches, of a node that gave no logs of that block. */
static int
doubt(struct holdings *h, struct node *n, uint64_t block)
{
    holdings_init(h);
    holdings_doubt(h, block, n->head);
    return check(h, n, 25);
}

static void
logs_seen_are_proof(void **state)
{
    struct holdings h;
    (void)state;
    holdings_init(&h);
    assert_false(holdings_believe(&h, 1000, 100000));
    holdings_saw(&h, 500, 100000);
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
    assert_true(doubt(&h, &n, 1000) <= 2);
    assert_int_equal(h.min_block, 0);
    assert_true(holdings_believe(&h, 1000, 100000));
    assert_false(holdings_believe(&h, 999, 100000));
}

/* The first block held is found, but for blocks without logs, which nobody misses. */
static void
a_pruned_node_is_found_out(void **state)
{
    (void)state;
    for (uint64_t every = 1; every < 30; every += 6)
        for (uint64_t first = 2000; first < 100000; first += 6789)
            for (int receipts = 0; receipts < 2; receipts++) {
                struct node n = {.head = 100000, .first_held = first, .every = every, .receipts = receipts};
                struct holdings h;
                assert_in_range(doubt(&h, &n, 1000), 1, 100);
                assert_in_range(h.min_block, first - every, first + every);
                assert_true(h.min_block > (first - 1) / every * every); /* the last block that lacks some */
                assert_false(holdings_believe(&h, h.min_block - 1, 100000));
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
    assert_int_equal(h.min_block, 20000);
}

/* What is not held at all is not held at the end. */
static void
a_node_without_logs_holds_none(void **state)
{
    struct node n = {.head = 5000, .first_held = 6000, .every = 1, .receipts = true};
    struct holdings h;
    (void)state;
    doubt(&h, &n, 10);
    assert_int_equal(h.min_block, 5001);
}

/* On some chains reverted transactions left their logs in the blooms. */
static void
blooms_without_logs_do_not_look_pruned(void **state)
{
    (void)state;
    for (uint64_t every = 0; every < 20; every += 7) {
        struct node n = {.head = 100000, .every = every, .phantoms = 5, .receipts = true};
        struct holdings h;
        doubt(&h, &n, 1000);
        assert_int_equal(h.min_block, 0);
        assert_true(holdings_believe(&h, 1000, n.head));
    }
}

static void
nor_hide_what_is_pruned(void **state)
{
    (void)state;
    for (uint64_t first = 2000; first < 100000; first += 6789) {
        struct node n = {.head = 100000, .first_held = first, .every = 7, .phantoms = 5, .receipts = true};
        struct holdings h;
        doubt(&h, &n, 1000);
        assert_in_range(h.min_block, first - 7, first + 7);
    }
}

/* Nobody to ask: a second block decides, and little is turned away. */
static void
without_receipts_little_is_lost(void **state)
{
    struct node n = {.head = 100000, .every = 7, .phantoms = 5};
    struct holdings h;
    (void)state;
    doubt(&h, &n, 1000);
    assert_in_range(h.min_block, 1000, 1010);
}

static void
a_slip_is_not_pruned(void **state)
{
    struct node n = {.head = 100000, .every = 1, .receipts = true, .slips = 1};
    struct holdings h;
    (void)state;
    doubt(&h, &n, 1000);
    assert_int_equal(h.min_block, 0);
}

/* A node that keeps so many blocks throws one away for each that comes. */
static void
belief_moves_with_the_head(void **state)
{
    struct node n = {.head = 100000, .first_held = 50000, .every = 1, .receipts = true};
    struct holdings h;
    (void)state;
    doubt(&h, &n, 1000);
    assert_int_equal(h.min_block, 50000);
    assert_true(holdings_believe(&h, 50000, 100000));
    assert_false(holdings_believe(&h, 50010, 100011));
    assert_true(holdings_believe(&h, 50011, 100011));
    n.head += 20;
    n.first_held += 20;
    holdings_doubt(&h, 50010, n.head);
    check(&h, &n, 25);
    assert_int_equal(h.min_block, 50020);
    assert_true(holdings_believe(&h, 50020, 100020));
    assert_false(holdings_believe(&h, 50019, 100020));
}

static void
a_chain_without_logs_has_none(void **state)
{
    struct node n = {.head = 100000, .first_held = 0, .every = 0};
    struct holdings h;
    (void)state;
    doubt(&h, &n, 77);
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
    assert_true(holdings_believe(&h, 100, n.head));
    assert_false(holdings_believe(&h, 5, n.head));
    holdings_doubt(&h, 5, n.head);
    check(&h, &n, 25);
    assert_true(holdings_believe(&h, 5, n.head));
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
        cmocka_unit_test(logs_seen_are_proof),
        cmocka_unit_test(a_full_node_is_believed),
        cmocka_unit_test(a_pruned_node_is_found_out),
        cmocka_unit_test(without_batches_too),
        cmocka_unit_test(a_node_without_logs_holds_none),
        cmocka_unit_test(blooms_without_logs_do_not_look_pruned),
        cmocka_unit_test(nor_hide_what_is_pruned),
        cmocka_unit_test(without_receipts_little_is_lost),
        cmocka_unit_test(a_slip_is_not_pruned),
        cmocka_unit_test(belief_moves_with_the_head),
        cmocka_unit_test(a_chain_without_logs_has_none),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(the_newest_blocks_are_not_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
