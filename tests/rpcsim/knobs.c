/* knobs.c - see knobs.h. */
#include "knobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "styles.h"

enum knob_type { KNOB_NUMBER, KNOB_PERCENT, KNOB_SIZE, KNOB_SECONDS, KNOB_FLAG, KNOB_CHOICE, KNOB_SET,
                 KNOB_STYLE, KNOB_RANGE, KNOB_NAMES };

static const char *const dead_names[] = {"off", "refuse", "reset", NULL};
static const char *const retry_names[] = {"none", "seconds", "date", "zero", NULL};
static const char *const suggest_names[] = {"correct", "inverted", "equal", "shifted", "wide", NULL};
static const char *const behind_names[] = {"refuse", "clamp", "null", NULL};
static const char *const arrays_names[] = {"ok", "403", "internal", "invalid", NULL};
static const char *const error_names[] = {
    [ERR_500] = "500", [ERR_502] = "502", [ERR_503] = "503", [ERR_504] = "504", [ERR_DROP] = "drop",
    [ERR_RESET] = "reset", [ERR_TRUNCATED] = "truncated", [ERR_CUT] = "cut", [ERR_EMPTY] = "empty",
    [ERR_HANG] = "hang", [ERR_STALL] = "stall", [ERR_INTERNAL] = "internal", [ERR_GZIP] = "badgzip",
    [ERR_SHORT_GZIP] = "shortgzip", [ERR_HTML] = "html", [ERR_KINDS] = NULL,
};
static const char *const lie_names[] = {
    [LIE_OUTSIDE] = "outside", [LIE_ADDRESS] = "address", [LIE_DUPLICATE] = "duplicate",
    [LIE_HASH] = "hash", [LIE_MISSING] = "missing", [LIE_REMOVED] = "removed",
    [LIE_UNORDERED] = "unordered", [LIE_BADHEX] = "badhex", [LIE_OVERFLOW] = "overflow",
    [LIE_FEWER] = "fewer",
    [LIE_BLOCK] = "block", [LIE_RECEIPTS] = "receipts",
    [LIE_RECEIPT_NULL] = "receipt-null", [LIE_RECEIPT_TWICE] = "receipt-twice",
    [LIE_RECEIPT_OTHER] = "receipt-other", [LIE_KINDS] = NULL,
};
static const char *const mangle_names[] = {
    [MANGLE_MISSING] = "missing", [MANGLE_SHUFFLED] = "shuffled", [MANGLE_STRINGS] = "strings",
    [MANGLE_DUPLICATE] = "duplicate", [MANGLE_UNKNOWN] = "unknown", [MANGLE_KINDS] = NULL,
};

struct entry {
    enum knob_type type;
    size_t at;                /* offset of the value in struct knobs */
    const char *const *names; /* of a choice or a set */
    enum style_kind style;
};

#define AT(member) offsetof(struct knobs, member)

