/* staging.h - when rows are merged: by a staging table, or, where they are few, along with the statement. Pure.
 *
 * COPY straight into a table is fastest and fails where a key is there already. After a failure
 * that batch and those after it go by staging, until 1, 2, 4 ... 64 merges in a row have met no
 * such key: twice as many each time that the first COPY after them fails again; a COPY that went
 * well begins from 1.
 */
#ifndef SLUICE_WRITER_STAGING_H
#define SLUICE_WRITER_STAGING_H

#include <stdbool.h>

enum { STAGING_MAX = 64 };

struct staging {
    bool on;
    unsigned clean;  /* merges in a row that met no key */
    unsigned wanted; /* how many of these end it; 0: the last COPY went well */
};

void staging_conflict(struct staging *s); /* a COPY met a key that is there */
/* A batch, with rows or without, is committed; met: keys that were there. */
void staging_written(struct staging *s, bool rows, bool met);

#endif
