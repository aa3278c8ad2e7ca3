/* log.c - see log.h. Only what is there is filled. */
#include "log.h"

#include <string.h>

#include "hexfield.h"

static inline enum log_member
if_is(struct span key, const char *name, size_t n, enum log_member m)
{
    return memcmp(key.p, name, n) == 0 ? m : LOG_UNKNOWN;
}
#define IF_IS(literal, m) if_is(key, literal, sizeof(literal) - 1, m)

/* By length first: each member of each log is looked up. */
enum log_member
log_member(struct span key)
{
    switch (key.n) {
    case 4:
        return IF_IS("data", LOG_DATA);
    case 6:
        return IF_IS("topics", LOG_TOPICS);
    case 7:
        return *key.p == 'a' ? IF_IS("address", LOG_ADDRESS) : IF_IS("removed", LOG_REMOVED);
    case 8:
        return IF_IS("logIndex", LOG_INDEX);
    case 9:
        return IF_IS("blockHash", LOG_BLOCK_HASH);
    case 11:
        return IF_IS("blockNumber", LOG_BLOCK_NUMBER);
    case 14:
        return IF_IS("blockTimestamp", LOG_BLOCK_TIMESTAMP);
    case 15:
        return IF_IS("transactionHash", LOG_TRANSACTION_HASH);
    case 16:
        return IF_IS("transactionIndex", LOG_TRANSACTION_INDEX);
    default:
        return LOG_UNKNOWN;
    }
}

static bool
read_topics(struct json v, struct log *l)
{
    struct json_items it = json_items(v);
    struct json topic;
    size_t n = 0;

    if (json_type(v) != JSON_ARRAY)
        return false;
    for (; json_next(&it, &topic); n++)
        if (n == 4 || !hex_bytes(topic, l->topics[n], 32))
            return false;
    l->n_topics = n;
    return true;
}

static bool
absent(struct json v)
{
    return json_type(v) == JSON_NULL;
}

static const char *
read_optional(enum log_member m, struct json v, struct log *l)
{
    uint64_t n;

    switch (m) {
    case LOG_BLOCK_HASH:
        l->has_block_hash = hex_bytes(v, l->block_hash, 32);
        return l->has_block_hash ? NULL : "blockHash is not 32 bytes of 0x-hex";
    case LOG_BLOCK_TIMESTAMP:
        l->has_timestamp = hex_time(v, &l->timestamp);
        return l->has_timestamp ? NULL : "blockTimestamp is not a time";
    case LOG_TRANSACTION_HASH:
        l->has_transaction_hash = hex_bytes(v, l->transaction_hash, 32);
        return l->has_transaction_hash ? NULL : "transactionHash is not 32 bytes of 0x-hex";
    case LOG_TRANSACTION_INDEX:
        if (!hex_u64(v, &n) || n > INT32_MAX)
            return "transactionIndex is not a number below 2^31";
        l->transaction_index = (int64_t)n;
        return NULL;
    default:
        return NULL; /* unknown members are ignored */
    }
}

/* Reads one member; returns what is wrong with it, or NULL. */
static const char *
read_member(enum log_member m, struct json v, struct log *l)
{
    uint64_t n;
    bool flag;

    switch (m) {
    case LOG_DATA:
        return json_string(v, &l->data_hex) ? NULL : "data is not a string";
    case LOG_TOPICS:
        return read_topics(v, l) ? NULL : "topics are not up to 4 times 32 bytes of 0x-hex";
    case LOG_ADDRESS:
        return hex_bytes(v, l->address, 20) ? NULL : "address is not 20 bytes of 0x-hex";
    case LOG_REMOVED:
        return json_bool(v, &flag) && flag ? "it was removed by a reorganisation" : NULL;
    case LOG_INDEX:
        if (!hex_u64(v, &n) || n > INT32_MAX)
            return "logIndex is not a number below 2^31";
        l->log_index = (uint32_t)n;
        return NULL;
    case LOG_BLOCK_NUMBER:
        if (!hex_u64(v, &l->block_number) || l->block_number > INT64_MAX)
            return "blockNumber is not a number below 2^63";
        return NULL;
    default:
        return absent(v) ? NULL : read_optional(m, v, l);
    }
}

const char *
log_read(struct json v, struct log *l)
{
    struct json_items it = json_items(v);
    struct span key;
    struct json value;
    unsigned has = 0;

    l->transaction_index = -1;
    l->has_transaction_hash = l->has_timestamp = l->has_block_hash = false;
    while (json_next_field(&it, &key, &value)) {
        enum log_member m = log_member(key);
        const char *wrong = read_member(m, value, l);
        if (wrong)
            return wrong;
        has |= 1U << m;
    }
    return (has & LOG_REQUIRED) == LOG_REQUIRED ? NULL : "without blockNumber, logIndex, address, topics or data";
}

bool
log_place(struct json log, struct place *out)
{
    struct json_items it = json_items(log);
    struct span key;
    struct json value;
    bool block = false, index = false;

    out->log = log;
    while (json_next_field(&it, &key, &value)) {
        enum log_member m = log_member(key);
        if (m == LOG_BLOCK_NUMBER)
            block = hex_u64(value, &out->block);
        else if (m == LOG_INDEX)
            index = hex_u64(value, &out->index);
    }
    return block && index;
}
