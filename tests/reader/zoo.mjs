// Makes a deterministic chain with something of everything on a fresh anvil (options as for chain.mjs):
//   node zoo.mjs URL
// Every type of transaction that anvil takes, creations that succeed and fail, contracts that create contracts, calls
// inside calls, reverts, payments; and transfers of tokens as real contracts log them, and as none should.
// The trick: init code may emit logs, so each event is a creation. Prints {"head", "transactions"}.
const [url] = process.argv.slice(2);

async function rpc(method, ...params) {
  const reply = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = await reply.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

const hex = (n) => '0x' + BigInt(n).toString(16);
const word = (n) => BigInt(n).toString(16).padStart(64, '0');
const push = (bytes) => (0x5f + bytes.length / 2).toString(16) + bytes;
const at = (n) => push(n.toString(16).padStart(4, '0'));

const store = (words) => words.map((w, i) => push(w) + at(32 * i) + '52').join('');
const log = (topics, data) => store(data) + [...topics].reverse().map(push).join('') +
  at(32 * data.length) + at(0) + (0xa0 + topics.length).toString(16);
const leave = (runtime) => push(runtime.padEnd(64, '0')) + at(0) + '52' + at(runtime.length / 2) + at(0) + 'f3';
const revert = at(0) + at(0) + 'fd';
// CREATE of init code (at most 32 bytes) with no value
const create = (init) => push(init.padEnd(64, '0')) + at(0) + '52' + at(init.length / 2) + at(0) + at(0) + 'f0' + '50';
// CALL of an address with no data
const call = (address, value = '00') => at(0) + at(0) + at(0) + at(0) + push(value) + push(address.slice(2)) + '5a' + 'f1' + '50';

const TRANSFER = 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';
const SINGLE = 'c3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62';
const [a, b, c] = [word('0xa11ce'), word('0xb0b'), word('0xca401')];
const events = [
  [[TRANSFER, a, b], [word(10n ** 18n)]],                        // erc20
  [[TRANSFER, a, b, word(7)], []],                               // erc721
  [[TRANSFER], [a, b, word(2n ** 256n - 1n)]],                   // erc20, nothing indexed
  [[TRANSFER, a], [b, word(0)]],                                 // erc20, one indexed
  [[TRANSFER, a, b], []],                                        // too short: no transfer
  [[TRANSFER, a, b], [word(1), word(2)]],                        // too long: no transfer
  [[SINGLE, c, a, b], [word(5), word(6)]],                       // erc1155
  [[SINGLE], [c, a, b, word(5), word(2n ** 255n)]],              // erc1155, nothing indexed
  ['batch', [c, a, b], [word(64), word(160), word(2), word(8), word(9), word(2), word(80), word(90)]],
  ['batch', [], [c, a, b, word(160), word(256), word(2), word(8), word(9), word(2), word(80), word(90)]],
  ['batch', [c, a, b], [word(64), word(128), word(1), word(8), word(2), word(80), word(90)]], // lengths differ
  ['batch', [c, a, b], [word(64), word(96), word(0), word(0)]],  // empty
  ['batch', [c, a, b], [word(64), word(9999), word(0), word(0)]], // outside its data
  [[], [word(1)]],                                               // anonymous
];

const accounts = await rpc('eth_accounts');
await rpc('anvil_setBlockTimestampInterval', 12);
const nonces = accounts.map(() => 0);
let sent = 0;
async function send(fields) {
  const i = sent++ % 3;
  const price = fields.maxFeePerGas || fields.gasPrice ? {} : { gasPrice: '0x3b9aca00' };
  return rpc('eth_sendTransaction', { from: accounts[i], nonce: hex(nonces[i]++), gas: '0xf4240', ...price, ...fields });
}
const mine = () => rpc('evm_mine');
const created = async (hash) => (await rpc('eth_getTransactionReceipt', hash)).contractAddress;

const batchTopic = (await rpc('web3_sha3', '0x' + Buffer.from('TransferBatch(address,address,address,uint256[],uint256[])').toString('hex'))).slice(2);
for (const e of events) {
  const [topics, data] = e[0] === 'batch' ? [[batchTopic, ...e[1]], e[2]] : e;
  await send({ data: '0x' + log(topics, data) + leave('00') });
  if (sent % 4 === 0) await mine();
}
await mine();
const reverter = await send({ data: '0x' + leave(revert) });
const payee = await send({ data: '0x' + leave('00') });
await mine();
const [reverts, takes] = [await created(reverter), await created(payee)];
await send({ data: '0x' + revert });                                            // a creation that fails
await send({ data: '0x' + create('600160005360016000f3') + create('fe') + leave('00') }); // a factory: one good, one bad
await send({ data: '0x' + create('600160005360016000f3') + revert });           // and one that fails in the end
await send({ data: '0x' + call(takes, '05') + call(reverts) + call('0x' + '00'.repeat(19) + '04') + leave('00'), value: '0x9' });
await send({ to: reverts, data: '0x1234' });
await mine();
const suicidal = await send({ data: '0x' + leave(push(takes.slice(2)) + 'ff'), value: '0x20' });
await send({ data: '0x' + push(takes.slice(2)) + 'ff', value: '0x11' });       // gone in the transaction that made it
await mine();
await send({ to: await created(suicidal) });
await send({ to: takes, value: hex(10n ** 18n), maxFeePerGas: '0x77359400', maxPriorityFeePerGas: '0x1' });
await send({ to: '0x' + '00'.repeat(18) + 'beef', value: '0x1',
  accessList: [{ address: takes, storageKeys: ['0x' + word(1)] }], gasPrice: '0x3b9aca00' });
await send({ to: '0x' + '00'.repeat(18) + 'beef', value: '0x0' });
await mine();
await rpc('anvil_mine', '0x3', '0xc');
console.log(JSON.stringify({ head: Number(await rpc('eth_blockNumber')), transactions: sent }));
