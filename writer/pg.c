/* pg.c - one connection to PostgreSQL; see pg.h. */
#include "writer/pg.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/num.h"
#include "common/talk.h"

enum { CONNECT_TIMEOUT_MS = 10000, ERROR_MAX = 300, FLUSH_AT = 64 << 10 };

struct pg {
    const char *uri; /* NULL: the environment */
    PGconn *conn;    /* NULL: closed */
    bool connected;
    bool reading;    /* while connecting: wait for input, not for room */
    bool unflushed;   /* the connection took not all: wait for room */
    size_t buffered;  /* bytes given to libpq since it was last flushed */
    int64_t started_ms;
    PGresult *result; /* of the last PG_ROWS */
    enum pg_class class;
    char error[ERROR_MAX];
};

/* --- errors --- */

/* The first line of text into p->error. */
static void
set_error(struct pg *p, enum pg_class class, const char *text)
{
    size_t n = strcspn(text, "\n");

    p->class = class;
    if (n == 0)
        snprintf(p->error, sizeof p->error, "connection lost");
    else
        snprintf(p->error, sizeof p->error, "%.*s", (int)n, text);
}

static void
connect_failed(struct pg *p)
{
    char state[6];

    set_error(p, PG_LOST, p->conn ? PQerrorMessage(p->conn) : "out of memory");
    if (sqlstate_cut(p->error, state))
        p->class = sqlstate_class(state, NULL);
    else if (strstr(p->error, "password")) /* libpq's own: none was given */
        p->class = PG_ACCESS;
    if (p->class == PG_VANISHED || p->class == PG_DATA || p->class == PG_CONFIG)
        p->class = PG_ACCESS; /* such as a wrong parameter */
    pg_close(p);
}

static void
result_failed(struct pg *p, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
    const char *where = PQresultErrorField(r, PG_DIAG_CONTEXT);
    const char *table = PQresultErrorField(r, PG_DIAG_TABLE_NAME);
    size_t n;

    set_error(p, state ? sqlstate_class(state, table) : PG_LOST, text ? text : PQresultErrorMessage(r));
    if (!detail && where && strncmp(where, "COPY", 4) == 0)
        detail = where; /* COPY logs, line 12, column data */
    n = strlen(p->error);
    if (detail)
        snprintf(p->error + n, sizeof p->error - n, " (%.*s)", (int)strcspn(detail, "\n"), detail);
    n = strlen(p->error);
    if (p->class == PG_STRANGE)
        snprintf(p->error + n, sizeof p->error - n, " (SQLSTATE %s)", state);
    if (PQstatus(p->conn) == CONNECTION_BAD)
        p->class = PG_LOST;
}

enum pg_class
pg_class(const struct pg *p)
{
    return p->class;
}

const char *
pg_error(const struct pg *p)
{
    return p->error;
}

/* --- connection strings --- */

static const char *
option_value(const PQconninfoOption *list, const char *keyword)
{
    for (; list && list->keyword; list++)
        if (strcmp(list->keyword, keyword) == 0)
            return list->val ? list->val : "";
    return "";
}

/* A URI that is taken apart otherwise than meant ("@" or "/" in a password that is not escaped, or a "/" too many
 * before the user) has a piece of the password for a host, port or database, and libpq would show it. */
static bool
taken_apart_well(const char *uri, const PQconninfoOption *o)
{
    const char *port = option_value(o, "port");
    bool by_words = !strstr(uri, "://");

    return !strchr(option_value(o, "host"), '@') && port[strspn(port, "0123456789,")] == '\0' &&
           (by_words || !strchr(option_value(o, "dbname"), '@'));
}

bool
pg_valid(const char *uri)
{
    if (!uri)
        return true;
    PQconninfoOption *o = PQconninfoParse(uri, NULL);
    bool valid = o && (strstr(uri, "://") || strchr(uri, '=')) && taken_apart_well(uri, o);
    PQconninfoFree(o);
    return valid;
}

char *
pg_describe(const char *uri, char *out, size_t size)
{
    PQconninfoOption *given = uri ? PQconninfoParse(uri, NULL) : NULL, *all = PQconndefaults();
    const char *words[] = {"host", "dbname"};
    const char *values[2];

    for (int i = 0; i < 2; i++) {
        values[i] = option_value(given, words[i]);
        if (!values[i][0])
            values[i] = option_value(all, words[i]);
    }
    snprintf(out, size, "database \"%s\" at \"%s\"", values[1][0] ? values[1] : "(default)",
             values[0][0] ? values[0] : "(default)");
    PQconninfoFree(given);
    PQconninfoFree(all);
    return out;
}

/* --- connecting --- */

struct pg *
pg_new(const char *uri)
{
    struct pg *p = xcalloc(1, sizeof *p);
    p->uri = uri;
    return p;
}

void
pg_close(struct pg *p)
{
    PQclear(p->result);
    p->result = NULL;
    PQfinish(p->conn);
    p->conn = NULL;
    p->connected = p->unflushed = false;
    p->buffered = 0;
}

void
pg_free(struct pg *p)
{
    if (!p)
        return;
    pg_close(p);
    free(p);
}

static void
no_notice(void *context, const PGresult *r)
{
    (void)context;
    (void)r;
}

void
pg_begin(struct pg *p, int64_t now_ms)
{
    /* Later words win over those in dbname, earlier ones are only defaults. */
    const char *keys[] = {"keepalives_idle", "keepalives_interval", "keepalives_count",
                          "tcp_user_timeout", "fallback_application_name", "dbname",
                          "client_encoding", NULL};
    const char *values[] = {"10", "5", "3", "30000", "sluice-writer", p->uri ? p->uri : "", "UTF8", NULL};

    pg_close(p);
    p->started_ms = now_ms;
    p->reading = false;
    p->conn = PQconnectStartParams(keys, values, 1);
    if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD)
        return;
    PQsetErrorVerbosity(p->conn, PQERRORS_VERBOSE); /* for the SQLSTATE of a failed login */
    PQsetNoticeReceiver(p->conn, no_notice, NULL);
}

