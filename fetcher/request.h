/* request.h - the text of a request; the request itself is rpc.h's. */
#ifndef SLUICE_REQUEST_H
#define SLUICE_REQUEST_H

#include <stdint.h>

#include "common/buf.h"
#include "fetcher/rpc.h"

/* Appends the JSON-RPC call or batch; ids count up from first_id. */
void request_write(struct buf *out, const struct rpc_request *r, uint64_t first_id);

#endif
