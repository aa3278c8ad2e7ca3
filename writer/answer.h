/* answer.h - what the answers to --gaps and --status share: how they fail, and the list of jobs. */
#ifndef SLUICE_WRITER_ANSWER_H
#define SLUICE_WRITER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "writer/pg.h"

/* The database's error is said. Returns the exit status. */
int answer_failed(const struct pg *pg);

/* *there: are our tables there? False, here and below: the database fails. */
bool answer_tables(struct pg *pg, const char *schema, bool *there);

struct answer_job {
    char id[24];
    char *line; /* owned */
};

struct answer_list {
    struct answer_job *jobs; /* owned */
    size_t n;
};

/* Every job, in order of id. */
bool answer_jobs(struct pg *pg, const char *schema, struct answer_list *l);
void answer_free(struct answer_list *l);

#endif
