/* dataset_token_transfers.c - movements of tokens, decoded from logs.
 *
 *   Transfer(address from, address to, uint256 value or id)                             erc20, erc721
 *   TransferSingle(address operator, address from, address to, uint256 id, uint256 n)   erc1155
 *   TransferBatch(address operator, address from, address to, uint256[] ids, uint256[] n)
 *
 * Contracts differ in which arguments they index, so a log is read as one row of words: the
 * topics behind the first, then the data. Transfer has three words; if all are topics it is an ERC-721
 * transfer of one token (from, to and id), else an ERC-20 one. (A token of the ERC-721 kind that indexes
 * fewer, as CryptoKitties, cannot be told from ERC-20 and counts as that, with the id as its amount.) A
 * log with more or fewer words, or whose arrays lie outside its data, follows no standard and is no
 * transfer: left out, not refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/row.h"
#include "dataset.h"
#include "hexfield.h"

enum { WORD = 32, SINGLE_WORDS = 5, BATCH_ADDRESSES = 3 };

static const uint8_t transfer_topics[3][32] = {
    {0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
     0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef},
    {0xc3, 0xd5, 0x81, 0x68, 0xc5, 0xae, 0x73, 0x97, 0x73, 0x1d, 0x06, 0x3d, 0x5b, 0xbf, 0x3d, 0x65,
     0x78, 0x54, 0x42, 0x73, 0x43, 0xf4, 0xc0, 0x83, 0x24, 0x0f, 0x7a, 0xac, 0xaa, 0x2d, 0x0f, 0x62},
    {0x4a, 0x39, 0xdc, 0x06, 0xd4, 0xc0, 0xdb, 0xc6, 0x4b, 0x70, 0xaf, 0x90, 0xfd, 0x69, 0x8a, 0x23,
     0x3a, 0x51, 0x8a, 0xa5, 0xd0, 0x7e, 0x59, 0x5d, 0x98, 0x3b, 0x8c, 0x05, 0x26, 0xc8, 0xf7, 0xfb},
};
enum { TRANSFER, TRANSFER_SINGLE, TRANSFER_BATCH, NO_TRANSFER };

/* One transfer; the words point into the log or its data. */
struct transfer {
    int32_t batch_index;
    const uint8_t *from, *to, *token_id, *amount; /* token_id NULL: none; amount NULL: one */
    const char *standard;
};

static void
add_row(const struct log *l, const struct transfer *t, struct rows *out)
{
    struct buf *b = &out->data;

    row_begin(b, &table_token_transfers);
    row_int8(b, (int64_t)l->block_number);
    row_int4(b, (int32_t)l->log_index);
    row_int4(b, t->batch_index);
    if (l->has_transaction_hash)
        row_bytes(b, l->transaction_hash, 32);
    else
        row_null(b);
    row_bytes(b, l->address, 20);
    row_bytes(b, t->from + WORD - 20, 20);
    row_bytes(b, t->to + WORD - 20, 20);
    if (t->token_id)
        row_numeric_u256(b, t->token_id);
    else
        row_null(b);
    if (t->amount)
        row_numeric_u256(b, t->amount);
    else
        row_numeric_u64(b, 1);
    row_bytes(b, t->standard, strlen(t->standard));
    out->n++;
}

/* Argument i: a topic behind the first, or a word of data. */
static const uint8_t *
word(const struct log *l, const uint8_t *data, size_t i)
{
    size_t indexed = l->n_topics - 1;
    return i < indexed && i < 3 ? l->topics[i + 1] : data + WORD * (i - indexed);
}

static void
add_transfer(const struct log *l, const uint8_t *data, struct rows *out)
{
    bool nft = l->n_topics == 4;
    struct transfer t = {
        .from = word(l, data, 0), .to = word(l, data, 1), .standard = nft ? "erc721" : "erc20",
    };
    *(nft ? &t.token_id : &t.amount) = word(l, data, 2);
    add_row(l, &t, out);
}

