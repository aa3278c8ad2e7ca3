/* ledger_play.h - for the tests of ledger.h: a task as far on its way as a test wants it. */
#ifndef SLUICE_TEST_LEDGER_PLAY_H
#define SLUICE_TEST_LEDGER_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "producer/ledger.h"

#define UNUSED __attribute__((unused))

enum { LEASE = 300000, T0 = 1000000 };

static UNUSED struct ledger *
new(void)
{
    return ledger_new(LEASE, T0);
}

static UNUSED struct ledger_entry *
pushed(struct ledger *l, uint64_t from, uint64_t to, int64_t now)
{
    struct ledger_entry *e = ledger_add(l, from, to, now);
    assert_ptr_equal(ledger_next(l, now), e);
    ledger_pushed(l, e, now);
    return e;
}

static UNUSED struct ledger_entry *
out(struct ledger *l, uint64_t from, uint64_t to, unsigned holder, int64_t now)
{
    struct ledger_entry *e = pushed(l, from, to, now);
    ledger_took(l, e, holder, now);
    return e;
}

static UNUSED struct ledger_entry *
fetched(struct ledger *l, uint64_t from, uint64_t to, unsigned holder, int64_t now)
{
    struct ledger_entry *e = out(l, from, to, holder, now);
    ledger_fetched(l, e, now);
    return e;
}

static UNUSED void
expect_range(const struct ledger_entry *e, uint64_t from, uint64_t to)
{
    assert_int_equal(e->from, from);
    assert_int_equal(ledger_to(e), to);
}

#endif
