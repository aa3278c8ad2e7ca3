#!/usr/bin/env bash
# enrich: what logs refer to and the database lacks, all of it and nothing else; killed, it goes on with the rest.
# shellcheck source=tests/lib.sh
. tests/lib.sh
start_postgres
chain=(--seed 7 --blocks 1000 --logs-per-block 4 --txs-per-block 3)
start_rpcsim fast "${chain[@]}" --latency 5ms
fast=$URL

calls() { # calls URL METHOD: how many of them it got
    curl -s "$1/stats" | jq ".methods[\"$2\"] // 0"
}

enrich() { # enrich SCHEMA OPTION...
    run ./run.sh enrich --db "$DB" --schema "$1" "${@:2}"
}

lacking() { # lacking SCHEMA: transactions that its logs refer to and that are not there
    sql "select count(distinct transaction_hash) from $1.logs where transaction_hash not in (select transaction_hash from $1.transactions)"
}

run ./run.sh --db "$DB" --schema a --rpc "$fast" --from 1 --to 1000 --dataset logs
is "$STATUS" 0 'logs' || bail "$ERR"
wanted=$(sql 'select count(distinct transaction_hash) from a.logs')
check 'of very many transactions' test "$wanted" -gt 2000
sql 'create schema fresh; create table fresh.logs as select * from a.logs' # as another program left it

# --- dry ---
before=$(calls "$fast" eth_getTransactionByHash)
enrich a --rpc "quick=$fast/v3/SECRETKEY" --dry-run --pause 0
is "$STATUS" 0 '--dry-run: exit 0' || diag "$ERR"
like "$OUT" "missing +$wanted transactions" 'tells how many are missing'
like "$OUT" "batches +$(((wanted + 499) / 500))
" 'in how many batches'
like "$OUT" 'workers +2 per endpoint' 'by two workers, on two cores' # at least 2, 75 % of the cores
like "$OUT" 'endpoint +quick' 'of which endpoint'
unlike "$OUT$ERR" SECRETKEY 'without its key'
is "$(sql "select to_regclass('a.transactions') is null, to_regclass('a.blocks') is null") $(calls "$fast" eth_getTransactionByHash)" \
    "t|t $before" 'and touches nothing'

# --- all of it, once ---
start_rpcsim slow "${chain[@]}" --latency 20ms
slow=$URL
enrich a --rpc "$slow,concurrency=1" --pause 0 --dataset transactions --workers 3 # long enough for each to take part
is "$STATUS" 0 'enrich: exit 0' || diag "$ERR"
is "$(lacking a) $(sql 'select count(*) from a.transactions')" "0 $wanted" 'brings what was missing and nothing else'
# near the end each of two idle workers may get a copy of the last task, of at most 500 transactions
asked() { test "$1" -ge "$wanted" -a "$1" -le $((wanted + 2 * 500)); }
check 'by one call each, but for copies' asked "$(calls "$slow" eth_getTransactionByHash)"
check 'and one for its receipt' asked "$(calls "$slow" eth_getTransactionReceipt)"
is "$(curl -s "$slow/stats" | jq .max_batch)" 50 'in batches of 50 calls'
batches=$(((wanted + 499) / 500))
like "$ERR" "Progress: $batches/$batches batches \(100\.0 %\), 3 active workers" 'tells its progress'
like "$ERR" "Workers: 3, processed: $wanted transactions, duration: [0-9.]+ s, rate: [0-9.]+ transactions/s" 'and a summary'
run ./run.sh --db "$DB" --schema whole --rpc "$fast" --from 1 --to 1000 --dataset transactions
is "$(sql "select count(*) from (select to_jsonb(t) - 'block_timestamp' from a.transactions t except
    select to_jsonb(t) - 'block_timestamp' from whole.transactions t) d")" 0 'rows are those that a job brings, but for the time'
enrich a --rpc "$fast" --pause 0 --dataset transactions
like "$STATUS $ERR" '^0 .*nothing missing' 'again: nothing is missing'

