#include "fetcher/request.h"

#include <stdlib.h>

struct rpc_request *
rpc_request_new(void)
{
    return xcalloc(1, sizeof(struct rpc_request));
}

struct rpc_call *
rpc_request_add(struct rpc_request *r, const char *method, enum rpc_kind kind, uint64_t from, uint64_t to)
{
    struct rpc_call *call;

    if (r->n == RPC_BATCH_MAX)
        abort();
    call = &r->calls[r->n++];
    *call = (struct rpc_call){.method = method, .kind = kind, .from = from, .to = to};
    return call;
}

void
rpc_request_free(struct rpc_request *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        buf_free(&r->calls[i].params);
    free(r);
}

static void
write_call(struct buf *out, const struct rpc_call *call, uint64_t id)
{
    buf_addf(out, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":", (unsigned long long)id, call->method);
    if (call->params.n)
        buf_add(out, call->params.p, call->params.n);
    else
        buf_adds(out, "[]");
    buf_addc(out, '}');
}

void
request_write(struct buf *out, const struct rpc_request *r, uint64_t first_id)
{
    bool bare = r->bare && r->n == 1;

    if (!bare)
        buf_addc(out, '[');
    for (size_t i = 0; i < r->n; i++) {
        if (i)
            buf_addc(out, ',');
        write_call(out, &r->calls[i], first_id + i);
    }
    if (!bare)
        buf_addc(out, ']');
}
