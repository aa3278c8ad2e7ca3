/* fixtures.h - recorded replies, and the folders that a peer keeps them in, for the tests of datasets. */
#ifndef SLUICE_TEST_FIXTURES_H
#define SLUICE_TEST_FIXTURES_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/row.h"
#include "fetcher/dataset.h"
#include "fetcher/hexfield.h"
#include "fetcher/json.h"

#define FIXTURES "tests/fixtures/"
#define UNUSED __attribute__((unused))

/* --- texts --- */

static void *kept[1 << 20];
static size_t n_kept;

static void *
keep(void *p)
{
    assert_true(n_kept < sizeof kept / sizeof kept[0]);
    kept[n_kept++] = p;
    return p;
}

/* A fixture's text, or that of the same name with .gz; padded for json_parse, NUL-terminated. */
static UNUSED struct span
fixture(const char *name)
{
    struct buf b = {0};
    char command[600], path[500];
    size_t n;

    snprintf(path, sizeof path, FIXTURES "%s", name);
    FILE *f = fopen(path, "r");
    if (f) {
        fclose(f);
        snprintf(command, sizeof command, "cat '%s'", path);
    } else {
        snprintf(command, sizeof command, "gzip -dc '%s.gz'", path);
    }
    f = popen(command, "r");
    assert_non_null(f);
    while ((n = fread(buf_room(&b, 1 << 16), 1, 1 << 16, f)) > 0)
        b.n += n;
    if (pclose(f) != 0)
        fail_msg("no fixture %s", path);
    memset(buf_room(&b, JSON_PADDING), 0, JSON_PADDING);
    keep(b.p);
    return (struct span){b.p, b.n};
}

/* text with the first `from` made `to`; it must be there. */
static UNUSED struct span
replaced(struct span text, const char *from, const char *to)
{
    char *p = keep(xstrndup(text.p, text.n)), *at = strstr(p, from);
    struct buf b = {0};

    if (!at)
        fail_msg("no \"%s\" to replace", from);
    buf_add(&b, p, (size_t)(at - p));
    buf_adds(&b, to);
    buf_adds(&b, at + strlen(from));
    buf_addc(&b, '\0');
    keep(b.p);
    return (struct span){b.p, b.n - 1};
}

/* Parses text into a document of its own. */
static UNUSED struct json
parsed(struct span text)
{
    struct json_doc **d = keep(xmalloc(sizeof *d));
    struct buf b = {0};
    struct json root;
    const char *error;

    *d = json_new();
    buf_add(&b, text.p, text.n);
    memset(buf_room(&b, JSON_PADDING), 0, JSON_PADDING);
    if (!json_parse(*d, b.p, b.n, &root, &error))
        fail_msg("not JSON: %s: %.*s", error, (int)(text.n > 200 ? 200 : text.n), text.p);
    buf_free(&b);
    return root;
}

static UNUSED struct json
parsed_text(const char *text)
{
    return parsed(span_of(text));
}

/* The result member of a recorded JSON-RPC reply. */
static UNUSED struct json
reply(const char *name)
{
    struct json root = parsed(fixture(name)), result;
    assert_true(json_get(root, "result", &result));
    return result;
}

/* --- a folder of a peer's tests: replies by the names of their requests, and expected rows --- */

struct peer_case {
    const char *folder, *expected;
    uint64_t blocks[3];
    size_t n;
};

static UNUSED struct json
block_reply(const char *folder, uint64_t number)
{
    char name[400];
    snprintf(name, sizeof name, "%s/web3_response.eth_getBlockByNumber_0x%llx_true.json", folder,
             (unsigned long long)number);
    return reply(name);
}

/* The receipts of a block, each from a reply of its own, as one array. */
static UNUSED struct json
receipt_replies(const char *folder, struct json block)
{
    struct buf all = {0};
    struct json txs, tx, v;
    struct span hash;
    char name[400];

    assert_true(json_get(block, "transactions", &txs));
    buf_addc(&all, '[');
    for (struct json_items it = json_items(txs); json_next(&it, &tx);) {
        assert_true(json_get(tx, "hash", &v) && json_string(v, &hash));
        snprintf(name, sizeof name, "%s/web3_response.eth_getTransactionReceipt_%.*s.json", folder,
                 (int)hash.n, hash.p);
        if (all.n > 1)
            buf_addc(&all, ',');
        json_print(&all, reply(name), 1 << 26);
    }
    buf_addc(&all, ']');
    struct json array = parsed((struct span){all.p, all.n});
    buf_free(&all);
    return array;
}

static UNUSED struct block_replies
block_replies(const char *folder, uint64_t number, bool receipts)
{
    struct block_replies r = {.number = number, .has_block = true, .full = true, .has_receipts = receipts};
    r.block = block_reply(folder, number);
    if (receipts)
        r.receipts = receipt_replies(folder, r.block);
    return r;
}

#endif
