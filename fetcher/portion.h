/* portion.h - how many bytes of logs to ask for in one request. Pure.
 *
 * A small answer is read while it is in the processor's cache, and takes little memory. Where requests
 * are scarce, though, because each waits long for its answer or because the endpoint rations them, small
 * answers do not keep a database busy. So a portion is as large as is needed for 256 MiB a second, which
 * is more than a database takes, at the rate at which requests can be made: at least 256 KiB.
 *
 *     portion = 256 MiB/s x the longer of (wait / requests in flight) and the time between requests
 *
 * wait: until the first byte of an answer, the least lately: most others wait for us, too.
 */
#ifndef SLUICE_PORTION_H
#define SLUICE_PORTION_H

#include <stdint.h>

struct portion {
    uint64_t most;                /* bytes */
    int64_t before_us, lately_us; /* least waits of the last whole window and of this one; 0: none yet */
    uint32_t n;                   /* answers in this window */
};

void portion_init(struct portion *p, uint64_t most);
void portion_waited(struct portion *p, int64_t us); /* an answer began after so long */
/* in_flight: requests at once; apart_us: between two requests, where they are rationed, else 0. */
uint64_t portion_bytes(const struct portion *p, uint32_t in_flight, double apart_us);

#endif
