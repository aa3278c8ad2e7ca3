/* sim.c - see sim.h: one request from text to text. */
#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "scenario.h"

enum { DRAW_BACKEND = 300 };
enum { CODE_PARSE = -32700, CODE_REQUEST = -32600, CODE_INTERNAL = -32603 };

uint64_t
sim_head(const struct sim *s)
{
    return s->source.ops->head(s->source.self);
}

void
sim_tick(struct sim *s, int64_t now_us)
{
    int64_t elapsed_ms = s->start_ms < 0 ? 0 : now_us / 1000 - s->start_ms;
    if (s->scenario)
        scenario_apply(s->scenario, elapsed_ms, s->stats.requests, &s->knobs);
    if (!s->chain)
        return;
    chain_set_head(s->chain, s->knobs.head + s->knobs.head_per_s * (uint64_t)elapsed_ms / 1000);
    chain_set_fork(s->chain, s->knobs.fork_at, s->knobs.fork);
}

void
reply_free(struct reply *r)
{
    buf_free(&r->body);
}

void
exchange_fail(struct exchange *x, enum refusal kind, int code, const char *message)
{
    exchange_refuse(x, kind, &(struct style){.http = 200, .code = code, .message = message},
                    &(struct style_words){0});
}

void
exchange_refuse(struct exchange *x, enum refusal kind, const struct style *style, const struct style_words *w)
{
    x->failed = true;
    x->http = style->http;
    x->code = style->code;
    x->whole = *style;
    x->message.n = x->data.n = 0;
    style_fill(style->message, w, &x->message);
    if (style->data)
        style_fill(style->data, w, &x->data);
    x->sim->stats.refused[kind]++;
}

/* Appends s as a JSON string (texts of styles and method names: quotes and backslashes only). */
static void
add_string(const struct buf *s, struct buf *out)
{
    buf_addc(out, '"');
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] == '"' || s->p[i] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, (unsigned char)s->p[i] < ' ' ? ' ' : s->p[i]);
    }
    buf_addc(out, '"');
}

static void
add_error(const struct exchange *x, struct buf *out)
{
    buf_addf(out, "\"error\":{\"code\":%d,\"message\":", x->code);
    add_string(&x->message, out);
    if (x->data.n > 0) {
        buf_adds(out, ",\"data\":");
        buf_add(out, x->data.p, x->data.n);
    }
    buf_adds(out, "}}");
}

static void
add_start(json_t *id, bool strings, struct buf *out)
{
    char *text = id ? json_dumps(id, JSON_ENCODE_ANY) : NULL;
    const char *quote = strings && json_is_integer(id) ? "\"" : "";
    buf_addf(out, "{\"jsonrpc\":\"2.0\",\"id\":%s%s%s,", quote, text ? text : "null", quote);
    free(text);
}

static void
exchange_done(struct exchange *x)
{
    buf_free(&x->message);
    buf_free(&x->data);
}

/* Answers one call into out; the exchange tells what became of it. */
static void
answer_call(struct exchange *x, json_t *call, bool strings, struct buf *out)
{
    const char *method = json_string_value(json_object_get(call, "method"));
    x->params = json_object_get(call, "params");
    x->out = out;
    x->sim->stats.calls++;
    add_start(json_object_get(call, "id"), strings, out);
    size_t start = out->n;
    if (!x->failed) {
        buf_adds(out, "\"result\":");
        if (method)
            method_call(x, method);
        else
            exchange_fail(x, REFUSED_CALLER, CODE_REQUEST, "invalid request");
    }
    if (x->failed) {
        out->n = start;
        add_error(x, out);
    } else {
        buf_addc(out, '}');
        x->sim->stats.logs += x->n_logs;
    }
}

static uint64_t
head_of_request(const struct sim *s)
{
    const struct knobs *k = &s->knobs;
    uint64_t head = sim_head(s), every = k->behind_every ? k->behind_every : 1;
    bool lags = k->behind_of ? draw(s->seed, DRAW_BACKEND, s->counter, 0) % k->behind_of == 0 : s->counter % every == 0;
    if (k->behind && lags)
        return head > k->behind ? head - k->behind : 0;
    return head;
}

