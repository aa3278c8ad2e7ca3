/* rota_test.c - whose turn it is, learned from answers; PUSH is played by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "producer/rota.h"

/* PUSH, and fetchers that are connected to it. */
struct push {
    unsigned order[8];
    size_t n, at;
    uint64_t free[16]; /* by fetcher */
    uint64_t task;
    unsigned took[16], declined, passed;
};

/* Deals one message; its tasks are answered at once. */
static void
deal(struct rota *r, struct push *p)
{
    unsigned to = p->order[p->at], next = rota_next(r);
    size_t room = rota_room(r, next ? p->free[next] : 0);
    uint64_t first = p->task;

    for (size_t i = 0; i < room; i++)
        rota_deal(r, ++p->task);
    rota_turn(r);
    p->at = (p->at + 1) % p->n;
    p->passed += room == 0;
    while (first < p->task) {
        rota_answer(r, ++first, to);
        if (p->free[to] > 0) {
            p->free[to]--;
            p->took[to]++;
        } else {
            p->declined++;
        }
        rota_told(r, to);
    }
}

static void
the_order_is_learned(void **state)
{
    struct rota r = {0};
    struct push p = {.order = {7, 3, 5}, .n = 3};

    (void)state;
    rota_size(&r, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rota_next(&r), 0);
        deal(&r, &p);
    }
    assert_int_equal(p.declined, 3);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(rota_next(&r), p.order[p.at]);
        p.free[3] = 2;
        deal(&r, &p);
    }
    assert_int_equal(p.declined, 3); /* who had no room was passed over */
    assert_int_equal(p.passed, 20);
    assert_int_equal(p.took[3], 20);
}

static void
a_message_carries_what_its_receiver_has_room_for(void **state)
{
    struct rota r = {0};
    struct push p = {.order = {1, 2}, .n = 2};

    (void)state;
    rota_size(&r, 2);
    deal(&r, &p);
    deal(&r, &p);
    assert_int_equal(rota_room(&r, 3), 3);
    assert_int_equal(rota_room(&r, 1000), ROTA_TASKS);
    rota_deal(&r, 100);
    assert_int_equal(rota_room(&r, 3), 2);
    rota_turn(&r);
    rota_turn(&r); /* 2 is passed over */
    assert_int_equal(rota_next(&r), 1);
    rota_told(&r, 1);
    rota_deal(&r, 101);
    rota_told(&r, 2);
    assert_int_equal(r.dealt[0], 1);
    rota_told(&r, 1);
    assert_int_equal(r.dealt[0], 0);
}

/* Others are connected than those that are known: whoever has room, tasks get there. */
static void
tasks_go_on_where_the_number_is_wrong(void **state)
{
    (void)state;
    for (size_t known = 1; known <= 5; known++)
        for (unsigned real = 1; real <= 8; real++) {
            struct rota r = {0};
            struct push p = {.order = {1, 2, 3, 4, 5, 6, 7, 8}, .n = real};

            rota_size(&r, known);
            for (int i = 0; i < 2000; i++) {
                p.free[real] = 1;
                deal(&r, &p);
            }
            assert_true(p.took[real] >= 100);
        }
}

static void
a_wrong_order_mends_itself(void **state)
{
    struct rota r = {0};
    struct push p = {.order = {1, 2, 3}, .n = 3};
    unsigned before;

    (void)state;
    rota_size(&r, 3);
    for (int i = 0; i < 6; i++)
        deal(&r, &p);
    p.order[0] = 3; /* as if connections had been made anew */
    p.order[2] = 1;
    for (int i = 0; i < 30; i++) {
        p.free[1] = 1;
        deal(&r, &p);
    }
    before = p.declined;
    for (int i = 0; i < 30; i++) {
        p.free[1] = 1;
        deal(&r, &p);
    }
    assert_int_equal(p.declined, before);
}

static void
one_is_never_passed_over(void **state)
{
    struct rota r = {0};
    struct push p = {.order = {9}, .n = 1};

    (void)state;
    rota_size(&r, 1);
    for (int i = 0; i < 5; i++)
        deal(&r, &p);
    assert_int_equal(p.passed, 0);
    assert_int_equal(p.declined, 5);
}

static void
too_many_are_dealt_to_blindly(void **state)
{
    struct rota r = {0};

    (void)state;
    for (size_t n = 0; n <= ROTA_MAX + 1; n += ROTA_MAX + 1) {
        rota_size(&r, n);
        rota_deal(&r, 1);
        rota_turn(&r);
        rota_answer(&r, 1, 4);
        rota_told(&r, 4);
        assert_int_equal(rota_next(&r), 0);
        assert_int_equal(rota_room(&r, 9), 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_learned),
        cmocka_unit_test(a_message_carries_what_its_receiver_has_room_for),
        cmocka_unit_test(tasks_go_on_where_the_number_is_wrong),
        cmocka_unit_test(a_wrong_order_mends_itself),
        cmocka_unit_test(one_is_never_passed_over),
        cmocka_unit_test(too_many_are_dealt_to_blindly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