/* One row a knob: for people in knob_list, for the parser in entries, in the same order. */
#define KNOBS(X) \
    X("latency", "SECONDS", "time before each answer, such as 5ms", KNOB_SECONDS, AT(latency_ms), NULL, 0) \
    X("jitter", "SECONDS", "further time, between 0 and this", KNOB_SECONDS, AT(jitter_ms), NULL, 0) \
    X("log-latency", "US", "further time for each log, in microseconds", KNOB_NUMBER, AT(log_latency_us), NULL, 0) \
    X("rate", "N", "requests a second, the others are refused", KNOB_NUMBER, AT(rate), NULL, 0) \
    X("burst", "N", "requests at once within the rate (default: one second's)", KNOB_NUMBER, AT(burst), NULL, 0) \
    X("rate-items", NULL, "the rate counts the items of a batch, each refused by itself", KNOB_FLAG, AT(rate_items), NULL, 0) \
    X("rate-style", "STYLE", "how the rate is refused", KNOB_STYLE, AT(rate_style), NULL, STYLE_RATE) \
    X("retry-after", "HOW", "header: none, seconds, date or zero", KNOB_CHOICE, AT(retry_after), retry_names, 0) \
    X("retry-wait", "SECONDS", "seconds in it (default: until the rate allows one)", KNOB_NUMBER, AT(retry_wait_s), NULL, 0) \
    X("quota", "N", "requests in all, the others are refused (style quota)", KNOB_NUMBER, AT(quota), NULL, 0) \
    X("quota-renewed", "SECONDS", "the quota is renewed every so often: its midnight", KNOB_SECONDS, AT(quota_renewed_ms), NULL, 0) \
    X("error-percent", "N", "share of requests that fail", KNOB_PERCENT, AT(error_percent), NULL, 0) \
    X("error-every", "N", "every nth request fails", KNOB_NUMBER, AT(error_every), NULL, 0) \
    X("errors", "KINDS", "how: 500,502,503,504,drop,reset,truncated,cut,empty,hang,stall,internal,badgzip,shortgzip,html", KNOB_SET, AT(errors), error_names, 0) \
    X("hang", "SECONDS", "how long hang and stall last", KNOB_SECONDS, AT(hang_ms), NULL, 0) \
    X("dead", "HOW", "off, refuse (nobody listens) or reset (connections are cut)", KNOB_CHOICE, AT(dead), dead_names, 0) \
    X("bad-range", "A-B", "a 502 page for logs of these blocks", KNOB_RANGE, AT(bad_from), NULL, 0) \
    X("no-receipts", "A-B", "eth_getBlockReceipts fails for these blocks", KNOB_RANGE, AT(no_receipts_from), NULL, 0) \
    X("max-range", "N", "blocks in one eth_getLogs", KNOB_NUMBER, AT(max_range), NULL, 0) \
    X("range-style", "STYLE", "how a wider range is refused", KNOB_STYLE, AT(range_style), NULL, STYLE_RANGE) \
    X("max-results", "N", "logs in one answer", KNOB_NUMBER, AT(max_results), NULL, 0) \
    X("result-style", "STYLE", "how more are refused; silent: they are left out", KNOB_STYLE, AT(result_style), NULL, STYLE_RESULT) \
    X("suggest", "HOW", "the range it suggests: correct, inverted, equal, shifted, wide", KNOB_CHOICE, AT(suggest), suggest_names, 0) \
    X("max-bytes", "SIZE", "bytes in one answer", KNOB_SIZE, AT(max_bytes), NULL, 0) \
    X("bytes-style", "STYLE", "how more are refused", KNOB_STYLE, AT(bytes_style), NULL, STYLE_RESULT) \
    X("max-addresses", "N", "addresses or topics in one list", KNOB_NUMBER, AT(max_addresses), NULL, 0) \
    X("no-address-lists", NULL, "address must be one string", KNOB_FLAG, AT(no_address_lists), NULL, 0) \
    X("no-tags", NULL, "blocks must be numbers or hashes, not tags such as latest", KNOB_FLAG, AT(no_tags), NULL, 0) \
    X("max-batch", "N", "calls in one batch", KNOB_NUMBER, AT(max_batch), NULL, 0) \
    X("batch-style", "STYLE", "how more are refused", KNOB_STYLE, AT(batch_style), NULL, STYLE_BATCH) \
    X("arrays", "HOW", "batches: ok, 403, internal or invalid", KNOB_CHOICE, AT(arrays), arrays_names, 0) \
    X("mangle", "KINDS", "answers of a batch: missing,shuffled,strings,duplicate,unknown", KNOB_SET, AT(mangle), mangle_names, 0) \
    X("mangle-every", "N", "of every nth batch", KNOB_NUMBER, AT(mangle_every), NULL, 0) \
    X("behind", "N", "blocks that the node is behind the head", KNOB_NUMBER, AT(behind), NULL, 0) \
    X("behind-every", "N", "in every nth request (default all)", KNOB_NUMBER, AT(behind_every), NULL, 0) \
    X("behind-of", "N", "or at one of n backends, one drawn for each request", KNOB_NUMBER, AT(behind_of), NULL, 0) \
    X("behind-mode", "HOW", "logs beyond its head: refuse, clamp or null", KNOB_CHOICE, AT(behind_mode), behind_names, 0) \
    X("behind-style", "STYLE", "how it refuses", KNOB_STYLE, AT(behind_style), NULL, STYLE_HEAD) \
    X("pruned-below", "N", "first block whose logs and receipts it has", KNOB_NUMBER, AT(pruned_below), NULL, 0) \
    X("pruned-style", "STYLE", "how it refuses older ones; silent: empty answers", KNOB_STYLE, AT(pruned_style), NULL, STYLE_PRUNED) \
    X("null-round", "N", "no block has this number", KNOB_NUMBER, AT(null_round), NULL, 0) \
    X("lie-every", "N", "every nth answer is wrong", KNOB_NUMBER, AT(lie_every), NULL, 0) \
    X("lies", "KINDS", "how: outside,address,duplicate,hash,missing,removed,unordered,badhex,overflow,fewer (one log is left out),block,receipts,receipt-null,receipt-twice,receipt-other (one in place of another)", KNOB_SET, AT(lies), lie_names, 0) \
    X("off", "METHODS", "methods that it does not have, commas between", KNOB_NAMES, AT(off), NULL, 0) \
    X("off-style", "STYLE", "how it refuses them", KNOB_STYLE, AT(off_style), NULL, STYLE_METHOD) \
    X("chain-id", "N", "the chain (default 31337)", KNOB_NUMBER, AT(chain_id), NULL, 0) \
    X("blocks", "N", "number of the newest block (default 10000)", KNOB_NUMBER, AT(head), NULL, 0) \
    X("grow", "N", "blocks added each second", KNOB_NUMBER, AT(head_per_s), NULL, 0) \
    X("fork-at", "N", "first block of another branch", KNOB_NUMBER, AT(fork_at), NULL, 0) \
    X("fork", "N", "number of that branch (0: none)", KNOB_NUMBER, AT(fork), NULL, 0) \
    X("gzip", "LEVEL", "compress answers, 1 to 9 (default 0: not)", KNOB_NUMBER, AT(gzip), NULL, 0)

