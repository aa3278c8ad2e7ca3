#!/usr/bin/env bash
# Jobs that overlap, at once: no deadlock, no lost row, both covered. The writer's connections: their limits and what
# is told of them. Profiles.
# shellcheck source=tests/lib.sh
. tests/lib.sh
GEN=tests/t/wiregen
start_postgres 'deadlock_timeout = 50ms'
start_rpcsim chain --seed 3 --blocks 1500 --logs-per-block 6 --txs-per-block 3 --contracts 2 --latency 2ms
chain=$URL
deadlocks() { grep -c 'deadlock detected' "$PGDATA_DIR.log"; }

run ./run.sh --db "$DB" --schema alone --rpc "$chain" --from 1 --to 1500 --dataset logs,transactions,accounts
is "$STATUS" 0 'one job by itself' || bail "$ERR"
address=$(sql 'select address from alone.logs limit 1')
address=0${address#\\}

# two that want the same rows in part: other ranges, steps and filters, several connections, small batches
export BATCH_SIZE=300
job=(./run.sh --db "$DB" --schema two --rpc "$chain" --connections 4)
spawn first "${job[@]}" --from 1 --to 1100 --step 13 --dataset logs,transactions,accounts --address "$address"
first=$PID
spawn second "${job[@]}" --from 400 --to 1500 --step 17 --dataset logs,transactions,accounts
second=$PID
spawn third "${job[@]}" --from 1 --to 1500 --step 29 --dataset transactions,accounts
third=$PID
for pid in $first $second $third; do wait "$pid"; echo $?; done >"$T/statuses"
is "$(xargs <"$T/statuses")" '0 0 0' 'three jobs at once: exit 0' || diag "$(cat "$T/first.err" "$T/second.err" "$T/third.err")"
unset BATCH_SIZE
is "$(sql "select dataset, coalesce(filter->>'address', '') <> '' as filtered, range_agg(int8range(from_block, to_block, '[]'))
    from two.ranges join two.jobs using (job_id) group by 1, 2 order by 1, 2")" 'accounts|f|{[1,1501)}
logs|f|{[400,1501)}
logs|t|{[1,1101)}
transactions|f|{[1,1501)}' 'all are covered'
lost() { # lost WHAT CONDITION: rows of a job by itself that are not there
    sql "select count(*) from (select * from alone.$1 where $2 except select * from two.$1) d"
}
is "$(lost logs "block_number >= 400 or address = '\\${address:1}'") $(lost transactions true)" '0 0' 'no row is lost'
is "$(sql "select count(*) from two.logs where block_number < 400 and address <> '\\${address:1}'")" 0 'none is there that nobody wanted'
is "$(sql 'select count(*) from alone.accounts full join two.accounts b using (address) where b.balance is null')" 0 'accounts, too'
is "$(deadlocks)" 0 'and no deadlock'

# writers that upsert the same keys in other orders
datasets=logs,blocks,transactions,token_transfers,traces,contracts,accounts
sql 'create schema same'
write() { "$WRITER" -i - --db "$DB" --schema same --connections 3 --batch-size 50 2>"$T/write$1"; }
$GEN 1 300 10 5 dataset=$datasets | write 1 & one=$!
$GEN 1 300 60 5 dataset=$datasets task=100 newer=7 | write 2 & two=$!
{ $GEN 151 300 15 5 dataset=$datasets task=200; $GEN 1 150 15 5 dataset=$datasets task=300; } | write 3 & three=$!
for pid in $one $two $three; do wait "$pid"; echo $?; done >"$T/statuses"
is "$(xargs <"$T/statuses")" '0 0 0' 'three writers of the same keys' || diag "$(cat "$T"/write?)"
is "$(sql 'select count(*) from same.logs') $(deadlocks)" '1500 0' 'no row lost, no deadlock' || diag "$(grep -A8 'deadlock detected' "$PGDATA_DIR.log" | head -40)"
is "$(sql 'select max(block_number), min(block_number) from same.accounts')" \
    "$(sql 'select max(block_number), max(block_number) from same.accounts')" 'the newest account holds, whoever wrote last'

# --- connections ---
backends() { sql "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"; }
pool() { # pool FILE NAME: a number of its line of statistics
    sed -n "s/.*connections: .*$2=\([0-9.]*\).*/\1/p" "$1"
}
sql 'create schema pool'
mkfifo "$T/in"
writes() { # writes NAME OPTION...: a writer that reads what is written to descriptor 5
    spawn "$1" bash -c 'exec "$0" -i - "${@:2}" <"$1"' "$WRITER" "$T/in" --db "$DB" --schema pool --max-open 5 --batch-size 100 "${@:2}"
    pid=$PID
    exec 5>"$T/in"
}
one_left() { test "$(backends)" -eq 1; }
none_left() { test "$(backends)" -eq 0; }
writes idle --max-idle 1
$GEN 5001 8000 20 5 >&5
wait_for 10 one_left
ok $? '--max-idle: no more idle connections than that'
exec 5>&-
wait "$pid"
check 'and how many were closed for being idle' test "$(pool "$T/idle.err" 'closed by idle')" -ge 4
writes pool --max-idle-time 0.2
$GEN 1 4000 20 5 >&5
wait_for 10 none_left
ok $? '--max-idle-time: and later none'
$GEN 8001 8101 20 5 task=1000 >&5
exec 5>&-
wait "$pid"
is "$? $(sql 'select count(*) from pool.logs')" '0 35505' 'one is opened again when there is work'
is "$(pool "$T/pool.err" 'max open')" 5 '--max-open is told'
check 'all were closed for it' test "$(pool "$T/pool.err" 'closed by idle')" -ge 5
spawn lifetime bash -c "$GEN 1 400 1 5 pause=10 | exec $WRITER -i - --db '$DB' --schema pool --max-open 1 --max-lifetime 0.3"
wait "$PID"
is $? 0 '--max-lifetime: the writer goes on'
check 'with other connections' test "$(pool "$T/lifetime.err" 'closed by lifetime')" -ge 3
$GEN 10000 14000 100 50 | "$WRITER" -i - --db "$DB" --schema pool --max-open 1 --batch-size 500 2>"$T/wait.err"
check 'batches that had to wait are counted' test "$(pool "$T/wait.err" 'wait count')" -ge 1
like "$(grep connections "$T/wait.err")" 'wait time=[0-9.]+s' 'and for how long'
$GEN 1 10 10 1 | "$WRITER" -i - --db "$DB" --schema pool 2>"$T/default.err"
is "$(pool "$T/default.err" 'max open')" 2 'default: two'
sql 'alter system set max_connections = 12'
restart_postgres
$GEN 1 10 10 1 | "$WRITER" -i - --db "$DB" --schema pool 2>"$T/few.err"
is "$(pool "$T/few.err" 'max open')" 1 'but at most 10 % of what the server allows'
run ./run.sh --db "$DB" --schema few --rpc "$chain" --from 1 --to 100
like "$STATUS $ERR" '^0 .*connections: max open=1 ' 'also of a job'

# --- profiles ---
profile() { run ./run.sh --db "$DB" --schema few --rpc "$chain" --from 1 --to 1000 --dry-run "$@"; }
told() { awk '$1 ~ /^(step|concurrency|connections|batch)$/ { printf "%s%s=%s", n++ ? " " : "", $1, $2 }' <<<"$OUT"; }
profile --profile development
is "$(told)" 'step=100 concurrency=4 connections=1 batch=1000' '--profile development'
profile --profile medium
is "$(told)" 'step=1000 concurrency=10 connections=2 batch=1000-50000' 'medium'
profile --profile high
is "$(told)" 'step=2000 concurrency=32 connections=4 batch=50000' 'high'
profile --profile high --step 70 --connections 3
is "$(told)" 'step=70 concurrency=32 connections=3 batch=50000' 'flags beat it'
BATCH_SIZE=7 MAX_CONCURRENCY=5 profile --profile high
is "$(told)" 'step=2000 concurrency=5 connections=4 batch=7' 'and so does the environment'
profile --profile tiny
like "$STATUS $ERR" '^2 .*development, medium or high' 'an unknown one: exit 2'
done_testing
