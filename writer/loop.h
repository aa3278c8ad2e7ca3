/* loop.h - the collecting loop: results in, commits out, the producer told. */
#ifndef SLUICE_WRITER_LOOP_H
#define SLUICE_WRITER_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "common/link.h"
#include "writer/lane.h"
#include "writer/text.h"

struct loop_options {
    struct link *results;       /* owned by the caller */
    struct lane_shared *shared; /* shared->tell.link: control, or NULL */
    size_t connections;
    struct pg *first;           /* connected; taken. NULL with text */
    struct text *text;          /* NULL: into the database */
    int64_t give_up_ms;         /* 0: never */
};

/* Runs until the end of input or a stop signal, commits what is held, and returns the exit status. */
int loop_run(const struct loop_options *o);

#endif
