/* event.h - the topic0 of an event: Keccak-256 of its signature. Pure.
 *
 * Takes the signature alone, Transfer(address,address,uint256), or as in a contract's source,
 * "event Transfer(address indexed from, address indexed to, uint value)": names and indexed are left
 * out, uint and int mean uint256 and int256.
 */
#ifndef SLUICE_EVENT_H
#define SLUICE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* The canonical signature, appended. False: the text is not one. */
bool event_signature(const char *text, struct buf *out);
/* False: the text is not an event. */
bool event_topic(const char *text, uint8_t topic[32]);

#endif
