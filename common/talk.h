/* talk.h - what programs say to people, on stderr.
 *
 * A message is lower case, without a full stop, values in quotes; the program's name comes
 * first: `fetcher: endpoint "ankr": 429, backing off 2.0 s`. With --log-format json each is
 * one object a line: {"time":"2026-01-31T12:00:00.123Z","level":"warn","program":"fetcher","message":"..."}.
 * On a terminal the line is cleared first, for another program's bar may be in it.
 */
#ifndef SLUICE_TALK_H
#define SLUICE_TALK_H

#include <stdbool.h>
#include <stddef.h>

void talk_name(const char *program);
bool talk_format(const char *text_or_json); /* false: neither */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* info */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));  /* warning or error */
/* A line of output as it is, without the name before it (text), or as a message (json). */
void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Exit statuses of all programs (see the man pages). */
enum {
    EXIT_COMPLETE = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNAVAILABLE = 3,
    EXIT_INTERRUPTED = 130,
};
/* Has all that was printed to stdout been written? EXIT_COMPLETE, or it is said and EXIT_UNAVAILABLE. */
int talk_printed(void);

/* The host (and port) of a URL, into out: all of a URL that may be shown, since user, path and
 * query can hold API keys. Anything that is not a URL gives "?". Returns out. */
char *talk_host(const char *url, char *out, size_t size);

/* TERM and INT: handlers only count. 0: go on, 1: drain, 2 or more: leave now.
 * talk_signals also ignores SIGPIPE and SIGHUP stays as it was. */
void talk_signals(void);
int talk_stop_count(void);

#endif