#define AS_KNOB(name, arg, help, type, at, names, style) {name, arg, help},
#define AS_ENTRY(name, arg, help, type, at, names, style) {type, at, names, style},

const struct knob knob_list[] = {KNOBS(AS_KNOB){NULL, NULL, NULL}};
static const struct entry entries[] = {KNOBS(AS_ENTRY){0, 0, NULL, 0}};

const struct knobs knobs_default = {
    .errors = 1u << ERR_500,
    .hang_ms = 60000,
    .mangle_every = 1,
    .behind_every = 1,
    .lies = 1u << LIE_OUTSIDE,
    .chain_id = 31337,
    .head = 10000,
};

static bool
name_find(const char *const *names, struct span s, uint64_t *out)
{
    for (uint64_t i = 0; names[i]; i++)
        if (span_is(s, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

static bool
set_of(const char *const *names, struct span s, uint64_t *out)
{
    uint64_t bits = 0;
    while (s.n > 0) {
        const char *comma = memchr(s.p, ',', s.n);
        size_t n = comma ? (size_t)(comma - s.p) : s.n;
        uint64_t bit;
        if (!name_find(names, (struct span){s.p, n}, &bit))
            return false;
        bits |= (uint64_t)1 << bit;
        n += comma != NULL;
        s = (struct span){s.p + n, s.n - n};
    }
    *out = bits;
    return true;
}

static bool
parse(const struct entry *e, char *at, struct span v)
{
    uint64_t *number = (void *)at;
    switch (e->type) {
    case KNOB_NUMBER:
        return num_u64(v, number);
    case KNOB_PERCENT:
        return num_u64(v, number) && *number <= 100;
    case KNOB_SIZE:
        return num_size(v, number);
    case KNOB_SECONDS:
        return num_seconds(v, (int64_t *)(void *)at);
    case KNOB_FLAG:
        if (!span_is(v, "on") && !span_is(v, "off"))
            return false;
        *(bool *)at = span_is(v, "on");
        return true;
    case KNOB_CHOICE:
        return name_find(e->names, v, number);
    case KNOB_SET:
        return set_of(e->names, v, number);
    case KNOB_STYLE:
        return (*(const struct style **)(void *)at = style_find(e->style, v)) != NULL;
    case KNOB_RANGE:
        return num_range(v, number, number + 1);
    case KNOB_NAMES:
        free(*(char **)(void *)at);
        *(char **)(void *)at = xstrndup(v.p, v.n);
        return true;
    }
    return false;
}

static void
say_expected(const struct entry *e, struct buf *out)
{
    if (e->type == KNOB_STYLE)
        style_names(e->style, out);
    else if (e->names)
        for (size_t i = 0; e->names[i]; i++)
            buf_addf(out, "%s%s", i ? ", " : "", e->names[i]);
    else
        buf_adds(out, e->type == KNOB_FLAG ? "on or off" : e->type == KNOB_RANGE ? "A-B" : "a number");
}

bool
knob_set(struct knobs *k, struct span name, struct span value, char *err, size_t size)
{
    for (size_t i = 0; knob_list[i].name; i++) {
        if (!span_is(name, knob_list[i].name))
            continue;
        if (parse(&entries[i], (char *)k + entries[i].at, value))
            return true;
        struct buf expected = {0};
        say_expected(&entries[i], &expected);
        snprintf(err, size, "%s: '%.*s', expected %.*s", knob_list[i].name, SPAN_ARG(value),
                 (int)expected.n, expected.p);
        buf_free(&expected);
        return false;
    }
    snprintf(err, size, "unknown setting '%.*s'", SPAN_ARG(name));
    return false;
}

void
knobs_copy(struct knobs *to, const struct knobs *from)
{
    *to = *from;
    to->off = from->off ? xstrdup(from->off) : NULL;
}

void
knobs_free(struct knobs *k)
{
    free((char *)k->off);
    k->off = NULL;
}
