/* retry_after.h - the HTTP header Retry-After. Pure. */
#ifndef SLUICE_RETRY_AFTER_H
#define SLUICE_RETRY_AFTER_H

#include <stdint.h>

#include "common/buf.h"

/* Milliseconds to wait, at most a day, if this header line is a Retry-After of seconds or of a date that is not past
 * (RFC 9110, 10.2.3); -1: any other line. now_unix in seconds. */
int64_t retry_after_ms(struct span line, int64_t now_unix);

#endif
