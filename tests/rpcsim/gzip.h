/* gzip.h - the one door to zlib. */
#ifndef RPCSIM_GZIP_H
#define RPCSIM_GZIP_H

#include <stdbool.h>

#include "common/buf.h"

void gzip_pack(struct buf *text, int level); /* in place */
/* Reads a file, gunzipped if it is gzip; false: err names it. */
bool gzip_read_file(const char *path, struct buf *out, char *err, size_t size);

#endif
