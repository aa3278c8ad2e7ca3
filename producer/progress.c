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
sample(const struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct progress_sample s = {now_ms, p->blocks, p->rows, p->batches, 0};
    for (size_t i = 0; i < crew_endpoints(c); i++)
        s.requests += crew_endpoint(c, i)->requests;
    return s;
}

static const struct progress_sample *
oldest(const struct progress *p)
{
    return &p->samples[p->n_samples < PROGRESS_SAMPLES ? 0 : p->n_samples % PROGRESS_SAMPLES];
}

static void
take_sample(struct progress *p, const struct crew *c, int64_t now_ms)
{
    const struct progress_sample *last = &p->samples[(p->n_samples - 1) % PROGRESS_SAMPLES];
    if (now_ms - last->ms >= SAMPLE_MS)
        p->samples[p->n_samples++ % PROGRESS_SAMPLES] = sample(p, c, now_ms);
}

static double
rate(uint64_t now, uint64_t before, int64_t ms)
{
    return ms > 0 && now > before ? (double)(now - before) * 1000 / (double)ms : 0;
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

/* "1 log", "412 logs": the noun is given in its plural. */
static void
add_count(struct buf *out, uint64_t n, const char *nouns)
{
    size_t letters = strlen(nouns) - (n == 1);
    buf_addf(out, "%" PRIu64 " %.*s", n, (int)letters, nouns);
}

void
progress_add_task(struct buf *out, const struct dispatch_event *e, const char *noun)
{
    buf_addf(out, "[%.*s] completed task %" PRIu64 " (blocks %" PRIu64 "-%" PRIu64 "): ", SPAN_ARG(e->endpoint),
             e->task, e->from, e->to);
    add_count(out, e->rows, noun);
}

static double
share(uint64_t done, uint64_t wanted)
{
    double part = wanted > 0 ? (double)done / (double)wanted : 0;
    return part < 1 ? part : 1;
}

/* What progress is counted in: batches of hashes where there are some, else blocks. */
static bool
in_batches(const struct progress *p)
{
    return p->batches > 0 || p->o.batches_wanted > 0;
}

static uint64_t
done(const struct progress *p)
{
    return in_batches(p) ? p->batches : p->blocks;
}

static uint64_t
wanted(const struct progress *p)
{
    return in_batches(p) ? p->o.batches_wanted : p->o.blocks_wanted;
}

void
progress_add_batches(struct buf *out, const struct progress *p, size_t workers)
{
    const char *noun = in_batches(p) ? "batches" : "blocks";
    buf_addf(out, "Progress: %" PRIu64, done(p));
    if (wanted(p))
        buf_addf(out, "/%" PRIu64 " %s (%.1f %%)", wanted(p), noun, 100 * share(done(p), wanted(p)));
    else
        buf_addf(out, " %s", noun);
    buf_adds(out, ", ");
    add_count(out, workers, "active workers");
}

/* --- the bar: parts, of which those are left out that a narrow screen has no room for --- */

enum part { PART_METER, PART_SHARE, PART_ROWS, PART_SPEED, PART_LEFT, PART_SILENT, PARTS };

static void
add_meter(struct buf *out, double part, size_t size)
{
    size_t full = (size_t)(part * (double)size);
    buf_addc(out, '[');
    for (size_t i = 0; i < size; i++)
        buf_addc(out, i < full ? '=' : i == full ? '>' : ' ');
    buf_addc(out, ']');
}

static void
add_silent(struct buf *out, const struct crew *c)
{
    const char *before = "not answering: ";
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        const struct crew_endpoint *e = crew_endpoint(c, i);
        if (e->live == 0 || e->closed > 0 || e->failures == 0)
            continue;
        buf_addf(out, "%s%s", before, e->name);
        before = ", ";
    }
}

static void
make_parts(struct buf parts[PARTS], const struct progress *p, const struct crew *c, size_t width, int64_t now_ms)
{
    const struct progress_sample *old = oldest(p);
    struct progress_sample now = sample(p, c, now_ms);
    int64_t ms = now_ms - old->ms;
    bool batches = in_batches(p);
    uint64_t n = done(p), all = wanted(p);
    double speed = rate(n, batches ? old->batches : old->blocks, ms);

    if (all) {
        add_meter(&parts[PART_METER], share(n, all), width / 5 < BAR_MAX ? width / 5 : BAR_MAX);
        buf_addf(&parts[PART_SHARE], "%.1f %%", 100 * share(n, all));
    } else {
        buf_addf(&parts[PART_SHARE], "%" PRIu64 " %s", n, batches ? "batches" : "blocks");
    }
    buf_addf(&parts[PART_ROWS], "%.0f rows/s", rate(p->rows, old->rows, ms));
    buf_addf(&parts[PART_SPEED], "%.0f %s/s", batches ? rate(now.requests, old->requests, ms) : speed,
             batches ? "requests" : "blocks"); /* batches take seconds: requests move */
    if (all > n && speed > 0 && (double)(all - n) / speed < 1e9) {
        progress_add_time(&parts[PART_LEFT], (int64_t)((double)(all - n) / speed * 1000));
        buf_adds(&parts[PART_LEFT], " left");
    }
    add_silent(&parts[PART_SILENT], c);
}

