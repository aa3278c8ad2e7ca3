/* lane_inside.h - what lane.c and lane_failed.c share: a lane from inside. */
#ifndef SLUICE_WRITER_LANE_INSIDE_H
#define SLUICE_WRITER_LANE_INSIDE_H

#include "writer/feed.h"
#include "writer/lane.h"
#include "writer/staging.h"

enum { LANE_BACKOFF_MS = 100, LANE_BACKOFF_MAX_MS = 5000 };

enum state { CLOSED, CONNECTING, IDLE, PREPARING, WRITING, COMPACTING };

struct lane {
    struct lane_shared *shared;
    struct pg *pg;
    enum state state;
    int64_t opened_ms, used_ms; /* the connection */
    int64_t retry_ms;           /* no attempt before this time */
    int backoff_ms;             /* 0: all is well */

    struct batch busy; /* is being written */
    struct begun begun;
    int64_t began_ms;  /* this attempt */
    struct parts parts;

    /* this attempt: */
    struct plan plan;
    struct feed feed;
    enum pg_class class; /* of the first error */
    char error[300];
    bool met;            /* keys that were there already */

    struct staging staging;
    unsigned conflicts, vanished, prepares; /* in a row */
};

void lane_disconnect(struct lane *l);
/* Another attempt after a pause that doubles each time; told as trouble. */
void lane_retry_later(struct lane *l, const char *text, int64_t now_ms);
/* The attempt has failed by l->class: decides what is tried next. */
void lane_failed(struct lane *l, int64_t now_ms);

#endif