# --- holes, receipts, blocks ---
sql "delete from a.transactions where block_number between 100 and 119; update a.transactions set gas_used = null where block_number = 500"
missing=$(($(lacking a) + $(sql 'select count(*) from a.transactions where block_number = 500')))
run ./run.sh --db "$DB" --schema a --rpc "$fast" --from 1 --to 900 --dataset blocks
sql 'delete from a.blocks where block_number in (7, 8, 9, 30)'
blocks=$(sql 'select count(distinct block_number) from a.logs where block_number not in (select block_number from a.blocks)')
before=$(calls "$fast" eth_getTransactionByHash) headers=$(calls "$fast" eth_getBlockByNumber)
enrich a --rpc "$fast" --pause 0 --workers 1 # who gets no copies
is "$STATUS" 0 'transactions, receipts and blocks: exit 0' || diag "$ERR"
is "$(($(calls "$fast" eth_getTransactionByHash) - before))" "$missing" 'asks for the transactions that are not there, or have no receipt'
like "$ERR" "$blocks blocks are missing" 'tells how many blocks'
is "$(sql 'select count(distinct block_number) from a.logs where block_number not in (select block_number from a.blocks)')" 0 'brings the blocks'
is "$(lacking a) $(sql 'select count(*) from a.transactions where gas_used is null')" '0 0' 'leaves none out'
is "$(sql "select count(*) from (select * from a.transactions except select * from whole.transactions) d")" 0 \
    'and with them the times: rows are wholly those that a job brings'
check 'and no block that nobody asked for' test $(($(calls "$fast" eth_getBlockByNumber) - headers)) -le $((blocks + 12)) # 12: checks

# --- a filter, and a table of another program ---
address=$(sql 'select address from fresh.logs order by 1 limit 1')
enrich fresh --rpc "$fast" --pause 0 --address "0${address#\\}" --dataset transactions
is "$(sql "select count(*) from fresh.transactions") $(sql "select count(*) from fresh.transactions
    where transaction_hash not in (select transaction_hash from fresh.logs where address = '$address')")" \
    "$(sql "select count(distinct transaction_hash) from fresh.logs where address = '$address'") 0" '--address: only of its logs'

# --- what is nowhere ---
sql "insert into fresh.logs select * from fresh.logs limit 1; delete from fresh.logs where block_number > 10"
sql "update fresh.logs set transaction_hash = sha256('no such') where (block_number, log_index) = (5, 0)"
enrich fresh --rpc "$fast" --pause 0 --dataset transactions
is "$STATUS" 1 'a transaction that no endpoint knows: exit 1'
like "$ERR" 'failed task 0 of ([0-9]+) transactions after .*: 1 of \1 transactions not known, first 0x' 'which is said'
like "$ERR" 'finished, but 1 transaction is missing;' 'and how many'
is "$(lacking fresh)" 1 'all others are there'

start_rpcsim behind "${chain[@]/1000/500}" # knows half of them
sql 'create schema behind; create table behind.logs as select * from a.logs where block_number between 480 and 520'
enrich behind --rpc "$URL" --rpc "$fast" --pause 0 --dataset transactions
is "$STATUS $(lacking behind)" '0 0' 'what one endpoint does not know comes from another' || diag "$ERR"
unlike "$ERR" 'still missing' 'at once'

# --- killed half way ---
sql 'create schema killed; create table killed.logs as select * from a.logs'
spawn killed ./run.sh enrich --db "$DB" --schema killed --rpc "$slow,concurrency=1" --workers 2 --dataset transactions --pause 0.02
half() { test "$(sql "select count(*) from killed.transactions" 2>/dev/null || echo 0)" -ge 500; }
wait_for 30 half
{ kill -KILL "$PID" && wait "$PID"; } 2>/dev/null
wait_for 10 alone
there=$(sql 'select count(*) from killed.transactions')
check "killed with $there of $wanted there" test "$there" -lt "$wanted"
before=$(calls "$fast" eth_getTransactionByHash)
enrich killed --rpc "$fast" --pause 0 --dataset transactions
is "$STATUS $(lacking killed)" '0 0' 'the next one finishes the work' || diag "$ERR"
is "$(($(calls "$fast" eth_getTransactionByHash) - before))" $((wanted - there)) 'and only the rest of it'