static size_t
joined(struct buf *out, const struct buf parts[PARTS])
{
    size_t n = 0;
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].n == 0)
            continue;
        size_t gap = n == 0 ? 0 : i == PART_SHARE ? 1 : 2;
        n += gap + parts[i].n;
        if (out)
            buf_addf(out, "%*s%.*s", (int)gap, "", (int)parts[i].n, parts[i].p);
    }
    return n;
}

void
progress_add_bar(struct buf *out, const struct progress *p, const struct crew *c, size_t width, int64_t now_ms)
{
    static const enum part dispensable[] = {PART_SPEED, PART_ROWS, PART_METER, PART_SILENT, PART_LEFT};
    struct buf parts[PARTS] = {{0}};
    size_t start = out->n;

    make_parts(parts, p, c, width, now_ms);
    for (size_t i = 0; i < sizeof dispensable / sizeof *dispensable && joined(NULL, parts) > width; i++)
        parts[dispensable[i]].n = 0;
    joined(out, parts);
    if (out->n - start > width)
        out->n = start + width;
    for (size_t i = 0; i < PARTS; i++)
        buf_free(&parts[i]);
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
    add_count(out, p->blocks, "blocks");
    buf_adds(out, ", ");
    add_count(out, p->rows, p->o.noun);
    buf_addf(out, " in %.1f s, %.0f %s/s", (double)ms / 1000, rate(p->rows, 0, ms), p->o.noun);
}

void
progress_add_workers(struct buf *out, const struct progress *p, size_t workers, int64_t now_ms)
{
    int64_t ms = now_ms - p->start_ms;
    buf_addf(out, "Workers: %zu, processed: ", workers);
    add_count(out, p->hashes, p->o.dataset);
    buf_addf(out, ", duration: %.1f s, rate: %.1f %s/s", (double)ms / 1000, rate(p->hashes, 0, ms), p->o.dataset);
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

static void
count_as_wanted(struct progress *p, uint64_t blocks, uint64_t rows)
{
    p->rows -= rows < p->rows ? rows : p->rows;
    uint64_t counted = blocks < p->blocks ? blocks : p->blocks;
    p->blocks -= counted;
    if (p->o.blocks_wanted > 0)
        p->o.blocks_wanted += blocks - counted; /* of an earlier run, then */
}

void
progress_event(struct progress *p, const struct dispatch_event *e)
{
    struct buf line = {0};
    if (p->o.batches_wanted > 0)
        p->o.batches_wanted += e->halved;
    if (e->news == DISPATCH_UNCOVERED)
        count_as_wanted(p, e->blocks, e->rows);
    if (e->news != DISPATCH_COMMITTED)
        return;
    p->rows += e->rows;
    p->blocks += e->blocks;
    p->hashes += e->hashes;
    p->batches += e->by_hash;
    if (e->by_hash || p->o.scattered)
        return;
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

/* Where tasks have no lines: every second while something changes; -1: never. */
static int64_t
say_due_ms(const struct progress *p)
{
    if (!p->o.scattered && !in_batches(p))
        return -1;
    return p->said_ms + (done(p) != p->said ? PROGRESS_SAY_MS : PROGRESS_IDLE_MS);
}

static void
say_batches(struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct buf line = {0};
    progress_add_batches(&line, p, crew_live(c));
    put(p, &line);
    p->said_ms = now_ms;
    p->said = done(p);
}

void
progress_tick(struct progress *p, const struct crew *c, int64_t now_ms)
{
    take_sample(p, c, now_ms);
    if (!p->o.bar && now_ms >= say_due_ms(p) && say_due_ms(p) >= 0)
        say_batches(p, c, now_ms);
    if (p->o.bar && now_ms - p->drawn_ms >= PROGRESS_DRAW_MS)
        draw(p, c, now_ms);
}

int64_t
progress_due_ms(const struct progress *p)
{
    if (p->o.bar)
        return p->drawn_ms + PROGRESS_DRAW_MS;
    return say_due_ms(p);
}

void
progress_summary(struct progress *p, const struct crew *c, int64_t now_ms)
{
    struct buf line = {0};
    bool said = p->said > 0 && p->said == done(p); /* the last line told it already */
    if (!said && (p->batches > 0 || p->o.scattered))
        say_batches(p, c, now_ms);
    progress_clear(p);
    say_line("=== RPC Statistics ===");
    for (size_t i = 0; i < crew_endpoints(c); i++) {
        line.n = 0;
        progress_add_endpoint(&line, crew_endpoint(c, i));
        say_line("%.*s", (int)line.n, line.p);
    }
    for (size_t i = 0; i < crew_endpoints(c); i++)
        if (crew_complaint(crew_endpoint(c, i), now_ms))
            warn("endpoint \"%s\": %s", crew_endpoint(c, i)->name, crew_complaint(crew_endpoint(c, i), now_ms));
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
