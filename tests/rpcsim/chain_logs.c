/* chain_logs.c - logs of the drawn chain as JSON text.
 *
 * Logs are the bulk: a log is put together from ready pieces (the texts of contract, topics and
 * transaction), with no formatting call.
 */
#include "chain_text.h"

enum {
    LOG_ROOM = 8192,    /* bytes that one log takes at most: 1,500 bytes of data as hex, and the rest */
    DATA_MAX = 1500,    /* bytes of data of an anonymous log */
};

/* What is the same for all logs of one transaction: the text from after the data to the log's index. */
struct tail {
    uint32_t tx;
    size_t n;
    char text[400];
};

static void
make_tail(const struct chain *c, const struct block_facts *b, uint32_t tx, struct tail *out)
{
    struct tx_facts t;
    chain_tx(c, b, tx, &t);
    char *p = PEN(out->text, "\",\"blockNumber\":\"");
    p = pen_quantity(p, b->number);
    p = PEN(p, "\",\"transactionHash\":");
    p = pen_hash(p, t.hash);
    p = PEN(p, ",\"transactionIndex\":\"");
    p = pen_quantity(p, tx);
    p = PEN(p, "\",\"blockHash\":");
    p = pen_hash(p, b->hash);
    if (chain_options(c)->log_timestamps) {
        p = PEN(p, ",\"blockTimestamp\":\"");
        p = pen_quantity(p, b->timestamp);
        p = PEN(p, "\"");
    }
    p = PEN(p, ",\"logIndex\":\"");
    out->tx = tx;
    out->n = (size_t)(p - out->text);
}

static char *
pen_data(char *p, const struct log_facts *l)
{
    switch (l->kind) {
    case LOG_NFT:
        return p;
    case LOG_SINGLE:
        return pen_word(pen_word(p, l->amount % 10000), l->amount);
    case LOG_BATCH: {
        const uint64_t words[] = {64, 160, 2, l->amount % 100, 100 + l->amount % 100, 2, l->amount, l->amount >> 9};
        for (size_t i = 0; i < 8; i++)
            p = pen_word(p, words[i]);
        return p;
    }
    case LOG_UNINDEXED:
        p = pen_put(p, l->from->topic.hex, 64);
        p = pen_put(p, l->to->topic.hex, 64);
        return pen_word(p, l->amount);
    case LOG_ANONYMOUS:
        memset(p, 'a', l->amount % DATA_MAX * 2);
        return p + l->amount % DATA_MAX * 2;
    default:
        return pen_word(p, l->amount);
    }
}

static char *
pen_log(char *p, const struct log_facts *l, const struct tail *tail)
{
    p = PEN(p, "{\"address\":\"0x");
    p = pen_put(p, l->contract->hex, 40);
    p = PEN(p, "\",\"topics\":[");
    for (size_t i = 0; i < l->n_topics; i++) {
        p = PEN(p, "\"0x");
        p = pen_put(p, l->topics[i]->hex, 64);
        p = PEN(p, "\",");
    }
    p -= l->n_topics > 0;
    p = PEN(p, "],\"data\":\"0x");
    p = pen_data(p, l);
    p = pen_put(p, tail->text, tail->n);
    p = pen_quantity(p, l->index);
    return PEN(p, "\",\"removed\":false}");
}

size_t
chain_add_logs(const struct chain *c, const struct block_facts *b, const struct filter *f, uint32_t from,
         uint32_t to, struct buf *out)
{
    struct tail tail = {.tx = UINT32_MAX};
    size_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        struct log_facts l;
        chain_log(c, b, i, &l);
        if (f) {
            const uint8_t *topics[4];
            for (size_t k = 0; k < l.n_topics; k++)
                topics[k] = l.topics[k]->raw;
            if (!filter_match(f, l.contract->address, topics, l.n_topics))
                continue;
        }
        if (tail.tx != l.tx)
            make_tail(c, b, l.tx, &tail);
        char *p = buf_room(out, LOG_ROOM);
        out->n += (size_t)(PEN(pen_log(p, &l, &tail), ",") - p);
        n++;
    }
    return n;
}

size_t
chain_logs(void *self, uint64_t number, const struct filter *f, struct buf *out)
{
    const struct chain *c = self;
    struct block_facts b;
    chain_block(c, number, &b);
    bool all = f->addresses.n == 0 && f->positions == 0;
    return chain_add_logs(c, &b, all ? NULL : f, 0, b.n_logs, out);
}
