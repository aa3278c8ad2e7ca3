/* gzip.c - see gzip.h. */
#include "gzip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, CHUNK = 1 << 16 };

void
gzip_pack(struct buf *text, int level)
{
    z_stream z = {0};
    struct buf packed = {0};
    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    size_t bound = deflateBound(&z, (uLong)text->n);
    z.next_in = (Bytef *)text->p;
    z.avail_in = (uInt)text->n;
    z.next_out = (Bytef *)buf_room(&packed, bound);
    z.avail_out = (uInt)bound;
    deflate(&z, Z_FINISH);
    packed.n = z.total_out;
    deflateEnd(&z);
    buf_free(text);
    *text = packed;
}

bool
gzip_read_file(const char *path, struct buf *out, char *err, size_t size)
{
    gzFile f = gzopen(path, "rb");
    if (!f) {
        snprintf(err, size, "%s: %s", path, strerror(errno));
        return false;
    }
    int n;
    while ((n = gzread(f, buf_room(out, CHUNK), CHUNK)) > 0)
        out->n += (size_t)n;
    gzclose(f);
    if (n < 0)
        snprintf(err, size, "%s: not readable", path);
    return n == 0;
}
