#!/usr/bin/env bash
# Every dataset, column by column, against what an independent reader makes of the same node or of the same
# recorded data (tests/reader); and what several datasets in one job share.
# shellcheck source=tests/lib.sh
. tests/lib.sh
start_postgres

order_of() { # order_of TABLE: its key
    case $1 in
    logs) echo block_number,log_index ;;
    blocks) echo block_number ;;
    transactions) echo block_number,transaction_index ;;
    token_transfers) echo block_number,log_index,batch_index ;;
    traces) echo block_number,transaction_index,trace_address ;;
    *) echo address ;;
    esac
}

compare() { # compare SCHEMA TABLE SOURCE FROM TO [STEP [READ_AS]]
    node tests/reader/rows.mjs "$3" "${7:-$2}" "$4" "$5" ${6:+"$6"} | sort >"$T/wanted"
    sql "select * from $1.$2 order by $(order_of "$2")" | sort >"$T/got"
    [ -s "$T/wanted" ] && cmp -s "$T/wanted" "$T/got"
    ok $? "$1.$2: $(wc -l <"$T/wanted") rows, each column as the reader has it" ||
        diag "$(diff "$T/wanted" "$T/got" | cut -c 1-600 | head -n 8)"
}

calls() { # calls URL METHOD: how many of them it got
    curl -s "$1/stats" | jq ".methods[\"$2\"] // 0"
}

job() { # job SCHEMA OPTION...: must end well
    run ./run.sh --db "$DB" --schema "$1" "${@:2}"
    is "$STATUS" 0 "$1: exit 0" || diag "$ERR"
}

