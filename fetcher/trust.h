/* trust.h - how far the answers of an endpoint for logs are believed. Pure.
 *
 * The first answers are asked for twice, then the fourth from there, the sixteenth ... and one in 256.
 * One that differs the second time tells that logs are left out: from then on everything is asked for
 * twice.
 *
 * Behind a name may be several backends, and one that lags answers as if there were no logs where it has no
 * blocks yet. A log in its last block proves an answer; so does the header of that block in the same batch,
 * which comes along with small answers for recent blocks, and, once a backend was seen to lag, with all small
 * ones and those above its newest block. As long as answers are believed without, the newest block is asked
 * for again now and then, as often as answers are tried: backends tell by it how far they are.
 */
#ifndef SLUICE_TRUST_H
#define SLUICE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

/* The first two, the fourth from there, the sixteenth ... and one in 256. */
struct sampling {
    uint32_t first;     /* of the first, how many were taken */
    uint32_t wait, gap; /* until the next, and between the last two */
};

struct trust {
    struct sampling tries; /* answers that are asked for twice */
    struct sampling heads; /* answers without a proof after which the newest block is asked for */
    bool once;          /* an answer was believed that had come only once */
    bool caught;        /* it left logs out */
    bool recheck;       /* what it answered for tasks at hand is to be fetched again, */
    bool doubt;         /* and for all tasks before, */
    uint64_t doubt_from; /* from this block on */
    bool behind;        /* a backend was far behind the others, */
    uint64_t low;       /* and had no block above this one; */
    uint32_t held;      /* of which so many were proved since, in a row */
    uint64_t unproved;  /* the last block of the answers believed without a proof, but for those that went back */
    bool want_head;     /* the newest block is to be asked for, */
    uint32_t seek;      /* so many times more, to learn how far that backend is */
    bool holes;         /* numbers of logs have holes on this chain */
    uint32_t phantoms;  /* blooms that promised logs which nobody has, in a row */
    uint64_t cut, cap;  /* an answer was cut off after so many logs, without a word; more than one: it always is */
    double silence;     /* no log where so many were expected is odd */
};

void trust_init(struct trust *t);
bool trust_due(struct trust *t);        /* an answer came: is it to be asked for again? */
/* Is a header to come along with an answer of about so many bytes that ends with block `to`? worthy: it is for
 * recent blocks, or for what was asked before. */
bool trust_wants_proof(const struct trust *t, uint64_t to, double bytes, bool worthy);
bool trust_lags(const struct trust *t, uint64_t block); /* a backend was seen to lack it */
/* An answer that ends with block `to` was believed without one. */
void trust_unproved(struct trust *t, uint64_t to);
/* One was proved. In the end a backend that lagged counts no more. */
void trust_proved(struct trust *t, uint64_t to);
/* A backend far behind the others has no block above this one. */
void trust_behind(struct trust *t, uint64_t newest);
/* It lacks this block, and perhaps many before. */
void trust_lacks(struct trust *t, uint64_t block);
/* That newest block was told, by whichever backend. */
void trust_head(struct trust *t, uint64_t newest);
/* What it answered for blocks from this one on is not believed any more. */
void trust_doubt(struct trust *t, uint64_t from);
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
