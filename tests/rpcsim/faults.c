/* faults.c - what goes wrong with a whole request. Which one, and how, is drawn from the request's
 * number, so that the same requests in the same order meet the same faults. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "draw.h"
#include "gzip.h"
#include "sim.h"

enum draws { DRAW_ERROR = 100, DRAW_KIND, DRAW_JITTER };

static const struct style pages[] = {
    [ERR_500] = {.http = 500, .shape = SHAPE_SINGLE, .code = -32603, .message = "Internal server error"},
    [ERR_502] = {.http = 502, .shape = SHAPE_TEXT,
                 .message = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1>"
                            "</center></body></html>"},
    [ERR_503] = {.http = 503, .shape = SHAPE_TEXT, .message = "upstream connect error or disconnect/reset"},
    [ERR_504] = {.http = 504, .shape = SHAPE_TEXT, .message = "<html><h1>504 Gateway Time-out</h1></html>"},
    [ERR_INTERNAL] = {.http = 200, .shape = SHAPE_SINGLE, .code = -32603, .message = "Internal error"},
    [ERR_HTML] = {.http = 200, .shape = SHAPE_TEXT, .message = "<!DOCTYPE HTML><html>Just a moment...</html>"},
};

int64_t
faults_delay_us(struct sim *s, uint64_t n_logs)
{
    const struct knobs *k = &s->knobs;
    int64_t us = k->latency_ms * 1000 + (int64_t)(k->log_latency_us * n_logs);
    if (k->jitter_ms > 0)
        us += (int64_t)(draw(s->seed, DRAW_JITTER, s->counter, 0) % (uint64_t)(k->jitter_ms * 1000));
    return us;
}

/* Does this request fail, and how? */
static bool
error_due(const struct sim *s, enum error_kind *out)
{
    const struct knobs *k = &s->knobs;
    bool due = k->error_percent && draw(s->seed, DRAW_ERROR, s->counter, 0) % 100 < k->error_percent;
    due = due || (k->error_every && s->counter % k->error_every == 0);
    if (!due || !k->errors)
        return false;
    uint64_t pick = draw(s->seed, DRAW_KIND, s->counter, 0) % (uint64_t)__builtin_popcountll(k->errors);
    for (unsigned kind = 0; kind < ERR_KINDS; kind++)
        if (k->errors >> kind & 1 && pick-- == 0) {
            *out = (enum error_kind)kind;
            return true;
        }
    return false;
}

static bool
quota_spent(struct sim *s, int64_t now_us, uint64_t *left_s)
{
    const struct knobs *k = &s->knobs;
    int64_t every_us = k->quota_renewed_ms * 1000, at_us = now_us - s->start_ms * 1000;
    int64_t day = every_us ? at_us / every_us : 0;
    if (day != s->day) {
        s->day = day;
        s->of_day = 0;
    }
    *left_s = every_us ? (uint64_t)((day + 1) * every_us - at_us) / 1000000 + 1 : 0;
    return k->quota && ++s->of_day > k->quota;
}

bool
faults_request(struct sim *s, int64_t now_us, struct reply *out)
{
    const struct knobs *k = &s->knobs;
    enum error_kind kind;
    uint64_t left_s;
    if (k->dead != DEAD_OFF) {
        out->act = ACT_RESET;
        out->delay_us = 0;
        s->stats.refused[REFUSED_FAULT]++;
        return true;
    }
    if (quota_spent(s, now_us, &left_s)) {
        s->stats.refused[REFUSED_QUOTA]++;
        faults_whole(s, style_default(STYLE_QUOTA), &(struct style_words){0}, out);
        faults_rate_reply(s, left_s, out);
        return true;
    }
    if (!error_due(s, &kind))
        return false;
    switch (kind) {
    case ERR_DROP:
        out->act = ACT_DROP;
        break;
    case ERR_RESET:
        out->act = ACT_RESET;
        break;
    case ERR_HANG:
        out->act = ACT_HANG;
        out->delay_us = k->hang_ms * 1000;
        break;
    case ERR_EMPTY:
        break;
    default:
        if (!pages[kind].message)
            return false; /* spoils the answer, see faults_spoil */
        faults_whole(s, &pages[kind], &(struct style_words){0}, out);
    }
    s->stats.refused[REFUSED_FAULT]++;
    return true;
}

bool
faults_spoil(struct sim *s, struct reply *out)
{
    enum error_kind kind;
    if (!error_due(s, &kind))
        return false;
    switch (kind) {
    case ERR_TRUNCATED:
        out->body.n -= out->body.n / 2;
        break;
    case ERR_CUT:
        out->act = ACT_CUT;
        break;
    case ERR_STALL:
        out->act = ACT_STALL;
        break;
    case ERR_GZIP:
        out->encoding = "gzip"; /* which it is not */
        break;
    case ERR_SHORT_GZIP:
        gzip_pack(&out->body, 6);
        out->body.n -= out->body.n / 2;
        out->encoding = "gzip";
        break;
    default:
        return false;
    }
    s->stats.refused[REFUSED_FAULT]++;
    return true;
}

/* A bucket of `burst` tokens that fills at `rate` a second. */
bool
faults_rate(struct sim *s, int64_t now_us, uint64_t *wait_s)
{
    const struct knobs *k = &s->knobs;
    if (!k->rate)
        return false;
    double burst = (double)(k->burst ? k->burst : k->rate);
    s->tokens += (double)(now_us - s->tokens_us) * (double)k->rate / 1e6;
    s->tokens_us = now_us;
    if (s->tokens > burst)
        s->tokens = burst;
    if (s->tokens >= 1) {
        s->tokens -= 1;
        return false;
    }
    *wait_s = k->retry_wait_s ? k->retry_wait_s : 1;
    return true;
}

void
faults_rate_reply(struct sim *s, uint64_t wait_s, struct reply *out)
{
    switch (s->knobs.retry_after) {
    case RETRY_SECONDS:
        snprintf(out->retry_after, sizeof out->retry_after, "%llu", (unsigned long long)wait_s);
        break;
    case RETRY_ZERO:
        snprintf(out->retry_after, sizeof out->retry_after, "0");
        break;
    case RETRY_DATE: {
        time_t then = time(NULL) + (time_t)wait_s + 1;
        struct tm tm;
        gmtime_r(&then, &tm);
        strftime(out->retry_after, sizeof out->retry_after, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        break;
    }
    default:
        break;
    }
}
