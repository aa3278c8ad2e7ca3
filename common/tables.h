/* tables.h - the PostgreSQL tables that datasets fill, as data.
 *
 * One description serves four readers: the fetcher builds rows by it, the writer creates,
 * copies into and upserts the table by it, and rows are printed as ndjson and CSV by it.
 * Column names are those of the field (cryo, ethereum-etl). The first key column is one
 * that a distributed PostgreSQL can shard on.
 */
#ifndef SLUICE_TABLES_H
#define SLUICE_TABLES_H

#include <stdbool.h>
#include <stddef.h>

enum column_type {
    COL_INT4,        /* 4 bytes, big-endian, as all here */
    COL_INT8,        /* 8 bytes */
    COL_BYTEA,       /* raw bytes; printed as 0x-hex */
    COL_TIMESTAMPTZ, /* 8 bytes: microseconds since 2000-01-01 00:00 UTC */
    COL_NUMERIC,     /* PostgreSQL's numeric_send form, non-negative integers only */
    COL_TEXT,        /* UTF-8 */
    COL_INT4_ARRAY,  /* PostgreSQL's array_send form, one dimension, no nulls */
};

struct column {
    const char *name;
    enum column_type type;
    bool not_null;
};

enum { TABLE_COLUMNS_MAX = 32, TABLE_KEY_MAX = 4 };

struct table {
    const char *name;
    struct column columns[TABLE_COLUMNS_MAX]; /* ends at name == NULL */
    const char *key[TABLE_KEY_MAX];           /* primary key: the first columns; ends at NULL */
    const char *unique;  /* a further index is made on this column, or NULL */
    bool by_hash;        /* can be fetched by transaction hash, or block number, in no order */
    bool filtered;       /* holds only what a job's address and topic filter lets pass */
    const char *newest;  /* the column after the key, an int8: on conflict the row with the greater value wins; NULL: the
                          * later one */
};

extern const struct table *const tables[]; /* ends at NULL */
extern const struct table table_logs, table_blocks, table_transactions, table_token_transfers,
    table_traces, table_contracts, table_accounts;

/* The table of that name (len bytes), or NULL. */
const struct table *table_find(const char *name, size_t len);
size_t table_column_count(const struct table *t);
/* Does a job of these datasets ("logs,blocks") make sense? Names that are known, each once; of a filter,
 * one that heeds it; of hashes, a single one that can be had so. False: err says why not. */
bool tables_check(const char *names, bool filter, bool by_hash, char *err, size_t size);
/* The SQL type of a column, as in CREATE TABLE. */
const char *column_sql_type(enum column_type type);

#endif
