// An independent reader: prints the rows that a table should hold, one line a row, columns between
// '|' as psql -At prints them.
//   node rows.mjs SOURCE TABLE FROM TO [STEP]
// STEP: blocks in a task, for the tables that tell of the state at the end of each (default: one task).
// SOURCE is a node's URL, asked block by block, the plainest way there is; or a folder of recorded
// files: blocks.jsonl.gz and receipts.jsonl.gz (line n is block n), or block.json.gz and receipts.json.gz.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { keccak256 } from './keccak.mjs';
import { transfers } from './tokens.mjs';

const [source, what, from, to, step = Number.MAX_SAFE_INTEGER] = process.argv.slice(2);
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
  traces: (n) => rpc('trace_block', hex(n)),
  state: (address, n) => Promise.all(['eth_getBalance', 'eth_getTransactionCount', 'eth_getCode'].map((m) => rpc(m, address, hex(n)))),
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
    state: (address) => ['0x0', '0x0', recordedCode(folder, address)],
  };
}

function recordedCode(folder, address) { // named as the simulator wants it
  const file = `${folder}/web3_response.eth_getCode_${address}_latest.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file)).result : '0x';
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
const inner = { create: 'init', call: 'input' };
rows.traces = (traces) => traces.map((t) => {
  const { action = {}, result } = t;
  return [
    number(t.blockNumber), t.transactionPosition, `{${t.traceAddress.join(',')}}`, bytea(t.transactionHash),
    bytea(action.from ?? action.address), bytea((t.error ? null : result?.address) ?? action.to ?? action.refundAddress),
    number(action.value ?? action.balance), number(action.gas), number(result?.gasUsed), bytea(action[inner[t.type]]),
    bytea(result?.code ?? result?.output), t.type, action.callType ?? '', '', t.subtraces, t.error ?? '',
  ];
});
rows.token_transfers = (logs) => logs.flatMap((l) => transfers(l).map(([index, ...rest]) =>
  [number(l.blockNumber), number(l.logIndex), index, bytea(l.transactionHash), bytea(l.address), ...rest]));

// per task: address -> what is known of it
const touched = {
  contracts: (b, receipts) => b.transactions.flatMap((t, i) =>
    !t.to && receipts[i].contractAddress && receipts[i].status !== '0x0'
      ? [[receipts[i].contractAddress, [number(b.number), bytea(t.hash), bytea(t.from), receipts[i].status]]] : []),
  creations: async (b, receipts) => { // those that contracts made, too
    const traces = await chain.traces(Number(b.number));
    const around = (o, t) => o.transactionHash === t.transactionHash && o.traceAddress.every((n, i) => n === t.traceAddress[i]);
    return [...touched.contracts(b, receipts), ...traces
      .filter((t) => t.type === 'create' && !traces.some((o) => o.error && around(o, t)))
      .map((t) => [t.result.address, [number(b.number), bytea(t.transactionHash), bytea(t.action.from), 'seen']])];
  },
  accounts: (b, receipts) => [b.miner, ...b.transactions.flatMap((t, i) => [
    t.from, t.to, receipts[i].contractAddress, ...receipts[i].logs.map((l) => l.address),
  ])].filter((a) => a).map((a) => [a, []]),
};
const state = {
  contracts: (address, [block, tx, creator, status], last, [, , code]) => // before Byzantium only code tells of success
    (code === '0x' && !status ? null : [bytea(address), block, tx, creator, bytea(code), hash(code)]),
  accounts: (address, _, last, [balance, nonce, code]) =>
    [bytea(address), last, number(balance), number(nonce), hash(code)],
};
state.creations = state.contracts;
const hash = (code) => '\\x' + keccak256(Buffer.from(code.slice(2), 'hex')).toString('hex');

async function asOfLast(chain) { // a later task's row stands in for an earlier one's
  const all = new Map();
  for (let first = Number(from); first <= Number(to); first += Number(step)) {
    const last = Math.min(first + Number(step) - 1, Number(to));
    const seen = new Map();
    for (let n = first; n <= last; n++)
      for (const [a, known] of await touched[what](await chain.block(n), await chain.receipts(n))) seen.set(a.toLowerCase(), known);
    for (const [a, known] of seen) all.set(a, state[what](a, known, last, await chain.state(a, last)));
  }
  return [...all.values()].filter((row) => row);
}

const needs = {
  logs: ['logs'], blocks: ['block'], transactions: ['block', 'receipts'], token_transfers: ['logs'], traces: ['traces'],
};

const chain = source.startsWith('http') ? node : recorded(source);
if (touched[what]) {
  for (const row of await asOfLast(chain)) console.log(row.join('|'));
} else {
  for (let n = Number(from); n <= Number(to); n++) {
    const replies = await Promise.all(needs[what].map((need) => chain[need](n)));
    for (const row of rows[what](...replies)) console.log(row.join('|'));
  }
}
