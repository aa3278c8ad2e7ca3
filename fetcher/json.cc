/* json.cc - the C face on simdjson's DOM; the one file that includes it.
 *
 * simdjson writes a document as a tape of 64-bit words (its doc/tape.md): the upper byte is the
 * type, the rest a payload. A struct json is an index into that tape. Reading the tape here,
 * rather than through simdjson's iterators, makes a step over a field a few loads.
 *   " payload: offset of a 32-bit length and the bytes in the string buffer
 *   [ { payload: lower 32 bits: index behind the closing word; next 24: count (saturates)
 *   l u d  the next word is the number; t f n  nothing else
 */
#include <cstdlib>
#include <cstring>
#include <new>

#include <simdjson.h>

extern "C" {
#include "common/buf.h"
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" /* json_items is a struct and a function, as C allows */
#include "json.h"
#pragma GCC diagnostic pop

namespace dom = simdjson::dom;

namespace {
/* Deep enough for the call tree of a transaction: 1024 calls, two levels each. */
constexpr size_t DEPTH_MAX = 2200;
constexpr size_t COUNT_SATURATED = 0xffffff;
/* What simdjson allocates per byte of capacity: tape 8, strings 5/3, structural indexes 4. */
constexpr size_t BYTES_PER_BYTE = 14;
constexpr size_t TEXT_MAX = size_t(0xf0000000);
} // namespace

struct json_doc {
    const uint64_t *tape;
    const uint8_t *strings;
    dom::parser *parser;
};

static inline uint64_t
word(struct json v)
{
    return static_cast<const json_doc *>(v.doc)->tape[v.at];
}

static inline char
kind(struct json v)
{
    return char(word(v) >> 56);
}

static inline size_t
after(const uint64_t *tape, size_t at)
{
    switch (char(tape[at] >> 56)) {
    case '[':
    case '{':
        return size_t(uint32_t(tape[at]));
    case 'l':
    case 'u':
    case 'd':
        return at + 2;
    default:
        return at + 1;
    }
}

static inline struct span
string_at(const json_doc *d, uint64_t w)
{
    const uint8_t *p = d->strings + (w & 0x00ffffffffffffff);
    uint32_t n;
    memcpy(&n, p, sizeof n);
    return {reinterpret_cast<const char *>(p + sizeof n), n};
}

static dom::parser *
new_parser()
{
    dom::parser *p = new (std::nothrow) dom::parser(TEXT_MAX);
    if (!p || p->allocate(4096, DEPTH_MAX) != simdjson::SUCCESS)
        abort(); /* out of memory, as xmalloc */
    return p;
}

struct json_doc *
json_new(void)
{
    auto *d = static_cast<json_doc *>(xcalloc(1, sizeof(json_doc)));
    d->parser = new_parser();
    return d;
}

void
json_free(struct json_doc *d)
{
    if (!d)
        return;
    delete d->parser;
    free(d);
}

size_t
json_memory(const struct json_doc *d)
{
    return d->parser->capacity() * BYTES_PER_BYTE;
}

void
json_shrink(struct json_doc *d, size_t keep)
{
    if (json_memory(d) <= keep)
        return;
    delete d->parser;
    d->parser = new_parser();
    d->tape = nullptr;
    d->strings = nullptr;
}

bool
json_parse(struct json_doc *d, const char *text, size_t len, struct json *root, const char **error)
{
    simdjson::error_code e = d->parser->parse(text, len, false).error();
    d->tape = d->parser->doc.tape.get();
    d->strings = d->parser->doc.string_buf.get();
    if (e) {
        *error = e == simdjson::CAPACITY ? "too large" : simdjson::error_message(e);
        return false;
    }
    *root = {d, 1};
    return true;
}

enum json_type
json_type(struct json v)
{
    switch (kind(v)) {
    case '"':
        return JSON_STRING;
    case '[':
        return JSON_ARRAY;
    case '{':
        return JSON_OBJECT;
    case 'l':
    case 'u':
    case 'd':
        return JSON_NUMBER;
    case 't':
    case 'f':
        return JSON_BOOL;
    default:
        return JSON_NULL;
    }
}

bool
json_get(struct json object, const char *key, struct json *out)
{
    if (kind(object) != '{')
        return false;
    const auto *d = static_cast<const json_doc *>(object.doc);
    size_t n = strlen(key);
    size_t end = size_t(uint32_t(word(object))) - 1;
    for (size_t at = object.at + 1; at < end; at = after(d->tape, at + 1)) {
        struct span k = string_at(d, d->tape[at]);
        if (k.n == n && memcmp(k.p, key, n) == 0) {
            *out = {d, at + 1};
            return true;
        }
    }
    return false;
}

bool
json_string(struct json v, struct span *out)
{
    uint64_t w = word(v);
    if (char(w >> 56) != '"')
        return false;
    *out = string_at(static_cast<const json_doc *>(v.doc), w);
    return true;
}

bool
json_u64(struct json v, uint64_t *out)
{
    uint64_t n = static_cast<const json_doc *>(v.doc)->tape[v.at + 1];
    if (kind(v) != 'u' && !(kind(v) == 'l' && int64_t(n) >= 0))
        return false;
    *out = n;
    return true;
}

bool
json_i64(struct json v, int64_t *out)
{
    if (kind(v) != 'l')
        return false; /* what simdjson calls u does not fit */
    *out = int64_t(static_cast<const json_doc *>(v.doc)->tape[v.at + 1]);
    return true;
}

bool
json_bool(struct json v, bool *out)
{
    if (kind(v) != 't' && kind(v) != 'f')
        return false;
    *out = kind(v) == 't';
    return true;
}

struct json_items
json_items(struct json v)
{
    char k = kind(v);
    if (k != '[' && k != '{')
        return {{v.doc, v.at}, v.at};
    return {{v.doc, v.at + 1}, size_t(uint32_t(word(v))) - 1};
}

bool
json_next(struct json_items *it, struct json *item)
{
    if (it->next.at >= it->end)
        return false;
    *item = it->next;
    it->next.at = after(static_cast<const json_doc *>(it->next.doc)->tape, it->next.at);
    return true;
}

bool
json_next_field(struct json_items *it, struct span *key, struct json *value)
{
    if (it->next.at >= it->end)
        return false;
    const auto *d = static_cast<const json_doc *>(it->next.doc);
    *key = string_at(d, d->tape[it->next.at]);
    *value = {d, it->next.at + 1};
    it->next.at = after(d->tape, it->next.at + 1);
    return true;
}

size_t
json_count(struct json v)
{
    char k = kind(v);
    if (k != '[' && k != '{')
        return 0;
    size_t n = (word(v) >> 32) & COUNT_SATURATED;
    if (n < COUNT_SATURATED)
        return n;
    n = 0;
    struct json_items it = json_items(v);
    struct json item;
    if (k == '[')
        while (json_next(&it, &item))
            n++;
    else
        for (struct span key; json_next_field(&it, &key, &item);)
            n++;
    return n;
}

/* --- printing --- */

static void
print_string(struct buf *out, struct span s, size_t max)
{
    static const char hex[] = "0123456789abcdef";
    buf_addc(out, '"');
    for (size_t i = 0; i < s.n && out->n < max; i++) {
        unsigned char c = static_cast<unsigned char>(s.p[i]);
        if (c == '"' || c == '\\') {
            buf_addc(out, '\\');
            buf_addc(out, char(c));
        } else if (c < 0x20) {
            buf_adds(out, "\\u00");
            buf_addc(out, hex[c >> 4]);
            buf_addc(out, hex[c & 15]);
        } else {
            buf_addc(out, char(c));
        }
    }
    buf_addc(out, '"');
}

static void
print_scalar(struct buf *out, struct json v, size_t max)
{
    const auto *d = static_cast<const json_doc *>(v.doc);
    double f;
    switch (kind(v)) {
    case '"':
        print_string(out, string_at(d, word(v)), max);
        break;
    case 'l':
        buf_addf(out, "%lld", static_cast<long long>(d->tape[v.at + 1]));
        break;
    case 'u':
        buf_addf(out, "%llu", static_cast<unsigned long long>(d->tape[v.at + 1]));
        break;
    case 'd':
        memcpy(&f, &d->tape[v.at + 1], sizeof f);
        buf_addf(out, "%.17g", f);
        break;
    default:
        buf_adds(out, kind(v) == 't' ? "true" : kind(v) == 'f' ? "false" : "null");
    }
}

/* Walks the tape word by word: no recursion. open[] holds the kind of each bracket that is open,
 * with its upper bit set once it has an item; in an object every second string is a key. */
void
json_print(struct buf *out, struct json v, size_t max)
{
    const auto *d = static_cast<const json_doc *>(v.doc);
    size_t limit = out->n + max, end = after(d->tape, v.at), depth = 0;
    struct { char kind; bool some, value_next; } open[DEPTH_MAX + 1];

    for (size_t at = v.at; at < end && out->n < limit;) {
        char k = char(d->tape[at] >> 56);
        if (k == ']' || k == '}') {
            buf_addc(out, k);
            depth--;
            at++;
            continue;
        }
        bool is_key = false;
        if (depth > 0) {
            auto &in = open[depth];
            if (!in.value_next && in.some)
                buf_addc(out, ',');
            in.some = true;
            is_key = in.kind == '{' && !in.value_next;
            in.value_next = is_key;
        }
        if (k == '[' || k == '{') {
            buf_addc(out, k);
            open[++depth] = {k, false, false};
            at++;
            continue;
        }
        print_scalar(out, {d, at}, limit);
        if (is_key)
            buf_addc(out, ':');
        at = after(d->tape, at);
    }
    if (out->n > limit)
        out->n = limit;
}
