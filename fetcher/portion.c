#include "fetcher/portion.h"

enum {
    LEAST = 256 << 10, /* bytes */
    WINDOW = 32,       /* answers */
};

static const double WANTED = 256 << 20; /* bytes a second */

void
portion_init(struct portion *p, uint64_t most)
{
    *p = (struct portion){.most = most};
}

void
portion_waited(struct portion *p, int64_t us)
{
    if (us <= 0)
        us = 1;
    if (p->lately_us == 0 || us < p->lately_us)
        p->lately_us = us;
    if (++p->n < WINDOW)
        return;
    p->before_us = p->lately_us;
    p->lately_us = 0;
    p->n = 0;
}

uint64_t
portion_bytes(const struct portion *p, uint32_t in_flight, double apart_us)
{
    int64_t wait_us = p->lately_us;
    double bytes, us;

    if (wait_us == 0 || (p->before_us > 0 && p->before_us < wait_us))
        wait_us = p->before_us;
    if (wait_us == 0)
        return p->most;
    us = (double)wait_us / (in_flight ? in_flight : 1);
    bytes = WANTED / 1e6 * (us > apart_us ? us : apart_us);
    if (bytes >= (double)p->most)
        return p->most;
    return bytes > LEAST ? (uint64_t)bytes : p->most < LEAST ? p->most : LEAST;
}