# --- many small gaps ---
sql 'create schema sparse; create table sparse.logs as select * from a.logs where block_number % 2 = 0 and block_number <= 300'
start_rpcsim scattered "${chain[@]}"
headers() { calls "$URL" eth_getBlockByNumber; }
enrich sparse --rpc "$URL" --dataset blocks --pause 0 --workers 1 # who gets no copies
is "$STATUS $(sql 'select count(*) from sparse.blocks')" '0 150' 'a hundred and fifty single blocks' || diag "$ERR"
is "$(sql 'select count(*) from (select * from sparse.blocks except select * from a.blocks) d')" 0 'are those that a job brings'
like "$ERR" 'Progress: 1/1 batches \(100\.0 %\)' 'tell their progress'
like "$ERR" 'processed: 150 blocks, duration' 'and how many there were'
is "$(headers) $(curl -s "$URL/stats" | jq .max_batch)" '150 50' 'come in batches of 50'
sql "insert into sparse.logs select * from a.logs where block_number = 302; update sparse.logs set block_number = 5000 where block_number = 302"
enrich sparse --rpc "$URL" --dataset blocks --pause 0
like "$STATUS $ERR" '^1 .*failed task 0 of 1 blocks after .*: 1 of 1 blocks not known, first 5000' 'one that no endpoint knows: exit 1'

# --- the pause ---
start_rpcsim paced "${chain[@]}"
sql 'create schema paced; create table paced.logs as select * from a.logs where block_number <= 100'
few=$(sql 'select count(distinct transaction_hash) from paced.logs')
start=${EPOCHREALTIME/[.,]/}
enrich paced --rpc "$URL" --dataset transactions --workers 2
took=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
is "$STATUS $(lacking paced)" '0 0' "$few transactions with the pause of 150 ms" || diag "$ERR"
requests=$(((few + 24) / 25))
check "$requests requests take $took ms" test "$took" -ge $(((requests - 3) * 150))

# --- an endpoint that fails now and then ---
start_rpcsim flaky "${chain[@]}" --error-percent 10 --errors 500,drop,truncated
sql 'create schema flaky; create table flaky.logs as select * from a.logs'
enrich flaky --rpc "$URL" --rpc "$fast" --dataset transactions --pause 0
is "$STATUS $(lacking flaky)" '0 0' 'an endpoint that fails now and then' || diag "$ERR"
sql 'create schema stuck; create table stuck.logs as select * from a.logs'
start_rpcsim stuck "${chain[@]}" --latency 300ms
enrich stuck --rpc "stuck=$URL,concurrency=1" --rpc "$slow,concurrency=1" --dataset transactions --pause 0 --lease 1
is "$STATUS $(lacking stuck)" '0 0' 'one that takes too long for a task' || diag "$ERR"
like "$ERR" '"stuck".*a task takes over 1 s, leaving to be replaced' 'leaves'
like "$ERR" 'fetcher of "stuck" ended \(exit 1\), starting it again' 'and is replaced'
enrich nowhere --rpc "$fast"
like "$STATUS $ERR" '^2 .*no table "logs" in schema "nowhere"' 'no logs: exit 2'
enrich a --rpc "$fast" --dataset logs
like "$STATUS $ERR" '^2 .*transactions and blocks' 'another dataset: exit 2'
enrich a --rpc "$fast" --topic1 "0x$(printf '1%.0s' {1..64})"
like "$STATUS $ERR" '^2 .*all logs' 'a topic: exit 2'
EVENT_TOPIC=0x$(printf '1%.0s' {1..64}) enrich a --rpc "$fast" --pause 0
is "$STATUS" 0 'but of no concern in the environment, which is that of jobs' || diag "$ERR"
enrich a --rpc "$fast" --pause soon
like "$STATUS $ERR" '^2 .*--pause "soon"' 'a pause that is none: exit 2'
done_testing
