/* recorded.h - blocks that real nodes answered, served again.
 *
 * A path is a file or a folder, which is walked. What a JSON value is, is told by its shape:
 *
 *     blocks.jsonl receipts.jsonl   line n is block n, or its receipts
 *     block.json                    a block with its transactions (or their hashes)
 *     receipts.json                 the receipts of a block
 *     web3_response.METHOD_....json an answer with "result": a block, a receipt, logs, trace_block,
 *                                   debug_traceBlockByNumber, eth_getCode
 *
 * each also with .gz. Other files are passed over, among them expected*. Answers are the recorded
 * JSON, its members in their order, without white space. Logs are those of the receipts; where a
 * block has none recorded, those of recorded eth_getFilterLogs answers.
 */
#ifndef RPCSIM_RECORDED_H
#define RPCSIM_RECORDED_H

#include <stddef.h>

#include "source.h"

struct recorded;

/* NULL: err names the file and what is wrong. */
struct recorded *recorded_open(const char *path, char *err, size_t size);
struct source recorded_source(struct recorded *r); /* in recorded_text.c */
void recorded_free(struct recorded *r);

#endif
