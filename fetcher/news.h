/* news.h - control lines on their way to the producer, bounded.
 *
 * While the producer is away lines wait here. Of credit lines only the newest is kept, since
 * each says everything; when the queue is full the oldest line goes (the producer's lease and
 * its clock for silent fetchers cover the loss).
 */
#ifndef SLUICE_NEWS_H
#define SLUICE_NEWS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/control.h"
#include "common/link.h"

enum { NEWS_MAX = 4096 /* lines waiting */ };

struct news; /* opaque: a queue */

struct news *news_new(struct link *link); /* NULL: a pipe, nobody listens */
void news_free(struct news *n);
void news_tell(struct news *n, const struct control *c);
void news_line(struct news *n, struct span line); /* one made before, by control_format */
bool news_flush(struct news *n);                  /* sends what waits; true: nothing waits */

#endif
