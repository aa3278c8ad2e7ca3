/* lane_inside.h - a lane from inside: what lane.c, lane_write.c, lane_failed.c and lane_connect.c share. */
#ifndef SLUICE_WRITER_LANE_INSIDE_H
#define SLUICE_WRITER_LANE_INSIDE_H

#include "writer/feed.h"
#include "writer/lane.h"
#include "writer/script.h"
#include "writer/staging.h"

enum { LANE_BACKOFF_MS = 100, LANE_BACKOFF_MAX_MS = 5000 };

enum state { CLOSED, CONNECTING, IDLE, PREPARING, WRITING, COMPACTING };

struct lane {
    struct lane_shared *shared;
    struct pg *pg;
    enum state state;
    int64_t opened_ms, used_ms; /* the connection */
    uint32_t types[TABLES_MAX];    /* by table: of rows that go along with what is prepared (script.h) */
    uint64_t prepared[TABLES_MAX]; /* the serial number of that; 0: is not */
    int64_t retry_ms;           /* no attempt before this time */
    int backoff_ms;             /* 0: all is well */

    struct batch busy; /* is being written */
    struct begun begun;
    int64_t began_ms;  /* this attempt */
    struct parts parts;

    /* this attempt: */
    struct plan plan;
    struct script script;
    struct feed feed;
    enum pg_class class; /* of the first error */
    char error[300];
    bool met;           /* keys that were there already */
    struct lines lines; /* that it adds to ranges */
    struct spot read_to; /* compacting: the last line read */
    uint64_t read;       /* and how many */

    /* a `doubted`: */
    struct {
        struct {
            uint64_t from, to, rows;
        } *ranges;          /* owned; uncovered by this attempt, at most UNCOVER_STEP */
        size_t n;
        uint64_t lines, last; /* that it took away; the first block of the last one */
        uint64_t next, blocks; /* of those committed: where the next one begins; how many blocks */
        bool committing;       /* what goes is known, was told, and may be gone */
    } doubted;

    struct staging staging;
    unsigned conflicts, vanished, prepares; /* in a row */
    unsigned strange; /* errors that are not known, of this batch */
};

/* --- lane_connect.c --- */
void lane_unprepare(struct lane *l); /* what was prepared is not used again: after any failure */
void lane_connecting(struct lane *l, int64_t now_ms);
void lane_disconnect(struct lane *l);
void lane_close_old(struct lane *l, int64_t now_ms); /* if it is */
/* Another lane has a batch and can have this one's connection for it (lane_lend). */
bool lane_lends(const struct lane *l);

/* --- lane_write.c --- */
void lane_begin_attempt(struct lane *l, int64_t now_ms); /* of the next part of its batch */
void lane_compact(struct lane *l, int64_t now_ms);       /* a step */
bool lane_pump(struct lane *l, int64_t now_ms);          /* goes on; true: the attempt is over */

/* --- lane_doubted.c --- */
/* It is to be written, but first what was told must leave: true, and l->retry_ms is when to look again. */
bool lane_doubted_waits(struct lane *l, int64_t now_ms);
void lane_doubted_row(struct lane *l, int row); /* an answer to its SQL */
/* What goes was read: the producer is told, and COMMIT is sent now, not before. False: it is not to be. */
bool lane_doubted_commits(struct lane *l);
/* An attempt is committed. True: there may be more to uncover; else the producer is told that this was all. */
bool lane_doubted_written(struct lane *l, const struct item *item);

/* --- lane_failed.c --- */
/* Another attempt after a pause that doubles each time; told as trouble. */
void lane_retry_later(struct lane *l, const char *text, int64_t now_ms);
/* The attempt has failed by l->class: decides what is tried next. */
void lane_failed(struct lane *l, int64_t now_ms);

#endif
