/* recording.h - what recorded.c reads and recorded_text.c serves. */
#ifndef RPCSIM_RECORDING_H
#define RPCSIM_RECORDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recorded_block {
    uint64_t number;
    json_t *block;    /* owned, like all here; NULL: not recorded */
    json_t *receipts; /* array, by transaction index */
    json_t *logs;     /* array, where receipts are not recorded */
    json_t *traces, *debug_traces;
};

struct recorded {
    struct recorded_block *blocks; /* sorted by number */
    size_t n;
    json_t *codes; /* object: address to code */
};

/* The block of that number, or NULL. */
struct recorded_block *recorded_find(const struct recorded *r, uint64_t number);

#endif
