/* staging.h - when rows go by a staging table. Pure.
 *
 * COPY straight into a table is fastest and fails where a key is there already. After a failure
 * that batch and the next 1, 2, 4 ... 64 go by staging, twice as many each time that the first
 * COPY after them fails again; a COPY that went well begins from 1.
 */
#ifndef SLUICE_WRITER_STAGING_H
#define SLUICE_WRITER_STAGING_H

#include <stdbool.h>

enum { STAGING_MAX = 64 };

struct staging {
    bool on;
    unsigned left; /* batches to go, if on */
    unsigned next; /* how many it will be after the next conflict; 0 means 1 */
};

void staging_conflict(struct staging *s);          /* a COPY met a key that is there */
void staging_written(struct staging *s, bool rows); /* a batch, with rows or without, is committed */

#endif
