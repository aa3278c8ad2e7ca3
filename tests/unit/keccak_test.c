/* keccak_test.c - published digests, and every length around the block of 136 bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/num.h"
#include "fetcher/keccak.h"

static void
check(const char *text, const char *want)
{
    uint8_t hash[32];
    char hex[65] = "";
    keccak256(text, strlen(text), hash);
    num_to_hex(hash, 32, hex);
    assert_string_equal(hex, want);
}

static void
equals_published_digests(void **state)
{
    (void)state;
    check("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"); /* empty code */
    check("\x80", "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"); /* empty trie */
    check("\xc0", "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"); /* no uncles */
    check("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    check("Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "45d3b367a6904e6e8d502ee04999a7c27647f91fa845d456525fd352ae3d7371");
}

/* Digests of n times 'a' where the padding changes shape. */
static void
pads_at_every_edge(void **state)
{
    char text[300];
    uint8_t one[32], other[32];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t n = 1; n < sizeof text; n++) {
        keccak256(text, n - 1, one);
        keccak256(text, n, other);
        assert_memory_not_equal(one, other, 32);
    }
    char hex[65] = "";
    keccak256(text, 135, one);
    num_to_hex(one, 32, hex);
    assert_string_equal(hex, "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446");
    keccak256(text, 136, one);
    num_to_hex(one, 32, hex);
    assert_string_equal(hex, "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e");
    keccak256(text, 137, one);
    num_to_hex(one, 32, hex);
    assert_string_equal(hex, "d869f639c7046b4929fc92a4d988a8b22c55fbadb802c0c66ebcd484f1915f39");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_published_digests),
        cmocka_unit_test(pads_at_every_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
