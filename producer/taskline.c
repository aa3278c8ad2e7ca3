/* taskline.c - tasks as lines; see taskline.h. */
#include "producer/taskline.h"

#include <inttypes.h>
#include <string.h>

#include "common/num.h"

static void
add_hashes(struct buf *out, const struct plan_piece *piece)
{
    buf_adds(out, " hashes=");
    char *start = buf_room(out, piece->n_hashes * (2 * PLAN_HASH + 3));
    char *p = start;
    for (size_t i = 0; i < piece->n_hashes; i++) {
        if (i > 0)
            *p++ = ',';
        *p++ = '0';
        *p++ = 'x';
        num_to_hex(piece->hashes + i * PLAN_HASH, PLAN_HASH, p);
        p += 2 * PLAN_HASH;
    }
    out->n += (size_t)(p - start);
}

void
taskline_add(struct buf *out, const struct taskline *t, uint64_t id, unsigned try,
             const struct plan_piece *piece)
{
    buf_addf(out, "task=%" PRIu64 " try=%u", id, try);
    if (strcmp(t->run, "-") != 0)
        buf_addf(out, " run=%s", t->run);
    if (t->chain)
        buf_addf(out, " chain=%" PRIu64, t->chain);
    buf_addf(out, " dataset=%s", t->dataset);
    if (piece->by_hash) {
        add_hashes(out, piece);
        return;
    }
    buf_addf(out, " from=%" PRIu64 " to=%" PRIu64, piece->from, piece->to);
    if (t->filter[0])
        buf_addf(out, " %s", t->filter);
}
