// What one writes by hand for this job, well: ranges of STEP blocks by eth_getLogs, some at once, each reply inserted
// in batches of 1,000 rows by a prepared statement, over a pool of connections.
//   node script.mjs URL FROM TO STEP [RANGES_AT_ONCE [CONNECTIONS]]      into table script.logs; PG* name the database
import pg from 'pg';

const [url, ...numbers] = process.argv.slice(2);
const [from, to, step, atOnce = 4, connections = 2] = numbers.map(Number);
const BATCH = 1000;
const COLUMNS = ['block_number', 'log_index', 'transaction_index', 'transaction_hash', 'address',
  'topic0', 'topic1', 'topic2', 'topic3', 'data', 'block_timestamp'];
const pool = new pg.Pool({ max: connections });
const hex = (n) => '0x' + n.toString(16);
const bytes = (s) => (s === undefined ? null : Buffer.from(s.slice(2), 'hex'));

async function logs(first, last) {
  const reply = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getLogs', params: [{ fromBlock: hex(first), toBlock: hex(last) }] }),
  });
  const { result, error } = await reply.json();
  if (error) throw new Error(error.message);
  return result;
}

function statement(rows) {
  let n = 0;
  const tuple = () => `(${COLUMNS.map(() => `$${++n}`).join(',')})`;
  return `insert into script.logs (${COLUMNS}) values ${Array.from({ length: rows }, tuple)} on conflict (block_number, log_index) do nothing`;
}
const FULL = { name: 'full', text: statement(BATCH) };

const values = (l) => [Number(l.blockNumber), Number(l.logIndex), Number(l.transactionIndex), bytes(l.transactionHash),
  bytes(l.address), bytes(l.topics[0]), bytes(l.topics[1]), bytes(l.topics[2]), bytes(l.topics[3]), bytes(l.data),
  l.blockTimestamp === undefined ? null : new Date(Number(l.blockTimestamp) * 1000)];

async function insert(batch) {
  const query = batch.length === BATCH ? FULL : { text: statement(batch.length) };
  await pool.query({ ...query, values: batch.flatMap(values) });
}

let next = from;
async function worker() {
  while (next <= to) {
    const first = next;
    next += step;
    const found = await logs(first, Math.min(first + step - 1, to));
    for (let i = 0; i < found.length; i += BATCH) await insert(found.slice(i, i + BATCH));
  }
}
await Promise.all(Array.from({ length: atOnce }, worker));
await pool.end();
