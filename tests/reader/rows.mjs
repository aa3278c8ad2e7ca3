// An independent reader: prints the rows that a table should hold, one line a row, columns between
// '|' as psql -At prints them.
//   node rows.mjs SOURCE logs|blocks|transactions FROM TO
// SOURCE is a node's URL, asked block by block, the plainest way there is; or a folder of recorded
// files: blocks.jsonl.gz and receipts.jsonl.gz (line n is block n), or block.json.gz and receipts.json.gz.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const [source, what, from, to] = process.argv.slice(2);
const hex = (n) => '0x' + n.toString(16);

let id = 0;
async function rpc(method, ...params) {
  const reply = await fetch(source, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
  });
  const { result, error } = await reply.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}
const node = {
  block: (n) => rpc('eth_getBlockByNumber', hex(n), true),
  receipts: (n) => rpc('eth_getBlockReceipts', hex(n)),
  logs: (n) => rpc('eth_getLogs', { fromBlock: hex(n), toBlock: hex(n) }),
};

function recorded(folder) {
  const text = (name) => gunzipSync(readFileSync(`${folder}/${name}.gz`)).toString();
  const unwrap = (v) => (v && v.result !== undefined ? v.result : v);
  const lines = (name) => text(name).trim().split('\n').map((l) => JSON.parse(l));
  const many = existsSync(`${folder}/blocks.jsonl.gz`);
  const blocks = many ? lines('blocks.jsonl') : [unwrap(JSON.parse(text('block.json')))];
  const receipts = many ? lines('receipts.jsonl') : [unwrap(JSON.parse(text('receipts.json')))];
  const at = (n) => blocks.findIndex((b) => Number(b.number) === n);
  return {
    block: (n) => blocks[at(n)],
    receipts: (n) => receipts[at(n)],
    logs: (n) => receipts[at(n)].flatMap((r) => r.logs),
  };
}

const bytea = (v) => (v === undefined || v === null ? '' : '\\x' + v.slice(2).toLowerCase());
const number = (v) => (v === undefined || v === null ? '' : BigInt(v).toString());
const time = (v) => (v === undefined || v === null ? ''
  : new Date(Number(v) * 1000).toISOString().replace('T', ' ').replace('.000Z', '+00'));

const rows = {
  logs: (logs) => logs.map((l) => [
    number(l.blockNumber), number(l.logIndex), number(l.transactionIndex), bytea(l.transactionHash), bytea(l.address),
    ...[0, 1, 2, 3].map((i) => bytea(l.topics[i])), bytea(l.data), time(l.blockTimestamp),
  ]),
  blocks: (b) => [[
    number(b.number), bytea(b.hash), bytea(b.parentHash), time(b.timestamp), bytea(b.miner), number(b.gasUsed),
    number(b.gasLimit), number(b.baseFeePerGas), b.transactions.length, bytea(b.logsBloom), bytea(b.receiptsRoot),
    bytea(b.transactionsRoot), bytea(b.stateRoot), bytea(b.sha3Uncles), bytea(b.nonce), number(b.difficulty),
    number(b.totalDifficulty), number(b.size), bytea(b.extraData), bytea(b.mixHash), bytea(b.withdrawalsRoot),
    number(b.blobGasUsed), number(b.excessBlobGas), bytea(b.parentBeaconBlockRoot), bytea(b.requestsHash),
    b.withdrawals ? JSON.stringify(b.withdrawals) : '',
  ]],
  transactions: (b, receipts) => b.transactions.map((t, i) => {
    const r = receipts[i];
    return [
      number(t.blockNumber), number(t.transactionIndex), bytea(t.hash), time(b.timestamp), bytea(t.from), bytea(t.to),
      number(t.value), number(t.nonce), number(t.gas), number(t.gasPrice), number(t.maxFeePerGas),
      number(t.maxPriorityFeePerGas), number(t.maxFeePerBlobGas), bytea(t.input), number(t.type), number(r.status),
      bytea(r.root), number(r.gasUsed), number(r.cumulativeGasUsed), number(r.effectiveGasPrice),
      bytea(r.contractAddress), number(r.blobGasUsed), number(r.blobGasPrice),
      t.blobVersionedHashes ? '\\x' + t.blobVersionedHashes.map((h) => h.slice(2)).join('') : '', number(r.l1Fee),
      number(r.l1GasUsed), number(r.l1GasPrice), r.l1FeeScalar ?? '',
    ];
  }),
};
const needs = { logs: ['logs'], blocks: ['block'], transactions: ['block', 'receipts'] };

const chain = source.startsWith('http') ? node : recorded(source);
for (let n = Number(from); n <= Number(to); n++) {
  const replies = await Promise.all(needs[what].map((need) => chain[need](n)));
  for (const row of rows[what](...replies)) console.log(row.join('|'));
}
