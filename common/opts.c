/* opts.c - options, environment and --help from one table; see opts.h. */
#include "common/opts.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/num.h"
#include "common/opts_help.h"
#include "common/talk.h"

enum {
    OPTS_MAX = 80,        /* options of one program */
    CODE_HELP = 1000,     /* getopt values of the built-in ones */
    CODE_VERSION = 1001,
    CODE_FIRST = 1100,    /* + index in the table */
};

void
opts_fail(const char *format, ...)
{
    struct buf line = {0};
    va_list args;

    va_start(args, format);
    buf_addv(&line, format, args);
    va_end(args);
    warn("%.*s (try --help)", (int)line.n, line.p);
    buf_free(&line);
    exit(EXIT_USAGE);
}

static void
leave_if_asked(const struct opts *o, int code)
{
    if (code != CODE_HELP && code != CODE_VERSION)
        return;
    if (code == CODE_HELP)
        opts_print_help(o);
    else
        printf("%s %s\n", o->program, SLUICE_VERSION);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "%s: cannot write to stdout\n", o->program);
        exit(EXIT_UNAVAILABLE);
    }
    exit(EXIT_COMPLETE);
}

/* --- setting values --- */

static void
list_add(struct opt_list *l, const char *p, size_t n)
{
    l->items = xrealloc(l->items, (l->n + 2) * sizeof *l->items);
    l->items[l->n++] = xstrndup(p, n);
    l->items[l->n] = NULL;
}

static void
list_clear(struct opt_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free((void *)(uintptr_t)l->items[i]);
    l->n = 0;
    if (l->items)
        l->items[0] = NULL;
}

static void
list_split(struct opt_list *l, const char *text)
{
    static const char white[] = " \t\r\n\f\v";

    for (;;) {
        text += strspn(text, white);
        size_t n = strcspn(text, white);
        if (n == 0)
            return;
        list_add(l, text, n);
        text += n;
    }
}

/* source: "--step" or "BATCH_SIZE" */
static void
set_amount(const struct opt *opt, const char *text, const char *source)
{
    struct buf expected = {0};
    uint64_t v = 0;
    int64_t ms = 0;
    bool good;

    if (opt->type == OPT_SECONDS) {
        good = num_seconds(span_of(text), &ms);
        v = (uint64_t)ms;
    } else if (opt->type == OPT_SIZE) {
        good = num_size(span_of(text), &v);
    } else {
        good = num_u64(span_of(text), &v) || num_quantity(span_of(text), &v);
    }
    if (!good || v < opt->min || (opt->max && v > opt->max)) {
        opts_add_expected(&expected, opt);
        opts_fail("%s: expected %.*s, not \"%s\"", source, (int)expected.n, expected.p, text);
    }
    if (opt->type == OPT_SECONDS)
        *(int64_t *)opt->value = (int64_t)v;
    else
        *(uint64_t *)opt->value = v;
}

static void
set_flag_text(const struct opt *opt, const char *text, const char *source)
{
    static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false", "no", "off"};

    for (size_t i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *(bool *)opt->value = strcmp(text, yes[i]) == 0;
            return;
        }
    }
    opts_fail("%s: expected 1 or 0, not \"%s\"", source, text);
}

static void
set_from_flag(const struct opt *opt, const char *text, bool first)
{
    char source[64];

    snprintf(source, sizeof source, "--%s", opt->name);
    switch (opt->type) {
    case OPT_FLAG:
        *(bool *)opt->value = true;
        break;
    case OPT_TEXT:
        *(const char **)opt->value = text;
        break;
    case OPT_LIST:
        if (first)
            list_clear(opt->value);
        list_add(opt->value, text, strlen(text));
        break;
    case OPT_NUMBER:
    case OPT_SIZE:
    case OPT_SECONDS:
        set_amount(opt, text, source);
        break;
    }
    if (opt->given)
        *opt->given = true;
}

