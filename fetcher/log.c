/* log.c - see log.h. The hot path: members are told apart by length and then content, and only
 * what is there is filled. */
#include "log.h"

#include <string.h>

#include "hexfield.h"

static inline bool
key_is(struct span key, const char *name, size_t n)
{
    return key.n == n && memcmp(key.p, name, n) == 0;
}
#define KEY_IS(key, literal) key_is(key, literal, sizeof(literal) - 1)

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

enum { FIELDS = 16 }; /* read at a time; a log has 9 to 12 */
enum { HAS_BLOCK = 1, HAS_INDEX = 2, HAS_ADDRESS = 4, HAS_TOPICS = 8, HAS_DATA = 16, HAS_ALL = 31 };

/* Reads one member; returns what is wrong with it, or NULL. Unknown members are ignored. */
static const char *
read_member(struct span key, struct json v, struct log *l, unsigned *has)
{
    uint64_t n;
    bool flag;

    switch (key.n) {
    case 4:
        if (!KEY_IS(key, "data"))
            break;
        *has |= HAS_DATA;
        return json_string(v, &l->data_hex) ? NULL : "data is not a string";
    case 6:
        if (!KEY_IS(key, "topics"))
            break;
        *has |= HAS_TOPICS;
        return read_topics(v, l) ? NULL : "topics are not up to 4 times 32 bytes of 0x-hex";
    case 7:
        if (KEY_IS(key, "address")) {
            *has |= HAS_ADDRESS;
            return hex_bytes(v, l->address, 20) ? NULL : "address is not 20 bytes of 0x-hex";
        }
        if (KEY_IS(key, "removed") && json_bool(v, &flag) && flag)
            return "it was removed by a reorganisation";
        break;
    case 8:
        if (!KEY_IS(key, "logIndex"))
            break;
        if (!hex_u64(v, &n) || n > INT32_MAX)
            return "logIndex is not a number below 2^31";
        *has |= HAS_INDEX;
        l->log_index = (uint32_t)n;
        break;
    case 9:
        if (!KEY_IS(key, "blockHash") || absent(v))
            break;
        l->has_block_hash = hex_bytes(v, l->block_hash, 32);
        return l->has_block_hash ? NULL : "blockHash is not 32 bytes of 0x-hex";
    case 11:
        if (!KEY_IS(key, "blockNumber"))
            break;
        if (!hex_u64(v, &l->block_number) || l->block_number > INT64_MAX)
            return "blockNumber is not a number below 2^63";
        *has |= HAS_BLOCK;
        break;
    case 14:
        if (!KEY_IS(key, "blockTimestamp") || absent(v))
            break;
        l->has_timestamp = hex_time(v, &l->timestamp);
        return l->has_timestamp ? NULL : "blockTimestamp is not a time";
    case 15:
        if (!KEY_IS(key, "transactionHash") || absent(v))
            break;
        l->has_transaction_hash = hex_bytes(v, l->transaction_hash, 32);
        return l->has_transaction_hash ? NULL : "transactionHash is not 32 bytes of 0x-hex";
    case 16:
        if (!KEY_IS(key, "transactionIndex") || absent(v))
            break;
        if (!hex_u64(v, &n) || n > INT32_MAX)
            return "transactionIndex is not a number below 2^31";
        l->transaction_index = (int64_t)n;
        break;
    }
    return NULL;
}

const char *
log_read(struct json v, struct log *l)
{
    struct json_items it = json_items(v);
    struct json_field fields[FIELDS];
    unsigned has = 0;

    l->transaction_index = -1;
    l->has_transaction_hash = l->has_timestamp = l->has_block_hash = false;
    for (size_t n; (n = json_next_fields(&it, fields, FIELDS)) > 0;)
        for (size_t i = 0; i < n; i++) {
            const char *wrong = read_member(fields[i].key, fields[i].value, l, &has);
            if (wrong)
                return wrong;
        }
    return has == HAS_ALL ? NULL : "without blockNumber, logIndex, address, topics or data";
}

bool
log_place(struct json log, struct place *out)
{
    struct json_items it = json_items(log);
    struct json_field fields[FIELDS];
    bool block = false, index = false;

    out->log = log;
    for (size_t n; (n = json_next_fields(&it, fields, FIELDS)) > 0;)
        for (size_t i = 0; i < n; i++)
            if (KEY_IS(fields[i].key, "blockNumber"))
                block = hex_u64(fields[i].value, &out->block);
            else if (KEY_IS(fields[i].key, "logIndex"))
                index = hex_u64(fields[i].value, &out->index);
    return block && index;
}
