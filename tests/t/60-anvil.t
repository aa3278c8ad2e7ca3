#!/usr/bin/env bash
# A real node: anvil with a contract that emits ERC-20 Transfer logs, three fetchers on it. Every column
# of every row must equal what an independent reader (tests/reader/rows.mjs) asks the node for.
# shellcheck source=tests/lib.sh
. tests/lib.sh
anvil_options=(--no-mining --order fifo --hardfork prague --timestamp 1700000000 --gas-limit 1000000000 --base-fee 0)

start_postgres
start_anvil other "${anvil_options[@]}" --chain-id 1
other=$URL
start_anvil node "${anvil_options[@]}" --chain-id 31337
run node tests/reader/chain.mjs "$URL" 200 10 10 20
is "$STATUS" 0 "the chain is made" || bail "$ERR"
head=$(jq .head <<<"$OUT")
is "$(jq .logs <<<"$OUT")" 20000 'of 20,000 logs'

rpcs=(--rpc "a=$URL" --rpc "b=$URL" --rpc "c=$URL")
run ./run.sh --db "$DB" "${rpcs[@]}" --rpc "wrong=$other" --chain-id 31337 --from 0 --to "$head" --step 10 --dataset logs,blocks
is "$STATUS" 0 'three fetchers on a real node: exit 0' || diag "$ERR"
like "$ERR" 'wrong.*chain (id )?1[^0-9].*31337' 'an endpoint of another chain is refused by name'
unlike "$ERR" '\[wrong\] completed' 'and did nothing'

compare() { # compare TABLE ORDER FROM TO
    node tests/reader/rows.mjs "$URL" "$1" "$3" "$4" >"$T/$1.node"
    sql "select * from $1 order by $2" >"$T/$1.table"
    is "$(wc -l <"$T/$1.table")" "$(wc -l <"$T/$1.node")" "$1: as many rows as the node has"
    cmp -s "$T/$1.node" "$T/$1.table"
    ok $? "$1: every column of every row is the node's" || diag "$(diff "$T/$1.node" "$T/$1.table" | head -n 6)"
}
compare logs block_number,log_index 0 "$head"
compare blocks block_number 0 "$head"
is "$(sql 'select count(*) from logs')" 20000 'no log is missing'
is "$(covered public)" "$(printf '1|{[0,%d)}\n2|{[0,%d)}' $((head + 1)) $((head + 1)))" 'both datasets are covered from end to end'

run ./run.sh --db "$DB" "${rpcs[@]}" --from 0 --to "$head" --dataset logs,blocks
is "$STATUS" 0 'a second run: exit 0'
like "$ERR" 'nothing missing' 'and says that nothing is missing'

contract=$(sql 'select distinct address from logs')
to=$(sql 'select topic2 from logs order by block_number, log_index limit 1')
run ./run.sh --db "$DB" --schema narrow "${rpcs[@]}" --from 0 --to "$head" --address "0${contract#\\}" \
    --event 'Transfer(address,address,uint256)' --topic2 "0${to#\\}"
is "$STATUS" 0 'a filter by address, event and topic2: exit 0' || diag "$ERR"
sql "select * from logs where topic2 = '$to' order by 1, 2" >"$T/wanted"
sql 'select * from narrow.logs order by 1, 2' >"$T/got"
cmp -s "$T/wanted" "$T/got"
ok $? 'the filtered table holds just the logs that match'
[ -s "$T/got" ]
ok $? 'and there are some'

run ./run.sh --db "$DB" --schema none --rpc "wrong=$other" --chain-id 31337 --from 0 --to 5
is "$STATUS" 3 'only an endpoint of another chain: exit 3'
like "$ERR" 'wrong.*chain' 'which says so'
done_testing
