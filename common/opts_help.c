/* opts_help.c - what --help prints, and values as text; see opts_help.h. */
#include "common/opts_help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 30 /* where help texts begin */ };

/* --- values as text --- */

static void
add_size(struct buf *b, uint64_t v)
{
    static const char units[] = "kMG";
    int unit = -1;

    while (unit < 2 && v && v % 1024 == 0) {
        v /= 1024;
        unit++;
    }
    buf_addf(b, "%" PRIu64, v);
    if (unit >= 0)
        buf_addc(b, units[unit]);
}

static void
add_ms(struct buf *b, uint64_t ms)
{
    if (ms % 1000 != 0)
        buf_addf(b, "%" PRIu64 "ms", ms);
    else
        buf_addf(b, "%" PRIu64 "s", ms / 1000);
}

static void
add_amount(struct buf *b, enum opt_type type, uint64_t v)
{
    if (type == OPT_SIZE)
        add_size(b, v);
    else if (type == OPT_SECONDS)
        add_ms(b, v);
    else
        buf_addf(b, "%" PRIu64, v);
}

void
opts_add_expected(struct buf *b, const struct opt *opt)
{
    static const char *const what[] = {
        [OPT_NUMBER] = "a whole number",
        [OPT_SIZE] = "a size like 512k, 64M or 1G",
        [OPT_SECONDS] = "a time like 30, 250ms, 5s or 1m30s",
    };

    buf_adds(b, what[opt->type]);
    if (opt->max) {
        buf_adds(b, " from ");
        add_amount(b, opt->type, opt->min);
        buf_adds(b, " to ");
        add_amount(b, opt->type, opt->max);
    } else if (opt->min) {
        buf_adds(b, " of at least ");
        add_amount(b, opt->type, opt->min);
    }
}

/* The default, as --help shows it; nothing where there is none worth showing. */
static void
add_default(struct buf *b, const struct opt *opt)
{
    bool amount = opt->type == OPT_NUMBER || opt->type == OPT_SIZE || opt->type == OPT_SECONDS;

    if (amount && *(uint64_t *)opt->value == 0 && (opt->given || opt->min > 0))
        return; /* not given: none */
    switch (opt->type) {
    case OPT_FLAG:
    case OPT_LIST:
        break;
    case OPT_TEXT:
        if (*(const char **)opt->value)
            buf_adds(b, *(const char **)opt->value);
        break;
    case OPT_NUMBER:
    case OPT_SIZE:
        add_amount(b, opt->type, *(uint64_t *)opt->value);
        break;
    case OPT_SECONDS:
        add_ms(b, (uint64_t) * (int64_t *)opt->value);
        break;
    }
}

/* --- --help --- */

static void
add_option_help(struct buf *b, const struct opt *opt)
{
    size_t start = b->n;
    struct buf notes = {0};

    if (opt->letter)
        buf_addf(b, "  -%c, --%s", opt->letter, opt->name);
    else
        buf_addf(b, "      --%s", opt->name);
    if (opt->type != OPT_FLAG)
        buf_addf(b, " %s", opt->arg ? opt->arg : "VALUE");
    if (b->n - start > HELP_COLUMN - 2) {
        buf_addc(b, '\n');
        start = b->n;
    }
    buf_addf(b, "%*s%s", (int)(HELP_COLUMN - (b->n - start)), "", opt->help ? opt->help : "");

    add_default(&notes, opt);
    if (notes.n)
        buf_addf(b, " [%.*s]", (int)notes.n, notes.p);
    if (opt->type == OPT_LIST)
        buf_adds(b, " (repeatable)");
    if (opt->env)
        buf_addf(b, " {%s}", opt->env);
    buf_addc(b, '\n');
    buf_free(&notes);
}

void
opts_print_help(const struct opts *o)
{
    static const struct opt built_in[] = {
        {.name = "help", .help = "print this and exit"},
        {.name = "version", .help = "print the version and exit"},
    };
    struct buf b = {0};
    const char *line = o->usage ? o->usage : "";

    do {
        size_t n = strcspn(line, "\n");
        buf_addf(&b, "%s %s %.*s\n", b.n ? "      " : "usage:", o->program, (int)n, line);
        line += n + (line[n] == '\n');
    } while (*line);
    buf_addf(&b, "\n%s\n\noptions, with [default] and {environment variable}:\n", o->sentence);
    for (const struct opt *opt = o->table; opt->name; opt++)
        add_option_help(&b, opt);
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
        add_option_help(&b, &built_in[i]);
    fwrite(b.p, 1, b.n, stdout);
    buf_free(&b);
}
