/* filter.c - a task's filter, as parameters of eth_getLogs and against a header's bloom. */
#include "common/num.h"
#include "dataset.h"
#include "keccak.h"

/* --- blooms (Yellow Paper, 4.3.1: three 11-bit numbers from the hash, from the right) --- */

static void
bloom_bits(const void *p, size_t n, unsigned bits[3])
{
    uint8_t hash[32];
    keccak256(p, n, hash);
    for (int i = 0; i < 3; i++)
        bits[i] = (unsigned)(hash[2 * i] << 8 | hash[2 * i + 1]) & 2047;
}

static bool
bloom_has(const uint8_t bloom[256], const void *p, size_t n)
{
    unsigned bits[3];
    bloom_bits(p, n, bits);
    for (int i = 0; i < 3; i++)
        if (!(bloom[255 - bits[i] / 8] >> bits[i] % 8 & 1))
            return false;
    return true;
}

static void
bloom_set(uint8_t bloom[256], const void *p, size_t n)
{
    unsigned bits[3];
    bloom_bits(p, n, bits);
    for (int i = 0; i < 3; i++)
        bloom[255 - bits[i] / 8] |= (uint8_t)(1u << bits[i] % 8);
}

void
bloom_add(uint8_t bloom[256], const struct log *l)
{
    bloom_set(bloom, l->address, 20);
    for (size_t i = 0; i < l->n_topics; i++)
        bloom_set(bloom, l->topics[i], 32);
}

bool
bloom_within(const uint8_t bloom[256], const uint8_t other[256])
{
    for (size_t i = 0; i < 256; i++)
        if (bloom[i] & ~other[i])
            return false;
    return true;
}

bool
bloom_is_empty(const uint8_t bloom[256])
{
    for (size_t i = 0; i < 256; i++)
        if (bloom[i])
            return false;
    return true;
}

bool
bloom_may_match(const uint8_t bloom[256], const struct task *t)
{
    bool any = t->n_addresses == 0;

    if (bloom_is_empty(bloom))
        return false;
    for (size_t i = 0; !any && i < t->n_addresses; i++)
        any = bloom_has(bloom, t->addresses[i], 20);
    for (size_t at = 0; any && at < TASK_TOPICS; at++) {
        any = t->n_topics[at] == 0;
        for (size_t i = 0; !any && i < t->n_topics[at]; i++)
            any = bloom_has(bloom, t->topics[at][i], 32);
    }
    return any;
}

size_t
filter_values(const struct task *t)
{
    size_t n = t->n_addresses;

    for (size_t i = 0; i < TASK_TOPICS; i++)
        n += t->n_topics[i];
    return n;
}

/* --- the request --- */

static void
add_hex(struct buf *out, const uint8_t *p, size_t n)
{
    buf_adds(out, "\"0x");
    num_to_hex(p, n, buf_room(out, 2 * n));
    out->n += 2 * n;
    buf_addc(out, '"');
}

/* One value stands alone, which every node takes; several become an array; none is null. */
static void
add_choice(struct buf *out, const uint8_t *p, size_t size, size_t n)
{
    if (n == 0)
        buf_adds(out, "null");
    if (n > 1)
        buf_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_addc(out, ',');
        add_hex(out, p + i * size, size);
    }
    if (n > 1)
        buf_addc(out, ']');
}

void
logs_params(struct buf *out, const struct task *t, uint64_t from, uint64_t to)
{
    size_t topics = TASK_TOPICS;

    buf_addf(out, "[{\"fromBlock\":\"0x%llx\",\"toBlock\":\"0x%llx\"", (unsigned long long)from,
             (unsigned long long)to);
    if (t->n_addresses) {
        buf_adds(out, ",\"address\":");
        add_choice(out, t->addresses[0], 20, t->n_addresses);
    }
    while (topics > 0 && t->n_topics[topics - 1] == 0)
        topics--;
    for (size_t at = 0; at < topics; at++) {
        buf_adds(out, at == 0 ? ",\"topics\":[" : ",");
        add_choice(out, t->n_topics[at] ? t->topics[at][0] : NULL, 32, t->n_topics[at]);
    }
    buf_adds(out, topics ? "]}]" : "}]");
}
