/* wire.c - result messages, msgpack; see wire.h.
 *
 * msgpack-c allocates what the headers in a message claim. Messages come from the network, so
 * wire_frame goes over the headers first: the library only sees flat arrays of at most a dozen
 * numbers and strings that really are there.
 */
#include "common/wire.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

enum {
    NAME_MAX_BYTES = 255,         /* run, fetcher, endpoint, table, dataset */
    TEXT_MAX_BYTES = 128 << 10,   /* filter, error: what a line may carry */
    ELEMENTS_MIN = 9, ELEMENTS_MAX = 13,
};

enum form { FORM_NAME, FORM_TEXT, FORM_U32, FORM_U64, FORM_BLOCK, FORM_DATA };

struct field {
    const char *name;
    enum form form;
    size_t offset;
};

#define FIELD(member, form) {#member, form, offsetof(struct wire, member)}

/* What follows the version and the kind. */
static const struct shape {
    size_t n;
    struct field field[11];
} shapes[] = {
    [WIRE_ROWS] = {8, {
        FIELD(run, FORM_NAME), FIELD(fetcher, FORM_NAME), FIELD(task, FORM_U64), FIELD(try, FORM_U32),
        FIELD(seq, FORM_U32), FIELD(table, FORM_NAME), FIELD(rows, FORM_U32), FIELD(data, FORM_DATA),
    }},
    [WIRE_END] = {11, {
        FIELD(run, FORM_NAME), FIELD(fetcher, FORM_NAME), FIELD(task, FORM_U64), FIELD(try, FORM_U32),
        FIELD(chunks, FORM_U32), FIELD(endpoint, FORM_NAME), FIELD(chain, FORM_BLOCK),
        FIELD(dataset, FORM_NAME), FIELD(filter, FORM_TEXT), FIELD(from, FORM_BLOCK), FIELD(to, FORM_BLOCK),
    }},
    [WIRE_END_HASHES] = {9, {
        FIELD(run, FORM_NAME), FIELD(fetcher, FORM_NAME), FIELD(task, FORM_U64), FIELD(try, FORM_U32),
        FIELD(chunks, FORM_U32), FIELD(endpoint, FORM_NAME), FIELD(chain, FORM_BLOCK),
        FIELD(dataset, FORM_NAME), FIELD(hashes, FORM_U64),
    }},
    [WIRE_GIVEN_UP] = {10, {
        FIELD(run, FORM_NAME), FIELD(endpoint, FORM_NAME), FIELD(task, FORM_U64), FIELD(try, FORM_U32),
        FIELD(chain, FORM_BLOCK), FIELD(dataset, FORM_NAME), FIELD(filter, FORM_TEXT),
        FIELD(from, FORM_BLOCK), FIELD(to, FORM_BLOCK), FIELD(error, FORM_TEXT),
    }},
    [WIRE_DOUBTED] = {8, {
        FIELD(run, FORM_NAME), FIELD(fetcher, FORM_NAME), FIELD(endpoint, FORM_NAME), FIELD(task, FORM_U64),
        FIELD(chain, FORM_BLOCK), FIELD(dataset, FORM_NAME), FIELD(filter, FORM_TEXT), FIELD(from, FORM_BLOCK),
    }},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* --- encoding --- */

static int
append(void *out, const char *p, size_t n)
{
    buf_add(out, p, n);
    return 0;
}

static void
pack_text(msgpack_packer *packer, struct span s, size_t max)
{
    struct buf clean = {0};

    buf_add_line(&clean, s, max); /* a stranger's error text must not make the record unreadable */
    msgpack_pack_str_with_body(packer, clean.n ? clean.p : "", clean.n);
    buf_free(&clean);
}

static void
pack_field(msgpack_packer *packer, const struct wire *w, const struct field *f)
{
    const void *value = (const char *)w + f->offset;
    struct span s;

    switch (f->form) {
    case FORM_U32:
        msgpack_pack_uint32(packer, *(const uint32_t *)value);
        break;
    case FORM_U64:
    case FORM_BLOCK:
        msgpack_pack_uint64(packer, *(const uint64_t *)value);
        break;
    case FORM_NAME:
        pack_text(packer, *(const struct span *)value, NAME_MAX_BYTES);
        break;
    case FORM_TEXT:
        pack_text(packer, *(const struct span *)value, TEXT_MAX_BYTES);
        break;
    case FORM_DATA:
        s = *(const struct span *)value;
        msgpack_pack_bin_with_body(packer, s.n ? s.p : "", s.n);
        break;
    }
}

void
wire_encode(struct buf *out, const struct wire *w)
{
    const struct shape *shape = &shapes[w->kind];
    msgpack_packer packer;

    buf_room(out, w->data.n + 256);
    msgpack_packer_init(&packer, out, append);
    msgpack_pack_array(&packer, shape->n + 2);
    msgpack_pack_int(&packer, WIRE_VERSION);
    msgpack_pack_int(&packer, (int)w->kind);
    for (size_t i = 0; i < shape->n; i++)
        pack_field(&packer, w, &shape->field[i]);
}

/* --- the length of a message, from its headers --- */

static size_t
big_endian(const unsigned char *p, size_t n)
{
    size_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* Bytes of the flat element at p (n > 0 bytes are there); 0: its header is not whole yet,
 * SIZE_MAX: it is neither a number nor a string. May be more than n. */
static size_t
element_size(const unsigned char *p, size_t n)
{
    static const unsigned char length_bytes[] = {[0xc4 - 0xc4] = 1, [0xc5 - 0xc4] = 2, [0xc6 - 0xc4] = 4};
    size_t width;

    if (p[0] < 0x80)
        return 1; /* a small number */
    if (p[0] >= 0xa0 && p[0] <= 0xbf)
        return 1 + (size_t)(p[0] & 31); /* a short string */
    if (p[0] >= 0xcc && p[0] <= 0xcf)
        return 1 + ((size_t)1 << (p[0] - 0xcc)); /* a number of 1, 2, 4, 8 bytes */
    if (p[0] >= 0xd0 && p[0] <= 0xd3)
        return 1 + ((size_t)1 << (p[0] - 0xd0)); /* the same, with a sign */
    if (p[0] >= 0xc4 && p[0] <= 0xc6)
        width = length_bytes[p[0] - 0xc4]; /* bin */
    else if (p[0] >= 0xd9 && p[0] <= 0xdb)
        width = length_bytes[p[0] - 0xd9]; /* str */
    else
        return SIZE_MAX;
    if (n < 1 + width)
        return 0;
    return 1 + width + big_endian(p + 1, width);
}

size_t
wire_frame(const char *text, size_t n, size_t *body)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 1;

    *body = 0;
    if (n == 0)
        return 0;
    if (p[0] < 0x90 + ELEMENTS_MIN || p[0] > 0x90 + ELEMENTS_MAX)
        return SIZE_MAX;
    for (int left = p[0] & 15; left > 0; left--) {
        if (at >= n)
            return 0;
        size_t size = element_size(p + at, n - at);
        if (size == 0)
            return 0;
        if (size > LINK_MESSAGE_MAX - at)
            return SIZE_MAX;
        at += size;
    }
    if (at > n)
        return 0;
    *body = at;
    return at;
}

/* --- decoding --- */

static bool
is_text(struct span s)
{
    return span_is_utf8(s) && (s.n == 0 || !memchr(s.p, '\0', s.n));
}

/* Returns what is wrong, or NULL. */
static const char *
store_text(const msgpack_object *o, struct span *out, size_t max)
{
    if (o->type != MSGPACK_OBJECT_STR)
        return "is not a string";
    if (o->via.str.size > max)
        return "is too long";
    *out = (struct span){o->via.str.ptr, o->via.str.size};
    return is_text(*out) ? NULL : "is not UTF-8 text";
}

static const char *
store(const msgpack_object *o, enum form form, void *value)
{
    switch (form) {
    case FORM_NAME:
        return store_text(o, value, NAME_MAX_BYTES);
    case FORM_TEXT:
        return store_text(o, value, TEXT_MAX_BYTES);
    case FORM_DATA:
        if (o->type != MSGPACK_OBJECT_BIN)
            return "is not binary";
        *(struct span *)value = (struct span){o->via.bin.ptr, o->via.bin.size};
        return NULL;
    case FORM_U32:
    case FORM_U64:
    case FORM_BLOCK:
        break;
    }
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return "is not a non-negative integer";
    if ((form == FORM_U32 && o->via.u64 > UINT32_MAX) || (form == FORM_BLOCK && o->via.u64 >= INT64_MAX))
        return "is too large";
    if (form == FORM_U32)
        *(uint32_t *)value = (uint32_t)o->via.u64;
    else
        *(uint64_t *)value = o->via.u64;
    return NULL;
}

static bool
small_number(const msgpack_object *o, uint64_t *out)
{
    *out = o->via.u64;
    return o->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
}

static bool
store_all(const msgpack_object_array *a, struct wire *out, char *err, size_t size)
{
    uint64_t version, kind;

    if (!small_number(&a->ptr[0], &version) || version != WIRE_VERSION)
        snprintf(err, size, "result message: not of protocol version %d", WIRE_VERSION);
    else if (!small_number(&a->ptr[1], &kind) || kind >= SHAPES)
        snprintf(err, size, "result message: unknown kind");
    else if (a->size != shapes[kind].n + 2)
        snprintf(err, size, "result message: expected %zu elements for kind %" PRIu64 ", not %" PRIu32,
                 shapes[kind].n + 2, kind, a->size);
    else {
        const struct shape *shape = &shapes[kind];
        out->kind = (enum wire_kind)kind;
        for (size_t i = 0; i < shape->n; i++) {
            const struct field *f = &shape->field[i];
            const char *wrong = store(&a->ptr[i + 2], f->form, (char *)out + f->offset);
            if (wrong) {
                snprintf(err, size, "result message: %s %s", f->name, wrong);
                return false;
            }
        }
        if (out->from <= out->to || out->kind == WIRE_DOUBTED)
            return true;
        snprintf(err, size, "result message: from is greater than to");
    }
    return false;
}

bool
wire_decode(struct span message, struct wire *out, char *err, size_t size)
{
    size_t body, at = 0;
    msgpack_unpacked result;

    *out = (struct wire){0};
    if (message.n == 0 || wire_frame(message.p, message.n, &body) != message.n) {
        snprintf(err, size, "result message: not an array of numbers and strings as in the protocol");
        return false;
    }
    msgpack_unpacked_init(&result);
    bool good = msgpack_unpack_next(&result, message.p, message.n, &at) == MSGPACK_UNPACK_SUCCESS &&
                result.data.type == MSGPACK_OBJECT_ARRAY;
    if (!good)
        snprintf(err, size, "result message: not msgpack");
    else
        good = store_all(&result.data.via.array, out, err, size);
    msgpack_unpacked_destroy(&result); /* spans stay: they point into the message */
    if (!good)
        *out = (struct wire){0};
    return good;
}
