/* spec.h - an endpoint as given on the command line: [NAME=]URL[,key=value]... Pure.
 *
 *     ankr=https://rpc.example/key,concurrency=4,rps=25,batch=10,timeout=20,header=X-Key: secret
 *
 * Commas end the URL: one inside it is written %2C. Without a name the host gives one.
 */
#ifndef SLUICE_SPEC_H
#define SLUICE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPEC_HEADERS = 8 };

struct spec {
    char name[64];
    char *url;                      /* owned */
    char *headers[SPEC_HEADERS + 1]; /* owned, ends at NULL */
    uint32_t concurrency, batch;    /* 0: not given */
    double rps;                     /* 0: not given */
    int64_t timeout_ms, pause_ms;   /* 0: not given */
};

/* False: err says what is wrong, without showing the URL. */
bool spec_parse(const char *text, struct spec *out, char *err, size_t size);
void spec_free(struct spec *s);

#endif
