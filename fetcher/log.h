/* log.h - one log, as a node sends it, into a struct log. */
#ifndef SLUICE_LOG_H
#define SLUICE_LOG_H

#include "dataset.h"

/* Where a log belongs, and where it stands in the reply. */
struct place {
    uint64_t block;
    uint64_t index;
    struct json log;
};

/* Reads a log's members, unknown ones ignored. Returns NULL, or what is wrong with it (static). */
const char *log_read(struct json v, struct log *l);
/* Its place only; false if it has none. */
bool log_place(struct json log, struct place *out);

#endif
