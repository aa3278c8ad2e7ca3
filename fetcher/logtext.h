/* logtext.h - logs read straight from the text of a reply to eth_getLogs, without a document.
 *
 * The hot path: nearly every reply has one plain form, {"jsonrpc":"2.0","id":1,"result":[{...},...]},
 * members in any order, white space between them, each log with strings without escapes, numbers,
 * true, false or null. That much is read here, strictly, in one pass and without memory. Whatever else
 * comes (an error, a null where a hash may stand, a nested member, a wrong digit) is "other", which
 * says nothing about the reply: json.h and log.h then read it, and know what is wrong with it.
 */
#ifndef SLUICE_LOGTEXT_H
#define SLUICE_LOGTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "dataset.h"

struct logtext {
    const char *p, *end; /* what is not yet read */
    uint64_t id;         /* of the call */
    bool has_id, begun;
};

enum logtext_found { LOGTEXT_LOG, LOGTEXT_END, LOGTEXT_OTHER };

/* Begins the answer of call id; JSON_PADDING readable bytes follow the body. False: other. */
bool logtext_open(struct logtext *t, struct span body, uint64_t id);
/* The next log. At the end the whole answer was read: t->p is behind it, and behind white space. l->data_hex points
 * into the body. */
enum logtext_found logtext_next(struct logtext *t, struct log *l);

#endif
