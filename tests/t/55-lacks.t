#!/usr/bin/env bash
# gaps, fill and enrich: what the database lacks by its own account is found and pulled, and only that.
# shellcheck source=tests/lib.sh
. tests/lib.sh

start_rpcsim chain --blocks 2000 --logs-per-block 6 --txs-per-block 3 --latency 5ms
rpc=(--rpc "one=$URL")
start_postgres
export DATABASE_URL=$DB
contract=$(sed -n 's/.*"address":"\(0x[0-9a-f]*\)".*/\1/p' < <($FETCHER --rpc "$URL" -i - -o - --format ndjson \
    <<<'task=1 dataset=logs from=1 to=1' 2>/dev/null) | head -n 1)

# --- gaps and fill ---
run ./run.sh gaps
is "$STATUS $OUT" '0 ' 'gaps before the first job: exit 0'
like "$ERR" 'no jobs in schema "public"' 'which is said'
start_rpcsim slow --blocks 2000 --logs-per-block 6 --txs-per-block 3 --latency 50ms
some() { grep -q 'completed task' "$1"; }
interrupted() { # interrupted NAME OPTION...: a job, until its first tasks are committed
    spawn "$@" --rpc "slow=$URL,concurrency=1"
    wait_for 30 some "$T/$1.err"
    kill -INT "$PID"
    wait "$PID"
    is $? 130 "$1: is interrupted" || diag "$(<"$T/$1.err")"
}
interrupted first ./run.sh --from 1 --to 1000 --step 20
interrupted second ./run.sh --from 1200 --to 1400 --step 5 --address "$contract"
run ./run.sh "${rpc[@]}" --from 1500 --to 1600
is "$STATUS" 0 'a job with nothing to do with these: exit 0' || diag "$ERR"
first=$(sql 'select max(to_block) + 1 from ranges where job_id = 1 and to_block < 1500')
second=$(sql 'select max(to_block) + 1 from ranges where job_id = 2')
wanted="job=1 chain=31337 dataset=logs from=$first to=1000
job=2 chain=31337 dataset=logs from=$second to=1400 address=$contract"
run ./run.sh gaps
is "$STATUS" 0 'gaps: exit 0' || diag "$ERR"
is "$OUT" "$wanted" 'prints what every job lacks of what was asked for'
run ./run.sh --from 1 --to 1900 "${rpc[@]}" --dry-run
is "$STATUS" 0 'a dry run asks for nothing'
run ./run.sh gaps
is "$OUT" "$wanted" 'and changes nothing'
run ./run.sh status
like "$OUT" "covered $((first + 100)) of 1101 wanted blocks, $((1001 - first)) missing" 'status tells how much is missing'
run ./run.sh gaps "${rpc[@]}" --from 950 --to 1510
is "$OUT" $'950-1499' 'or what one job lacks'
run ./run.sh gaps --rpc dead=http://127.0.0.1:9 --from 950 --to 1510
is "$STATUS $OUT" '0 950-1499' 'which needs no endpoint' || diag "$ERR"
run ./run.sh gaps "${rpc[@]}" --from 1100 --to 1300 --address "$contract"
like "$OUT" ^1100-1199 'of another filter' || diag "$ERR"
for option in "--address $contract" '--dataset blocks' '--chain-id 1'; do
    # shellcheck disable=SC2086
    run ./run.sh fill "${rpc[@]}" $option
    like "$STATUS $ERR" "^2 .*fill takes no ${option%% *}" "fill $option is refused: each job has its own"
done
for option in "--address $contract" '--event Transfer(address,address,uint256)' '--chain-id 1'; do
    # shellcheck disable=SC2086
    run ./run.sh gaps $option
    like "$STATUS $ERR" "^2 .*gaps takes no ${option%% *} without --from and --to" "gaps $option alone is refused"
done
CONTRACT_ADDRESS=$contract run ./run.sh gaps
is "$STATUS $OUT" "0 $wanted" 'but the environment is of a job to come'
run ./run.sh gaps --from 1
like "$STATUS $ERR" '^2 .*--from and --to go together' 'half a range is refused'

