/* decode_fuzz_test.c - recorded replies with bytes changed: decoders end, within bounds, and what
 * they let pass are well-formed rows; what they refuse leaves nothing and has a reason. */
#include "common/num.h"
#include "records.h"

enum { ROUNDS = 400 };

/* A fixed sequence, so that a failure can be seen again (splitmix64). */
static uint64_t seed = 1;

static uint64_t
draw(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Changes some bytes: bits, digits, structure, or whole stretches. */
static void
damage(struct buf *b)
{
    static const char marks[] = "0123456789abcdefx\"[]{},:ntf";
    for (uint64_t n = 1 + draw() % 8; n > 0; n--) {
        size_t at = draw() % b->n;
        switch (draw() % 4) {
        case 0:
            b->p[at] = (char)(b->p[at] ^ 1 << draw() % 7);
            break;
        case 1:
        case 2:
            b->p[at] = marks[draw() % (sizeof marks - 1)];
            break;
        default: { /* one stretch over another */
            size_t from = draw() % b->n, len = draw() % 64, most = b->n - (at > from ? at : from);
            memmove(b->p + at, b->p + from, len < most ? len : most);
        }
        }
    }
}

static bool
parse_damaged(struct json_doc *d, struct buf *scratch, struct span text, struct json *out)
{
    const char *error;
    scratch->n = 0;
    buf_add(scratch, text.p, text.n);
    damage(scratch);
    memset(buf_room(scratch, JSON_PADDING), 0, JSON_PADDING);
    return json_parse(d, scratch->p, scratch->n, out, &error);
}

/* After a decoder's answer. */
static void
check(enum decode d, const struct table *t, const struct rows *rows, const struct rows *before, const char *why)
{
    assert_true(row_check(t, (struct span){rows->data.p, rows->data.n}, rows->n));
    if (d == DECODE_BAD) {
        assert_int_not_equal(strlen(why), 0);
        assert_int_equal(rows->n, before->n);
        assert_int_equal(rows->data.n, before->data.n);
    }
}

static enum decode
add_log(struct log *l, void *context, char *why)
{
    struct rows *rows = context;
    for (size_t i = 0; i < 2; i++) {
        const struct dataset *d = i ? &dataset_token_transfers : &dataset_logs;
        struct rows before = rows[i];
        enum decode done = d->log(l, &rows[i], why);
        check(done, d->table, &rows[i], &before, why);
        if (done == DECODE_BAD)
            return done;
    }
    return DECODE_OK;
}

/* What is let pass as text is let pass as a document, and gives the same rows. True: it was. */
static bool
check_scan(const struct buf *body, enum decode d, const struct rows want[2])
{
    struct rows rows[2] = {{{0}, 0}};
    struct task all = {0};
    uint64_t n;
    bool scanned = logs_scan((struct span){body->p, body->n}, 1, &all, 0, UINT32_MAX, NULL, 0, add_log, rows, &n) == body->n;

    if (scanned)
        assert_int_equal(d, DECODE_OK);
    for (size_t i = 0; i < 2; i++) {
        struct span a = {rows[i].data.p, rows[i].data.n}, b = {want[i].data.p, want[i].data.n};
        if (scanned)
            assert_true(span_eq(a, b));
        buf_free(&rows[i].data);
    }
    return scanned;
}

static void
survives_damaged_logs(void **state)
{
    static const char *const files[] = {
        "ethereum-etl/test_export_token_transfers_job/block_with_transfers/web3_response.eth_getFilterLogs_0x0.json",
        "polygon-etl/test_export_token_transfers_job/block_with_transfers/"
        "web3_response.eth_getFilterLogs_0xc06540724558e1036d5e19ae4d05348.json",
    };
    struct json_doc *d = json_new();
    struct buf scratch = {0};
    size_t decoded = 0, refused = 0, scanned = 0;

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct span text = fixture(files[f]);
        for (int i = 0; i < 10 * ROUNDS; i++) {
            struct rows rows[2] = {{{0}, 0}};
            struct task all = {0};
            struct json root, result;
            char why[WHY_MAX] = "";
            uint64_t n;
            enum decode done = DECODE_BAD;
            if (parse_damaged(d, &scratch, text, &root) && json_get(root, "result", &result)) {
                done = logs_decode(result, &all, 0, UINT32_MAX, NULL, 0, add_log, rows, &n, why);
                decoded += done == DECODE_OK;
                refused += done == DECODE_BAD;
            }
            scanned += check_scan(&scratch, done, rows);
            buf_free(&rows[0].data);
            buf_free(&rows[1].data);
        }
    }
    assert_true(decoded > 0 && refused > 0 && scanned > 0);
    json_free(d);
    buf_free(&scratch);
}

