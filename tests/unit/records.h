/* records.h - a peer's expected rows and ours, for the tests of datasets.
 *
 * A record is a row as names and texts: of a JSON line, of a CSV line, or of a COPY row of ours. Memory lives
 * as long as the program.
 */
#ifndef SLUICE_TEST_RECORDS_H
#define SLUICE_TEST_RECORDS_H

#include "fixtures.h"

/* --- records --- */

enum { RECORD_FIELDS = 48 };

struct record {
    size_t n;
    struct {
        const char *key, *value; /* value: "" for null */
    } field[RECORD_FIELDS];
};

struct records {
    struct record *r;
    size_t n;
};

static UNUSED const char *
value_of(const struct record *r, const char *key)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->field[i].key, key) == 0)
            return r->field[i].value;
    return NULL;
}

static struct record *
records_add(struct records *rs)
{
    if ((rs->n & (rs->n - 1)) == 0) {
        struct record *more = keep(xmalloc((rs->n ? 2 * rs->n : 1) * sizeof *more));
        if (rs->n > 0)
            memcpy(more, rs->r, rs->n * sizeof *more);
        rs->r = more;
    }
    rs->r[rs->n] = (struct record){0};
    return &rs->r[rs->n++];
}

static void
record_add(struct record *r, struct span key, struct span value)
{
    assert_true(r->n < RECORD_FIELDS);
    r->field[r->n].key = keep(xstrndup(key.p, key.n));
    r->field[r->n++].value = keep(xstrndup(value.p, value.n));
}

/* Numbers in quotes: a peer writes 256-bit ones as JSON numbers, which no parser keeps. */
static void
quote_numbers(struct span line, struct buf *out)
{
    bool text = false;
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (text && c == '\\') {
            buf_addc(out, c);
            c = line.p[++i];
        } else if (c == '"') {
            text = !text;
        } else if (!text && (isdigit((unsigned char)c) || c == '-')) {
            buf_addc(out, '"');
            for (; i < line.n && (isdigit((unsigned char)line.p[i]) || strchr("-.eE+", line.p[i])); i++)
                buf_addc(out, line.p[i]);
            buf_addc(out, '"');
            i--;
            continue;
        }
        buf_addc(out, c);
    }
}

static UNUSED struct records
records_of_lines(struct span text)
{
    struct records rs = {0};
    struct json_doc *d = json_new();

    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        struct buf line = {0}, printed = {0};
        struct json root, v;
        struct span key, s;
        const char *error = "";

        quote_numbers((struct span){text.p, n}, &line);
        memset(buf_room(&line, JSON_PADDING), 0, JSON_PADDING);
        text.p += end ? n + 1 : n;
        text.n -= end ? n + 1 : n;
        if (line.n > 0) {
            struct record *r = records_add(&rs);
            if (!json_parse(d, line.p, line.n, &root, &error))
                fail_msg("not a JSON line: %s: %.300s", error, line.p);
            for (struct json_items it = json_items(root); json_next_field(&it, &key, &v);) {
                printed.n = 0;
                if (!json_string(v, &s)) {
                    json_print(&printed, v, 1 << 24);
                    s = (struct span){printed.p, json_type(v) == JSON_NULL ? 0 : printed.n};
                }
                record_add(r, key, s);
            }
        }
        buf_free(&line);
        buf_free(&printed);
    }
    json_free(d);
    return rs;
}

/* One CSV field from *p; RFC 4180. */
static struct span
csv_field(const char **p, const char *end, struct buf *scratch)
{
    scratch->n = 0;
    bool quoted = *p < end && **p == '"';
    if (quoted)
        ++*p;
    for (; *p < end; ++*p) {
        char c = **p;
        if (quoted && c == '"') {
            if (*p + 1 < end && (*p)[1] == '"')
                ++*p;
            else {
                quoted = false;
                continue;
            }
        } else if (!quoted && (c == ',' || c == '\n' || c == '\r')) {
            break;
        }
        buf_addc(scratch, c);
    }
    return (struct span){scratch->p, scratch->n};
}

static UNUSED struct records records_of_csv(struct span text);

static UNUSED struct records
expected_rows(const struct peer_case *c)
{
    char name[400];
    snprintf(name, sizeof name, "%s/%s", c->folder, c->expected);
    bool csv = strstr(c->expected, ".csv") != NULL;
    return csv ? records_of_csv(fixture(name)) : records_of_lines(fixture(name));
}

static UNUSED struct records
records_of_csv(struct span text)
{
    struct records rs = {0};
    struct buf scratch = {0};
    struct record names = {0};
    const char *p = text.p, *end = text.p + text.n;
    bool first = true;

    while (p < end) {
        if (*p == '\n' || *p == '\r') {
            p++;
            continue;
        }
        struct record *r = first ? &names : records_add(&rs);
        for (size_t i = 0;; i++) {
            struct span s = csv_field(&p, end, &scratch);
            record_add(r, first ? s : span_of(names.field[i].key), s);
            if (p >= end || *p != ',')
                break;
            p++;
        }
        first = false;
    }
    buf_free(&scratch);
    return rs;
}

/* Rows of ours, after row_check. */
static UNUSED struct records
records_of_rows(const struct table *t, const struct rows *rows)
{
    struct buf text = {0};
    struct span data = {rows->data.p, rows->data.n};

    assert_true(row_check(t, data, rows->n));
    row_print(&text, ROW_NDJSON, t, data, false);
    struct records rs = records_of_lines((struct span){text.p, text.n});
    assert_int_equal(rs.n, rows->n);
    buf_free(&text);
    return rs;
}

