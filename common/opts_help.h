/* opts_help.h - inside of opts.h: the table of options as text. */
#ifndef SLUICE_OPTS_HELP_H
#define SLUICE_OPTS_HELP_H

#include "common/buf.h"
#include "common/opts.h"

/* What a value must be, as "a whole number from 1 to 100". */
void opts_add_expected(struct buf *b, const struct opt *opt);
void opts_print_help(const struct opts *o); /* to stdout */

#endif