static void
add_single(const struct log *l, const uint8_t *data, struct rows *out)
{
    struct transfer t = {
        .from = word(l, data, 1), .to = word(l, data, 2), .token_id = word(l, data, 3),
        .amount = word(l, data, 4), .standard = "erc1155",
    };
    add_row(l, &t, out);
}

/* A word as a size of at most max. */
static bool
word_size(const uint8_t w[WORD], size_t max, size_t *out)
{
    uint64_t v = 0;
    for (int i = 0; i < WORD - 8; i++)
        if (w[i])
            return false;
    for (int i = WORD - 8; i < WORD; i++)
        v = v << 8 | w[i];
    if (v > max)
        return false;
    *out = (size_t)v;
    return true;
}

/* The array whose offset stands at `head`; offsets count from the start of data. */
static bool
array_at(const uint8_t *data, size_t n, size_t head, const uint8_t **items, size_t *count)
{
    size_t at;

    if (head + WORD > n || !word_size(data + head, n, &at) || n - at < WORD)
        return false;
    *items = data + at + WORD;
    return word_size(data + at, (n - at - WORD) / WORD, count);
}

static void
add_batch(const struct log *l, const uint8_t *data, size_t n, struct rows *out)
{
    size_t indexed = l->n_topics - 1, head = WORD * (BATCH_ADDRESSES - indexed), ids_n, amounts_n;
    const uint8_t *ids, *amounts;

    if (!array_at(data, n, head, &ids, &ids_n) || !array_at(data, n, head + WORD, &amounts, &amounts_n))
        return;
    if (ids_n != amounts_n)
        return;
    for (size_t i = 0; i < ids_n; i++) {
        struct transfer t = {
            .batch_index = (int32_t)i, .from = word(l, data, 1), .to = word(l, data, 2),
            .token_id = ids + WORD * i, .amount = amounts + WORD * i, .standard = "erc1155",
        };
        add_row(l, &t, out);
    }
}

static int
kind_of(const struct log *l)
{
    int kind = 0;
    if (l->n_topics == 0)
        return NO_TRANSFER;
    while (kind < NO_TRANSFER && memcmp(l->topics[0], transfer_topics[kind], 32) != 0)
        kind++;
    return kind;
}

/* Is this number of bytes of data what a log of that kind has? */
static bool
size_fits(int kind, size_t n_topics, size_t bytes)
{
    switch (kind) {
    case TRANSFER:
        return WORD * (n_topics - 1) + bytes == WORD * 3;
    case TRANSFER_SINGLE:
        return WORD * (n_topics - 1) + bytes == WORD * SINGLE_WORDS;
    case TRANSFER_BATCH:
        return WORD * (n_topics - 1) + bytes >= WORD * (BATCH_ADDRESSES + 4) && bytes % WORD == 0;
    default:
        return false;
    }
}

static enum decode
token_transfers_log(const struct log *l, struct rows *out, char *why)
{
    int kind = kind_of(l);
    size_t bytes = l->data_hex.n >= 2 ? (l->data_hex.n - 2) / 2 : 0;
    uint8_t few[WORD * SINGLE_WORDS], *data = few;

    if (!size_fits(kind, l->n_topics, bytes))
        return DECODE_OK;
    if (kind == TRANSFER_BATCH)
        data = xmalloc(bytes);
    bool ok = num_hex_bytes(l->data_hex, data) == (ptrdiff_t)bytes;
    if (!ok)
        snprintf(why, WHY_MAX, "log %u of block %llu: data is not 0x-hex", l->log_index,
                 (unsigned long long)l->block_number);
    else if (kind == TRANSFER)
        add_transfer(l, data, out);
    else if (kind == TRANSFER_SINGLE)
        add_single(l, data, out);
    else
        add_batch(l, data, bytes, out);
    if (data != few)
        free(data);
    return ok ? DECODE_OK : DECODE_BAD;
}

const struct dataset dataset_token_transfers = {
    .name = "token_transfers",
    .table = &table_token_transfers,
    .needs = NEED_LOGS,
    .filtered = true,
    .log = token_transfers_log,
    .topic0 = transfer_topics,
    .n_topic0 = sizeof transfer_topics / sizeof transfer_topics[0],
};
