// Makes a deterministic chain of ERC-20 Transfer logs on a fresh anvil:
//   node chain.mjs URL BLOCKS TXS_PER_BLOCK LOGS_PER_TX TAIL_EMPTY_BLOCKS
// anvil must run with --no-mining --order fifo --timestamp 1700000000 --base-fee 0. Block 1 deploys the
// contract, blocks 2 to BLOCKS + 1 hold the logs. Prints {"contract", "head", "logs", "hash"}.
const [url, ...counts] = process.argv.slice(2);
const [blocks, txs, perTx, tail] = counts.map(Number);

async function post(body) {
  const reply = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  return reply.json();
}

async function rpc(...calls) {
  const replies = await post(calls.map(([method, params = []], id) => ({ jsonrpc: '2.0', id, method, params })));
  const bad = replies.find((r) => r.error);
  if (bad) throw new Error(JSON.stringify(bad.error));
  return replies.sort((a, b) => a.id - b.id).map((r) => r.result);
}

const hex = (n) => '0x' + n.toString(16);
const word = (n) => n.toString(16).padStart(64, '0');
const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

// emits calldata[0] logs Transfer(from, to, value), all three drawn by keccak from the seed calldata[1]
const loop = [
  '5b', '81', '15', '60EE', '57',                                     // 06: while (n)
  '80', '6000', '52', '60206000', '20',                               //     h = keccak(seed)
  '80', '60b0', '1c', '6020', '52',                                   //     value = h >> 176
  '80', '61ffff', '16', '6000', '52', '60206000', '20', '6060', '1c', //     to = keccak(h & 0xffff) >> 96
  '90', '6010', '1c', '610fff', '16', '6000', '52', '60206000', '20', '6060', '1c', // from
  '7f' + TRANSFER, '6020', '6020', 'a3',                              //     log3(value, topic, from, to)
  '6001', '01', '90', '6001', '90', '03', '90', '6006', '56',         //     seed++, n--
  '5b', '00',
].join('');
const code = ('6000' + '35' + '6020' + '35' + loop);
const runtime = code.replace('EE', (code.length / 2 - 2).toString(16).padStart(2, '0'));
const size = (runtime.length / 2).toString(16).padStart(2, '0');
const deploy = '60' + size + '600c' + '6000' + '39' + '60' + size + '6000' + 'f3' + runtime;

const [accounts] = await rpc(['eth_accounts']);
await rpc(['anvil_setBlockTimestampInterval', [12]]);
const send = (from, nonce, fields) =>
  ['eth_sendTransaction', [{ from, nonce: hex(nonce), gas: hex(200000 + perTx * 6000), gasPrice: '0x3b9aca00', ...fields }]];
const [hash] = await rpc(send(accounts[0], 0, { data: '0x' + deploy }));
await rpc(['evm_mine']);
const [{ contractAddress: contract }] = await rpc(['eth_getTransactionReceipt', [hash]]);
const nonces = accounts.map((_, i) => (i === 0 ? 1 : 0));
let seed = 1;
for (let b = 0; b < blocks; b++) {
  const calls = [];
  for (let t = 0; t < txs; t++) {
    const a = t % accounts.length;
    calls.push(send(accounts[a], nonces[a]++, { to: contract, data: '0x' + word(perTx) + word(seed) }));
    seed += perTx;
  }
  await rpc(...calls);
  await rpc(['evm_mine']);
}
if (tail) await rpc(['anvil_mine', [hex(tail), '0xc']]);
const [block] = await rpc(['eth_getBlockByNumber', ['latest', false]]);
console.log(JSON.stringify({ contract, head: Number(block.number), logs: seed - 1, hash: block.hash }));
