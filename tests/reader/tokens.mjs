// Token transfers in a log, as their standards define the events: [batch_index, from, to, id, amount, standard] each.
// Arguments that are indexed are topics, the others follow in the data; arrays are only ever in the data.
import { keccak256 } from './keccak.mjs';

const topic = (event) => '0x' + keccak256(Buffer.from(event)).toString('hex');
const TRANSFER = topic('Transfer(address,address,uint256)');
const SINGLE = topic('TransferSingle(address,address,address,uint256,uint256)');
const BATCH = topic('TransferBatch(address,address,address,uint256[],uint256[])');

const words = (data) => data.slice(2).match(/.{64}/g) ?? [];
const address = (word) => '\\x' + word.slice(24);
const number = (word) => BigInt('0x' + word).toString();

// the array at a byte offset, null where it does not fit
function array(all, offset) {
  const at = Number(BigInt('0x' + offset)) / 32;
  if (!Number.isInteger(at) || at >= all.length) return null;
  const n = BigInt('0x' + all[at]);
  return at + 1 + Number(n) <= all.length ? all.slice(at + 1, at + 1 + Number(n)) : null;
}

function batch(args, data, heads) {
  const [ids, amounts] = heads.map((head) => array(data, head));
  if (!ids || !amounts || ids.length !== amounts.length) return [];
  return ids.map((id, i) => [i, address(args[1]), address(args[2]), number(id), number(amounts[i]), 'erc1155']);
}

export function transfers(log) {
  const [kind, ...indexed] = log.topics.map((t) => t.toLowerCase());
  const data = words(log.data.toLowerCase());
  const whole = (log.data.length - 2) % 64 === 0;
  const args = [...indexed.map((t) => t.slice(2)), ...data];
  if (!whole) return [];
  if (kind === TRANSFER && args.length === 3)
    return indexed.length === 3
      ? [[0, address(args[0]), address(args[1]), number(args[2]), '1', 'erc721']]
      : [[0, address(args[0]), address(args[1]), '', number(args[2]), 'erc20']];
  if (kind === SINGLE && args.length === 5)
    return [[0, address(args[1]), address(args[2]), number(args[3]), number(args[4]), 'erc1155']];
  if (kind === BATCH && args.length >= 7)
    return batch(args, data, args.slice(3, 5));
  return [];
}
