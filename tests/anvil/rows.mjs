// An independent reader: prints the rows that a table should hold, one line a row, columns between
// '|' as psql -At prints them. It asks block by block, the plainest way there is.
//   node rows.mjs URL logs|blocks FROM TO
const [url, what, from, to] = process.argv.slice(2);
let id = 0;
async function rpc(method, ...params) {
  const reply = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }),
  });
  const { result, error } = await reply.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}
const hex = (n) => '0x' + n.toString(16);
const bytea = (v) => (v === undefined || v === null ? '' : '\\x' + v.slice(2).toLowerCase());
const number = (v) => (v === undefined || v === null ? '' : BigInt(v).toString());
const time = (v) => (v === undefined || v === null ? ''
  : new Date(Number(v) * 1000).toISOString().replace('T', ' ').replace('.000Z', '+00'));

const print = {
  async logs(n) {
    for (const l of await rpc('eth_getLogs', { fromBlock: hex(n), toBlock: hex(n) }))
      console.log([number(l.blockNumber), number(l.logIndex), number(l.transactionIndex), bytea(l.transactionHash),
        bytea(l.address), ...[0, 1, 2, 3].map((i) => bytea(l.topics[i])), bytea(l.data), time(l.blockTimestamp)].join('|'));
  },
  async blocks(n) {
    const b = await rpc('eth_getBlockByNumber', hex(n), false);
    console.log([number(b.number), bytea(b.hash), bytea(b.parentHash), time(b.timestamp), bytea(b.miner), number(b.gasUsed),
      number(b.gasLimit), number(b.baseFeePerGas), b.transactions.length, bytea(b.logsBloom), bytea(b.receiptsRoot),
      bytea(b.transactionsRoot), bytea(b.stateRoot), bytea(b.sha3Uncles), bytea(b.nonce), number(b.difficulty),
      number(b.totalDifficulty), number(b.size), bytea(b.extraData), bytea(b.mixHash), bytea(b.withdrawalsRoot),
      number(b.blobGasUsed), number(b.excessBlobGas), bytea(b.parentBeaconBlockRoot), bytea(b.requestsHash)].join('|'));
  },
};
for (let n = Number(from); n <= Number(to); n++) await print[what](n);
