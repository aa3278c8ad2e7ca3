/* recorded.c - see recorded.h: files to blocks. */
#include "recorded.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/num.h"
#include "gzip.h"
#include "recording.h"

enum { DEPTH_MAX = 8, PATH_LENGTH = 4096 };

struct reading {
    struct recorded *r;
    const char *file; /* its name without the folder */
    char *err;
    size_t size;
};

struct recorded_block *
recorded_find(const struct recorded *r, uint64_t number)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->blocks[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->n && r->blocks[low].number == number ? &r->blocks[low] : NULL;
}

static struct recorded_block *
block_at(struct recorded *r, uint64_t number)
{
    struct recorded_block *found = recorded_find(r, number);
    if (found)
        return found;
    r->blocks = xrealloc(r->blocks, (r->n + 1) * sizeof *r->blocks);
    size_t i = r->n++;
    for (; i > 0 && r->blocks[i - 1].number > number; i--)
        r->blocks[i] = r->blocks[i - 1];
    r->blocks[i] = (struct recorded_block){.number = number};
    return &r->blocks[i];
}

/* The number in a member ("0x..." or an integer). */
static bool
number_of(json_t *object, const char *member, uint64_t *out)
{
    json_t *v = json_object_get(object, member);
    if (json_is_integer(v)) {
        *out = (uint64_t)json_integer_value(v);
        return true;
    }
    return json_is_string(v) && num_quantity(span_of(json_string_value(v)), out);
}

/* The block number in a file's name: web3_response.trace_block_0xf44f2.json. */
static bool
number_in_name(const char *name, uint64_t *out)
{
    const char *p = strstr(name, "_0x");
    return p && num_quantity((struct span){p + 1, strcspn(p + 1, "_.")}, out);
}

static void
set(json_t **at, json_t *v)
{
    json_decref(*at);
    *at = json_incref(v);
}

/* Into the array at its place by index; twice is once. */
static void
insert_by(json_t **array, json_t *v, const char *member)
{
    uint64_t index = 0, other = 0;
    size_t i = 0;
    if (!*array)
        *array = json_array();
    number_of(v, member, &index);
    for (; i < json_array_size(*array); i++) {
        number_of(json_array_get(*array, i), member, &other);
        if (other == index)
            return;
        if (other > index)
            break;
    }
    json_array_insert(*array, i, v);
}

static void
take_object(struct reading *in, json_t *v)
{
    uint64_t number;
    if (json_object_get(v, "transactions") && number_of(v, "number", &number)) {
        struct recorded_block *b = block_at(in->r, number);
        bool full = json_is_object(json_array_get(json_object_get(v, "transactions"), 0));
        if (!b->block || full)
            set(&b->block, v);
    } else if (json_object_get(v, "cumulativeGasUsed") && number_of(v, "blockNumber", &number)) {
        insert_by(&block_at(in->r, number)->receipts, v, "transactionIndex");
    }
}

static void
take_array(struct reading *in, json_t *v, bool has_line, uint64_t line)
{
    json_t *first = json_array_get(v, 0);
    uint64_t number = line;
    bool known = has_line || number_of(first, "blockNumber", &number) || number_in_name(in->file, &number);
    if (!known)
        return;
    if (strstr(in->file, "debug_trace"))
        set(&block_at(in->r, number)->debug_traces, v);
    else if (strstr(in->file, "trace_block"))
        set(&block_at(in->r, number)->traces, v);
    else if (json_object_get(first, "cumulativeGasUsed") || (json_array_size(v) == 0 && strstr(in->file, "receipts")))
        set(&block_at(in->r, number)->receipts, v);
    else if (json_object_get(first, "topics"))
        for (size_t i = 0; i < json_array_size(v); i++)
            if (number_of(json_array_get(v, i), "blockNumber", &number))
                insert_by(&block_at(in->r, number)->logs, json_array_get(v, i), "logIndex");
}

static void
take_text(struct reading *in, json_t *v)
{
    static const char name[] = "eth_getCode_";
    const char *p = strstr(in->file, name);
    if (!p)
        return;
    char address[43] = "";
    snprintf(address, sizeof address, "%s", p + sizeof name - 1);
    json_object_set(in->r->codes, address, v);
}

static bool
take_value(struct reading *in, struct span text, bool has_line, uint64_t line)
{
    json_error_t error;
    json_t *v = json_loadb(text.p, text.n, 0, &error);
    if (!v) {
        snprintf(in->err, in->size, "%s: line %d: %s", in->file, error.line, error.text);
        return false;
    }
    json_t *result = json_object_get(v, "result");
    json_t *what = result ? result : v;
    if (json_is_array(what))
        take_array(in, what, has_line, line);
    else if (json_is_object(what))
        take_object(in, what);
    else if (json_is_string(what))
        take_text(in, what);
    json_decref(v);
    return true;
}

static bool
take_lines(struct reading *in, const struct buf *text)
{
    uint64_t line = 0;
    for (size_t at = 0; at < text->n; line++) {
        const char *end = memchr(text->p + at, '\n', text->n - at);
        size_t n = end ? (size_t)(end - (text->p + at)) : text->n - at;
        if (n > 0 && !take_value(in, (struct span){text->p + at, n}, true, line))
            return false;
        at += n + 1;
    }
    return true;
}

static bool
read_file(struct reading *in, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!strstr(name, ".json") || strncmp(name, "expected", 8) == 0)
        return true;
    struct buf text = {0};
    in->file = name;
    bool ok = gzip_read_file(path, &text, in->err, in->size) &&
              (strstr(name, ".jsonl") ? take_lines(in, &text)
                                      : take_value(in, (struct span){text.p, text.n}, false, 0));
    buf_free(&text);
    in->file = NULL;
    return ok;
}

static bool
read_path(struct reading *in, const char *path, int depth)
{
    struct stat st;
    if (depth > DEPTH_MAX || stat(path, &st) != 0) {
        snprintf(in->err, in->size, "%s: expected a file or folder", path);
        return false;
    }
    if (!S_ISDIR(st.st_mode))
        return read_file(in, path);
    DIR *dir = opendir(path);
    bool ok = dir != NULL;
    for (struct dirent *e; ok && (e = readdir(dir));) {
        char inner[PATH_LENGTH];
        if (e->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        ok = read_path(in, inner, depth + 1);
    }
    if (dir)
        closedir(dir);
    return ok;
}

struct recorded *
recorded_open(const char *path, char *err, size_t size)
{
    struct recorded *r = xcalloc(1, sizeof *r);
    r->codes = json_object();
    struct reading in = {.r = r, .err = err, .size = size};
    bool ok = read_path(&in, path, 0);
    if (ok && r->n == 0)
        snprintf(err, size, "%s: no recorded block in it", path);
    if (ok && r->n > 0)
        return r;
    recorded_free(r);
    return NULL;
}

void
recorded_free(struct recorded *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++) {
        struct recorded_block *b = &r->blocks[i];
        json_decref(b->block);
        json_decref(b->receipts);
        json_decref(b->logs);
        json_decref(b->traces);
        json_decref(b->debug_traces);
    }
    free(r->blocks);
    json_decref(r->codes);
    free(r);
}
