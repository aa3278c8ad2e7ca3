/* trouble.h - a database that fails: said once, then once a minute, then that it is over.
 * Shared by all lanes, so that one outage is one story. Time is an argument.
 */
#ifndef SLUICE_WRITER_TROUBLE_H
#define SLUICE_WRITER_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

struct trouble {
    bool on;
    int64_t since_ms, said_ms;
    char text[300]; /* the last error */
};

void trouble_met(struct trouble *t, const char *text, int64_t now_ms);
void trouble_over(struct trouble *t, int64_t now_ms);

#endif
