/* The topic of an event. Hashes are those of the standards' texts (EIP-20, EIP-1155). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/num.h"
#include "fetcher/event.h"

static void
signature(const char *text, const char *wanted)
{
    struct buf b = {0};
    assert_true(event_signature(text, &b));
    buf_addc(&b, '\0');
    assert_string_equal(b.p, wanted);
    buf_free(&b);
}

static void
refused(const char *text)
{
    struct buf b = {0};
    assert_false(event_signature(text, &b));
    buf_free(&b);
}

static void
signatures_become_canonical(void **state)
{
    (void)state;
    signature("Transfer(address,address,uint256)", "Transfer(address,address,uint256)");
    signature("event Transfer(address indexed from, address indexed to, uint value);",
              "Transfer(address,address,uint256)");
    signature(" A ( int a , uint8[3][] indexed b )", "A(int256,uint8[3][])");
    signature("B((uint256 x,(bytes32,string))[2] indexed p, bool)", "B((uint256,(bytes32,string))[2],bool)");
    signature("C()", "C()");
}

static void
other_texts_are_refused(void **state)
{
    (void)state;
    refused("");
    refused("Transfer");
    refused("Transfer(");
    refused("Transfer(address");
    refused("Transfer(address,)");
    refused("Transfer(,address)");
    refused("Transfer(address))");
    refused("Transfer(adress)");
    refused("Transfer(uint7)");
    refused("Transfer(uint264)");
    refused("Transfer(bytes33)");
    refused("Transfer(address) x");
    refused("1Transfer(address)");
    refused("T(((((((((((((uint)))))))))))))");
    refused("T(uint[)");
}

static void
topics(void **state)
{
    static const uint8_t transfer[4] = {0xdd, 0xf2, 0x52, 0xad}, single[4] = {0xc3, 0xd5, 0x81, 0x68};
    uint8_t topic[32];
    (void)state;
    assert_true(event_topic("Transfer(address,address,uint256)", topic));
    assert_memory_equal(topic, transfer, 4);
    assert_true(event_topic("TransferSingle(address,address,address,uint256,uint256)", topic));
    assert_memory_equal(topic, single, 4);
    assert_false(event_topic("nonsense", topic));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_become_canonical),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
