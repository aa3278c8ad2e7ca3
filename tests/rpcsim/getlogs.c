/* getlogs.c - eth_getLogs: the filter read, the limits held, the logs collected. */
#include <inttypes.h>
#include <string.h>

#include "common/num.h"
#include "sim.h"

enum { CODE_PARAMS = -32602 };

struct query {
    uint64_t from, to;
    struct filter filter;
};

static bool
read_block(const struct exchange *x, json_t *v, uint64_t *out)
{
    const char *text = json_string_value(v);
    if (!v || json_is_null(v) || (text && (strcmp(text, "latest") == 0 || strcmp(text, "safe") == 0 ||
                                           strcmp(text, "finalized") == 0)))
        *out = x->head;
    else if (text && strcmp(text, "earliest") == 0)
        *out = 0;
    else
        return text && num_quantity(span_of(text), out);
    return true;
}

static bool
read_item(json_t *v, struct filter_list *l)
{
    uint8_t bytes[32];
    const char *text = json_string_value(v);
    if (!text || !num_hex(span_of(text), bytes, l->width))
        return false;
    filter_add(l, bytes);
    return true;
}

/* One string, an array of them, or null for any. */
static bool
read_list(json_t *v, struct filter_list *l, bool *array)
{
    if (!v || json_is_null(v))
        return true;
    if (!json_is_array(v))
        return read_item(v, l);
    *array = true;
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!read_item(json_array_get(v, i), l))
            return false;
    return true;
}

static const char *
read_range(struct exchange *x, json_t *o, struct query *q)
{
    const struct source *s = &x->sim->source;
    json_t *hash = json_object_get(o, "blockHash");
    if (hash) {
        uint8_t bytes[32];
        const char *text = json_string_value(hash);
        if (!text || !num_hex(span_of(text), bytes, 32) || json_object_get(o, "fromBlock") ||
            json_object_get(o, "toBlock"))
            return "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other";
        if (!s->ops->find_block(s->self, bytes, &q->from) || q->from > x->head)
            return "unknown block";
        q->to = q->from;
        return NULL;
    }
    if (!read_block(x, json_object_get(o, "fromBlock"), &q->from) ||
        !read_block(x, json_object_get(o, "toBlock"), &q->to))
        return "invalid block number";
    return q->from > q->to ? "invalid block range params" : NULL;
}

/* NULL, or what is wrong. */
static const char *
read_query(struct exchange *x, struct query *q)
{
    json_t *o = json_array_get(x->params, 0);
    if (!json_is_object(o))
        return "missing value for required argument 0";
    const char *wrong = read_range(x, o, q);
    if (wrong)
        return wrong;
    bool topic_arrays = false;
    if (!read_list(json_object_get(o, "address"), &q->filter.addresses, &q->filter.arrays))
        return "invalid address";
    json_t *topics = json_object_get(o, "topics");
    if (json_array_size(topics) > FILTER_TOPICS)
        return "exceed max topics";
    q->filter.positions = json_array_size(topics);
    for (size_t i = 0; i < q->filter.positions; i++)
        if (!read_list(json_array_get(topics, i), &q->filter.topics[i], &topic_arrays))
            return "invalid topic";
    filter_sort(&q->filter);
    return NULL;
}

static const struct style *
or_default(const struct style *style, enum style_kind kind)
{
    return style ? style : style_default(kind);
}

static bool
filter_too_large(struct exchange *x, const struct filter *f)
{
    const struct knobs *k = &x->sim->knobs;
    size_t largest = f->addresses.n;
    for (size_t i = 0; i < FILTER_TOPICS; i++)
        largest = f->topics[i].n > largest ? f->topics[i].n : largest;
    if (k->no_address_lists && f->arrays)
        exchange_fail(x, REFUSED_FILTER, CODE_PARAMS, "invalid params");
    else if (k->max_addresses && largest > k->max_addresses)
        exchange_fail(x, REFUSED_FILTER, -32000, "exceed max addresses or topics per search position");
    return x->failed;
}

