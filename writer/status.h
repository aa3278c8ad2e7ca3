/* status.h - how every job stands: its rows, what is covered, missing and given up. To stdout. */
#ifndef SLUICE_WRITER_STATUS_H
#define SLUICE_WRITER_STATUS_H

#include "writer/pg.h"

/* Returns an exit status, having said what went wrong. */
int status_print(struct pg *pg, const char *schema);

#endif
