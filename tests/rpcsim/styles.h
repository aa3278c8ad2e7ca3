/* styles.h - how real providers word their refusals: HTTP status, code, message and data.
 *
 * Texts are what the providers send (seen in their documentation, in issue threads and in the
 * sources of their software). {names} in them are filled in: {max} the limit, {max,} the same with
 * thousands separated, {asked} blocks asked for, {from} {to} what was asked, {sfrom} {sto} the
 * suggestion (both hex; {dfrom} {dto} in decimal), {head} the head, {need} the first block held, {method} its name,
 * {wait} seconds to wait.
 */
#ifndef RPCSIM_STYLES_H
#define RPCSIM_STYLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

enum style_kind {
    STYLE_ANY, STYLE_RANGE, STYLE_RESULT, STYLE_RATE, STYLE_QUOTA, STYLE_BATCH, STYLE_HEAD,
    STYLE_PRUNED, STYLE_METHOD,
};

enum style_shape { /* what the answer looks like */
    SHAPE_ITEM,   /* an error for each call */
    SHAPE_SINGLE, /* one object with id null, whatever was asked */
    SHAPE_FIRST,  /* an array with one element, for the first call */
    SHAPE_TEXT,   /* the message alone, as text/plain */
    SHAPE_SILENT, /* no error: an empty result */
};

struct style {
    enum style_kind kind;
    const char *name;
    unsigned http; /* status where the request is one call, or the shape is whole */
    int code;
    const char *message;
    const char *data;  /* JSON text with {names}, or NULL */
    bool difference;   /* a range is measured as to - from, not as a count */
    enum style_shape shape;
};

struct style_words {
    uint64_t max, asked, from, to, sfrom, sto, head, need, wait;
    const char *method;
};

const struct style *style_find(enum style_kind kind, struct span name); /* NULL: none */
const struct style *style_default(enum style_kind kind);
void style_names(enum style_kind kind, struct buf *out);
/* Appends text with its {names} filled in. */
void style_fill(const char *text, const struct style_words *w, struct buf *out);

#endif
