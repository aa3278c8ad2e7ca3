/* logs_play.h - for the tests of logs.h: small replies, decoded both ways, and what is made of them. */
#ifndef SLUICE_TEST_LOGS_PLAY_H
#define SLUICE_TEST_LOGS_PLAY_H

#include "common/num.h"
#include "fixtures.h"

#define H1 "0x1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "0x2222222222222222222222222222222222222222222222222222222222222222"
#define A1 "0x1111111111111111111111111111111111111111"
#define A2 "0x2222222222222222222222222222222222222222"

/* Places of the logs handed on, as "block.index " each. */
static UNUSED enum decode
note(struct log *l, void *context, char *why)
{
    (void)why;
    buf_addf(context, "%llu.%u ", (unsigned long long)l->block_number, l->log_index);
    return DECODE_OK;
}

struct asked {
    struct task task;
    const struct header *headers;
    size_t n_headers;
};

/* What is read straight from the text is what is read by way of a document. */
static UNUSED void
check_scan(const char *text, const struct asked *asked, enum decode d, const struct buf *want)
{
    struct buf body = {0}, seen = {0};
    uint64_t n;

    buf_addf(&body, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":%s}", text);
    memset(buf_room(&body, JSON_PADDING), 0, JSON_PADDING);
    if (logs_scan((struct span){body.p, body.n}, 7, &asked->task, 10, 20, asked->headers, asked->n_headers, note,
                  &seen, &n)) {
        assert_int_equal(d, DECODE_OK);
        assert_true(span_eq((struct span){seen.p, seen.n}, (struct span){want->p, want->n}));
    }
    buf_free(&body);
    buf_free(&seen);
}

/* Decodes text as the logs of blocks 10 to 20; the places seen in order, or "" and why. */
static UNUSED enum decode
decode(const char *text, const struct asked *asked, char places[200], char *why)
{
    static const struct asked anything;
    struct buf seen = {0};
    uint64_t n = 99;

    asked = asked ? asked : &anything;
    why[0] = '\0';
    enum decode d = logs_decode(parsed_text(text), &asked->task, 10, 20, asked->headers, asked->n_headers, note,
                                &seen, &n, why);
    check_scan(text, asked, d, &seen);
    buf_addc(&seen, '\0');
    snprintf(places, 200, "%s", seen.p);
    buf_free(&seen);
    return d;
}

#define LOG_OF(block, index, more)                                                                  \
    "{\"address\":\"" A1 "\",\"topics\":[\"" H1 "\"],\"data\":\"0x\",\"blockNumber\":\"" block              \
    "\",\"logIndex\":\"" index "\"" more "}"
#define LOG(block, index) LOG_OF(block, index, "")

static UNUSED void
expect(const char *text, const struct asked *asked, const char *want)
{
    char places[200], why[WHY_MAX];
    if (decode(text, asked, places, why) != DECODE_OK)
        fail_msg("%s: %s", text, why);
    assert_string_equal(places, want);
}

static UNUSED void
refuse(const char *text, const struct asked *asked, const char *word)
{
    char places[200], why[WHY_MAX];
    if (decode(text, asked, places, why) != DECODE_BAD)
        fail_msg("let pass: %s", text);
    if (!strstr(why, word))
        fail_msg("\"%s\" does not say \"%s\"", why, word);
}

static UNUSED enum decode
note_time(struct log *l, void *context, char *why)
{
    (void)why;
    *(int64_t *)context = l->has_timestamp ? l->timestamp : -1;
    return DECODE_OK;
}

static UNUSED struct asked
with_filter(const char *line)
{
    struct asked a = {0};
    char err[200];
    if (!task_parse(span_of(line), &a.task, err, sizeof err))
        fail_msg("%s", err);
    return a;
}
#define TASK "task=1 dataset=logs from=10 to=20"

#endif
