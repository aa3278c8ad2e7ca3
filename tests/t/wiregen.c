/* wiregen.c - result messages as a fetcher would send them, made up, for tests of the writer.
 *
 *   wiregen FROM TO STEP PER_BLOCK [WORD]...      tasks 1, 2, ... of STEP blocks each
 *   wiregen listen ADDR COUNT                     prints so many control lines, as the producer gets them
 *   wiregen pull ADDR                             prints task lines, as a fetcher gets them
 *   wiregen tell ADDR <LINES                      sends control lines
 *
 *   -o ADDR          to a ZeroMQ address in place of stdout
 *   run=R fetcher=F endpoint=E try=N chain=N dataset=NAMES filter=WORDS task=FIRST
 *   endpoint=E,F     tasks of one and the other in turns
 *   chunk=BLOCKS     blocks in a chunk (10)
 *   skip=N           the Nth message is not sent        upto=N   nor any after the Nth
 *   bad=TASK         a row of this task has a timestamp that PostgreSQL refuses
 *   moved=1          transactions sit one block later than their hash says
 *   newer=N          accounts and contracts: as of block TO + N
 *   given_up=1       given-up records in place of ends and rows
 *   doubted=1        in place of ends and rows: what the endpoint answered is doubted
 *   hashes=1         ends of hash tasks
 *   salt=N           other contents under the same keys
 *   data=BYTES       of data in each log, at most 2,048
 *   pause=MS         between tasks
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/link.h"
#include "common/num.h"
#include "common/row.h"
#include "common/wire.h"

static struct {
    const char *key;
    const char *text;
} words[] = {
    {"-o", "-"}, {"run", "r1"}, {"fetcher", "f1"}, {"endpoint", "alpha"}, {"try", "1"}, {"chain", "1"},
    {"dataset", "logs"}, {"filter", ""}, {"task", "1"}, {"chunk", "10"}, {"skip", "0"}, {"upto", "0"},
    {"bad", "0"}, {"moved", "0"}, {"newer", "0"}, {"given_up", "0"}, {"doubted", "0"}, {"hashes", "0"}, {"salt", "0"},
    {"data", "0"}, {"pause", "0"},
};
enum { WORDS = sizeof words / sizeof *words };

static struct link *out;
static uint64_t sent;

static const char *
text_of(const char *key)
{
    for (int i = 0; i < WORDS; i++)
        if (strcmp(words[i].key, key) == 0)
            return words[i].text;
    abort();
}

static uint64_t
number(const char *text)
{
    uint64_t v;

    if (num_u64(span_of(text), &v))
        return v;
    fprintf(stderr, "wiregen: not a number: %s\n", text);
    exit(2);
}

static uint64_t
value(const char *key)
{
    return number(text_of(key));
}

static void
nap(uint64_t ms)
{
    nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000) * 1000000}, NULL);
}

static void
put(const struct wire *w)
{
    struct buf b = {0};
    int done = 0;

    sent++;
    if (sent == value("skip") || (value("upto") && sent > value("upto")))
        return;
    wire_encode(&b, w);
    while ((done = link_send(out, b.p, b.n)) == 0) {
        link_flush(out);
        nap(1);
    }
    if (done < 0)
        exit(0); /* the reader has left */
    buf_free(&b);
}

static void
add_hash(struct buf *b, uint64_t a, uint64_t c)
{
    uint8_t hash[32];
    uint64_t x = (a * UINT64_C(0x9E3779B97F4A7C15)) ^ (c + 1) * UINT64_C(0xBF58476D1CE4E5B9);

    for (size_t i = 0; i < sizeof hash; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        hash[i] = (uint8_t)(x >> 56);
    }
    row_bytes(b, hash, sizeof hash);
}

static void
add_zeros(struct buf *b, uint64_t n)
{
    static const uint8_t zeros[2048];

    row_bytes(b, zeros, n < sizeof zeros ? n : sizeof zeros);
}

static void
add_column(struct buf *b, const struct table *t, const struct column *c, uint64_t block, uint64_t index, bool bad)
{
    uint64_t salt = value("salt");

    if (strcmp(c->name, "block_number") == 0)
        row_int8(b, (int64_t)(t->newest ? block + value("newer") : block));
    else if (strcmp(c->name, "transaction_hash") == 0 && t->unique)
        add_hash(b, block - value("moved"), index);
    else if (strcmp(c->name, "block_timestamp") == 0 && bad)
        buf_add(b, "\0\0\0\10\177\377\377\377\377\377\377\376", 12);
    else if (strcmp(c->name, "log_index") == 0 || strcmp(c->name, "transaction_index") == 0)
        row_int4(b, (int32_t)index);
    else if (strcmp(c->name, "batch_index") == 0)
        row_int4(b, 0);
    else if (strcmp(c->name, "address") == 0 && t->newest)
        row_bytes(b, &index, sizeof index);
    else if (strcmp(c->name, "data") == 0 && value("data"))
        add_zeros(b, value("data"));
    else if (c->type == COL_BYTEA)
        add_hash(b, block + salt, index);
    else if (c->type == COL_TIMESTAMPTZ)
        row_unix_time(b, (int64_t)(1700000000 + block));
    else if (c->type == COL_NUMERIC)
        row_numeric_u64(b, block * 1000 + index + salt);
    else if (c->type == COL_INT8)
        row_int8(b, (int64_t)(block + salt));
    else if (c->type == COL_INT4)
        row_int4(b, (int32_t)(index + salt));
    else if (c->type == COL_INT4_ARRAY)
        row_int4_array(b, &(int32_t){(int32_t)index}, 1);
    else
        row_bytes(b, "text", 4);
}

