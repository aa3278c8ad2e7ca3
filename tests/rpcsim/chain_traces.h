/* chain_traces.h - traces and account states of the drawn chain (members of its struct source). */
#ifndef RPCSIM_CHAIN_TRACES_H
#define RPCSIM_CHAIN_TRACES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

bool chain_traces(void *self, uint64_t number, struct buf *out);
bool chain_debug_traces(void *self, uint64_t number, struct buf *out);
bool chain_balance(void *self, const uint8_t address[20], uint64_t number, struct buf *out);
bool chain_nonce(void *self, const uint8_t address[20], uint64_t number, struct buf *out);
bool chain_code(void *self, const uint8_t address[20], uint64_t number, struct buf *out);

#endif
