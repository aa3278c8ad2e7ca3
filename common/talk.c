/* talk.c - messages to people, and the signals by which they answer; see talk.h. */
#include "common/talk.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"

static const char *name = "sluice";
static bool json;
static volatile sig_atomic_t stops;

void
talk_name(const char *program)
{
    name = program;
}

bool
talk_format(const char *text_or_json)
{
    bool is_json = strcmp(text_or_json, "json") == 0;

    if (!is_json && strcmp(text_or_json, "text") != 0)
        return false;
    json = is_json;
    return true;
}

/* One write, so that messages of several programs on one terminal do not mix. */
static void
put(const struct buf *b)
{
    ssize_t n;
    do
        n = write(STDERR_FILENO, b->p, b->n);
    while (n < 0 && errno == EINTR);
}

/* Messages quote what strangers sent: nothing of it may move the cursor or start a line. */
static void
blank_controls(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] < 0x20 || p[i] == 0x7F)
            p[i] = ' ';
}

static void
put_json(const char *level, struct span message)
{
    struct buf line = {0};
    struct timespec now;
    struct tm utc;
    char time[32] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc))
        strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_addf(&line, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"program\":", time,
             (int)(now.tv_nsec / 1000000), level);
    buf_add_json(&line, span_of(name));
    buf_adds(&line, ",\"message\":");
    buf_add_json(&line, message);
    buf_adds(&line, "}\n");
    put(&line);
    buf_free(&line);
}

/* On a terminal another program's bar may be in the line: it goes, and is drawn again below. */
static bool
over_a_bar(void)
{
    const char *term = getenv("TERM");

    return !json && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static void __attribute__((format(printf, 3, 0)))
talk(const char *level, bool raw, const char *format, va_list args)
{
    struct buf line = {0};

    if (over_a_bar())
        buf_adds(&line, "\r\033[K");
    if (!raw && !json)
        buf_addf(&line, "%s: ", name);
    size_t start = line.n;
    buf_addv(&line, format, args);
    if (json) {
        put_json(level, (struct span){line.p, line.n});
    } else {
        if (!raw)
            blank_controls(line.p + start, line.n - start);
        buf_addc(&line, '\n');
        put(&line);
    }
    buf_free(&line);
}

void
say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    talk("info", false, format, args);
    va_end(args);
}

void
warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    talk("warn", false, format, args);
    va_end(args);
}

void
say_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    talk("info", true, format, args);
    va_end(args);
}

int
talk_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_COMPLETE;
    warn("cannot write to stdout");
    return EXIT_UNAVAILABLE;
}

static bool
host_like(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)p[i]) && !strchr("-._:[]", p[i]))
            return false;
    return n > 0;
}

char *
talk_host(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    size_t n = 0;

    if (size == 0)
        return out;
    if (host && host != url) {
        host += 3;
        n = strcspn(host, "/?#");
        for (size_t i = n; i > 0; i--)
            if (host[i - 1] == '@') { /* after user:password@ */
                host += i;
                n -= i;
                break;
            }
    }
    if (!host || !host_like(host, n)) {
        host = "?";
        n = 1;
    }
    snprintf(out, size, "%.*s", (int)n, host);
    return out;
}

static void
count_stop(int signal_number)
{
    (void)signal_number;
    if (stops < 2)
        stops++;
}

void
talk_signals(void)
{
    struct sigaction stop = {.sa_handler = count_stop}; /* no SA_RESTART: a wait must end */
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

int
talk_stop_count(void)
{
    return stops;
}