static void
rows_of_block(struct buf *b, const struct table *t, uint64_t block, uint64_t n, bool bad)
{
    for (uint64_t i = 0; i < n; i++) {
        row_begin(b, t);
        for (size_t c = 0; c < table_column_count(t); c++)
            add_column(b, t, &t->columns[c], block, i, bad && i == 0);
    }
}

static void
send_rows(struct wire *w, const struct table *t, uint64_t per_block)
{
    uint64_t step = value("chunk"), n = t->key[1] || t->newest ? per_block : 1;

    for (uint64_t a = w->from; a <= w->to && n; a += step) {
        struct buf b = {0};
        uint64_t last = a + step - 1 < w->to ? a + step - 1 : w->to;
        for (uint64_t block = a; block <= last; block++)
            rows_of_block(&b, t, block, n, w->task == value("bad") && block == w->from);
        w->kind = WIRE_ROWS;
        w->table = span_of(t->name);
        w->seq = w->chunks++;
        w->rows = (uint32_t)(n * (last - a + 1));
        w->data = (struct span){b.p, b.n};
        put(w);
        buf_free(&b);
    }
}

static void
send_task(struct wire *w, uint64_t per_block)
{
    w->chunks = 0;
    if (value("given_up")) {
        w->kind = WIRE_GIVEN_UP;
        w->error = SPAN("no endpoint would; it's said");
        put(w);
        return;
    }
    if (value("doubted")) {
        w->kind = WIRE_DOUBTED;
        put(w);
        return;
    }
    for (const struct table *const *t = tables; *t; t++) {
        const char *at = strstr(text_of("dataset"), (*t)->name);
        size_t n = strlen((*t)->name);
        if (at && (at[n] == ',' || at[n] == '\0') && (at == text_of("dataset") || at[-1] == ','))
            send_rows(w, *t, per_block);
    }
    w->kind = value("hashes") ? WIRE_END_HASHES : WIRE_END;
    put(w);
}

/* Of the endpoints the one whose turn it is. */
static struct span
endpoint_of(uint64_t task)
{
    const char *text = text_of("endpoint"), *comma = strchr(text, ',');

    if (!comma)
        return span_of(text);
    return task % 2 ? (struct span){text, (size_t)(comma - text)} : span_of(comma + 1);
}

static void
read_words(int argc, char **argv)
{
    for (int i = 5; i < argc; i++) {
        size_t n = strcspn(argv[i], "="), found = WORDS;
        for (size_t k = 0; k < WORDS; k++)
            if (strlen(words[k].key) == n && strncmp(words[k].key, argv[i], n) == 0)
                found = k;
        if (found == WORDS) {
            fprintf(stderr, "wiregen: unknown word %s\n", argv[i]);
            exit(2);
        }
        words[found].text = argv[i][n] ? argv[i] + n + 1 : argv[++i];
    }
}

static struct link *
open_link(const struct link_options *o)
{
    char err[200];
    struct link *l = link_open(o, err, sizeof err);

    if (l)
        return l;
    fprintf(stderr, "wiregen: %s\n", err);
    exit(2);
}

static int
listen_to(const char *address, bool bind, uint64_t count)
{
    struct link *l = open_link(&(struct link_options){.address = address, .role = LINK_PULL, .bind = bind, .high_water = 100});

    while (count > 0) {
        struct link_message m;
        if (link_recv(l, &m) != 1) {
            nap(1);
            continue;
        }
        printf("%.*s\n", (int)m.size, m.data);
        fflush(stdout);
        link_message_free(&m);
        count--;
    }
    link_close(l, 0);
    link_terminate();
    return 0;
}

static int
tell(const char *address)
{
    char line[1000];

    out = open_link(&(struct link_options){.address = address, .role = LINK_PUSH, .high_water = 100});
    while (fgets(line, sizeof line, stdin))
        while (link_send(out, line, strcspn(line, "\n")) == 0)
            nap(1);
    link_close(out, 60000);
    link_terminate();
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "listen") == 0)
        return listen_to(argv[2], true, number(argv[3]));
    if (argc == 3 && strcmp(argv[1], "pull") == 0)
        return listen_to(argv[2], false, UINT64_MAX);
    if (argc == 3 && strcmp(argv[1], "tell") == 0)
        return tell(argv[2]);
    if (argc < 5)
        return 2;
    read_words(argc, argv);
    uint64_t from = number(argv[1]), to = number(argv[2]), step = number(argv[3]), per_block = number(argv[4]);
    out = open_link(&(struct link_options){.address = text_of("-o"), .role = LINK_PUSH, .high_water = 100});
    struct wire w = {
        .run = span_of(text_of("run")), .fetcher = span_of(text_of("fetcher")),
        .dataset = span_of(text_of("dataset")),
        .filter = span_of(text_of("filter")), .task = value("task"), .try = (uint32_t)value("try"), .chain = value("chain"),
    };
    for (; from <= to; from += step, w.task++) {
        w.from = from;
        w.to = from + step - 1 < to ? from + step - 1 : to;
        w.hashes = value("hashes");
        w.endpoint = endpoint_of(w.task);
        send_task(&w, per_block);
        nap(value("pause"));
    }
    while (link_flush(out))
        nap(1);
    link_close(out, 60000);
    link_terminate();
    return 0;
}