# --- a real node ---
start_anvil node --no-mining --order fifo --hardfork prague --timestamp 1700000000 --gas-limit 1000000000 --base-fee 0 --chain-id 31337
node=$URL
run node tests/reader/zoo.mjs "$node"
is "$STATUS" 0 'a chain with something of everything' || bail "$ERR"
head=$(jq .head <<<"$OUT")
all=logs,blocks,transactions,token_transfers,traces,contracts,accounts
job whole --rpc "$node" --from 0 --to "$head" --dataset "$all"
for table in ${all//,/ }; do
    [ "$table" = contracts ] || compare whole "$table" "$node" 0 "$head"
done
compare whole contracts "$node" 0 "$head" 1000 creations
is "$(sql 'select count(distinct type), count(*) filter (where status = 0) from whole.transactions')" '3|3' \
    'transactions of three types, three of them failed'
is "$(sql "select string_agg(standard || '=' || n, ' ' order by standard) from
    (select standard, count(*) n from whole.token_transfers group by 1) s")" 'erc1155=6 erc20=3 erc721=1' \
    'transfers of every standard'
is "$(sql 'select count(*) from whole.logs where block_timestamp is null')" 0 'every log has its time'

job tasks --rpc "a=$node" --rpc "b=$node" --from 0 --to "$head" --step 3 --dataset accounts,contracts
for table in accounts contracts; do compare tasks "$table" "$node" 0 "$head" 3; done
job backwards --rpc "$node" --from 6 --to "$head" --step 3 --dataset accounts,contracts
job backwards --rpc "$node" --from 0 --to 5 --step 3 --dataset accounts,contracts
for table in accounts contracts; do compare backwards "$table" "$node" 0 "$head" 3; done

spawn lesser node tests/reader/without.mjs "$node" trace_block eth_getBlockReceipts
wait_line 10 "$T/lesser.out" '^listening on ' || bail "$(cat "$T/lesser.err")"
lesser=http://$(sed -n 's/^listening on //p' "$T/lesser.out")
job lesser --rpc "$lesser" --from 0 --to "$head" --dataset transactions,traces,accounts,token_transfers,contracts
but_roots="to_jsonb(t) - case when trace_address = '{}' then 'gas_used' else '' end" # theirs is the whole transaction's
differ_traces() { # differ_traces A B: rows of A that B has not
    sql "select count(*) from (select $but_roots from $1.traces t except select $but_roots from $2.traces t) d"
}
is "$(differ_traces whole lesser) $(differ_traces lesser whole)" '0 0' 'the rows of callTracer are those of trace_block'
check 'calls inside calls and failed ones among them' test "$(sql "select count(*) from lesser.traces where trace_address <> '{}' and error is not null")" -gt 0
compare lesser contracts "$node" 0 "$head" 1000 creations
for table in transactions accounts token_transfers; do compare lesser "$table" "$node" 0 "$head"; done

# --- the recorded chain with every fork ---
folder=$T/forks
cp -r tests/fixtures/execution-apis "$folder"
gunzip -c "$folder/receipts.jsonl.gz" | jq -r '.[].contractAddress // empty' | sort | awk 'NR % 3' | while read -r address; do
    echo "{\"result\": \"0x60${address:2}\"}" >"$folder/web3_response.eth_getCode_${address}_latest.json" # it is not recorded
done
start_rpcsim forks --recorded "$folder"
job forks --rpc "$URL" --from 0 --to 54 --dataset logs,blocks,transactions,token_transfers,contracts
for table in logs blocks transactions contracts; do compare forks "$table" "$folder" 0 54; done
is "$(sql 'select count(distinct type), min(type), max(type) from forks.transactions')" '5|0|4' 'transactions of types 0 to 4'
is "$(calls "$URL" eth_getBlockByNumber) $(calls "$URL" eth_getBlockReceipts) $(calls "$URL" eth_getLogs)" '55 55 0' \
    'what serves several datasets is asked for once'

# --- what a job asks, and what it fills ---
start_rpcsim plain --blocks 200 --logs-per-block 3 --txs-per-block 2
job times --rpc "$URL" --from 1 --to 200 --step 50 --dataset logs
is "$(sql 'select count(*) - count(block_timestamp) from times.logs')" 600 'a node that sends no times: none'
run ./run.sh --db "$DB" --schema times --rpc "$URL" --from 1 --to 200 --step 50 --dataset logs,blocks
is "$(sql 'select count(*) from times.logs join times.blocks using (block_number) where logs.block_timestamp = blocks.block_timestamp')" \
    600 'with blocks in the job they are filled in' || diag "$ERR"
before=$(calls "$URL" eth_getLogs)
job pair --rpc "$URL" --from 1 --to 200 --step 200 --dataset logs,token_transfers
is "$(sql 'select count(*) from pair.logs') $(sql 'select count(*) from pair.token_transfers')" '600 600' 'logs, and transfers out of them'
is "$(sql "select count(*) from pair.jobs")" 2 'are a job each'
check 'by one set of requests, each sent twice at first' test $(($(calls "$URL" eth_getLogs) - before)) -le 6
job two --rpc "$URL" --from 1 --to 200 --step 100 --dataset logs,blocks,transactions,accounts
is "$(sql 'select count(*) from two.logs') $(sql 'select count(*) from two.blocks') $(sql 'select count(*) from two.transactions')" \
    '600 200 400' 'logs out of the receipts that transactions need'

# --- a peer's rows ---
peer=tests/fixtures/ethereum-etl/test_stream/blocks_1755634_1755635
start_rpcsim peer --recorded "$peer"
job peer --rpc "$URL,batch=1" --chain-id 31337 --from 1755634 --to 1755635 --dataset logs,blocks,transactions,token_transfers
theirs() { # theirs FILE FILTER: its rows, through jq, which would round long numbers
    sed -E 's/: *(-?[0-9]+)([,}])/: "\1"\2/g' "$peer/$1" |
        jq -r "$2 | map(if . == null then \"\" else tostring end) | join(\"|\")" | sort
}
is "$(sql "select block_number, log_index, transaction_index, encode(transaction_hash, 'hex'), encode(address, 'hex'), encode(data, 'hex'),
    extract(epoch from block_timestamp)::bigint from peer.logs" | sort)" \
    "$(theirs expected_logs.json '[.block_number, .log_index, .transaction_index, .transaction_hash[2:], .address[2:], .data[2:], .block_timestamp]')" \
    "a peer's logs"
is "$(sql "select block_number, log_index, encode(token_address, 'hex'), encode(from_address, 'hex'), encode(to_address, 'hex'), amount
    from peer.token_transfers" | sort)" \
    "$(theirs expected_token_transfers.json '[.block_number, .log_index, .token_address[2:], .from_address[2:], .to_address[2:], .value]')" \
    "a peer's token transfers"
is "$(sql "select block_number, transaction_index, encode(transaction_hash, 'hex'), nonce, encode(from_address, 'hex'), encode(to_address, 'hex'),
    value, gas, gas_price, encode(input, 'hex'), cumulative_gas_used, gas_used, encode(root, 'hex') from peer.transactions" | sort)" \
    "$(theirs expected_transactions.json '[.block_number, .transaction_index, .hash[2:], .nonce, .from_address[2:], .to_address[2:],
    .value, .gas, .gas_price, .input[2:], .receipt_cumulative_gas_used, .receipt_gas_used, .receipt_root[2:]]')" \
    "a peer's transactions with their receipts, of before Byzantium"
