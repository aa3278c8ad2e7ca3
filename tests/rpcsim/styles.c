/* styles.c - see styles.h. The first row of each kind is its default. */
#include "styles.h"

#include <inttypes.h>
#include <string.h>

#define RANGE(...) {STYLE_RANGE, __VA_ARGS__}
#define RESULT(...) {STYLE_RESULT, __VA_ARGS__}
#define RATE(...) {STYLE_RATE, __VA_ARGS__}
#define QUOTA(...) {STYLE_QUOTA, __VA_ARGS__}
#define BATCH(...) {STYLE_BATCH, __VA_ARGS__}
#define HEAD(...) {STYLE_HEAD, __VA_ARGS__}
#define PRUNED(...) {STYLE_PRUNED, __VA_ARGS__}
#define METHOD(...) {STYLE_METHOD, __VA_ARGS__}

static const struct style styles[] = {
    RANGE("geth", 200, -32602, "exceed maximum block range {max}", NULL, true, SHAPE_ITEM),
    RANGE("alchemy-free", 400, -32600,
          "Under the Free tier plan, you can make eth_getLogs requests with up to a {max} block range. Based on your "
          "parameters, this block range should work: [{sfrom}, {sto}]. Upgrade to PAYG for expanded block range.",
          NULL, false, SHAPE_ITEM),
    RANGE("alchemy-2025", 400, -32600,
          "You can make eth_getLogs requests with up to a {max} block range. Based on your parameters, this block "
          "range should work: [{sfrom}, {sto}]", NULL, true, SHAPE_ITEM),
    RANGE("alchemy-chain", 400, -32000, "block range too large ({asked}), maximum allowed is {max} blocks", NULL,
          false, SHAPE_ITEM),
    RANGE("infura", 200, -32602, "range {asked} exceeds limit of {max}", NULL, false, SHAPE_ITEM),
    RANGE("quicknode", 413, -32614, "eth_getLogs is limited to a {max,} range", NULL, true, SHAPE_ITEM),
    RANGE("quicknode-old", 413, -32602, "eth_getLogs and eth_newFilter are limited to a {max,} blocks range", NULL,
          true, SHAPE_ITEM),
    RANGE("1rpc", 200, -32602, "eth_getLogs is limited to 0 - {max} blocks range", NULL, true, SHAPE_ITEM),
    RANGE("1rpc-old", 200, -32000, "eth_getLogs is limited to a {max} blocks range", NULL, true, SHAPE_ITEM),
    RANGE("blockpi", 200, -32602, "eth_getLogs is limited to {max} block range", NULL, true, SHAPE_ITEM),
    RANGE("blast", 400, -32602, "exceeds the range allowed for your plan ({asked} > {max})", NULL, false, SHAPE_ITEM),
    RANGE("cloudflare", 200, -32602, "Max range: {max}", NULL, false, SHAPE_ITEM),
    RANGE("thirdweb", 200, -32005,
          "Log response size exceeded. Maximum allowed number of requested blocks is {max}", NULL, true, SHAPE_ITEM),
    RANGE("ankr", 200, -32600, "block range is too wide", NULL, false, SHAPE_ITEM),
    RANGE("ankr-tac", 200, -32000, "maximum [from, to] blocks distance: {max}", NULL, true, SHAPE_ITEM),
    RANGE("chainstack", 200, -32602, "Block range limit exceeded.", NULL, false, SHAPE_ITEM),
    RANGE("coinbase", 200, -32005, "please limit the query to at most {max} blocks", NULL, false, SHAPE_ITEM),
    RANGE("publicnode", 200, -32701, "exceed maximum block range: {max}", NULL, true, SHAPE_ITEM),
    RANGE("drpc", 400, 35, "ranges over {max} blocks are not supported on freetier", NULL, false, SHAPE_ITEM),
    RANGE("reth", 200, -32602, "query exceeds max block range {max}", NULL, true, SHAPE_ITEM),
    RANGE("erigon", 200, -32000, "query block range exceeds server limit, narrow your filter: {max}", NULL, false,
          SHAPE_ITEM),
    RANGE("cdk-erigon", 200, -32005, "block range too large, max range: {max}", NULL, false, SHAPE_ITEM),
    RANGE("besu", 200, -32005, "Requested range exceeds maximum RPC range limit", NULL, false, SHAPE_ITEM),
    RANGE("avalanche", 200, -32000, "requested too many blocks from {from} to {to}, maximum is set to {max}", NULL,
          false, SHAPE_ITEM),
    RANGE("proxyd", 200, -32602, "block range greater than {max} max", NULL, false, SHAPE_ITEM),
    RANGE("optimism", 200, -32000, "Block range is too large", NULL, false, SHAPE_ITEM),
    RANGE("base", 200, -32000, "block range too large", NULL, false, SHAPE_ITEM),
    RANGE("base-503", 503, -32011, "no backend is currently healthy to serve traffic", NULL, false, SHAPE_ITEM),
    RANGE("moonbeam", 200, -32603, "block range is too wide (maximum {max})", NULL, false, SHAPE_ITEM),
    RANGE("harmony", 200, -32000, "query must be smaller than size {max}", NULL, true, SHAPE_ITEM),
    RANGE("altitude", 400, -32000, "allowed block range threshold exceeded", NULL, false, SHAPE_ITEM),
    RANGE("somnia", 200, -32000, "block range exceeds {max}", NULL, true, SHAPE_ITEM),
    RANGE("tron", 200, -32000, "exceed max block range: {max}", NULL, false, SHAPE_ITEM),
    RANGE("merkle", 200, -32000, "eth_getLogs range is too large, max is 1k blocks", NULL, false, SHAPE_ITEM),
    RANGE("sei", 200, -32000, "block range too large ({asked}), maximum allowed is {max} blocks", NULL, false,
          SHAPE_ITEM),
    RANGE("morph", 200, -32000,
          "block range is larger than max block range, block range = {asked}, max block range = {max}", NULL, false,
          SHAPE_ITEM),
    RANGE("erpc", 413, -32012, "getLogs request exceeded max allowed range", NULL, false, SHAPE_ITEM),
    RANGE("nodies", 200, -32000, "Block range too large: maximum allowed is {max} blocks on your current plan.", NULL,
          false, SHAPE_ITEM),
    RANGE("blockrazor", 200, -32000, "log query range must not exceed {max} blocks", NULL, false, SHAPE_ITEM),
    RANGE("spans", 200, -32000,
          "query spans {asked} blocks ({from} to {to}), but only {max} are allowed for this request; narrow the block "
          "range, or add an address filter", NULL, false, SHAPE_ITEM),
    RANGE("masq", 200, -32005, "eth_getLogs block range too large, range: {asked}, max: {max}", NULL, false,
          SHAPE_ITEM),
    RANGE("candle", 200, -32600, "block range too high", NULL, false, SHAPE_ITEM),
    RANGE("heavy-503", 503, 0, "Service Unavailable", NULL, false, SHAPE_TEXT),
    RANGE("throttled", 429, -32005, "rate limit exceeded", NULL, false, SHAPE_ITEM),
    RANGE("data", 200, -32602, "invalid params", "\"exceed maximum block range: {max}\"", false, SHAPE_ITEM),

    RESULT("infura", 200, -32005, "query returned more than {max} results. Try with this block range [{sfrom}, {sto}].",
           "{\"from\":\"{sfrom}\",\"limit\":{max},\"to\":\"{sto}\"}", false, SHAPE_ITEM),
    RESULT("alchemy", 400, -32602,
           "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on "
           "the response size, or you can request any block range with a cap of {max} logs in the response. Based on "
           "your parameters and the response size limit, this block range should work: [{sfrom}, {sto}]",
           NULL, false, SHAPE_ITEM),
    RESULT("alchemy-old", 400, -32602, "Log response size exceeded. Please reduce query block range.", NULL, false,
           SHAPE_ITEM),
    RESULT("timeout", 200, -32005, "query timeout exceeded", NULL, false, SHAPE_ITEM),
    RESULT("reth", 200, -32602, "query exceeds max results {max}, retry with the range {dfrom}-{dto}", NULL, false,
           SHAPE_ITEM),
    RESULT("response-too-big", 200, -32008, "Response is too big", "\"Exceeded max limit of {max}\"", false,
           SHAPE_ITEM),
    RESULT("1rpc", 200, -32000, "response size should not greater than {max} bytes", NULL, false, SHAPE_ITEM),
    RESULT("ankr", 200, -32603, "response exceeds size limit", NULL, false, SHAPE_ITEM),
    RESULT("erigon", 200, -32000, "query returns too many logs, narrow your filter: {max}", NULL, false, SHAPE_ITEM),
    RESULT("nethermind", 200, -32005, "Too many logs requested. Max logs per response is {max}.", NULL, false,
           SHAPE_ITEM),
    RESULT("nethermind-503", 503, -32005, "Too many logs requested. Max logs per response is {max}.", NULL, false,
           SHAPE_ITEM),
    RESULT("nitro", 200, -32000, "logs matched by query exceeds limit of {max}", NULL, false, SHAPE_ITEM),
    RESULT("proxyd", 500, -32020, "backend response too large", NULL, false, SHAPE_ITEM),
    RESULT("zkevm", 200, -32000, "query returned more than {max} results", NULL, false, SHAPE_ITEM),
    RESULT("hyperrpc", 200, -32000, "More than {max} logs returned", NULL, false, SHAPE_ITEM),
    RESULT("pocket", 200, -32000, "query exceeds max results {max}", NULL, false, SHAPE_ITEM),
    RESULT("drpc-timeout", 400, 30, "Request timeout on the free tier, please upgrade your tier to the paid one", NULL,
           false, SHAPE_ITEM),
    RESULT("data", 200, -32602, "invalid params", "\"Query returned more than {max} results\"", false, SHAPE_ITEM),
    RESULT("silent", 200, 0, "", NULL, false, SHAPE_SILENT),

    RATE("alchemy", 429, 429,
         "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely "
         "ignore this message.", NULL, false, SHAPE_ITEM),
    RATE("alchemy-200", 200, 429,
         "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely "
         "ignore this message.", NULL, false, SHAPE_ITEM),
    RATE("infura", 429, -32005, "project ID request rate exceeded",
         "{\"current_rps\":13.333,\"allowed_rps\":{max}.0,\"backoff_seconds\":{wait}.0}", false, SHAPE_ITEM),
    RATE("infura-nested", 429, -32005, "project ID request rate exceeded",
         "{\"rate\":{\"allowed_rps\":{max}.0,\"backoff_seconds\":{wait}.0,\"current_rps\":13.333}}", false, SHAPE_ITEM),
    RATE("quicknode", 429, -32007,
         "{max}/second request limit reached - reduce calls per second or upgrade your account at quicknode.com", NULL,
         false, SHAPE_ITEM),
    RATE("quicknode-credits", 200, -32012, "credits limited to {max}/sec", NULL, false, SHAPE_ITEM),
    RATE("drpc", 429, 15, "You reached Public endpoint rate limit, please upgrade to paid plan", NULL, false,
         SHAPE_ITEM),
    RATE("ankr", 429, -32090, "Too many requests, reason: call rate limit exhausted, retry in {wait}s", NULL, false,
         SHAPE_ITEM),
    RATE("ankr-200", 200, -32090, "Too many requests, reason: call rate limit exhausted, retry in {wait}s", NULL,
         false, SHAPE_ITEM),
    RATE("chainstack", 200, -32005, "You've exceeded the RPS limit available on the current plan",
         "{\"try_again_in\":\"{wait}000.270157ms\"}", false, SHAPE_ITEM),
    RATE("onfinality", 429, -32029,
         "Too Many Requests, Please apply an OnFinality API key or contact us to receive a higher rate limit", NULL,
         false, SHAPE_ITEM),
    RATE("proxyd", 429, -32016, "over rate limit", NULL, false, SHAPE_SINGLE),
    RATE("erpc", 200, -32005, "rate-limit exceeded", NULL, false, SHAPE_ITEM),
    RATE("empty", 429, 0, "", NULL, false, SHAPE_TEXT),
    RATE("text", 429, 0, "Too Many Requests", NULL, false, SHAPE_TEXT),
    RATE("1015", 429, 0, "error code: 1015", NULL, false, SHAPE_TEXT),

    QUOTA("infura", 429, -32005, "daily request count exceeded, request rate limited", NULL, false, SHAPE_SINGLE),
    QUOTA("nodereal", 429, -32005, "You've reached your monthly quota limit.", NULL, false, SHAPE_SINGLE),

    BATCH("geth", 200, -32600, "batch too large", NULL, false, SHAPE_FIRST),
    BATCH("drpc", 200, 31,
          "Batch of more than {max} requests are not allowed on free tier, to use this feature register paid account "
          "at drpc.org", NULL, false, SHAPE_ITEM),
    BATCH("drpc-whole", 500, 31,
          "Batch of more than {max} requests are not allowed on free tier, to use this feature register paid account "
          "at drpc.org", NULL, false, SHAPE_SINGLE),
    BATCH("proxyd", 413, -32014, "too many RPC calls in batch request", NULL, false, SHAPE_SINGLE),
    BATCH("proxyd-200", 200, -32014, "too many RPC calls in batch request", NULL, false, SHAPE_SINGLE),
    BATCH("besu", 200, -32005, "Number of requests exceeds max batch size", NULL, false, SHAPE_SINGLE),
    BATCH("text", 413, 0, "content length too large", NULL, false, SHAPE_TEXT),

    HEAD("geth", 200, -32602, "block range extends beyond current head block", NULL, false, SHAPE_ITEM),
    HEAD("reth", 200, -32602, "block range extends beyond current head block: requested {to}, head {head}", NULL,
         false, SHAPE_ITEM),
    HEAD("avalanche", 200, -32000, "requested to block {to} after last accepted block {head}", NULL, false, SHAPE_ITEM),
    HEAD("infura", 200, -32000, "header not found", NULL, false, SHAPE_ITEM),
    HEAD("unknown", 200, -39001, "Unknown block", NULL, false, SHAPE_ITEM),

    PRUNED("geth", 200, 4444, "pruned history unavailable", NULL, false, SHAPE_ITEM),
    PRUNED("reth", 200, 4444, "pruned history unavailable: requested {from}, earliest available {need}", NULL, false,
           SHAPE_ITEM),
    PRUNED("erigon", 200, -32000, "history has been pruned for this block", NULL, false, SHAPE_ITEM),
    PRUNED("allnodes", 200, -32701,
           "History has been pruned for this block. To remove restrictions, order a dedicated full node here: "
           "https://www.allnodes.com/pol/host", NULL, false, SHAPE_ITEM),
    PRUNED("publicnode", 403, -32602,
           "Archive requests require a personal token. Get one at: https://www.allnodes.com/publicnode", NULL, false,
           SHAPE_ITEM),
    PRUNED("lowest", 200, -32000, "block is not available, lowest height is {need}", NULL, false, SHAPE_ITEM),
    PRUNED("trie", 200, -32000, "missing trie node 4a8e (path ) state is not available", NULL, false, SHAPE_ITEM),
    PRUNED("drpc", 400, 12,
           "Can't route your request to suitable provider, if you specified certain providers revise the list", NULL,
           false, SHAPE_ITEM),
    PRUNED("silent", 200, 0, "", NULL, false, SHAPE_SILENT),

    METHOD("geth", 200, -32601, "the method {method} does not exist/is not available", NULL, false, SHAPE_ITEM),
    METHOD("infura", 200, -32004, "method not supported", NULL, false, SHAPE_ITEM),
    METHOD("besu", 200, -32604, "Method not enabled", NULL, false, SHAPE_ITEM),
    METHOD("proxyd", 403, -32601, "rpc method is not whitelisted", NULL, false, SHAPE_ITEM),
    METHOD("drpc", 400, 35, "method is not available on freetier", NULL, false, SHAPE_ITEM),
    METHOD("quicknode", 200, -32613, "method not supported", NULL, false, SHAPE_ITEM),
    METHOD("bnb", 200, -32005, "limit exceeded", NULL, false, SHAPE_ITEM),
    METHOD("bloxroute", 200, -32000, "method not available", NULL, false, SHAPE_ITEM),
    METHOD("drpc-plan", 400, 35, "ranges over 10000 blocks are not supported on freetier", NULL, false, SHAPE_ITEM),
    METHOD("key", 401, -32600, "Must be authenticated!", NULL, false, SHAPE_ITEM),
    METHOD("caller", 400, -32600, "invalid request", NULL, false, SHAPE_ITEM),
    METHOD("null", 200, 0, "", NULL, false, SHAPE_SILENT),
};

