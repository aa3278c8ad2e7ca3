#include "fetcher/reply.h"

#include <string.h>

#include "common/num.h"

enum {
    INSPECTED = 5000, /* bytes of an error's message or data that are looked at */
    SHOWN_BODY = 120, /* bytes of a body that is not JSON that people see */
};

/* The reading of one reply. */
struct reading {
    struct reader *reader;
    const struct reply *reply;
    const struct rpc_request *request;
    struct rpc_answer *answers;
    bool answered[RPC_BATCH_MAX];
    bool orphaned;       /* an error without an id came: it is about all calls */
    struct json orphan;
};

static struct span
cut(struct span s)
{
    if (s.n > INSPECTED)
        s.n = INSPECTED;
    return s;
}

/* A string as it is, anything else as JSON text (in the reader's scratch). */
static struct span
text_of(struct reader *reader, struct json v)
{
    struct span s;
    size_t at = reader->scratch.n;

    if (json_type(v) == JSON_NULL)
        return SPAN("");
    if (json_string(v, &s))
        return cut(s);
    json_print(&reader->scratch, v, INSPECTED);
    return (struct span){reader->scratch.p + at, reader->scratch.n - at};
}

static int64_t
code_of(struct json v)
{
    struct span s;
    int64_t code;
    uint64_t positive;
    bool minus;

    if (json_i64(v, &code))
        return code;
    if (!json_string(v, &s) || s.n == 0)
        return 0;
    minus = s.p[0] == '-';
    s.p += minus;
    s.n -= minus;
    if (!num_u64(s, &positive) || positive > INT32_MAX)
        return 0;
    return minus ? -(int64_t)positive : (int64_t)positive;
}

/* An error as JSON-RPC has it, or a string, or what gateways send without the envelope:
 * {"message": ..., "code": ...}. */
static void
read_error(struct reader *reader, struct json error, struct answer_facts *f)
{
    struct json v;

    reader->scratch.n = 0;
    buf_room(&reader->scratch, (size_t)2 * INSPECTED + 64); /* so that spans into it stay valid */
    f->has_error = true;
    if (json_type(error) != JSON_OBJECT) {
        f->message = text_of(reader, error);
        return;
    }
    if (json_get(error, "code", &v))
        f->code = code_of(v);
    if (json_get(error, "message", &v) || json_get(error, "msg", &v) || json_get(error, "detail", &v))
        f->message = text_of(reader, v);
    if (json_get(error, "data", &v))
        f->data = text_of(reader, v);
}

/* The error of an answer object; false if it has none. */
static bool
find_error(struct json object, struct json *error)
{
    struct json v;

    if (json_get(object, "error", error) && json_type(*error) != JSON_NULL)
        return true;
    if (json_get(object, "result", &v))
        return false;
    *error = object;
    return json_get(object, "message", &v) || json_get(object, "msg", &v)
        || json_get(object, "detail", &v);
}

static struct answer_facts
facts_of(const struct reading *g, size_t i)
{
    const struct reply *reply = g->reply;
    const struct rpc_call *call = &g->request->calls[i];

    return (struct answer_facts){
        .transport = reply->transport,
        .status = reply->status,
        .retry_after_ms = reply->retry_after_ms,
        .kind = call->kind,
        .from = call->from,
        .to = call->to,
        .blocks = call->from <= call->to ? call->to - call->from + 1 : 0,
        .items = call->items,
        .batch = g->request->n,
        .head = reply->head,
        .now_unix = reply->now_unix,
    };
}

static void
describe(struct reading *g, size_t i, const struct answer_facts *f)
{
    struct reader *reader = g->reader;
    struct buf *out = &reader->texts;
    size_t at = out->n;
    struct buf raw = {0}, shown = {0};

    if (g->reply->trouble)
        buf_adds(&raw, g->reply->trouble);
    else if (f->status && f->status != 200)
        buf_addf(&raw, "HTTP %ld%s", f->status, f->has_error || f->body.n ? ": " : "");
    if (f->has_error && f->code)
        buf_addf(&raw, "code %lld: ", (long long)f->code);
    if (f->has_error)
        buf_add(&raw, f->message.p, f->message.n);
    if (f->has_error && f->data.n)
        buf_addf(&raw, " (%.*s)", SPAN_ARG(f->data));
    if (!f->has_error && !g->reply->trouble && f->body.n) {
        buf_adds(&raw, "not JSON: '");
        secrets_clean(reader->secrets, &raw, f->body, SHOWN_BODY); /* before it is cut: half a secret is not known as one */
        buf_addc(&raw, '\'');
    }
    if (raw.n == 0)
        buf_adds(&raw, f->json ? g->answers[i].judgement.rule : "an empty answer");
    secrets_clean(reader->secrets, &shown, (struct span){raw.p, raw.n}, REPLY_TEXT_MAX);
    buf_add(out, shown.p, shown.n);
    g->answers[i].text = (struct span){out->p + at, out->n - at};
    buf_free(&raw);
    buf_free(&shown);
}

static void
conclude(struct reading *g, size_t i, const struct answer_facts *f)
{
    g->answered[i] = true;
    g->answers[i].judgement = judge(f);
    if (g->answers[i].judgement.verdict != VERDICT_OK)
        describe(g, i, f);
}

