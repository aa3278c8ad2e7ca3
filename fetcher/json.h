/* json.h - reading JSON: a C face on simdjson's DOM, the one door to it (json.cc).
 *
 * A document is parsed whole; values are small handles into it, valid until the next parse of
 * the same document. Keys are looked up in place, nothing is converted before it is asked for.
 * simdjson checks UTF-8 and bounds the depth: 2200, for the call tree of a deepest transaction.
 */
#ifndef SLUICE_JSON_H
#define SLUICE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JSON_PADDING = 64 }; /* readable bytes wanted after the text; their content does not matter */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_doc; /* opaque: a parser and its memory, which is reused and grows to the largest text */

struct json {
    const void *doc;
    size_t at;
};

struct json_items { /* an iterator; start with json_items() */
    struct json next;
    size_t end;
};

struct json_doc *json_new(void);
void json_free(struct json_doc *d);
size_t json_memory(const struct json_doc *d); /* bytes held; json_shrink gives back what is above keep */
void json_shrink(struct json_doc *d, size_t keep);

/* False: not one whole JSON document; *error is then a static text. */
bool json_parse(struct json_doc *d, const char *text, size_t len, struct json *root, const char **error);

enum json_type json_type(struct json v);
bool json_get(struct json object, const char *key, struct json *out); /* false: absent, or not an object */
bool json_string(struct json v, struct span *out);
bool json_u64(struct json v, uint64_t *out); /* a JSON integer, non-negative */
bool json_i64(struct json v, int64_t *out);
bool json_bool(struct json v, bool *out);

/* for (it = json_items(a); json_next(&it, &v);)         over an array
 * for (it = json_items(o); json_next_field(&it, &k, &v);) over an object, in its order */
struct json_items json_items(struct json v); /* of neither: no items */
bool json_next(struct json_items *it, struct json *item);
bool json_next_field(struct json_items *it, struct span *key, struct json *value);
size_t json_count(struct json v);

/* Appends v as compact JSON text (error data, people's eyes); at most max bytes. */
void json_print(struct buf *out, struct json v, size_t max);

#ifdef __cplusplus
}
#endif
#endif
