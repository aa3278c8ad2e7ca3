/* sqlstate.h - PostgreSQL's error codes, as a few classes that say what to do. Pure.
 * The codes: PostgreSQL documentation, appendix A. What is not in there may come from a trigger or an
 * extension that the user has put there.
 */
#ifndef SLUICE_WRITER_SQLSTATE_H
#define SLUICE_WRITER_SQLSTATE_H

#include <stdbool.h>

enum pg_class {
    PG_FINE,
    PG_LOST,     /* the connection or the server went away: connect again, then retry */
    PG_AGAIN,    /* deadlock, serialisation, lock timeout, server short of something: retry */
    PG_FULL,     /* the server's disk is full: retry */
    PG_CONFLICT, /* a key is there already */
    PG_DATA,     /* a row or value is to blame */
    PG_VANISHED, /* a table, schema or job that was there is gone */
    PG_STRANGE,  /* a code that is not known: retry some times, then some row is to blame */
    PG_CONFIG,   /* the schema does not fit, or a right is missing: no retry can help */
    PG_ACCESS,   /* login refused or no such database */
};

/* table: what the error is about, or NULL. */
enum pg_class sqlstate_class(const char *sqlstate, const char *table);
/* Cuts the code out of a message of verbose form, "... FATAL:  28P01: password ...", into state.
 * libpq tells the code of a failed login nowhere else. False: there is none. */
bool sqlstate_cut(char *message, char state[6]);

#endif