enum { STYLES = sizeof styles / sizeof *styles };

const struct style *
style_find(enum style_kind kind, struct span name)
{
    for (size_t i = 0; i < STYLES; i++)
        if (styles[i].kind == kind && span_is(name, styles[i].name))
            return &styles[i];
    return NULL;
}

const struct style *
style_default(enum style_kind kind)
{
    size_t i = 0;
    while (styles[i].kind != kind)
        i++;
    return &styles[i];
}

void
style_names(enum style_kind kind, struct buf *out)
{
    const char *comma = "";
    for (size_t i = 0; i < STYLES; i++)
        if (styles[i].kind == kind) {
            buf_addf(out, "%s%s", comma, styles[i].name);
            comma = ", ";
        }
}

static void
add_thousands(uint64_t v, struct buf *out)
{
    if (v >= 1000)
        buf_addf(out, "%" PRIu64 ",%03" PRIu64, v / 1000, v % 1000);
    else
        buf_addf(out, "%" PRIu64, v);
}

static bool
add_word(struct span name, const struct style_words *w, struct buf *out)
{
    const struct {
        const char *name, *format;
        uint64_t value;
    } words[] = {
        {"max", "%" PRIu64, w->max},      {"asked", "%" PRIu64, w->asked},  {"from", "%" PRIu64, w->from},
        {"to", "%" PRIu64, w->to},        {"sfrom", "0x%" PRIx64, w->sfrom}, {"sto", "0x%" PRIx64, w->sto},
        {"dfrom", "%" PRIu64, w->sfrom},  {"dto", "%" PRIu64, w->sto},      {"head", "%" PRIu64, w->head},
        {"need", "%" PRIu64, w->need},    {"wait", "%" PRIu64, w->wait},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_is(name, words[i].name)) {
            buf_addf(out, words[i].format, words[i].value);
            return true;
        }
    if (span_is(name, "max,"))
        add_thousands(w->max, out);
    else if (span_is(name, "method"))
        buf_adds(out, w->method ? w->method : "?");
    else
        return false;
    return true;
}

void
style_fill(const char *text, const struct style_words *w, struct buf *out)
{
    for (const char *p = text; *p; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (end && add_word((struct span){p + 1, (size_t)(end - p - 1)}, w, out))
            p = end;
        else
            buf_addc(out, *p);
    }
}
