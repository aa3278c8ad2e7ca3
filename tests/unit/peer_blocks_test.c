/* peer_blocks_test.c - two whole mainnet blocks of a peer: 298 transactions and 681 logs. Their rows
 * are put back into the form of a node's replies; ours from these equal them, column by column.
 * (Token transfers from the same logs: dataset_token_transfers_test.c.)
 */
#include "peer.h"

#define FOLDER "ethereum-etl/test_stream/blocks_17173049_17173050"
enum { FIRST = 17173049 };

enum kind { TEXT, NUMBER };
struct back {
    const char *column, *member;
    enum kind kind;
};

static const struct back of_block[] = {
    {"number", "number", NUMBER}, {"hash", "hash", TEXT}, {"parent_hash", "parentHash", TEXT},
    {"nonce", "nonce", TEXT}, {"sha3_uncles", "sha3Uncles", TEXT}, {"logs_bloom", "logsBloom", TEXT},
    {"transactions_root", "transactionsRoot", TEXT}, {"state_root", "stateRoot", TEXT},
    {"receipts_root", "receiptsRoot", TEXT}, {"miner", "miner", TEXT}, {"difficulty", "difficulty", NUMBER},
    {"total_difficulty", "totalDifficulty", NUMBER}, {"size", "size", NUMBER}, {"extra_data", "extraData", TEXT},
    {"gas_limit", "gasLimit", NUMBER}, {"gas_used", "gasUsed", NUMBER}, {"timestamp", "timestamp", NUMBER},
    {"base_fee_per_gas", "baseFeePerGas", NUMBER}, {"withdrawals_root", "withdrawalsRoot", TEXT},
};
static const struct back of_transaction[] = {
    {"hash", "hash", TEXT}, {"nonce", "nonce", NUMBER}, {"block_number", "blockNumber", NUMBER},
    {"block_hash", "blockHash", TEXT}, {"transaction_index", "transactionIndex", NUMBER},
    {"from_address", "from", TEXT}, {"to_address", "to", TEXT}, {"value", "value", NUMBER}, {"gas", "gas", NUMBER},
    {"gas_price", "gasPrice", NUMBER}, {"input", "input", TEXT}, {"max_fee_per_gas", "maxFeePerGas", NUMBER},
    {"max_priority_fee_per_gas", "maxPriorityFeePerGas", NUMBER}, {"transaction_type", "type", NUMBER},
};
static const struct back of_receipt[] = {
    {"hash", "transactionHash", TEXT}, {"block_number", "blockNumber", NUMBER}, {"block_hash", "blockHash", TEXT},
    {"transaction_index", "transactionIndex", NUMBER}, {"receipt_cumulative_gas_used", "cumulativeGasUsed", NUMBER},
    {"receipt_gas_used", "gasUsed", NUMBER}, {"receipt_contract_address", "contractAddress", TEXT},
    {"receipt_root", "root", TEXT}, {"receipt_status", "status", NUMBER},
    {"receipt_effective_gas_price", "effectiveGasPrice", NUMBER},
};
static const struct back of_log[] = {
    {"log_index", "logIndex", NUMBER}, {"transaction_hash", "transactionHash", TEXT},
    {"transaction_index", "transactionIndex", NUMBER}, {"address", "address", TEXT}, {"data", "data", TEXT},
    {"block_number", "blockNumber", NUMBER}, {"block_hash", "blockHash", TEXT},
};

/* Members of an object, without its braces. */
static void
put_back(struct buf *out, const struct record *r, const struct back *list, size_t n)
{
    char hex[102];
    for (size_t i = 0; i < n; i++) {
        const char *v = value_of(r, list[i].column);
        assert_non_null(v);
        buf_addf(out, "%s\"%s\":", i ? "," : "", list[i].member);
        if (!*v) {
            buf_adds(out, "null");
            continue;
        }
        buf_addc(out, '"');
        buf_adds(out, list[i].kind == NUMBER ? quantity(v, hex) : v);
        buf_addc(out, '"');
    }
}
#define PUT_BACK(out, r, list) put_back(out, r, list, sizeof list / sizeof list[0])

static struct json
finished(struct buf *b)
{
    struct json v = parsed((struct span){b->p, b->n});
    buf_free(b);
    return v;
}

static struct records
expected(const char *file)
{
    struct peer_case c = {.folder = FOLDER, .expected = file};
    return expected_rows(&c);
}

