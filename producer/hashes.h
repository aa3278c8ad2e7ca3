/* hashes.h - the transaction hashes of outstanding hash tasks, by slot number.
 *
 * A ledger entry has no room for them; it keeps the slot. Bounded: HASHES_BYTES in all, but at
 * least HASHES_TASKS_MIN tasks.
 */
#ifndef SLUICE_HASHES_H
#define SLUICE_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producer/plan.h"

enum { HASHES_BYTES = 8 << 20, HASHES_TASKS_MIN = 64, HASHES_TASKS_MAX = 65536 };

struct hashes; /* opaque: its slots must stay in step */

struct hashes *hashes_new(size_t per_task);
void hashes_free(struct hashes *h);

bool hashes_full(const struct hashes *h);
/* Copies them. Returns the slot; not when full. */
size_t hashes_keep(struct hashes *h, const struct plan_piece *piece);
/* The piece as it was kept; its hashes stay valid until the drop. */
struct plan_piece hashes_get(const struct hashes *h, size_t slot);
/* Moves half of them, of at least two, to a slot of their own, and returns it; not when full. */
size_t hashes_halve(struct hashes *h, size_t slot);
/* Returns how many there were. */
size_t hashes_drop(struct hashes *h, size_t slot);

#endif
