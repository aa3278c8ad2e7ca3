/* sqlstate.c - classes of errors; see sqlstate.h. */
#include "writer/sqlstate.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* A reference that leads nowhere is a job that is gone, or one that the user has added to a table. */
static enum pg_class
reference_class(const char *table)
{
    bool ours = !table || strcmp(table, "ranges") == 0 || strcmp(table, "failed_ranges") == 0;
    return ours ? PG_VANISHED : PG_DATA;
}

enum pg_class
sqlstate_class(const char *sqlstate, const char *table)
{
    static const struct {
        const char *prefix;
        enum pg_class class;
    } rules[] = {
        /* the longer prefix first */
        {"23505", PG_CONFLICT}, {"23P01", PG_CONFLICT},
        {"42P01", PG_VANISHED}, {"3F000", PG_VANISHED},
        {"53100", PG_FULL},     {"25006", PG_LOST},     {"57P", PG_LOST},
        {"08", PG_LOST},        {"28", PG_ACCESS},      {"3D", PG_ACCESS},
        {"22", PG_DATA},        {"23", PG_DATA},        {"44", PG_DATA},
        {"54", PG_DATA},        {"P0", PG_DATA},        {"42", PG_CONFIG},
        {"0A", PG_CONFIG},      {"25", PG_AGAIN},       {"40", PG_AGAIN},
        {"53", PG_AGAIN},       {"55", PG_AGAIN},       {"57", PG_AGAIN},
        {"58", PG_AGAIN},       {"XX", PG_AGAIN},
    };

    if (strcmp(sqlstate, "23503") == 0)
        return reference_class(table);

    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0)
            return rules[i].class;
    return PG_STRANGE;
}

static size_t
code_length(const char *p)
{
    size_t n = 0;

    while (n < 5 && (isdigit((unsigned char)p[n]) || isupper((unsigned char)p[n])))
        n++;
    return n;
}

bool
sqlstate_cut(char *message, char state[6])
{
    for (char *at = strstr(message, ":  "); at; at = strstr(at + 3, ":  ")) {
        char *code = at + 3;
        if (code_length(code) < 5 || strncmp(code + 5, ": ", 2) != 0)
            continue;
        memcpy(state, code, 5);
        state[5] = '\0';
        memmove(code - 1, code + 7, strlen(code + 7) + 1); /* one space stays */
        return true;
    }
    return false;
}
