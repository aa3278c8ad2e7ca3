/* report.h - what people are told of an endpoint: its breaker's changes, once each, what it
 * answered that no rule knows, counted, and its figures at the end.
 */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetcher/endpoint.h"
#include "fetcher/rpc.h"

enum { REPORT_TEXTS = 16, REPORT_TEXT = 160 /* bytes */ };

struct report {
    struct endpoint *endpoint;
    const char *name;
    uint32_t threshold;
    bool open;        /* the last change told */
    uint64_t others;  /* errors beyond the table */
    struct {
        char text[REPORT_TEXT];
        uint64_t n;
    } texts[REPORT_TEXTS];
    int64_t good_ms;  /* when the endpoint last answered well */
};

/* A request ended: tells the endpoint, by the worst of its answers. */
void report_answers(struct report *r, const struct rpc_request *q, const struct rpc_answer *answers,
                    int64_t now_ms);
void report_print_texts(const struct report *r);
void report_print_statistics(const struct report *r);

#endif
