/* logtext.c - see logtext.h. Each function takes what it reads off the text, or returns false. */
#include "logtext.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "common/num.h"
#include "common/row.h"
#include "log.h"

/* --- tokens --- */

static inline void
white(struct logtext *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\n' || *t->p == '\r' || *t->p == '\t'))
        t->p++;
}

/* White space, if any, and then this character. */
static inline bool
mark(struct logtext *t, char c)
{
    if (t->p < t->end && *t->p == c) {
        t->p++;
        return true;
    }
    white(t);
    if (t->p == t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

static inline bool
word(struct logtext *t, struct span w)
{
    if ((size_t)(t->end - t->p) < w.n || memcmp(t->p, w.p, w.n) != 0)
        return false;
    t->p += w.n;
    return true;
}

/* The first byte at p or after it that ends a plain string or has no place in one. */
#ifdef __SSE2__
static inline const char *
string_end(const char *p, const char *end)
{
    for (; p < end; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i special = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        __m128i below = _mm_cmplt_epi8(v, _mm_set1_epi8(' ')); /* signed: what is not ASCII, too */
        int found = _mm_movemask_epi8(_mm_or_si128(special, below));
        if (found)
            return p + __builtin_ctz((unsigned)found);
    }
    return end;
}
#else
static inline const char *
string_end(const char *p, const char *end)
{
    while (p < end && *p >= ' ' && !(*p & 0x80) && *p != '"' && *p != '\\')
        p++;
    return p;
}
#endif

/* A string of ASCII without escapes. */
static inline bool
string(struct logtext *t, struct span *s)
{
    if (!mark(t, '"'))
        return false;
    const char *end = string_end(t->p, t->end);
    if (end >= t->end || *end != '"') {
        t->p--; /* the caller may look for something else */
        return false;
    }
    *s = (struct span){t->p, (size_t)(end - t->p)};
    t->p = end + 1;
    return true;
}

static inline bool
key(struct logtext *t, struct span *s)
{
    return string(t, s) && mark(t, ':');
}

/* A whole number without sign. */
static bool
integer(struct logtext *t, uint64_t *out)
{
    struct span s = {t->p, 0};

    while (t->p < t->end && *t->p >= '0' && *t->p <= '9')
        t->p++;
    s.n = (size_t)(t->p - s.p);
    return num_u64(s, out) && (s.n == 1 || s.p[0] != '0') && !(t->p < t->end && strchr(".eE", *t->p));
}

static inline bool
bytes(struct logtext *t, uint8_t *out, size_t n)
{
    struct span s = {NULL, 2 + 2 * n};

    if (!mark(t, '"'))
        return false;
    s.p = t->p;
    if ((size_t)(t->end - t->p) <= s.n || s.p[s.n] != '"' || !num_hex(s, out, n))
        return false;
    t->p += s.n + 1;
    return true;
}

static inline bool
quantity(struct logtext *t, uint64_t most, uint64_t *out)
{
    struct span s;
    return string(t, &s) && num_quantity(s, out) && *out <= most;
}

/* Any value without an inside. */
static bool
scalar(struct logtext *t)
{
    struct span s;
    uint64_t n;

    white(t);
    if (string(t, &s))
        return true;
    return word(t, SPAN("null")) || word(t, SPAN("false")) || word(t, SPAN("true")) || integer(t, &n);
}

/* --- a log --- */

static inline bool
topics(struct logtext *t, struct log *l)
{
    l->n_topics = 0;
    if (!mark(t, '['))
        return false;
    if (mark(t, ']'))
        return true;
    do
        if (l->n_topics == 4 || !bytes(t, l->topics[l->n_topics++], 32))
            return false;
    while (mark(t, ','));
    return mark(t, ']');
}

/* The value of a member. */
static inline bool
value(struct logtext *t, enum log_member m, struct log *l)
{
    uint64_t n = 0;
    bool ok;

    switch (m) {
    case LOG_ADDRESS:
        return bytes(t, l->address, 20);
    case LOG_TOPICS:
        return topics(t, l);
    case LOG_DATA:
        return string(t, &l->data_hex);
    case LOG_BLOCK_NUMBER:
        return quantity(t, INT64_MAX, &l->block_number);
    case LOG_INDEX:
        ok = quantity(t, INT32_MAX, &n);
        l->log_index = (uint32_t)n;
        return ok;
    case LOG_TRANSACTION_INDEX:
        ok = quantity(t, INT32_MAX, &n);
        l->transaction_index = (int64_t)n;
        return ok;
    case LOG_TRANSACTION_HASH:
        return l->has_transaction_hash = bytes(t, l->transaction_hash, 32);
    case LOG_BLOCK_HASH:
        return l->has_block_hash = bytes(t, l->block_hash, 32);
    case LOG_BLOCK_TIMESTAMP:
        l->has_timestamp = quantity(t, ROW_TIME_MAX, &n);
        l->timestamp = (int64_t)n;
        return l->has_timestamp;
    case LOG_REMOVED:
        white(t);
        return word(t, SPAN("false"));
    case LOG_UNKNOWN:
        break;
    }
    return scalar(t);
}

static bool
read_log(struct logtext *t, struct log *l)
{
    struct span name;
    unsigned has = 0;

    l->transaction_index = -1;
    l->has_transaction_hash = l->has_timestamp = l->has_block_hash = false;
    if (!mark(t, '{'))
        return false;
    do {
        if (!key(t, &name))
            return false;
        enum log_member m = log_member(name);
        if (!value(t, m, l))
            return false;
        has |= 1U << m;
    } while (mark(t, ','));
    return mark(t, '}') && (has & LOG_REQUIRED) == LOG_REQUIRED;
}

/* --- what is around them --- */

static bool
envelope_member(struct logtext *t, struct span name)
{
    struct span s;
    uint64_t id;

    if (span_is(name, "jsonrpc"))
        return string(t, &s);
    if (!span_is(name, "id") || t->has_id)
        return false;
    if (string(t, &s) ? !num_u64(s, &id) : !integer(t, &id))
        return false;
    t->has_id = true;
    return id == t->id;
}

bool
logtext_open(struct logtext *t, struct span body, uint64_t id)
{
    struct span name;

    *t = (struct logtext){.p = body.p, .end = body.p + body.n, .id = id};
    if (!mark(t, '{'))
        return false;
    do {
        if (!key(t, &name))
            return false;
        if (span_is(name, "result"))
            return mark(t, '[');
    } while (envelope_member(t, name) && mark(t, ','));
    return false;
}

/* All that may follow the last log. */
static bool
close_envelope(struct logtext *t)
{
    struct span name;

    while (mark(t, ','))
        if (!key(t, &name) || !envelope_member(t, name))
            return false;
    if (!t->has_id || !mark(t, '}'))
        return false;
    white(t);
    return true;
}

enum logtext_found
logtext_next(struct logtext *t, struct log *l)
{
    bool more = t->begun ? mark(t, ',') : !mark(t, ']');

    if (more) {
        t->begun = true;
        return read_log(t, l) ? LOGTEXT_LOG : LOGTEXT_OTHER;
    }
    if (t->begun && !mark(t, ']'))
        return LOGTEXT_OTHER;
    return close_envelope(t) ? LOGTEXT_END : LOGTEXT_OTHER;
}
