/* The drawn chain: its facts agree with each other, and hashes lead back to what they name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/num.h"
#include "tests/rpcsim/bloom.h"
#include "tests/rpcsim/chain.h"
#include "tests/rpcsim/draw.h"

static const struct chain_options options = {
    .seed = 5, .head = 1000, .logs_per_block = 11, .txs_per_block = 4, .contracts = 3, .holders = 50,
    .genesis_time = 1000, .block_seconds = 12, .mixed = true, .bloom = true,
};

static void
unmix_undoes_mix(void **state)
{
    (void)state;
    for (uint64_t x = 1; x; x *= 3) {
        assert_int_equal(draw_unmix(draw_mix(x)), x);
        if (x > UINT64_MAX / 3)
            break;
    }
}

static void
keccak_of_nothing_and_of_long_texts(void **state)
{
    (void)state;
    uint8_t hash[32], wanted[32], text[200];
    keccak256(NULL, 0, hash);
    num_hex(SPAN("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"), wanted, 32);
    assert_memory_equal(hash, wanted, 32);
    keccak256((const uint8_t *)"Transfer(address,address,uint256)", 33, hash);
    num_hex(SPAN("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"), wanted, 32);
    assert_memory_equal(hash, wanted, 32);
    memset(text, 'a', sizeof text); /* longer than one block of the sponge */
    keccak256(text, sizeof text, hash);
    num_hex(SPAN("0x96ea54061def936c4be90b518992fdc6f12f535068a256229aca54267b4d084d"), wanted, 32);
    assert_memory_equal(hash, wanted, 32);
}

static void
hashes_lead_back(void **state)
{
    (void)state;
    struct chain *c = chain_new(&options);
    for (uint64_t n = 0; n <= 1000; n += 37) {
        struct block_facts b;
        struct tx_facts t;
        uint64_t number;
        uint32_t index;
        chain_block(c, n, &b);
        assert_true(chain_find_block(c, b.hash, &number));
        assert_int_equal(number, n);
        chain_tx(c, &b, 3, &t);
        assert_true(chain_find_tx(c, t.hash, &number, &index));
        assert_int_equal(number, n);
        assert_int_equal(index, 3);
        assert_false(chain_find_block(c, t.hash, &number));
        b.hash[31] ^= 1;
        assert_false(chain_find_block(c, b.hash, &number));
    }
    chain_free(c);
}

static void
parents_are_the_blocks_before(void **state)
{
    (void)state;
    struct chain *c = chain_new(&options);
    struct block_facts a, b;
    chain_block(c, 41, &a);
    chain_block(c, 42, &b);
    assert_memory_equal(b.parent, a.hash, 32);
    chain_set_fork(c, 42, 1); /* another branch from 42 on */
    struct block_facts forked, next;
    chain_block(c, 42, &forked);
    chain_block(c, 43, &next);
    assert_memory_not_equal(forked.hash, b.hash, 32);
    assert_memory_equal(forked.parent, a.hash, 32);
    assert_memory_equal(next.parent, forked.hash, 32);
    chain_free(c);
}

static void
logs_are_shared_out_among_transactions(void **state)
{
    (void)state;
    for (uint64_t txs = 0; txs < 20; txs++) {
        struct chain_options o = options;
        o.txs_per_block = txs;
        struct chain *c = chain_new(&o);
        struct block_facts b;
        uint32_t next = 0;
        chain_block(c, 9, &b);
        for (uint32_t i = 0; i < b.n_txs; i++) {
            struct tx_facts t;
            chain_tx(c, &b, i, &t);
            assert_int_equal(t.first_log, next);
            for (uint32_t k = 0; k < t.n_logs; k++) {
                struct log_facts l;
                chain_log(c, &b, next++, &l);
                assert_int_equal(l.tx, i);
            }
        }
        assert_int_equal(next, 11);
        chain_free(c);
    }
}

static void
blooms_hold_every_address_and_topic(void **state)
{
    (void)state;
    struct bloom got = {0}, wanted = {0};
    struct chain *c = chain_new(&options);
    struct block_facts b;
    chain_block(c, 77, &b);
    for (uint32_t i = 0; i < b.n_logs; i++) {
        struct log_facts l;
        chain_log(c, &b, i, &l);
        chain_log_bloom(&l, &got);
        bloom_set(&wanted, bloom_bits_of(l.contract->address, 20));
        for (size_t k = 0; k < l.n_topics; k++)
            bloom_set(&wanted, bloom_bits_of(l.topics[k]->raw, 32));
    }
    assert_memory_equal(&got, &wanted, sizeof got);
    chain_free(c);
}

static void
profiles_spread_logs(void **state)
{
    (void)state;
    struct chain_options o = options;
    uint64_t sum[4] = {0}, empty[4] = {0};
    for (int p = 0; p < 4; p++) {
        o.profile = (enum chain_profile)p;
        struct chain *c = chain_new(&o);
        for (uint64_t n = 0; n < 10000; n++) {
            struct block_facts b;
            chain_block(c, n, &b);
            sum[p] += b.n_logs;
            empty[p] += b.n_logs == 0;
        }
        chain_free(c);
    }
    assert_int_equal(sum[PROFILE_EVEN], 110000);
    assert_int_equal(sum[PROFILE_DENSE], 2200000);
    assert_in_range(empty[PROFILE_SPARSE], 9800, 9980);
    assert_in_range(empty[PROFILE_UNEVEN], 7000, 8000);
    assert_true(sum[PROFILE_UNEVEN] > 20000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unmix_undoes_mix),
        cmocka_unit_test(keccak_of_nothing_and_of_long_texts),
        cmocka_unit_test(hashes_lead_back),
        cmocka_unit_test(parents_are_the_blocks_before),
        cmocka_unit_test(logs_are_shared_out_among_transactions),
        cmocka_unit_test(blooms_hold_every_address_and_topic),
        cmocka_unit_test(profiles_spread_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
