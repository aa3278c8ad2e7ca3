/* creations.c - creations out of traces; see creations.h. */
#include "creations.h"

#include <string.h>

#include "calls.h"
#include "hexfield.h"

/* The failed call that those after it are inside of. */
struct failure {
    bool on;
    size_t depth;
};

/* In order, parents first: was this one undone, by itself or by a call around it? */
static bool
undone(struct failure *f, struct json trace, size_t depth)
{
    struct json v;

    if (f->on && depth > f->depth)
        return true;
    f->on = member(trace, "error", &v);
    f->depth = depth;
    return f->on;
}

static bool
type_is(struct json trace, const char *type)
{
    struct json v;
    struct span s;
    return member(trace, "type", &v) && json_string(v, &s) && span_is(s, type);
}

static bool
read_bytes(struct json object, const char *key, uint8_t *out, size_t n)
{
    struct json v;
    return member(object, key, &v) && hex_bytes(v, out, n);
}

static void
add_flat(const struct block_replies *r, struct buf *touches)
{
    struct json_items it = json_items(r->traces);
    struct json trace, path, action, result;
    struct failure failure = {0};

    while (json_next(&it, &trace)) {
        struct touch t = {.block = r->number, .created = true, .certain = true};
        size_t depth = member(trace, "traceAddress", &path) ? json_count(path) : 0;
        if (!undone(&failure, trace, depth) && type_is(trace, "create") &&
            member(trace, "action", &action) && member(trace, "result", &result) &&
            read_bytes(result, "address", t.address, 20) && read_bytes(action, "from", t.creator, 20) &&
            read_bytes(trace, "transactionHash", t.transaction_hash, 32))
            buf_add(touches, &t, sizeof t);
    }
}

static enum decode
add_tree(const struct block_replies *r, struct buf *touches, char *why)
{
    struct failure failure = {0};
    struct calls c;

    for (bool ok = calls_begin(&c, r, why); ok && calls_next(&c);) {
        struct touch t = {.block = r->number, .created = true, .certain = true};
        if (undone(&failure, c.call, c.depth) || !(type_is(c.call, "CREATE") || type_is(c.call, "CREATE2")) ||
            !c.has_hash)
            continue;
        memcpy(t.transaction_hash, c.hash, 32);
        if (read_bytes(c.call, "to", t.address, 20) && read_bytes(c.call, "from", t.creator, 20))
            buf_add(touches, &t, sizeof t);
    }
    return c.bad ? DECODE_BAD : DECODE_OK;
}

enum decode
creations_add(const struct block_replies *r, struct buf *touches, char *why)
{
    if (r->call_tracer)
        return add_tree(r, touches, why);
    add_flat(r, touches);
    return DECODE_OK;
}
