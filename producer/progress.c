/* progress.c - task lines, bar and summary; see progress.h. */
#include "producer/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/talk.h"

enum { BAR_MAX = 30, WIDTH = 80, SAMPLE_MS = 500, LINES_MAX = 64 << 10 };

void
progress_init(struct progress *p, const struct progress_options *o, int64_t now_ms)
{
    *p = (struct progress){.o = *o, .start_ms = now_ms, .said_ms = now_ms};
    p->samples[0].ms = now_ms;
    p->n_samples = 1;
}

void
progress_free(struct progress *p)
{
    buf_free(&p->lines);
}

/* --- rates --- */

static struct progress_sample
sample(const struct progress *p, int64_t now_ms)
{
    return (struct progress_sample){now_ms, p->blocks, p->rows, p->batches};
}

static const struct progress_sample *
oldest(const struct progress *p)
{
    return &p->samples[p->n_samples < PROGRESS_SAMPLES ? 0 : p->n_samples % PROGRESS_SAMPLES];
}

static void
take_sample(struct progress *p, int64_t now_ms)
{
    const struct progress_sample *last = &p->samples[(p->n_samples - 1) % PROGRESS_SAMPLES];
    if (now_ms - last->ms >= SAMPLE_MS)
        p->samples[p->n_samples++ % PROGRESS_SAMPLES] = sample(p, now_ms);
}

static double
rate(uint64_t now, uint64_t before, int64_t ms)
{
    return ms > 0 ? (double)(now - before) * 1000 / (double)ms : 0;
}

/* --- text --- */

void
progress_add_time(struct buf *out, int64_t ms)
{
    int64_t s = (ms + 999) / 1000;
    if (s < 60)
        buf_addf(out, "%" PRId64 "s", s);
    else if (s < 3600)
        buf_addf(out, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else if (s < 86400)
        buf_addf(out, "%" PRId64 "h%02" PRId64 "m", s / 3600, s / 60 % 60);
    else
        buf_addf(out, "%" PRId64 "d%02" PRId64 "h", s / 86400, s / 3600 % 24);
}

void
progress_add_task(struct buf *out, const struct dispatch_event *e, const char *noun)
{
    buf_addf(out, "[%.*s] completed task %" PRIu64, SPAN_ARG(e->endpoint), e->task);
    if (e->by_hash)
        buf_addf(out, " (%" PRIu64 " transactions)", e->hashes);
    else
        buf_addf(out, " (blocks %" PRIu64 "-%" PRIu64 ")", e->from, e->to);
    buf_addf(out, ": %" PRIu64 " %s", e->rows, noun);
}

static double
share(uint64_t done, uint64_t wanted)
{
    double part = wanted > 0 ? (double)done / (double)wanted : 0;
    return part < 1 ? part : 1;
}

void
progress_add_batches(struct buf *out, const struct progress *p, size_t workers)
{
    buf_addf(out, "Progress: %" PRIu64, p->batches);
    if (p->o.batches_wanted)
        buf_addf(out, "/%" PRIu64 " batches (%.1f %%)", p->o.batches_wanted,
                 100 * share(p->batches, p->o.batches_wanted));
    else
        buf_adds(out, " batches");
    buf_addf(out, ", %zu active workers", workers);
}

static void
add_meter(struct buf *out, double part)
{
    size_t full = (size_t)(part * BAR_MAX);
    buf_addc(out, '[');
    for (size_t i = 0; i < BAR_MAX; i++)
        buf_addc(out, i < full ? '=' : i == full ? '>' : ' ');
    buf_addf(out, "] %.1f %%", 100 * part);
}

static void
add_open(struct buf *out, const struct crew *c)
{
    const char *before = "  open: ";
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        const struct crew_endpoint *e = crew_endpoint(c, i);
        if (e->live == 0 || e->closed > 0)
            continue;
        buf_addf(out, "%s%s", before, e->name);
        before = ", ";
    }
}

void
progress_add_bar(struct buf *out, const struct progress *p, const struct crew *c, size_t width,
                 int64_t now_ms)
{
    bool batches = p->batches > 0 || p->o.batches_wanted > 0;
    uint64_t done = batches ? p->batches : p->blocks;
    uint64_t wanted = batches ? p->o.batches_wanted : p->o.blocks_wanted;
    const struct progress_sample *old = oldest(p);
    int64_t ms = now_ms - old->ms;
    double speed = rate(done, batches ? old->batches : old->blocks, ms);
    size_t start = out->n;

    if (wanted)
        add_meter(out, share(done, wanted));
    else
        buf_addf(out, "%" PRIu64 " %s", done, batches ? "batches" : "blocks");
    buf_addf(out, "  %.0f rows/s  %.0f %s/s", rate(p->rows, old->rows, ms), speed,
             batches ? "batches" : "blocks");
    if (wanted > done && speed > 0 && (double)(wanted - done) / speed < 1e9) {
        buf_adds(out, "  ");
        progress_add_time(out, (int64_t)((double)(wanted - done) / speed * 1000));
        buf_adds(out, " left");
    }
    add_open(out, c);
    if (out->n - start > width)
        out->n = start + width;
}

