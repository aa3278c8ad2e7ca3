/* task.h - a task: all that a fetcher must know, as one line of text.
 * Grammar: common/protocol.txt, section 2.
 */
#ifndef SLUICE_TASK_H
#define SLUICE_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum { TASK_TOPICS = 4, TASK_HASHES_MAX = 1000, TASK_ADDRESSES_MAX = 1000 };

struct task {
    uint64_t id;
    uint32_t try;
    char run[33];       /* "-" in a pipe */
    uint64_t chain;     /* 0: any */
    char *dataset;      /* "logs" or "logs,blocks" */
    bool by_hash;
    uint64_t from, to;  /* inclusive; unused for a hash task */
    char *filter;       /* the words address= topic0= ... as sent, single spaces; "" for none */
    char *avoid;        /* endpoint names, commas between; "" for none */
    uint8_t (*addresses)[20];
    size_t n_addresses;
    uint8_t (*topics[TASK_TOPICS])[32];
    size_t n_topics[TASK_TOPICS];
    uint8_t (*hashes)[32];
    size_t n_hashes;
};

/* False: err names the word and what was expected; *out is then empty. Dataset names are
 * checked for their form only. */
bool task_parse(struct span line, struct task *out, char *err, size_t size);
void task_free(struct task *t); /* its members */
/* The canonical filter words of a list of addresses and topics given by a user: lower case,
 * sorted, without duplicates, so that one filter always reads the same. False: err says which
 * value is not an address (20 bytes) or topic (32 bytes) in 0x-hex. topics[i] may be NULL.
 * Each list ends at NULL; an item may itself hold several, commas between. */
bool task_filter(const char *const *addresses, const char *const *const topics[TASK_TOPICS],
                 struct buf *out, char *err, size_t size);

#endif