/* Refused for its range? A silent style only leaves out what is not held (collect). */
static bool
range_refused(struct exchange *x, const struct query *q)
{
    const struct knobs *k = &x->sim->knobs;
    struct style_words w = {.from = q->from, .to = q->to, .asked = q->to - q->from + 1, .head = x->head,
                            .need = k->pruned_below, .max = k->max_range, .sfrom = q->from};
    if (w.asked > x->sim->stats.max_range)
        x->sim->stats.max_range = w.asked;
    if (q->to > x->head && k->behind_mode == BEHIND_REFUSE) {
        exchange_refuse(x, REFUSED_HEAD, or_default(k->behind_style, STYLE_HEAD), &w);
        return true;
    }
    const struct style *style = or_default(k->range_style, STYLE_RANGE);
    if (k->max_range && w.asked - style->difference > k->max_range) {
        w.sto = q->from + k->max_range - 1;
        exchange_refuse(x, REFUSED_RANGE, style, &w);
        return true;
    }
    style = or_default(k->pruned_style, STYLE_PRUNED);
    if (q->from < k->pruned_below && style->shape != SHAPE_SILENT)
        exchange_refuse(x, REFUSED_PRUNED, style, &w);
    return x->failed;
}

static void
refuse_size(struct exchange *x, const struct query *q, uint64_t fits, bool bytes)
{
    const struct knobs *k = &x->sim->knobs;
    struct style_words w = {.from = q->from, .to = q->to, .asked = q->to - q->from + 1, .sfrom = q->from, .sto = fits,
                            .max = bytes ? k->max_bytes : k->max_results};
    switch (k->suggest) {
    case SUGGEST_INVERTED:
        w.sfrom = fits + 1;
        w.sto = q->from;
        break;
    case SUGGEST_EQUAL:
        w.sto = q->to;
        break;
    case SUGGEST_SHIFTED:
        w.sfrom += 1000;
        w.sto += 1000;
        break;
    case SUGGEST_WIDE:
        w.sto = q->to * 2;
        break;
    default:
        break;
    }
    if (bytes)
        exchange_refuse(x, REFUSED_BYTES, or_default(k->bytes_style, STYLE_RESULT), &w);
    else
        exchange_refuse(x, REFUSED_RESULTS, or_default(k->result_style, STYLE_RESULT), &w);
}

/* Of the objects, each with a comma after it. */
static void
keep_first(struct exchange *x, size_t start, uint64_t most)
{
    size_t at = start + 1;
    for (uint64_t i = 0; i < most; i++)
        at = lie_object_end(x->out, at) + 1;
    x->out->n = at;
    x->n_logs = most;
}

static void
collect(struct exchange *x, const struct query *q)
{
    const struct source *s = &x->sim->source;
    const struct knobs *k = &x->sim->knobs;
    size_t start = x->out->n;
    uint64_t last = q->to < x->head ? q->to : x->head;
    uint64_t fits = q->from;
    buf_addc(x->out, '[');
    for (uint64_t n = q->from; n <= last; n++) {
        if (s->ops->has(s->self, n) && n >= k->pruned_below && (n != k->null_round || n == 0))
            x->n_logs += s->ops->logs(s->self, n, &q->filter, x->out);
        if (k->max_results && x->n_logs > k->max_results && k->result_style && k->result_style->shape == SHAPE_SILENT) {
            keep_first(x, start, k->max_results);
            break;
        }
        bool bytes = k->max_bytes && x->out->n - start > k->max_bytes;
        if ((k->max_results && x->n_logs > k->max_results) || bytes) {
            refuse_size(x, q, fits, bytes);
            return;
        }
        if (x->out->n - start > x->sim->max_body) {
            exchange_fail(x, REFUSED_BYTES, -32008, "Response is too big");
            return;
        }
        fits = n;
    }
    x->out->n -= x->n_logs > 0; /* the last comma */
    buf_addc(x->out, ']');
    enum lie lie;
    uint64_t about_logs = (1u << LIE_BLOCK) - 1;
    if (x->n_logs > 0 && lie_due(x->sim, about_logs, &lie))
        lie_logs(x, start, lie, q->to);
}

void
getlogs(struct exchange *x)
{
    const struct knobs *k = &x->sim->knobs;
    struct query q = {0};
    x->sim->stats.get_logs++;
    filter_init(&q.filter);
    const char *wrong = read_query(x, &q);
    if (wrong)
        exchange_fail(x, REFUSED_CALLER, strcmp(wrong, "unknown block") == 0 ? -32000 : CODE_PARAMS, wrong);
    else if (k->bad_to && q.from <= k->bad_to && q.to >= k->bad_from)
        exchange_refuse(x, REFUSED_FAULT, &(struct style){.http = 502, .shape = SHAPE_TEXT,
                        .message = "<html><body><h1>502 Bad Gateway</h1></body></html>"}, &(struct style_words){0});
    else if (k->null_round && q.to == k->null_round)
        exchange_fail(x, REFUSED_CALLER, -32000, "requested epoch was a null round");
    else if (!filter_too_large(x, &q.filter) && !range_refused(x, &q))
        collect(x, &q);
    filter_free(&q.filter);
}