is "$(sql "select block_number, encode(block_hash, 'hex'), encode(parent_hash, 'hex'), encode(miner, 'hex'), difficulty, size, gas_limit, gas_used,
    transaction_count, extract(epoch from block_timestamp)::bigint from peer.blocks" | sort)" \
    "$(theirs expected_blocks.json '[.number, .hash[2:], .parent_hash[2:], .miner[2:], .difficulty, .size, .gas_limit, .gas_used,
    .transaction_count, .timestamp]')" "a peer's blocks"

for number in 508110 2112234; do
    peer=tests/fixtures/ethereum-etl/test_stream/blocks_${number}_$number
    start_rpcsim "peer$number" --recorded "$peer"
    job "peer$number" --rpc "$URL" --chain-id 31337 --from $number --to $number --dataset traces
    is "$(sql "select encode(transaction_hash, 'hex'), array_to_string(trace_address, ','), encode(from_address, 'hex'), encode(to_address, 'hex'),
        value, gas, gas_used, encode(input, 'hex'), encode(output, 'hex'), type, call_type, reward_type, subtraces, error
        from peer$number.traces" | sed 's/^|[0-9]*|/||/' | sort)" \
        "$(theirs expected_traces.json '[(.transaction_hash // "0x")[2:], (.trace_address // [] | map(tostring) | join(",")),
        (.from_address // "0x")[2:], (.to_address // "0x")[2:], .value, .gas, .gas_used, (.input // "0x")[2:],
        (.output // "0x")[2:], .trace_type, .call_type, .reward_type, .subtraces, .error]')" \
        "a peer's traces of block $number"
done
# two whole blocks of mainnet, of which only the peer's rows are recorded
peer=$T/mainnet
cp -r tests/fixtures/ethereum-etl/test_stream/blocks_17173049_17173050 "$peer"
gunzip "$peer"/*.gz
node tests/reader/back.mjs "$peer" || bail 'back.mjs'
start_rpcsim mainnet --recorded "$peer"
job mainnet --rpc "$URL" --chain-id 31337 --from 17173049 --to 17173050 --dataset logs,blocks,transactions,token_transfers
is "$(sql 'select count(*) from mainnet.transactions') $(sql 'select count(*) from mainnet.logs')" '298 681' '298 transactions, 681 logs'
differ() { # differ NAME QUERY FILE FILTER: our rows and the peer's, each column of both
    sql "$2" | sort >"$T/ours"
    theirs "$3" "$4" >"$T/theirs"
    [ -s "$T/ours" ] && cmp -s "$T/ours" "$T/theirs"
    ok $? "a peer's $1: $(wc -l <"$T/ours") rows" || diag "$(diff "$T/ours" "$T/theirs" | cut -c 1-400 | head -n 6)"
}
differ logs "select block_number, log_index, transaction_index, '0x' || encode(transaction_hash, 'hex'), '0x' || encode(address, 'hex'),
    concat_ws(',', encode(topic0, 'hex'), encode(topic1, 'hex'), encode(topic2, 'hex'), encode(topic3, 'hex')), '0x' || encode(data, 'hex'),
    extract(epoch from block_timestamp)::bigint from mainnet.logs" expected_logs.json '[.block_number, .log_index, .transaction_index,
    .transaction_hash, .address, (.topics | map(.[2:]) | join(",")), .data, .block_timestamp]'
differ blocks "select block_number, encode(block_hash, 'hex'), encode(parent_hash, 'hex'), encode(nonce, 'hex'), encode(sha3_uncles, 'hex'),
    encode(logs_bloom, 'hex'), encode(transactions_root, 'hex'), encode(state_root, 'hex'), encode(receipts_root, 'hex'), encode(miner, 'hex'),
    difficulty, total_difficulty, size, encode(extra_data, 'hex'), gas_limit, gas_used, extract(epoch from block_timestamp)::bigint,
    transaction_count, base_fee_per_gas, encode(withdrawals_root, 'hex') from mainnet.blocks" expected_blocks.json '[.number, .hash[2:],
    .parent_hash[2:], .nonce[2:], .sha3_uncles[2:], .logs_bloom[2:], .transactions_root[2:], .state_root[2:], .receipts_root[2:],
    .miner[2:], .difficulty, .total_difficulty, .size, .extra_data[2:], .gas_limit, .gas_used, .timestamp, .transaction_count,
    .base_fee_per_gas, .withdrawals_root[2:]]'
differ transactions "select block_number, transaction_index, '0x' || encode(transaction_hash, 'hex'), nonce, '0x' || encode(from_address, 'hex'),
    '0x' || encode(to_address, 'hex'), value, gas, gas_price, '0x' || encode(input, 'hex'), extract(epoch from block_timestamp)::bigint,
    max_fee_per_gas, max_priority_fee_per_gas, type, cumulative_gas_used, gas_used, '0x' || encode(contract_address, 'hex'),
    encode(root, 'hex'), status, effective_gas_price from mainnet.transactions" expected_transactions.json '[.block_number,
    .transaction_index, .hash, .nonce, .from_address, .to_address, .value, .gas, .gas_price, .input, .block_timestamp, .max_fee_per_gas,
    .max_priority_fee_per_gas, .transaction_type, .receipt_cumulative_gas_used, .receipt_gas_used, .receipt_contract_address,
    .receipt_root, .receipt_status, .receipt_effective_gas_price]'
differ 'token transfers' "select block_number, log_index, encode(transaction_hash, 'hex'), encode(token_address, 'hex'),
    encode(from_address, 'hex'), encode(to_address, 'hex'), coalesce(token_id, amount) from mainnet.token_transfers
    where standard <> 'erc1155'" expected_token_transfers.json '[.block_number, .log_index, .transaction_hash[2:], .token_address[2:],
    .from_address[2:], .to_address[2:], .value]'
peer=$T/contracts
cp -r tests/fixtures/polygon-etl/test_stream/block_with_contracts "$peer"
gunzip "$peer"/expected_*.gz
jq -r '.address + " " + .bytecode' "$peer/expected_contracts.json" | while read -r address code; do
    echo "{\"result\": \"$code\"}" >"$peer/web3_response.eth_getCode_${address}_latest.json"
done
start_rpcsim polygon --recorded "$peer"
job polygon --rpc "$URL" --chain-id 31337 --from $((0x221552)) --to $((0x221552)) --dataset contracts,transactions,blocks
is "$(sql "select encode(address, 'hex'), block_number, encode(code, 'hex') from polygon.contracts" | sort)" \
    "$(theirs expected_contracts.json '[.address[2:], .block_number, .bytecode[2:]]')" "a peer's contracts"
is "$(sql "select encode(transaction_hash, 'hex'), gas_used, status, encode(contract_address, 'hex') from polygon.transactions" | sort)" \
    "$(theirs expected_transactions.json '[.hash[2:], .receipt_gas_used, .receipt_status, (.receipt_contract_address // "0x")[2:]]')" \
    'of transactions that created them'
done_testing
