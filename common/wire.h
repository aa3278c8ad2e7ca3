/* wire.h - result messages, msgpack. Grammar: common/protocol.txt, section 3.
 *
 * The one door to msgpack-c. Decoding copies nothing: spans point into the message.
 */
#ifndef SLUICE_WIRE_H
#define SLUICE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "link.h"

enum { WIRE_VERSION = 1 };

enum wire_kind { WIRE_ROWS, WIRE_END, WIRE_END_HASHES, WIRE_GIVEN_UP, WIRE_DOUBTED };

struct wire {
    enum wire_kind kind;
    struct span run, fetcher;
    uint64_t task;
    uint32_t try;       /* GIVEN_UP: attempts */
    uint32_t seq;       /* ROWS */
    struct span table;  /* ROWS */
    uint32_t rows;      /* ROWS */
    struct span data;   /* ROWS */
    uint32_t chunks;    /* END, END_HASHES */
    struct span endpoint;
    uint64_t chain;
    struct span dataset, filter;
    uint64_t from, to;  /* END, GIVEN_UP; DOUBTED: from */
    uint64_t hashes;    /* END_HASHES */
    struct span error;  /* GIVEN_UP */
};

/* Appends the message. */
void wire_encode(struct buf *out, const struct wire *w);
/* False: err says what is wrong (version, kind, shape, a string that is not UTF-8 or too long). */
bool wire_decode(struct span message, struct wire *out, char *err, size_t size);
/* Cuts messages out of a byte stream; cost does not depend on the size of data. */
link_frame wire_frame;

#endif