# --- stopped ---
filling() { # filling NAME: until it has done something
    spawn "$1" ./run.sh fill --rpc "slow=$URL,concurrency=1" --step 5
    wait_for 30 some "$T/$1.err"
}
filling filled
run ./run.sh stop
wait "$PID"
is $? 130 'stop ends fill'
unlike "$(<"$T/filled.err")" 'filling job 2' 'which begins no other job then'
filling left
kill -INT "$PID"
wait_line 10 "$T/left.err" stopping
kill -INT "$PID"
wait "$PID"
is "$? $(find "$T/var/run" -mindepth 1)$(compgen -G "$T/sluice.*")" '130 ' 'a second signal leaves nothing behind'
spawn beyond ./run.sh "${rpc[@]}" --from 1991 --to 2020 --step 10
wait_for 30 some "$T/beyond.err"
exec {HOLD}> >(psql -Xq 2>/dev/null)
echo 'begin; lock table ranges;' >&"$HOLD"
locked() { [ "$(sql "select count(*) from pg_locks where relation = 'ranges'::regclass and granted = $1")" -gt 0 ]; }
wait_for 10 locked true
kill -TERM "$PID"
wait_for 20 gone "$PID"
like "$? $(<"$T/beyond.err")" '^0 .*interrupted: what is committed stays' 'a stop does not wait for a database that does not answer'
spawn asking ./run.sh "${rpc[@]}" --from 1 --to 5
wait_for 10 locked false
kill -TERM "$PID"
wait_for 5 gone "$PID"
ok $? 'a signal is heard while the database is asked'
exec {HOLD}>&-
sql 'delete from ranges where from_block > 1900; update jobs set wanted = wanted - int8multirange(int8range(1991, 2021))'
sql 'delete from ranges where from_block <= 101 and to_block >= 101' # a hole
run ./run.sh fill "${rpc[@]}" --step 10000
is "$STATUS" 0 'fill: exit 0' || diag "$ERR"
is "$(covered public)" $'1|{[1,1001),[1500,1601)}\n2|{[1200,1401)}' 'covers both jobs, and no more'
is "$(sql 'select count(*) from logs where block_number <= 1000')" 6000 'and every log is there'
CONTRACT_ADDRESS=$contract run ./run.sh fill "${rpc[@]}"
like "$STATUS $ERR" '^0 .*nothing missing' 'a second fill finds nothing missing'
run ./run.sh gaps
is "$STATUS $OUT" '0 ' 'and gaps prints nothing'
like "$ERR" 'nothing missing: every job of schema "public" is covered' 'but says so'
printf '%s\n' 'task=1 chain=31337 dataset=logs from=1 to=9' 'task=2 chain=31337 dataset=logs from=20 to=29' |
    $FETCHER --rpc "$URL" -i - -o - 2>/dev/null | $WRITER -i - --schema piped 2>/dev/null
run ./run.sh gaps --schema piped
is "$OUT" 'job=1 chain=31337 dataset=logs from=10 to=19' 'what came through a pipe has its holes for gaps'
for command in gaps fill status; do
    DATABASE_URL="postgresql:///nosuch?host=$PGHOST&user=postgres" run ./run.sh $command
    is "$STATUS" 3 "$command without a database: exit 3" || diag "$ERR"
    unlike "$OUT$ERR" 'missing|no jobs' 'and no word on what is missing'
done

# --- enrich ---
wanted=$(sql 'select count(distinct transaction_hash) from logs')
run ./run.sh enrich "${rpc[@]}" --dry-run
is "$STATUS" 0 'enrich --dry-run: exit 0'
like "$ERR" "$wanted transactions are missing" 'counts what is missing'
spawn killed ./run.sh enrich "${rpc[@]}" --pause 0.2 --workers 2
some() { [ "$(sql "select case when to_regclass('transactions') is null then 0 else 1 end")" = 1 ] &&
    [ "$(sql 'select count(*) from transactions')" -gt 0 ]; }
wait_for 60 some
ok $? 'enrich lands transactions'
kill -KILL "$PID"
wait "$PID" 2>/dev/null
wait_for 10 alone
done=$(sql 'select count(*) from transactions')
[ "$done" -lt "$wanted" ]
ok $? "killed with $done of $wanted"
run ./run.sh enrich "${rpc[@]}" --pause 0 --workers 2
is "$STATUS" 0 'the next one: exit 0' || diag "$ERR"
like "$ERR" 'Progress: ([0-9]+)/\1 batches \(100.0 %\), [0-9]+ active workers' 'progress'
like "$ERR" 'processed: [0-9]+ transactions' 'and a summary'
missing=$(sed -n 's/.*: \([0-9]*\) transactions are missing.*/\1/p' <<<"$ERR")
[ "$missing" -lt "$wanted" ] && [ "$missing" -le $((wanted - done + 500)) ]
ok $? "fetched the rest only: $missing"
is "$(sql 'select count(*) from logs l where not exists
    (select from transactions t where t.transaction_hash = l.transaction_hash and t.gas_used is not null)')" 0 \
    'every log has its transaction, with receipt'
is "$(sql 'select count(*) from transactions')" "$wanted" 'and there is no other'
run ./run.sh enrich "${rpc[@]}"
like "$STATUS $ERR" '^0 .*nothing missing' 'a second enrich finds nothing missing'
run ./run.sh gaps
is "$STATUS $OUT" '0 ' 'blocks that nothing refers to are no gap'
is "$(sql 'select count(*) from blocks where block_number not in (select block_number from logs)')" 0 'and are not there'
done_testing
