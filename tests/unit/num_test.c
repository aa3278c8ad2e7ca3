/* num_test.c - numbers, sizes, times, ranges and hex: whole or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/num.h"

static void
decimals(void **state)
{
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1a", "0x1", "1.0", "18446744073709551616",
                                      "99999999999999999999"};
    uint64_t v = 7;
    uint32_t small = 7;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(num_u64(span_of(bad[i]), &v));
    assert_int_equal(v, 7); /* left alone */
    assert_true(num_u64(SPAN("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_true(num_u64(SPAN("0"), &v));
    assert_int_equal(v, 0);
    assert_true(num_u64(SPAN("00012"), &v));
    assert_int_equal(v, 12);
    assert_false(num_u32(SPAN("4294967296"), &small));
    assert_int_equal(small, 7);
    assert_true(num_u32(SPAN("4294967295"), &small));
    assert_true(small == UINT32_MAX);
}

static void
quantities(void **state)
{
    static const char *const bad[] = {"", "0x", "1", "0X1", "0xg", "0x1 ", "0x10000000000000000", "x1", "0x-1"};
    uint64_t v = 7;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(num_quantity(span_of(bad[i]), &v));
    assert_int_equal(v, 7);
    assert_true(num_quantity(SPAN("0xffffffffffffffff"), &v));
    assert_true(v == UINT64_MAX);
    assert_true(num_quantity(SPAN("0x000000000000000000000aB"), &v));
    assert_int_equal(v, 0xab);
    assert_true(num_quantity(SPAN("0x0"), &v));
    assert_int_equal(v, 0);
}

static void
sizes(void **state)
{
    static const char *const bad[] = {"", "k", "1T", "1kk", "1.5M", "18014398509481984k", "-1k"};
    uint64_t v = 7;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(num_size(span_of(bad[i]), &v));
    assert_int_equal(v, 7);
    assert_true(num_size(SPAN("512"), &v) && v == 512);
    assert_true(num_size(SPAN("512k"), &v) && v == 512 * 1024);
    assert_true(num_size(SPAN("64M"), &v) && v == 64 << 20);
    assert_true(num_size(SPAN("2G"), &v) && v == UINT64_C(2) << 30);
}

static void
seconds(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"2", 2000},     {"0.5", 500},      {"250ms", 250},  {"5s", 5000},       {"10m", 600000},
                {"1h", 3600000}, {"1m30s", 90000},  {"0", 0},        {"1h1m1s1ms", 3661001}, {"1.5m", 90000},
                {"0.025", 25},   {"1.500000s", 1500}};
    static const char *const bad[] = {"", "s", "1x", "1m30", "30s1m", "1s1s", "-1", "1..5", ".5", "5.", "0.0001",
                                      "1.5ms", " 1", "1 s", "9223372036854775807h", "1e3", "1msx"};
    int64_t ms = 7;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(num_seconds(span_of(bad[i]), &ms));
    assert_int_equal(ms, 7);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(num_seconds(span_of(good[i].text), &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

static void
ranges(void **state)
{
    static const char *const bad[] = {"", "-", "1-", "-1", "2-1", "1-2-3", "a-b", "1 -2"};
    uint64_t from = 7, to = 8;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(num_range(span_of(bad[i]), &from, &to));
    assert_int_equal(from, 7);
    assert_int_equal(to, 8);
    assert_true(num_range(SPAN("100-199"), &from, &to));
    assert_int_equal(from, 100);
    assert_int_equal(to, 199);
    assert_true(num_range(SPAN("5"), &from, &to));
    assert_int_equal(from, 5);
    assert_int_equal(to, 5);
}

static void
hex_of_a_size(void **state)
{
    uint8_t two[2] = {7, 7}, long_one[100] = {7};
    char text[203] = "0x";
    (void)state;

    assert_true(num_hex(SPAN("0xAb09"), two, 2));
    assert_int_equal(two[0], 0xab);
    assert_int_equal(two[1], 0x09);
    assert_false(num_hex(SPAN("0xab0g"), two, 2));
    assert_false(num_hex(SPAN("0xab0"), two, 2));
    assert_false(num_hex(SPAN("0xab"), two, 2));
    assert_false(num_hex(SPAN("0xab0901"), two, 2));
    assert_false(num_hex(SPAN("ab0901"), two, 2));
    assert_int_equal(two[0], 0xab); /* left alone */
    memset(text + 2, 'e', 200);
    text[201] = '!';
    assert_false(num_hex(span_of(text), long_one, 100));
    assert_int_equal(long_one[0], 7);
    text[201] = 'e';
    assert_true(num_hex(span_of(text), long_one, 100));
    assert_int_equal(long_one[99], 0xee);
}

/* Every length around the vector sizes, every digit value, and a wrong character at every place. */
static void
hex_of_any_size(void **state)
{
    enum { MOST = 70 };
    static const char wrong[] = "/:@G`g \xB0\x10";
    (void)state;

    for (size_t n = 0; n <= MOST; n++) {
        char *text = malloc(2 + 2 * n); /* to the byte, so that ASan sees reads beyond */
        uint8_t *want = malloc(n + 1), *got = malloc(n + 1);
        struct span s = {text, 2 + 2 * n};

        for (size_t i = 0; i < n; i++)
            want[i] = (uint8_t)(i * 37 + n * 101);
        memcpy(text, "0x", 2);
        num_to_hex(want, n, text + 2);
        got[n] = 0xA5;
        assert_int_equal(num_hex_bytes(s, got), n);
        assert_memory_equal(got, want, n);
        assert_int_equal(got[n], 0xA5);
        for (size_t i = 2; i < s.n; i++) {
            char kept = text[i];
            text[i] = wrong[(i + n) % (sizeof wrong - 1)];
            assert_int_equal(num_hex_bytes(s, got), -1);
            text[i] = kept;
        }
        free(text);
        free(want);
        free(got);
    }
}

static void
hex_digits_one_by_one(void **state)
{
    char text[66];
    uint8_t out[32];
    (void)state;

    for (int c = 0; c < 256; c++) {
        memset(text, '0', sizeof text);
        text[1] = 'x';
        text[2] = text[65] = (char)c; /* in a vector; and in the scalar tail below */
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        ptrdiff_t n = num_hex_bytes((struct span){text, 66}, out);
        assert_int_equal(n, digit < 0 ? -1 : 32);
        if (digit >= 0) {
            assert_int_equal(out[0], digit << 4);
            assert_int_equal(out[31], digit);
        }
        text[3] = (char)c;
        n = num_hex_bytes((struct span){text, 4}, out);
        assert_int_equal(n, digit < 0 ? -1 : 1);
        if (digit >= 0)
            assert_int_equal(out[0], digit * 17);
    }
}

static void
hex_shapes(void **state)
{
    uint8_t out[8];
    (void)state;

    assert_int_equal(num_hex_bytes(SPAN("0x"), out), 0);
    assert_int_equal(num_hex_bytes(SPAN(""), out), -1);
    assert_int_equal(num_hex_bytes(SPAN("0"), out), -1);
    assert_int_equal(num_hex_bytes(SPAN("0x1"), out), -1);
    assert_int_equal(num_hex_bytes(SPAN("1234"), out), -1);
    assert_int_equal(num_hex_bytes(SPAN("0X12"), out), -1);
    assert_int_equal(num_hex_bytes(SPAN("0xAbCd"), out), 2);
    assert_int_equal(out[0], 0xab);
    assert_int_equal(out[1], 0xcd);
}

static void
clocks_go_forward(void **state)
{
    int64_t us = clock_us(), ms = clock_ms();
    (void)state;

    assert_true(clock_us() >= us);
    assert_true(ms >= us / 1000);
    assert_true(ms - us / 1000 < 60000);
}

static void
numbers_in_words_of_32_bytes(void **state)
{
    uint8_t word[32] = {0};
    uint64_t n = 5;
    (void)state;
    assert_true(num_word(word, &n));
    assert_int_equal(n, 0);
    memset(word + 24, 0xff, 8);
    word[24] = 0x7f;
    word[31] = 0xfe;
    assert_true(num_word(word, &n));
    assert_int_equal(n, INT64_MAX - 1);
    word[31] = 0xff;
    assert_false(num_word(word, &n));
    word[24] = 0x80, word[31] = 0;
    assert_false(num_word(word, &n));
    memset(word, 0, sizeof word);
    word[0] = 1;
    assert_false(num_word(word, &n));
    assert_int_equal(n, INT64_MAX - 1);
}

int
main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(decimals),        cmocka_unit_test(quantities),      cmocka_unit_test(sizes),
        cmocka_unit_test(seconds),         cmocka_unit_test(ranges),          cmocka_unit_test(hex_of_a_size),
        cmocka_unit_test(hex_of_any_size), cmocka_unit_test(hex_digits_one_by_one), cmocka_unit_test(hex_shapes),
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(numbers_in_words_of_32_bytes),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
