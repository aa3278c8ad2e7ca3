/* pg.h - one connection to PostgreSQL. The one door to libpq.
 *
 * Nothing blocks but pg_open, pg_run and pg_each (pg_wait.c), which wait: before the loop runs, and in
 * --gaps and --status. Otherwise: pg_begin, then pg_connecting after each wake-up until it is not PG_WAIT;
 * pg_query, then pg_next until PG_DONE, feeding PG_COPY_IN with pg_put and pg_put_end.
 * Poll for what pg_pollfd says, and tell pg_ready what poll found.
 *
 * Errors fall into a few classes here; nobody upstream reads an SQLSTATE. Texts are one line and
 * hold no password.
 */
#ifndef SLUICE_WRITER_PG_H
#define SLUICE_WRITER_PG_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "writer/sqlstate.h"

enum pg_event { PG_WAIT, PG_COPY_IN, PG_COMMAND, PG_ROWS, PG_ERROR, PG_DONE };

struct pg;

/* Is this a connection string, and none that would show its password? uri NULL: the environment, as libpq reads it. */
bool pg_valid(const char *uri);
/* "host, database x": where uri leads to, without secrets, into out. Returns out. */
char *pg_describe(const char *uri, char *out, size_t size);

struct pg *pg_new(const char *uri); /* not connected; uri is kept, not copied */
void pg_free(struct pg *p);         /* closes; NULL is legal */

/* Waits until connected, trying again for at most patience_ms while a retry may help, or until a
 * stop signal. False: pg_error and pg_class tell. */
bool pg_open(struct pg *p, int64_t patience_ms);
/* Runs statements and waits, or until a stop signal; rows of the last result that has some can be read until the next
 * call. False: pg_error and pg_class tell. */
bool pg_run(struct pg *p, const char *sql);
/* Like pg_run for one query, handing out each row as it comes, so that memory stays small. */
bool pg_each(struct pg *p, const char *sql, void (*row)(struct pg *p, int at, void *context),
             void *context);

void pg_begin(struct pg *p, int64_t now_ms);
enum pg_event pg_connecting(struct pg *p, int64_t now_ms); /* PG_WAIT, PG_DONE or PG_ERROR */
bool pg_connected(const struct pg *p);
/* The server process that it was told of when it connected; a pooler tells of none that there is. */
uint64_t pg_backend(const struct pg *p);
void pg_close(struct pg *p);

/* Sends SQL; or, with a value, the name that PREPARE has given a statement: $1 is the value, in binary form. False:
 * PG_LOST. */
bool pg_query(struct pg *p, const char *sql, const struct buf *value);
void pg_singly(struct pg *p); /* its rows come one at a time */
enum pg_event pg_next(struct pg *p);
void pg_abandon(struct pg *p, const char *why); /* closes; PG_LOST */
/* 1: taken; 0: would block, pass it again later; -1: broken, pg_next tells. */
int pg_put(struct pg *p, const void *data, size_t n);
int pg_put_end(struct pg *p);

int pg_rows(const struct pg *p); /* of the last PG_ROWS event; until the next one or the next query */
const char *pg_value(const struct pg *p, int row, int column); /* "" for null */
uint64_t pg_number(const struct pg *p, int row, int column);   /* 0 where it is none */
bool pg_in_transaction(const struct pg *p);

void pg_pollfd(const struct pg *p, struct pollfd *out);
bool pg_ready(struct pg *p, short revents); /* false: PG_LOST */

enum pg_class pg_class(const struct pg *p); /* of the last error */
const char *pg_error(const struct pg *p);

#endif