/* The whole answer is one object or text, whatever was asked. */
void
faults_whole(struct sim *s, const struct style *style, const struct style_words *w, struct reply *out)
{
    struct exchange x = {.sim = s};
    exchange_refuse(&x, REFUSED_FAULT, style, w);
    s->stats.refused[REFUSED_FAULT]--; /* the caller counts */
    out->body.n = 0;
    out->status = style->http;
    if (style->shape == SHAPE_TEXT) {
        out->content_type = style->message[0] == '<' ? "text/html" : "text/plain";
        buf_add(&out->body, x.message.p, x.message.n);
    } else {
        add_start(NULL, false, &out->body);
        add_error(&x, &out->body);
    }
    exchange_done(&x);
}

/* Every call of the request gets the same error. */
static void
refuse_request(struct sim *s, json_t *request, enum refusal kind, const struct style *style,
               const struct style_words *w, struct reply *out)
{
    size_t n = json_is_array(request) ? json_array_size(request) : 1;
    s->stats.refused[kind]++;
    if (style->shape == SHAPE_TEXT || style->shape == SHAPE_SINGLE) {
        faults_whole(s, style, w, out);
        return;
    }
    out->status = style->http;
    if (json_is_array(request))
        buf_addc(&out->body, '[');
    for (size_t i = 0; i < (style->shape == SHAPE_FIRST ? 1 : n); i++) {
        struct exchange x = {.sim = s};
        exchange_refuse(&x, kind, style, w);
        s->stats.refused[kind]--;
        if (i > 0)
            buf_addc(&out->body, ',');
        answer_call(&x, json_is_array(request) ? json_array_get(request, i) : request, false, &out->body);
        exchange_done(&x);
    }
    if (json_is_array(request))
        buf_addc(&out->body, ']');
}

static void
refuse_rate(struct sim *s, json_t *request, uint64_t wait_s, struct reply *out)
{
    const struct style *style = s->knobs.rate_style ? s->knobs.rate_style : style_default(STYLE_RATE);
    refuse_request(s, request, REFUSED_RATE, style, &(struct style_words){.max = s->knobs.rate, .wait = wait_s}, out);
    faults_rate_reply(s, wait_s, out);
}

/* The order in which a batch is answered: which of the n calls is answered at place i. */
static size_t
place(size_t i, size_t n, uint64_t mangle)
{
    return mangle >> MANGLE_SHUFFLED & 1 ? n - 1 - i : i;
}

static uint64_t
mangle_of_batch(struct sim *s)
{
    uint64_t every = s->knobs.mangle_every ? s->knobs.mangle_every : 1;
    return ++s->batches % every == 0 ? s->knobs.mangle : 0;
}

static void
answer_item(struct sim *s, json_t *call, bool strings, int64_t now_us, struct reply *out, uint64_t *n_logs)
{
    struct exchange x = {.sim = s, .head = head_of_request(s)};
    uint64_t wait_s;
    if (s->knobs.rate_items && faults_rate(s, now_us, &wait_s))
        exchange_refuse(&x, REFUSED_RATE, s->knobs.rate_style ? s->knobs.rate_style : style_default(STYLE_RATE),
                        &(struct style_words){.max = s->knobs.rate, .wait = wait_s});
    answer_call(&x, call, strings, &out->body);
    *n_logs += x.n_logs;
    exchange_done(&x);
}

