/* pipe.c - task lines to stdout; see loop.h.
 *
 * Nobody answers in a pipe: each task is written once, and whoever reads decides.
 */
#include "producer/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "common/buf.h"
#include "common/link.h"
#include "common/talk.h"

enum { CHUNK = 32 << 10 /* bytes of lines in one write */, WAIT_MS = 1000 };

struct pipe {
    const struct loop_options *o;
    struct plan *plan;
    struct link *out;
    struct buf chunk;
    uint64_t tasks; /* written so far, and so the next id */
};

/* Lines up to the plan's next halt or a full chunk. */
static enum plan_status
gather(struct pipe *p)
{
    struct plan_piece piece;
    enum plan_status status = PLAN_PIECE;
    while (p->chunk.n < CHUNK && (status = plan_next(p->plan, &piece)) == PLAN_PIECE) {
        taskline_add(&p->chunk, &p->o->dispatch.task, p->tasks++, 1, &piece);
        buf_addc(&p->chunk, '\n');
    }
    return status;
}

static void
wait_writable(struct pipe *p)
{
    struct pollfd fd;
    link_pollfd(p->out, &fd);
    poll(&fd, 1, WAIT_MS);
}

/* All that was gathered, down to the last byte. False: the reader has gone, or a signal came. */
static bool
write_out(struct pipe *p)
{
    if (p->chunk.n > 0) {
        while (link_send(p->out, p->chunk.p, p->chunk.n) == 0 && !talk_stop_count())
            wait_writable(p);
        p->chunk.n = 0;
    }
    while (!link_error(p->out) && link_flush(p->out) > 0 && !talk_stop_count())
        wait_writable(p);
    return !link_error(p->out) && !talk_stop_count();
}

static enum plan_status
run(struct pipe *p, bool *broken)
{
    for (;;) {
        enum plan_status status = gather(p);
        if (!write_out(p) || status == PLAN_END || status == PLAN_BAD)
            return status;
        if (status == PLAN_HUNGRY)
            loop_feed(p->plan, p->o->input, WAIT_MS, broken);
        if (*broken)
            return status;
    }
}

static int
end(struct pipe *p, enum plan_status status, bool broken)
{
    if (link_error(p->out)) {
        warn("%s", link_error(p->out));
        return EXIT_UNAVAILABLE;
    }
    if (talk_stop_count())
        return EXIT_INTERRUPTED;
    if (broken)
        return EXIT_USAGE;
    if (status == PLAN_BAD) {
        warn("%s, %s", p->o->wanted, plan_error(p->plan));
        return EXIT_USAGE;
    }
    if (p->tasks == 0)
        say("nothing to do: no ranges in %s", p->o->wanted);
    return EXIT_COMPLETE;
}

int
loop_pipe(const struct loop_options *o, struct plan *plan)
{
    char error[256];
    bool broken = false;
    struct pipe p = {.o = o, .plan = plan};
    p.out = link_open(&(struct link_options){.address = "-", .role = LINK_PUSH,
                                             .high_water = 1, .frame = link_frame_line},
                      error, sizeof error);
    if (!p.out) {
        warn("--tasks %s", error);
        return EXIT_USAGE;
    }
    enum plan_status ended = run(&p, &broken);
    int status = end(&p, ended, broken);
    link_close(p.out, 0);
    buf_free(&p.chunk);
    return status;
}
