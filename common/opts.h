/* opts.h - one table drives options, environment and --help.
 *
 * Flags beat environment beats default. Long GNU options, `--name value` or `--name=value`;
 * --help and --version are built in (print to stdout, exit 0). A wrong option or value prints
 * one line naming it and what was expected, and exits 2.
 */
#ifndef SLUICE_OPTS_H
#define SLUICE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0.1.0"
#endif

enum opt_type {
    OPT_FLAG,    /* bool */
    OPT_TEXT,    /* const char * */
    OPT_LIST,    /* struct opt_list: may be given many times; environment: white space between */
    OPT_NUMBER,  /* uint64_t, decimal or 0x-hex, between min and max */
    OPT_SIZE,    /* uint64_t bytes, suffix k M G, between min and max */
    OPT_SECONDS, /* int64_t milliseconds, given as seconds (num_seconds), between min and max ms */
};

struct opt_list {
    const char **items; /* owned; ends at NULL */
    size_t n;
};

struct opt {
    const char *name;   /* without the dashes */
    char letter;        /* short form, or 0 */
    const char *env;    /* environment variable, or NULL */
    enum opt_type type;
    void *value;        /* holds the default before, the result after */
    const char *arg;    /* name of the value in --help */
    const char *help;   /* one line */
    uint64_t min, max;  /* max 0: no bound */
    bool *given;        /* set when a flag or the environment gave it, or NULL */
};

struct opts {
    const char *program;  /* "sluice-producer" */
    const char *sentence; /* what it does, for --help */
    const char *usage;    /* usage lines without the program's name, newline between */
    const struct opt *table; /* ends at name == NULL */
};

/* Exits on --help, --version and errors. Operands (non-options) are an error. */
void opts_parse(const struct opts *o, int argc, char **argv);
/* Prints "program: <message>" and "try --help", exits 2. */
void opts_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
