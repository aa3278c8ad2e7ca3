/* hexfield.h - members of a reply object -> the next fields of a row, checked.
 *
 * A struct fields reads one object into one row. The first member of a wrong form, too large for
 * its column, or missing where it is required sets `bad` and writes the reason; what is added
 * after that does not matter, and the caller takes the row back. A JSON null is a missing member.
 * Quantities are 0x-hex; JSON numbers, which some nodes send, are let pass.
 */
#ifndef SLUICE_HEXFIELD_H
#define SLUICE_HEXFIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "json.h"

enum { WHY_MAX = 160 };

enum field_need { FIELD_OPTIONAL, FIELD_REQUIRED };

struct fields {
    struct json object;
    const char *what; /* "transaction", for the reason */
    struct buf *row;
    char *why;        /* WHY_MAX bytes */
    bool bad;
};

/* Each adds one field of the row: the member's value, or null where it is missing. */
void field_int4(struct fields *f, const char *key, enum field_need need);
void field_int8(struct fields *f, const char *key, enum field_need need);
void field_numeric(struct fields *f, const char *key, enum field_need need); /* up to 256 bits */
void field_time(struct fields *f, const char *key, enum field_need need);    /* unix seconds */
void field_bytes(struct fields *f, const char *key, size_t n, enum field_need need); /* exactly n bytes */
void field_data(struct fields *f, const char *key, enum field_need need);    /* any number of bytes */
void field_text(struct fields *f, const char *key, enum field_need need);
void field_null(struct fields *f);
/* Marks f bad for a reason of the caller. */
void field_bad(struct fields *f, const char *key, const char *expected);

/* The same forms without a row. False: not of the form. */
bool hex_u64(struct json v, uint64_t *out);
bool hex_u256(struct json v, uint8_t out[32]); /* big-endian */
bool hex_bytes(struct json v, uint8_t *out, size_t n);
/* Unix seconds that a timestamptz can hold: 0x-hex, a JSON number or decimal text. */
bool hex_time(struct json v, int64_t *out);
/* Adds 0x-hex of any length as one bytea field, decoded in place. False: not of the form. */
bool hex_to_row(struct buf *row, struct span hex);

/* The hash of a transaction in a block: it stands for itself, or is an object that holds it. */
bool hex_transaction(struct json tx, uint8_t hash[32]);

/* An optional member: false if it is absent or null. */
bool member(struct json object, const char *key, struct json *out);

#endif
