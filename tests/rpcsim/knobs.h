/* knobs.h - every fault and limit that the endpoint can have, as numbers with names.
 *
 * A knob is an option (--rate 25) and a word of a scenario line (rate=25) alike. The first value
 * of each struct member is "off"; what a knob means is said in the table in knobs.c, which
 * --help prints.
 */
#ifndef RPCSIM_KNOBS_H
#define RPCSIM_KNOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum error_kind { /* bits of knobs.errors */
    ERR_500, ERR_502, ERR_503, ERR_504, ERR_DROP, ERR_RESET, ERR_TRUNCATED, ERR_CUT, ERR_EMPTY,
    ERR_HANG, ERR_STALL, ERR_INTERNAL, ERR_GZIP, ERR_SHORT_GZIP, ERR_HTML, ERR_KINDS,
};

enum lie { /* bits of knobs.lies */
    LIE_OUTSIDE, LIE_ADDRESS, LIE_DUPLICATE, LIE_HASH, LIE_MISSING, LIE_REMOVED, LIE_UNORDERED,
    LIE_BADHEX, LIE_OVERFLOW, LIE_FEWER, LIE_BLOCK, LIE_RECEIPTS, LIE_RECEIPT_NULL, LIE_RECEIPT_TWICE, LIE_RECEIPT_OTHER,
    LIE_KINDS,
};

enum mangle { /* bits of knobs.mangle: what happens to the answers of a batch */
    MANGLE_MISSING, MANGLE_SHUFFLED, MANGLE_STRINGS, MANGLE_DUPLICATE, MANGLE_UNKNOWN, MANGLE_KINDS,
};

enum { DEAD_OFF, DEAD_REFUSE, DEAD_RESET };
enum { RETRY_NONE, RETRY_SECONDS, RETRY_DATE, RETRY_ZERO };
enum { SUGGEST_CORRECT, SUGGEST_INVERTED, SUGGEST_EQUAL, SUGGEST_SHIFTED, SUGGEST_WIDE };
enum { BEHIND_REFUSE, BEHIND_CLAMP, BEHIND_NULL };
enum { ARRAYS_OK, ARRAYS_403, ARRAYS_INTERNAL, ARRAYS_INVALID };

struct knobs {
    int64_t latency_ms, jitter_ms;
    uint64_t log_latency_us;

    uint64_t rate, burst;
    bool rate_items;
    const struct style *rate_style;
    uint64_t retry_after, retry_wait_s;
    uint64_t quota;
    int64_t quota_renewed_ms;

    uint64_t error_percent, error_every, errors;
    int64_t hang_ms;
    uint64_t dead;
    uint64_t bad_from, bad_to; /* bad_to 0: none */
    uint64_t no_receipts_from, no_receipts_to;

    uint64_t max_range;
    const struct style *range_style;
    uint64_t max_results;
    const struct style *result_style;
    uint64_t suggest;
    uint64_t max_bytes;
    const struct style *bytes_style;
    uint64_t max_addresses;
    bool no_address_lists, no_tags;

    uint64_t max_batch;
    const struct style *batch_style;
    uint64_t arrays, mangle, mangle_every;

    uint64_t behind, behind_every, behind_of, behind_mode;
    const struct style *behind_style;
    uint64_t pruned_below, null_round;
    const struct style *pruned_style;

    uint64_t lie_every, lies;
    const char *off; /* owned: method names, commas between */
    const struct style *off_style;

    uint64_t chain_id, head, head_per_s, fork_at, fork;
    uint64_t gzip;
};

extern const struct knobs knobs_default;

struct knob {
    const char *name, *arg, *help;
};

extern const struct knob knob_list[]; /* ends at name == NULL; for the options */

/* False: err names the knob or value and what was expected. */
bool knob_set(struct knobs *k, struct span name, struct span value, char *err, size_t size);
/* Copies, with the owned members. */
void knobs_copy(struct knobs *to, const struct knobs *from);
void knobs_free(struct knobs *k);

#endif