/* An empty variable counts as unset. */
static void
set_from_environment(const struct opt *opt)
{
    const char *text = opt->env ? getenv(opt->env) : NULL;

    if (!text || !*text)
        return;
    switch (opt->type) {
    case OPT_FLAG:
        set_flag_text(opt, text, opt->env);
        break;
    case OPT_TEXT:
        *(const char **)opt->value = text;
        break;
    case OPT_LIST:
        list_clear(opt->value);
        list_split(opt->value, text);
        break;
    case OPT_NUMBER:
    case OPT_SIZE:
    case OPT_SECONDS:
        set_amount(opt, text, opt->env);
        break;
    }
    if (opt->given)
        *opt->given = true;
}

/* --- parsing --- */

struct parser {
    struct option names[OPTS_MAX + 3]; /* for getopt_long, ends at a zeroed one */
    char letters[2 * OPTS_MAX + 2];
    bool seen[OPTS_MAX];
};

static void
prepare(struct parser *p, const struct opts *o)
{
    size_t n = 0, letters = 0;

    *p = (struct parser){0};
    p->letters[letters++] = ':'; /* getopt: tell a missing value from an unknown option */
    for (; o->table[n].name; n++) {
        const struct opt *opt = &o->table[n];
        bool flag = opt->type == OPT_FLAG;
        if (n == OPTS_MAX)
            abort();
        p->names[n] = (struct option){opt->name, flag ? no_argument : required_argument, NULL,
                                      CODE_FIRST + (int)n};
        if (!opt->letter)
            continue;
        p->letters[letters++] = opt->letter;
        if (!flag)
            p->letters[letters++] = ':';
    }
    p->names[n++] = (struct option){"help", no_argument, NULL, CODE_HELP};
    p->names[n] = (struct option){"version", no_argument, NULL, CODE_VERSION};
}

static int
next_option(const struct parser *p, int argc, char **argv)
{
    return getopt_long(argc, argv, p->letters, p->names, NULL);
}

static const struct opt *
opt_of_code(const struct opt *table, int code)
{
    if (code >= CODE_FIRST && code < CODE_FIRST + OPTS_MAX)
        return &table[code - CODE_FIRST];
    for (size_t i = 0; table[i].name; i++)
        if (code > 0 && table[i].letter == code)
            return &table[i];
    return NULL;
}

static void __attribute__((noreturn))
refuse(const struct opt *table, int code, char **argv)
{
    const struct opt *opt = optopt ? opt_of_code(table, optopt) : NULL;

    if (code == ':' && opt)
        opts_fail("--%s: a value is missing", opt->name);
    if (opt || optopt == CODE_HELP || optopt == CODE_VERSION)
        opts_fail("--%s takes no value", opt ? opt->name : optopt == CODE_HELP ? "help" : "version");
    if (optopt)
        opts_fail("unknown option \"-%c\"", optopt);
    const char *word = argv[optind - 1];
    opts_fail("unknown or ambiguous option \"%.*s\"", (int)strcspn(word, "="), word);
}

void
opts_parse(const struct opts *o, int argc, char **argv)
{
    const struct opt *table = o->table;
    struct parser p;
    int code;

    prepare(&p, o);
    opterr = 0;
    optind = 0; /* first round: --help and --version win over all mistakes */
    while ((code = next_option(&p, argc, argv)) != -1)
        leave_if_asked(o, code);

    optind = 0;
    while ((code = next_option(&p, argc, argv)) != -1) {
        const struct opt *opt = opt_of_code(table, code);
        if (!opt)
            refuse(table, code, argv);
        size_t i = (size_t)(opt - table);
        set_from_flag(opt, optarg, !p.seen[i]);
        p.seen[i] = true;
    }
    if (optind < argc) /* of a URL only the scheme, of password=... only that: the rest may be a secret */
        opts_fail("unexpected argument \"%.*s\"", (int)strcspn(argv[optind], ":="), argv[optind]);
    for (size_t i = 0; table[i].name; i++)
        if (!p.seen[i])
            set_from_environment(&table[i]);
}
