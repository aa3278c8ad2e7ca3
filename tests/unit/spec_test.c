/* Endpoints as given on the command line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "fetcher/spec.h"

static void
named(const char *text, const char *name)
{
    struct spec s;
    char err[256];
    assert_true(spec_parse(text, &s, err, sizeof err));
    assert_string_equal(s.name, name);
    spec_free(&s);
}

static void
names_come_from_the_host(void **state)
{
    (void)state;
    named("https://ethereum-sepolia-rpc.publicnode.com", "publicnode");
    named("https://rpc.ankr.com/eth_sepolia/SECRET", "ankr");
    named("https://sepolia.drpc.org", "drpc");
    named("http://127.0.0.1:8545", "127.0.0.1:8545");
    named("http://localhost:8545/x", "localhost:8545");
    named("https://user:pw@node.example.org:8443/key", "example");
    named("http://[::1]:8545", "::1:8545");
    named("mine=https://rpc.ankr.com/eth", "mine");
}

static void
settings_follow_commas(void **state)
{
    struct spec s;
    char err[256];
    (void)state;
    assert_true(spec_parse("a=http://h/p?q=1%2C2,concurrency=4,rps=2.5,batch=10,pause=0.15,timeout=250ms,"
                           "header=X-Key: s3cret,header=B: c", &s, err, sizeof err));
    assert_string_equal(s.url, "http://h/p?q=1%2C2");
    assert_int_equal(s.concurrency, 4);
    assert_int_equal(s.batch, 10);
    assert_true(s.rps == 2.5);
    assert_int_equal(s.timeout_ms, 250);
    assert_int_equal(s.pause_ms, 150);
    assert_string_equal(s.headers[0], "X-Key: s3cret");
    assert_string_equal(s.headers[1], "B: c");
    assert_null(s.headers[2]);
    spec_free(&s);
}

static void
refused(const char *text, const char *names)
{
    struct spec s;
    char err[256];
    assert_false(spec_parse(text, &s, err, sizeof err));
    assert_non_null(strstr(err, names));
    assert_null(strstr(err, "s3cret"));
}

static void
wrong_ones_are_named_without_secrets(void **state)
{
    (void)state;
    refused("ftp://h/s3cret", "http://");
    refused("", "http://");
    refused("n=ws://h/s3cret", "http://");
    refused("http:///s3cret", "host");
    refused("http://:80/s3cret", "host");
    refused("http://h:99999/s3cret", "port");
    refused("http://h/s3cret,concurrency=0", "concurrency=");
    refused("http://h/s3cret,concurrency=9999", "concurrency=");
    refused("http://h/s3cret,batch=101", "batch=");
    refused("http://h/s3cret,rps=fast", "rps=");
    refused("http://h/s3cret,rps=0", "rps=");
    refused("http://h/s3cret,timeout=x", "timeout=");
    refused("http://h/s3cret,pause=-1", "pause=");
    refused("http://h/s3cret,header=novalue", "header=");
    refused("http://h/s3cret,colour=red", "colour");
    refused("a b=http://h/s3cret", "name");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_from_the_host),
        cmocka_unit_test(settings_follow_commas),
        cmocka_unit_test(wrong_ones_are_named_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
