/* trust.h - how far the answers of an endpoint for logs are believed. Pure.
 *
 * The first answers are asked for twice, then the fourth from there, the sixteenth ... and one in 256.
 * One that differs the second time tells that logs are left out: from then on everything is asked for
 * twice.
 */
#ifndef SLUICE_TRUST_H
#define SLUICE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

struct trust {
    uint32_t first;     /* answers that were asked for twice because they were the first */
    uint32_t wait, gap; /* answers until the next that is asked for twice, and between the last two */
    bool caught;        /* it left logs out */
    bool recheck;       /* what it answered for tasks at hand is to be fetched again */
    bool behind;        /* it lacked a block far from the head: answers bring the header of their last block */
    bool holes;         /* numbers of logs have holes on this chain */
    uint32_t phantoms;  /* blooms that promised logs which nobody has, in a row */
    uint64_t cut, cap;  /* an answer was cut off after so many logs, without a word; more than one: it always is */
    double silence;     /* no log where so many were expected is odd */
};

void trust_init(struct trust *t);
bool trust_due(struct trust *t);        /* an answer came: is it to be asked for again? */
/* It left logs out. True: for the first time. */
bool trust_caught(struct trust *t);
/* A silence was true: logs come in bursts, and more are expected before the next doubt. */
void trust_silence_true(struct trust *t);
/* A bloom proved false, or true. */
void trust_bloom(struct trust *t, bool was_true);
bool trust_blooms(const struct trust *t); /* they mean something on this chain */
/* An answer with so many logs proved to lack the last ones. */
void trust_cut_off(struct trust *t, uint64_t logs);

/* The answers to one question, asked until the largest came often enough. As many logs, but others: both
 * answers lack some. */
struct opinion {
    uint64_t logs, digest;
    uint32_t times, asked, clashes;
};

enum opinions { OPINION_SAME, OPINION_FIRST, OPINION_DIFFERS, OPINION_CLASHES };
enum opinions opinion_add(struct opinion *o, uint64_t logs, uint64_t digest);

#endif