/* One step of connecting, if it can be made now: PQconnectPoll waits where the socket is not ready. */
static PostgresPollingStatusType
connect_more(struct pg *p)
{
    struct pollfd fd;

    pg_pollfd(p, &fd);
    if (poll(&fd, 1, 0) <= 0)
        return p->reading ? PGRES_POLLING_READING : PGRES_POLLING_WRITING;
    return PQconnectPoll(p->conn);
}

enum pg_event
pg_connecting(struct pg *p, int64_t now_ms)
{
    if (!p->conn || PQstatus(p->conn) == CONNECTION_BAD) {
        connect_failed(p);
        return PG_ERROR;
    }
    switch (connect_more(p)) {
    case PGRES_POLLING_OK:
        p->connected = true;
        PQsetnonblocking(p->conn, 1);
        return PG_DONE;
    case PGRES_POLLING_FAILED:
        connect_failed(p);
        return PG_ERROR;
    case PGRES_POLLING_READING:
        p->reading = true;
        break;
    default:
        p->reading = false;
        break;
    }
    if (now_ms - p->started_ms < CONNECT_TIMEOUT_MS)
        return PG_WAIT;
    pg_abandon(p, "no answer to the connection attempt");
    return PG_ERROR;
}

bool
pg_connected(const struct pg *p)
{
    return p->connected;
}

uint64_t
pg_backend(const struct pg *p)
{
    return (uint64_t)PQbackendPID(p->conn);
}

void
pg_pollfd(const struct pg *p, struct pollfd *out)
{
    *out = (struct pollfd){.fd = p->conn ? PQsocket(p->conn) : -1, .events = POLLIN};
    if (p->connected ? p->unflushed : !p->reading)
        out->events = p->connected ? POLLIN | POLLOUT : POLLOUT;
}

/* --- queries --- */

bool
pg_query(struct pg *p, const char *sql, const struct buf *value)
{
    const int size = value ? (int)value->n : 0, binary = 1;

    PQclear(p->result);
    p->result = NULL;
    p->class = PG_FINE;
    if (p->conn && (value ? PQsendQueryPrepared(p->conn, sql, 1, (const char *const[]){value->p}, &size, &binary, 0)
                          : PQsendQuery(p->conn, sql))) {
        p->unflushed = PQflush(p->conn) == 1;
        return true;
    }
    pg_abandon(p, p->conn ? PQerrorMessage(p->conn) : "");
    return false;
}

void
pg_singly(struct pg *p)
{
    if (p->conn)
        PQsetSingleRowMode(p->conn);
}

void
pg_abandon(struct pg *p, const char *why)
{
    set_error(p, PG_LOST, why);
    pg_close(p);
}

bool
pg_ready(struct pg *p, short revents)
{
    if (!p->connected || revents == 0)
        return true;
    if ((revents & (POLLIN | POLLHUP | POLLERR)) && !PQconsumeInput(p->conn)) {
        pg_abandon(p, PQerrorMessage(p->conn));
        return false;
    }
    if (p->unflushed)
        p->unflushed = PQflush(p->conn) == 1;
    return true;
}

enum pg_event
pg_next(struct pg *p)
{
    if (!p->conn)
        return PG_DONE; /* the error was told */
    if (PQisBusy(p->conn))
        return PG_WAIT;
    PGresult *r = PQgetResult(p->conn);
    if (!r) {
        if (PQstatus(p->conn) == CONNECTION_BAD && p->class == PG_FINE)
            pg_abandon(p, PQerrorMessage(p->conn));
        else if (PQstatus(p->conn) == CONNECTION_BAD)
            pg_close(p); /* the server said why */
        return PG_DONE;
    }
    switch (PQresultStatus(r)) {
    case PGRES_COPY_IN:
        PQclear(r);
        return PG_COPY_IN;
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
        PQclear(p->result);
        p->result = r;
        return PG_ROWS;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        PQclear(r);
        return PG_COMMAND;
    default:
        result_failed(p, r);
        PQclear(r);
        return PG_ERROR;
    }
}

static int
flush(struct pg *p)
{
    int left = PQflush(p->conn);
    p->unflushed = left == 1;
    p->buffered = 0;
    return left == 0 ? 1 : left == 1 ? 0 : -1;
}

int
pg_put(struct pg *p, const void *data, size_t n)
{
    if (!p->conn)
        return -1;
    if (p->unflushed || p->buffered >= FLUSH_AT) { /* libpq would buffer without bound */
        int flushed = flush(p);
        if (flushed != 1)
            return flushed;
    }
    if (PQputCopyData(p->conn, data, (int)n) != 1)
        return -1;
    p->buffered += n;
    return 1;
}

int
pg_put_end(struct pg *p)
{
    if (!p->conn)
        return -1;
    int put = PQputCopyEnd(p->conn, NULL);
    if (put == 1)
        flush(p);
    return put;
}

int
pg_rows(const struct pg *p)
{
    return p->result ? PQntuples(p->result) : 0;
}

const char *
pg_value(const struct pg *p, int row, int column)
{
    return PQgetvalue(p->result, row, column);
}

uint64_t
pg_number(const struct pg *p, int row, int column)
{
    uint64_t v = 0;

    num_u64(span_of(pg_value(p, row, column)), &v);
    return v;
}

bool
pg_in_transaction(const struct pg *p)
{
    return p->conn && PQtransactionStatus(p->conn) != PQTRANS_IDLE;
}