/* --- numbers of 256 bits, by hand, so as not to test the decoder with itself --- */

static void
convert(const char *digits, size_t n, unsigned from, unsigned to, char *out)
{
    uint8_t value[100] = {0}; /* digits in base `to`, lowest first */
    size_t len = 1, at = 0;

    for (size_t i = 0; i < n; i++) {
        int c = tolower((unsigned char)digits[i]);
        unsigned carry = (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        for (size_t j = 0; j < len || carry; j++) {
            unsigned v = value[j] * from + carry;
            value[j] = (uint8_t)(v % to);
            carry = v / to;
            len = j + 1 > len ? j + 1 : len;
        }
    }
    while (len > 0)
        out[at++] = "0123456789abcdef"[value[--len]];
    out[at] = '\0';
}

static UNUSED const char *
decimal(struct span hex, char out[100])
{
    convert(hex.p + 2, hex.n - 2, 16, 10, out);
    return out;
}

static UNUSED const char *
quantity(const char *dec, char out[100])
{
    out[0] = '0', out[1] = 'x';
    convert(dec, strlen(dec), 10, 16, out + 2);
    return out;
}

/* --- comparing --- */

/* A member of a reply and the column that holds it. */
struct as_sent {
    const char *member, *column;
    bool number; /* hex there, decimal here */
};

/* Every member listed is in its column; one that is absent or null is null there. */
static UNUSED void
check_as_sent(struct json object, const struct record *row, const struct as_sent *list, size_t n)
{
    char dec[100];
    struct json v;
    struct span s;

    for (size_t i = 0; i < n; i++) {
        const char *got = value_of(row, list[i].column);
        assert_non_null(got);
        if (!member(object, list[i].member, &v)) {
            assert_string_equal(got, "");
            continue;
        }
        assert_true(json_string(v, &s));
        if (list[i].number) {
            assert_string_equal(got, decimal(s, dec));
        } else {
            assert_int_equal(strlen(got), s.n);
            for (size_t j = 0; j < s.n; j++)
                assert_int_equal(got[j], tolower((unsigned char)s.p[j]));
        }
    }
}
#define CHECK_AS_SENT(object, row, list) check_as_sent(object, row, list, sizeof list / sizeof list[0])

/* The line of a text that starts at *text, which is moved behind it; parsed. */
static UNUSED bool
next_line(struct span *text, struct json *out)
{
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
    if (!end)
        return false;
    *out = parsed((struct span){text->p, (size_t)(end - text->p)});
    text->n -= (size_t)(end + 1 - text->p);
    text->p = end + 1;
    return true;
}

enum form { SAME, UNIX_TIME, LIST }; /* as text; unix seconds with an ISO time; "[0,1]" with "0,1" or 0 items */

struct pair_of_names {
    const char *theirs, *ours;
    enum form form;
};

static void
normal(const char *in, enum form form, char *out, size_t size)
{
    struct tm tm = {0};
    if (form == UNIX_TIME && strchr(in, 'T') &&
        sscanf(in, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec) == 6) {
        /* days since 1970 by the civil calendar */
        int64_t y = tm.tm_year - (tm.tm_mon <= 2), era = y / 400, yoe = y - era * 400;
        int64_t doy = (153 * (tm.tm_mon + (tm.tm_mon > 2 ? -3 : 9)) + 2) / 5 + tm.tm_mday - 1;
        int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
        snprintf(out, size, "%lld",
                 (long long)(days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec));
        return;
    }
    size_t n = 0;
    for (; *in && n + 1 < size; in++)
        if (form != LIST || !strchr("[]{} \"", *in))
            out[n++] = *in;
    out[n] = '\0';
}

static const char *sort_key[2];

static int
by_key(const void *a, const void *b)
{
    for (int i = 0; i < 2 && sort_key[i]; i++) {
        const char *x = value_of(a, sort_key[i]), *y = value_of(b, sort_key[i]);
        int64_t m = strtoll(x, NULL, 10), n = strtoll(y, NULL, 10);
        if (m != n)
            return m < n ? -1 : 1;
    }
    return 0;
}

/* Sorts by one or two number columns; peers write blocks as they come. */
static UNUSED void
sort_records(struct records *rs, const char *first, const char *second)
{
    sort_key[0] = first;
    sort_key[1] = second;
    if (rs->n > 0)
        qsort(rs->r, rs->n, sizeof *rs->r, by_key);
}

/* Every named column of every row is equal; rows come in the same order. */
static UNUSED void
compare(const char *what, const struct records *theirs, const struct records *ours,
        const struct pair_of_names *names, size_t n)
{
    static char a[1 << 20], b[1 << 20];
    size_t wrong = 0;

    if (theirs->n != ours->n)
        fail_msg("%s: %zu rows, expected %zu", what, ours->n, theirs->n);
    for (size_t i = 0; i < theirs->n; i++)
        for (size_t j = 0; j < n; j++) {
            const char *x = value_of(&theirs->r[i], names[j].theirs);
            const char *y = value_of(&ours->r[i], names[j].ours);
            if (!x)
                continue; /* older recordings have fewer columns */
            if (!y)
                fail_msg("%s: no column %s", what, names[j].ours);
            normal(x, names[j].form, a, sizeof a);
            normal(y, names[j].form, b, sizeof b);
            if (strcmp(a, b) != 0 && wrong++ < 20)
                print_message("%s, row %zu, %s: \"%.80s\", expected \"%.80s\"\n", what, i, names[j].ours, b, a);
        }
    assert_int_equal(wrong, 0);
}
#define COMPARE(what, theirs, ours, names) compare(what, theirs, ours, names, sizeof names / sizeof names[0])

#endif
