/* sizer.h - how many rows a batch should have, by how long the last ones took. Pure.
 *
 * A batch that takes over SIZER_SLOW_MS makes the next ones smaller, in proportion, but not by more
 * than half at once; one that takes under half of that lets them grow by half again. Only batches
 * of about the wanted size tell anything: a small one that is slow waits for something else (a lock,
 * a checkpoint), and more of the same kind would wait as long, each.
 *
 * min == max: the size is fixed.
 */
#ifndef SLUICE_WRITER_SIZER_H
#define SLUICE_WRITER_SIZER_H

#include <stdint.h>

enum { SIZER_SLOW_MS = 1000 };

struct sizer {
    uint64_t min, max;
    uint64_t rows; /* wanted now */
};

void sizer_init(struct sizer *s, uint64_t min, uint64_t max); /* begins with max */
void sizer_wrote(struct sizer *s, uint64_t rows, int64_t took_ms);

#endif