static void
survives_damaged_blocks(void **state)
{
    static const struct {
        const char *folder;
        uint64_t number;
    } chains[] = {
        {"arbitrum", 150000000}, {"bittensor-testnet", 6646068}, {"cronos", 11446765}, {"ethereum", 1000000},
        {"hyperliquid", 50000}, {"stable-testnet", 59083166}, {"tempo-mainnet", 17708868},
    };
    static const struct dataset *const with_blocks[] = {&dataset_blocks, &dataset_transactions};
    static const struct dataset *const with_state[] = {&dataset_contracts, &dataset_accounts};
    struct json_doc *block = json_new(), *receipts = json_new();
    struct buf scratch = {0};
    char name[200];

    (void)state;
    for (size_t c = 0; c < sizeof chains / sizeof chains[0]; c++) {
        struct block_replies r = {.number = chains[c].number, .has_block = true, .full = true, .has_receipts = true};
        snprintf(name, sizeof name, "squid-sdk/%s/%llu/block.json", chains[c].folder, (unsigned long long)r.number);
        struct span block_text = fixture(name);
        snprintf(name, sizeof name, "squid-sdk/%s/%llu/receipts.json", chains[c].folder, (unsigned long long)r.number);
        struct span receipts_text = fixture(name);
        for (int i = 0; i < ROUNDS; i++) {
            char why[WHY_MAX] = "";
            if (!parse_damaged(block, &scratch, block_text, &r.block) ||
                !parse_damaged(receipts, &scratch, receipts_text, &r.receipts))
                continue;
            for (size_t j = 0; j < 2; j++) {
                struct rows rows = {0}, before = {0};
                enum decode done = with_blocks[j]->block(&r, &rows, why);
                check(done, with_blocks[j]->table, &rows, &before, why);
                buf_free(&rows.data);
                struct buf touches = {0};
                with_state[j]->touched(&r, &touches, why);
                touches_unique(&touches);
                buf_free(&touches);
            }
            struct rows rows[2] = {{{0}, 0}};
            struct task all = {0};
            uint64_t n;
            receipts_logs_decode(r.receipts, &all, r.number, add_log, rows, &n, why);
            buf_free(&rows[0].data);
            buf_free(&rows[1].data);
        }
    }
    json_free(block);
    json_free(receipts);
    buf_free(&scratch);
}

static void
survives_damaged_traces(void **state)
{
    static const struct {
        const char *name;
        uint64_t block;
        bool call_tracer;
    } replies[] = {
        {"ethereum-etl/test_export_traces_job/block_with_subtraces/web3_response.trace_block_0xf4240.json", 1000000, false},
        {"ethereum-etl/test_export_traces_job/block_with_create/web3_response.trace_block_0xf44f2.json", 1000690, false},
        {"ethereum-etl/test_extract_geth_traces_job/block_with_subtraces/"
         "web3_response.debug_traceBlockByNumber_0xf4240_tracer_calltracer.json", 1000000, true},
        {"ethereum-etl/test_extract_geth_traces_job/block_with_suicide/"
         "web3_response.debug_traceBlockByNumber_0xf7105_tracer_calltracer.json", 1011973, true},
    };
    struct json_doc *d = json_new();
    struct buf scratch = {0};

    (void)state;
    for (size_t f = 0; f < sizeof replies / sizeof replies[0]; f++) {
        struct span text = fixture(replies[f].name);
        for (int i = 0; i < ROUNDS; i++) {
            struct block_replies r = {
                .number = replies[f].block, .has_traces = true, .call_tracer = replies[f].call_tracer,
            };
            struct rows rows = {0}, before = {0};
            struct json root;
            char why[WHY_MAX] = "";
            if (!parse_damaged(d, &scratch, text, &root) || !json_get(root, "result", &r.traces))
                continue;
            enum decode done = dataset_traces.block(&r, &rows, why);
            check(done, &table_traces, &rows, &before, why);
            buf_free(&rows.data);
        }
    }
    json_free(d);
    buf_free(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_damaged_logs),
        cmocka_unit_test(survives_damaged_blocks),
        cmocka_unit_test(survives_damaged_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
