/* secrets.h - what of an endpoint's address must never be shown: keys in its path, query, user part
 * and headers. Providers echo them in error texts, so texts are cleaned before people see them.
 */
#ifndef SLUICE_SECRETS_H
#define SLUICE_SECRETS_H

#include <stddef.h>

#include "common/buf.h"

enum { SECRETS_MAX = 32 };

struct secrets {
    struct span items[SECRETS_MAX]; /* owned */
    size_t n;
};

/* Notes the parts of a URL behind its host, and its user part. */
void secrets_url(struct secrets *s, const char *url);
/* Notes the value of a header line "Name: value". */
void secrets_header(struct secrets *s, const char *line);
void secrets_free(struct secrets *s);

/* Appends text with every secret, and the path of any URL in it, replaced by "***"; control
 * characters become spaces, what is not ASCII becomes '?'. At most max bytes. */
void secrets_clean(const struct secrets *s, struct buf *out, struct span text, size_t max);

#endif