/* Judges call i by its answer object. */
static void
read_answer(struct reading *g, size_t i, struct json object, bool whole_batch, bool foreign)
{
    struct answer_facts f = facts_of(g, i);
    struct json error, result;

    f.json = true;
    f.whole_batch = whole_batch;
    if (find_error(object, &error)) {
        read_error(g->reader, error, &f);
    } else if (json_get(object, "result", &result)) {
        f.result_null = json_type(result) == JSON_NULL;
        f.foreign = foreign;
        g->answers[i].result = result;
    } else {
        f.result_missing = true;
    }
    conclude(g, i, &f);
}

enum id { ID_NONE, ID_OURS, ID_UNKNOWN };

static enum id
read_id(const struct reading *g, struct json object, size_t *i)
{
    struct json v;
    struct span s;
    uint64_t id;

    if (!json_get(object, "id", &v) || json_type(v) == JSON_NULL)
        return ID_NONE;
    if (!json_u64(v, &id) && !(json_string(v, &s) && num_u64(s, &id)))
        return ID_UNKNOWN;
    if (id < g->reply->first_id || id - g->reply->first_id >= g->request->n)
        return ID_UNKNOWN;
    *i = (size_t)(id - g->reply->first_id);
    return ID_OURS;
}

/* One object of the reply: the answer of the call that it names. */
static void
read_item(struct reading *g, struct json object)
{
    struct json error;
    size_t i = 0;
    enum id id = read_id(g, object, &i);
    bool failed = find_error(object, &error);

    if (id == ID_OURS) {
        if (!g->answered[i])
            read_answer(g, i, object, false, false);
    } else if (g->request->n == 1 && !g->answered[0]) {
        read_answer(g, 0, object, false, id == ID_UNKNOWN);
    } else if (failed && id == ID_NONE && !g->orphaned) {
        g->orphaned = true;
        g->orphan = object;
    }
}

/* An answer whose verdict explains why the others are missing, or NULL. */
static const struct rpc_answer *
explanation(const struct reading *g)
{
    for (size_t i = 0; i < g->request->n; i++)
        if (g->answered[i])
            switch (g->answers[i].judgement.verdict) {
            case VERDICT_BATCH:
            case VERDICT_RATE:
            case VERDICT_QUOTA:
            case VERDICT_AUTH:
                return &g->answers[i];
            default:
                break;
            }
    return NULL;
}

static void
read_missing(struct reading *g, bool lone_object)
{
    const struct rpc_answer *why = explanation(g);

    for (size_t i = 0; i < g->request->n; i++) {
        if (g->answered[i])
            continue;
        if (g->orphaned) {
            read_answer(g, i, g->orphan, true, false);
        } else if (why) {
            g->answers[i] = *why;
        } else {
            struct answer_facts f = facts_of(g, i);

            f.json = true;
            f.whole_batch = lone_object;
            f.result_missing = true;
            conclude(g, i, &f);
        }
    }
}

static void
read_json(struct reading *g, struct json root)
{
    struct json_items it;
    struct json item;
    bool lone = json_type(root) == JSON_OBJECT;

    if (lone)
        read_item(g, root);
    else
        for (it = json_items(root); json_next(&it, &item);)
            if (json_type(item) == JSON_OBJECT)
                read_item(g, item);
    read_missing(g, lone);
}

static bool
is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
parse(struct reader *reader, struct span body, struct json *root)
{
    const char *error;
    size_t i = 0;

    while (i < body.n && is_white(body.p[i]))
        i++;
    if (i == body.n || (body.p[i] != '{' && body.p[i] != '['))
        return false;
    return json_parse(reader->doc, body.p, body.n, root, &error);
}

/* How much of the body the request's own reader made something of. */
static size_t
read_first(const struct reply *reply, const struct rpc_request *r)
{
    return r->read && reply->transport == TRANSPORT_OK && reply->status == 200
               ? r->read(r, reply->body, reply->first_id, r->context)
               : 0;
}

/* What follows the comma behind the first answer of an array: one more, and the bracket. */
static void
read_second(struct reading *g, struct span rest)
{
    struct json root;

    while (rest.n > 0 && is_white(rest.p[rest.n - 1]))
        rest.n--;
    if (rest.n > 0 && rest.p[rest.n - 1] == ']' &&
        parse(g->reader, (struct span){rest.p, rest.n - 1}, &root) && json_type(root) == JSON_OBJECT)
        read_item(g, root);
    read_missing(g, false);
}

void
reply_read(struct reader *reader, const struct reply *reply, const struct rpc_request *r,
           struct rpc_answer *answers)
{
    struct reading g = {.reader = reader, .reply = reply, .request = r, .answers = answers};
    struct json root;

    memset(answers, 0, r->n * sizeof answers[0]);
    reader->texts.n = 0;
    buf_room(&reader->texts, r->n * REPLY_TEXT_MAX); /* so that spans into it stay valid */
    size_t first = read_first(reply, r);
    if (first > 0) {
        struct answer_facts f = facts_of(&g, 0);

        f.json = true;
        conclude(&g, 0, &f);
        if (first < reply->body.n)
            read_second(&g, (struct span){reply->body.p + first + 1, reply->body.n - first - 1});
        return;
    }
    if (reply->transport == TRANSPORT_OK && parse(reader, reply->body, &root)) {
        read_json(&g, root);
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct answer_facts f = facts_of(&g, i);

        if (reply->transport == TRANSPORT_OK)
            f.body = cut(reply->body);
        conclude(&g, i, &f);
    }
}

void
reader_free(struct reader *reader)
{
    buf_free(&reader->texts);
    buf_free(&reader->scratch);
}
