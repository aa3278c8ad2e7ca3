/* pg_uri.c - where a connection string leads to; see pg.h. */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "writer/pg.h"

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