static void
answer_batch(struct sim *s, json_t *request, int64_t now_us, struct reply *out, uint64_t *n_logs)
{
    size_t n = json_array_size(request);
    uint64_t mangle = mangle_of_batch(s);
    s->stats.batches++;
    if (n > s->stats.max_batch)
        s->stats.max_batch = n;
    buf_addc(&out->body, '[');
    for (size_t i = 0; i < n; i++) {
        size_t at = place(i, n, mangle);
        if (mangle >> MANGLE_MISSING & 1 && at == n / 2)
            continue;
        size_t start = out->body.n;
        answer_item(s, json_array_get(request, at), mangle >> MANGLE_STRINGS & 1, now_us, out, n_logs);
        buf_addc(&out->body, ',');
        if (mangle >> MANGLE_DUPLICATE & 1 && at == n / 3) {
            size_t size = out->body.n - start;
            buf_room(&out->body, size);
            buf_add(&out->body, out->body.p + start, size);
        }
    }
    if (mangle >> MANGLE_UNKNOWN & 1)
        buf_adds(&out->body, "{\"jsonrpc\":\"2.0\",\"id\":987654321,\"result\":\"0x1\"},");
    out->body.n -= out->body.p[out->body.n - 1] == ',';
    buf_addc(&out->body, ']');
}

static void
answer_single(struct sim *s, json_t *request, struct reply *out, uint64_t *n_logs)
{
    struct exchange x = {.sim = s, .head = head_of_request(s)};
    answer_call(&x, request, false, &out->body);
    *n_logs = x.n_logs;
    if (x.failed) {
        out->status = x.http;
        if (x.whole.shape == SHAPE_TEXT) {
            out->content_type = "text/html";
            out->body.n = 0;
            buf_add(&out->body, x.message.p, x.message.n);
        }
    }
    exchange_done(&x);
}

static bool
batch_refused(struct sim *s, json_t *request, struct reply *out)
{
    static const struct style arrays[] = {
        [ARRAYS_403] = {.http = 403, .shape = SHAPE_TEXT, .message = "Forbidden"},
        [ARRAYS_INTERNAL] = {.http = 200, .shape = SHAPE_SINGLE, .code = CODE_INTERNAL, .message = "internal"},
        [ARRAYS_INVALID] = {.http = 400, .shape = SHAPE_SINGLE, .code = CODE_REQUEST, .message = "invalid request"},
    };
    static const struct style empty = {.http = 200, .shape = SHAPE_SINGLE, .code = CODE_REQUEST,
                                       .message = "empty batch"};
    const struct knobs *k = &s->knobs;
    const struct style *style = k->batch_style ? k->batch_style : style_default(STYLE_BATCH);
    if (json_array_size(request) == 0)
        style = &empty;
    else if (k->arrays != ARRAYS_OK)
        style = &arrays[k->arrays];
    else if (!k->max_batch || json_array_size(request) <= k->max_batch)
        return false;
    refuse_request(s, request, REFUSED_BATCH, style, &(struct style_words){.max = k->max_batch}, out);
    return true;
}

static void
answer_json(struct sim *s, json_t *request, int64_t now_us, struct reply *out, uint64_t *n_logs)
{
    uint64_t wait_s;
    if (!s->knobs.rate_items && faults_rate(s, now_us, &wait_s))
        refuse_rate(s, request, wait_s, out);
    else if (json_is_object(request))
        answer_single(s, request, out, n_logs);
    else if (!json_is_array(request))
        faults_whole(s, &(struct style){.http = 200, .code = CODE_REQUEST, .message = "invalid request"},
                     &(struct style_words){0}, out);
    else if (!batch_refused(s, request, out))
        answer_batch(s, request, now_us, out, n_logs);
}

void
sim_answer(struct sim *s, struct span text, int64_t now_us, struct reply *out)
{
    *out = (struct reply){.status = 200, .content_type = "application/json"};
    if (s->start_ms < 0)
        s->start_ms = now_us / 1000;
    sim_tick(s, now_us);
    s->stats.requests++;
    s->counter++;
    out->delay_us = faults_delay_us(s, 0);
    if (faults_request(s, now_us, out))
        return;
    json_error_t error;
    json_t *request = json_loadb(text.p, text.n, 0, &error);
    uint64_t n_logs = 0;
    if (request)
        answer_json(s, request, now_us, out, &n_logs);
    else
        faults_whole(s, &(struct style){.http = 200, .code = CODE_PARSE, .message = "parse error"},
                     &(struct style_words){0}, out);
    json_decref(request);
    out->delay_us += (int64_t)(s->knobs.log_latency_us * n_logs);
    faults_spoil(s, out);
    s->stats.bytes += out->body.n;
}
