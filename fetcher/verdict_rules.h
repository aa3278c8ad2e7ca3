/* verdict_rules.h - the form of the table that verdict.c reads: the first rule that fits decides.
 *
 * A rule fits when everything that it names fits: status, code, a pattern (pattern.h) in the
 * error's message or else its data, and what was asked. A body that is not JSON is searched like
 * a message if it is plain text, since gateways answer so; HTML only by rules that say so, for
 * pages are full of words.
 */
#ifndef SLUICE_VERDICT_RULES_H
#define SLUICE_VERDICT_RULES_H

#include "fetcher/verdict.h"

enum rule_need {
    IF_LOGS = 1,      /* eth_getLogs over a range */
    IF_WIDE = 2,      /* ... of several blocks */
    IF_BATCH = 4,     /* several calls in the request */
    IF_WHOLE = 8,     /* one answer for all of these */
    IF_ITEMS = 16,    /* several addresses or topics in the filter */
    IF_OLD = 32,      /* the block is far below the endpoint's head */
    IF_ERROR = 64,    /* a JSON-RPC error, whatever it says */
    IF_HTML = 128,    /* the body is HTML */
    IF_NULL = 256,    /* the result is null */
    IF_MISSING = 512, /* neither result nor error */
    IF_FOREIGN = 1024, /* a result with another id */
};

/* What the numbers kept by the pattern, or value, tell. */
enum rule_hint {
    HINT_NONE,
    HINT_BLOCKS,     /* the last number: widest range, in blocks; also a suggested range */
    HINT_PLAN,       /* the same; refused within the limit it names: not on this plan at all */
    HINT_KNOWN,      /* value: the widest range, known of this text; only when more was asked */
    HINT_SUGGESTED,  /* only a suggested range */
    HINT_LOGS,       /* the last number: most logs in an answer; also a suggested range */
    HINT_ITEMS,      /* the last number (or value): most addresses, topics or calls */
    HINT_FIRST,      /* the last number: oldest block held */
    HINT_PER_SECOND, /* the first number: calls per second */
    HINT_WAIT,       /* value: milliseconds to wait at least */
    HINT_MIDNIGHT,   /* until 00:00 UTC */
};

struct rule {
    const char *name;
    enum transport transport;
    unsigned need;
    long status;      /* 0: any; 5: 500 to 599; 3: 300 to 399 */
    int64_t code;     /* 0: any */
    const char *text; /* pattern, NULL: any */
    enum verdict verdict;
    enum rule_hint hint;
    int64_t value;
};

extern const struct rule verdict_rules[]; /* ends at name == NULL */

#endif