/* The rows of one block, each as an object of members by list (and the logs' topics). */
static void
add_objects(struct buf *out, const struct records *rs, uint64_t block, const struct back *list, size_t n)
{
    size_t added = 0;
    buf_addc(out, '[');
    for (size_t i = 0; i < rs->n; i++) {
        if (strtoull(value_of(&rs->r[i], "block_number"), NULL, 10) != block)
            continue;
        buf_adds(out, added++ ? ",{" : "{");
        put_back(out, &rs->r[i], list, n);
        if (value_of(&rs->r[i], "topics")) {
            buf_adds(out, ",\"topics\":");
            buf_adds(out, value_of(&rs->r[i], "topics"));
        }
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static struct block_replies
replies_of(const struct records *blocks, const struct records *txs, size_t i)
{
    struct block_replies r = {.number = FIRST + i, .has_block = true, .full = true, .has_receipts = true};
    struct buf block = {0}, receipts = {0};

    buf_addc(&block, '{');
    PUT_BACK(&block, &blocks->r[i], of_block);
    buf_adds(&block, ",\"transactions\":");
    add_objects(&block, txs, r.number, of_transaction, sizeof of_transaction / sizeof of_transaction[0]);
    buf_addc(&block, '}');
    add_objects(&receipts, txs, r.number, of_receipt, sizeof of_receipt / sizeof of_receipt[0]);
    r.block = finished(&block);
    r.receipts = finished(&receipts);
    return r;
}

static void
equals_the_peers_blocks_and_transactions(void **state)
{
    struct records blocks = expected("expected_blocks.json"), txs = expected("expected_transactions.json");
    struct rows block_rows = {0}, tx_rows = {0};
    char why[WHY_MAX] = "";

    (void)state;
    sort_records(&blocks, "number", NULL);
    sort_records(&txs, "block_number", "transaction_index");
    for (size_t i = 0; i < blocks.n; i++) {
        struct block_replies r = replies_of(&blocks, &txs, i);
        if (dataset_blocks.block(&r, &block_rows, why) != DECODE_OK ||
            dataset_transactions.block(&r, &tx_rows, why) != DECODE_OK)
            fail_msg("%s", why);
    }
    struct records our_blocks = records_of_rows(&table_blocks, &block_rows);
    struct records our_txs = records_of_rows(&table_transactions, &tx_rows);
    COMPARE("blocks", &blocks, &our_blocks, peer_blocks);
    COMPARE("transactions", &txs, &our_txs, peer_transactions);
    assert_int_equal(our_txs.n, 298);
    buf_free(&block_rows.data);
    buf_free(&tx_rows.data);
}

static enum decode
add_log(struct log *l, void *rows, char *why)
{
    return dataset_logs.log(l, rows, why);
}

/* As two blocks asked at once, with their headers: hashes agree, blooms are not empty, times are filled. */
static void
equals_the_peers_logs(void **state)
{
    struct records blocks = expected("expected_blocks.json"), logs = expected("expected_logs.json");
    struct task all = {0};
    struct header headers[2];
    struct buf reply = {0};
    struct rows rows = {0};
    char why[WHY_MAX] = "";
    uint64_t n;

    (void)state;
    sort_records(&blocks, "number", NULL);
    for (size_t i = 0; i < 2; i++) {
        struct buf block = {0};
        buf_addc(&block, '{');
        PUT_BACK(&block, &blocks.r[i], of_block);
        buf_addc(&block, '}');
        assert_int_equal(header_decode(finished(&block), FIRST + i, &headers[i], why), DECODE_OK);
        add_objects(&reply, &logs, FIRST + i, of_log, sizeof of_log / sizeof of_log[0]);
        if (i == 0)
            reply.p[reply.n - 1] = ',';
    }
    /* two arrays, "[...,[...]": the inner bracket goes */
    buf_addc(&reply, '\0');
    reply.n--;
    char *inner = strstr(reply.p, ",[");
    assert_non_null(inner);
    inner[1] = ' ';
    if (logs_decode(finished(&reply), &all, FIRST, FIRST + 1, headers, 2, add_log, &rows, &n, why) != DECODE_OK)
        fail_msg("%s", why);
    struct records ours = records_of_rows(&table_logs, &rows);
    sort_records(&logs, "block_number", "log_index");
    COMPARE("logs", &logs, &ours, peer_logs);
    compare_topics(&logs, &ours);
    assert_int_equal(n, 681);
    buf_free(&rows.data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_peers_blocks_and_transactions),
        cmocka_unit_test(equals_the_peers_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