void
progress_add_endpoint(struct buf *out, const struct crew_endpoint *e)
{
    uint64_t latency_us = e->requests ? e->latency_us / e->requests : 0;
    buf_addf(out, "[%s] requests=%" PRIu64 " failures=%" PRIu64 " avg_latency=%" PRIu64 "ms",
             e->name, e->requests, e->failures, (latency_us + 500) / 1000);
}

void
progress_add_totals(struct buf *out, const struct progress *p, int64_t now_ms)
{
    int64_t ms = now_ms - p->start_ms;
    buf_addf(out, "%" PRIu64 " blocks, %" PRIu64 " %s in %.1f s, %.0f %s/s", p->blocks, p->rows,
             p->o.noun, (double)ms / 1000, rate(p->rows, 0, ms), p->o.noun);
}

void
progress_add_workers(struct buf *out, const struct progress *p, size_t workers, int64_t now_ms)
{
    int64_t ms = now_ms - p->start_ms;
    buf_addf(out,
             "Workers: %zu, processed: %" PRIu64 " transactions, duration: %.1f s, "
             "rate: %.1f transactions/s",
             workers, p->hashes, (double)ms / 1000, rate(p->hashes, 0, ms));
}

/* --- on the screen --- */

static void
raw(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(STDERR_FILENO, text, n);
        if (wrote <= 0)
            return;
        text += wrote;
        n -= (size_t)wrote;
    }
}

static size_t
screen_width(void)
{
    struct winsize w;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 1 ? w.ws_col - 1u : WIDTH;
}

static void
put(struct progress *p, struct buf *line)
{
    if (p->o.bar) {
        buf_add(&p->lines, line->p, line->n);
        buf_addc(&p->lines, '\0');
        if (p->lines.n > LINES_MAX)
            progress_clear(p);
    } else {
        say_line("%.*s", (int)line->n, line->p);
    }
    buf_free(line);
}

void
progress_clear(struct progress *p)
{
    if (p->shown)
        raw("\r\033[K", 4);
    p->shown = false;
    for (size_t at = 0; at < p->lines.n; at += strlen(p->lines.p + at) + 1)
        say_line("%s", p->lines.p + at);
    p->lines.n = 0;
}

void
progress_event(struct progress *p, const struct dispatch_event *e)
{
    struct buf line = {0};
    if (e->news != DISPATCH_COMMITTED)
        return;
    p->rows += e->rows;
    p->blocks += e->blocks;
    p->hashes += e->hashes;
    if (e->by_hash) {
        p->batches++;
        return;
    }
    progress_add_task(&line, e, p->o.noun);
    put(p, &line);
}

static void
draw(struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct buf bar = {0};
    progress_clear(p);
    progress_add_bar(&bar, p, c, screen_width(), now_ms);
    raw(bar.p, bar.n);
    buf_free(&bar);
    p->shown = true;
    p->drawn_ms = now_ms;
}

static void
say_batches(struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct buf line = {0};
    progress_add_batches(&line, p, crew_live(c));
    put(p, &line);
    p->said_ms = now_ms;
}

void
progress_tick(struct progress *p, const struct crew *c, int64_t now_ms)
{
    take_sample(p, now_ms);
    if (p->batches > 0 && now_ms - p->said_ms >= PROGRESS_SAY_MS)
        say_batches(p, c, now_ms);
    if (p->o.bar && now_ms - p->drawn_ms >= PROGRESS_DRAW_MS)
        draw(p, c, now_ms);
}

int64_t
progress_due_ms(const struct progress *p)
{
    if (p->o.bar)
        return p->drawn_ms + PROGRESS_DRAW_MS;
    return p->batches > 0 ? p->said_ms + PROGRESS_SAY_MS : -1;
}

void
progress_summary(struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct buf line = {0};
    if (p->batches > 0)
        say_batches(p, c, now_ms);
    progress_clear(p);
    say_line("=== RPC Statistics ===");
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        line.n = 0;
        progress_add_endpoint(&line, crew_endpoint(c, i));
        say_line("%.*s", (int)line.n, line.p);
    }
    if (p->blocks > 0 || p->batches == 0) {
        line.n = 0;
        progress_add_totals(&line, p, now_ms);
        say_line("%.*s", (int)line.n, line.p);
    }
    if (p->batches > 0) {
        line.n = 0;
        progress_add_workers(&line, p, crew_most(c), now_ms);
        say_line("%.*s", (int)line.n, line.p);
    }
    buf_free(&line);
}
