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

/* The members of a log that are read. */
enum log_member {
    LOG_UNKNOWN, LOG_ADDRESS, LOG_TOPICS, LOG_DATA, LOG_BLOCK_NUMBER, LOG_INDEX, LOG_TRANSACTION_INDEX,
    LOG_TRANSACTION_HASH, LOG_BLOCK_HASH, LOG_BLOCK_TIMESTAMP, LOG_REMOVED,
};
enum { LOG_REQUIRED = 1 << LOG_ADDRESS | 1 << LOG_TOPICS | 1 << LOG_DATA | 1 << LOG_BLOCK_NUMBER | 1 << LOG_INDEX };
enum log_member log_member(struct span key);

/* Reads a log's members, unknown ones ignored. Returns NULL, or what is wrong with it (static). */
const char *log_read(struct json v, struct log *l);
/* Its place only; false if it has none. */
bool log_place(struct json log, struct place *out);

#endif
