// Puts a peer's rows back into the form of a node's replies, for a simulator to serve:
//   node back.mjs FOLDER      expected_{blocks,transactions,logs}.json -> block_N.json, receipts_N.json
import { readFileSync, writeFileSync } from 'node:fs';

const [folder] = process.argv.slice(2);
const rows = (name) => readFileSync(`${folder}/expected_${name}.json`, 'utf8').trim().split('\n')
  .map((line) => JSON.parse(line.replace(/: *(-?\d+)([,}])/g, ': "$1"$2'))); // numbers longer than JavaScript's

const camel = (name) => name.replace(/_(.)/g, (_, c) => c.toUpperCase());
const quantity = (v) => (v === null ? null : '0x' + BigInt(v).toString(16));
const take = (row, numbers, texts) => Object.fromEntries([
  ...numbers.map((k) => [camel(k.replace('receipt_', '')), quantity(row[k])]),
  ...texts.map((k) => [camel(k.replace('receipt_', '')), row[k]]),
].filter(([, v]) => v !== null && v !== undefined));

const transaction = (t) => ({
  ...take(t, ['nonce', 'block_number', 'transaction_index', 'value', 'gas', 'gas_price', 'max_fee_per_gas', 'max_priority_fee_per_gas'],
    ['hash', 'block_hash', 'input']),
  from: t.from_address, to: t.to_address, type: quantity(t.transaction_type),
});
const log = (l) => take(l, ['log_index', 'transaction_index', 'block_number'], ['transaction_hash', 'block_hash', 'address', 'data', 'topics']);

const transactions = rows('transactions').sort((a, b) => a.transaction_index - b.transaction_index);
const logs = rows('logs').sort((a, b) => a.log_index - b.log_index);
for (const b of rows('blocks')) {
  const own = transactions.filter((t) => t.block_number === b.number);
  const block = {
    ...take(b, ['number', 'difficulty', 'total_difficulty', 'size', 'gas_limit', 'gas_used', 'timestamp', 'base_fee_per_gas'],
      ['hash', 'parent_hash', 'nonce', 'sha3_uncles', 'logs_bloom', 'transactions_root', 'state_root', 'receipts_root', 'miner',
        'extra_data', 'withdrawals_root']),
    transactions: own.map(transaction),
  };
  const receipts = own.map((t) => ({
    ...take(t, ['block_number', 'transaction_index', 'receipt_cumulative_gas_used', 'receipt_gas_used', 'receipt_status',
      'receipt_effective_gas_price'], ['block_hash', 'receipt_contract_address', 'receipt_root']),
    transactionHash: t.hash,
    logs: logs.filter((l) => l.transaction_hash === t.hash).map(log),
  }));
  writeFileSync(`${folder}/block_${b.number}.json`, JSON.stringify(block));
  writeFileSync(`${folder}/receipts_${b.number}.json`, JSON.stringify(receipts));
}
