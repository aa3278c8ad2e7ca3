/* words.h - lines of key=value words, the text form of tasks and control messages.
 * Grammar: common/protocol.txt, section 1.
 */
#ifndef SLUICE_WORDS_H
#define SLUICE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum { WORDS_MAX = 24, WORDS_LINE_MAX = 128 << 10 };

struct words {
    struct span verb; /* empty for a line without one */
    struct {
        struct span key, value;
    } word[WORDS_MAX];
    size_t n;
};

/* Spans point into line. False: not of the form; *why (static or in err) says what. */
bool words_parse(struct span line, bool with_verb, struct words *out, char *err, size_t size);
/* The value of a key; false if absent. */
bool words_get(const struct words *w, const char *key, struct span *out);
/* Has a run's token the form of one: 1 to 32 of [0-9a-z], or "-"? */
bool words_run_ok(struct span run);

#endif
