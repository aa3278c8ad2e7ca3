/* store.h - what this writer knows the database to hold: tables that are made, jobs and their ids.
 *
 * A job is (chain, dataset, filter): what coverage is counted by. A task of several datasets
 * covers one job of each; datasets whose rows no filter touches (see tables.h) have the empty
 * filter. Everything here is a cache: store_forget is always right, and is done when a table
 * turns out to be gone, or when strangers' filters have filled it up.
 */
#ifndef SLUICE_WRITER_STORE_H
#define SLUICE_WRITER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/tables.h"
#include "writer/sql.h"

struct job {
    uint64_t serial; /* unique in this process */
    uint64_t chain;
    const struct table *table; /* the dataset's */
    char *filter;    /* owned: the words as sent */
    size_t filter_n; /* bytes */
    char *json;      /* owned: {"address":["0x..."],"topic0":[...]} */
    int64_t id;      /* 0: not known yet */
};

struct store {
    const char *schema;
    const char *began;      /* when this writer did, by the database's clock: seconds since 1970, as text */
    bool control;           /* jobs, ranges and failed_ranges are made */
    bool ready[TABLES_MAX]; /* by index in tables[] */
    struct job *jobs;       /* owned */
    size_t n, cap, bytes;
    uint64_t next_serial;
};

enum { STORE_BYTES_MAX = 4 << 20, JOB_ASKED = -1 /* an id while its question is written */ };

void store_forget(struct store *s); /* also frees all it holds */
void store_trim(struct store *s);   /* forgets if it has grown beyond STORE_BYTES_MAX */
/* The dataset names of "logs,blocks" as tables, into list; 0 if one is unknown or given twice. */
size_t store_datasets(struct span names, const struct table *list[TABLES_MAX]);
/* The filter words as the jsonb text of `jobs`, canonical. False: err says what is wrong. */
bool store_filter(struct span words, struct buf *json, char *err, size_t size);
/* The job, entered if it is new; valid until the next call of any of these. NULL: bad filter. */
struct job *store_job(struct store *s, uint64_t chain, const struct table *t, struct span filter,
                      char *err, size_t size);
/* SQL that returns ('problem', text) where the schema has ranges of another chain, and none of this one: the keys
 * of rows have no chain. */
void store_chain_sql(struct buf *b, const char *schema, uint64_t chain);
/* SQL that finds the job, or makes it where there is no such problem, and returns ('job', serial, job_id). */
void store_job_sql(struct buf *b, const struct store *s, const struct job *j);
void store_learn(struct store *s, uint64_t serial, int64_t id);

#endif
