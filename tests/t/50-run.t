#!/usr/bin/env bash
# run.sh: jobs, its private database, what it starts and what it leaves behind.
# shellcheck source=tests/lib.sh
. tests/lib.sh

chain=(--seed 5 --blocks 3000 --logs-per-block 4)

descendants() { # descendants PID: their ids
    local pid
    for pid in $(pgrep -P "$1"); do echo "$pid"; descendants "$pid"; done
}

left_behind() { # what a run must not leave: processes, sockets, folders
    pgrep -f "$T/var|$T/sluice\.[A-Za-z0-9]*/(tasks|results|control)" || :
    find "$T/var/run" -mindepth 1 2>/dev/null
    compgen -G "$T/sluice.*" || :
}

in_private() { # in_private QUERY: through psql, which run.sh opens
    ./run.sh psql -XAtqc "$1" 2>>"$T/psql.err"
}

completed() { # completed FILE N: that many tasks are committed
    [ "$(grep -c 'completed task' "$1")" -ge "$2" ]
}

start_rpcsim fast "${chain[@]}" --latency 1ms
fast=$URL
start_rpcsim slow "${chain[@]}" --latency 100ms
slow=$URL

# --- words ---
run ./run.sh --help
is "$STATUS" 0 '--help: exit 0'
for option in --from --to --rpc --db --event --dry-run; do like "$OUT" "$option " "  has $option"; done
run ./run.sh --version
like "$STATUS $OUT" '^0 sluice [0-9.]+$' '--version'

for words in -h 'demo --help' 'stop --help' 'add -h'; do
    # shellcheck disable=SC2086
    run ./run.sh $words
    like "$STATUS $OUT" '^0 usage: sluice' "$words: help"
done

run ./run.sh status
like "$STATUS $ERR" '^0 .*no job was run yet' 'status before the first job'
run ./run.sh stop
like "$STATUS $ERR" '^0 .*no job is running' 'stop with nothing to stop'
check 'makes no database' test ! -e "$T/var/pg"
mkdir -p "$T/a var/run/1"
echo "$$" >"$T/a var/run/1/pid"
echo 'a job' >"$T/a var/run/1/about"
SLUICE_VAR="$T/a var" run flock "$T/a var/run/1/lock" ./run.sh status
like "$ERR" "running as process $$: a job" 'a folder with a space'
echo 'blocks 1-20000 of chain 31337, --dataset logs, schema demo; 20000 blocks missing at its start' >"$T/a var/run/1/about"
SLUICE_VAR="$T/a var" run flock "$T/a var/run/1/lock" ./run.sh demo
like "$STATUS $ERR" "^2 .*a demo is running already, as process $$" 'two demos would share a schema'
start_rpcsim silent "${chain[@]}" --latency 30s
spawn asking ./run.sh --rpc "$URL" --from 1 --to 5
silent=$URL
asks() { descendants "$PID" | grep -q .; }
wait_for 10 asks
kill -TERM "$PID"
wait_for 8 gone "$PID"
ok $? 'SIGTERM while an endpoint does not answer: leaves at once'
wait "$PID"
is $? 130 'with exit 130'
mkdir "$T/fake"
# shellcheck disable=SC2016
printf '%s\n' '#!/bin/sh' 'echo "$PGPASSWORD $*"' >"$T/fake/psql"
chmod +x "$T/fake/psql"
DATABASE_URL='postgresql://me:%73ecret@host/db' PATH=$T/fake:$PATH run ./run.sh psql -X
is "$STATUS $OUT" '0 secret -d postgresql://me@host/db -X' 'a password is no argument of psql'

while IFS='|' read -r url wanted; do
    DATABASE_URL=$url PATH=$T/fake:$PATH run ./run.sh psql -X
    is "$STATUS $OUT" "0 $wanted -X" "  nor that of $url"
done <<'END'
postgresql://me@host/db?connect_timeout=5&password=%73ecret&sslmode=disable|secret -d postgresql://me@host/db?connect_timeout=5&sslmode=disable
postgresql:///db?password=%73ecret|secret -d postgresql:///db?
host=there password=secret dbname=db|secret -d  host=there  dbname=db
password = 'it\'s \\ secret' dbname=db|it's \ secret -d   dbname=db
END

# --- a job in a private database ---
job=(./run.sh --rpc "quick=$fast/v3/SECRETKEY" --from 1 --to 2000 --step 100)
run "${job[@]}" --dry-run
is "$STATUS" 0 '--dry-run: exit 0' || diag "$ERR"
like "$OUT" 'wanted +2000' '  blocks wanted'
like "$OUT" 'covered +0' '  covered'
like "$OUT" 'missing +2000 in 1 range' '  missing'
like "$OUT" 'tasks +20' '  tasks'
like "$OUT" 'endpoint +quick' '  endpoints'
unlike "$OUT$ERR" SECRETKEY '  and no key'
run ./run.sh psql -XAtqc "select count(*) from pg_tables where tablename in ('logs', 'jobs')"
is "$STATUS $OUT" '0 0' '  nothing was made'

run "${job[@]}"
is "$STATUS" 0 'a job: exit 0' || diag "$ERR"
like "$ERR" '\[quick\] completed task [0-9]+ \(blocks 1-100\): 400 logs' 'a line for each task'
is "$(grep -c 'completed task' <<<"$ERR")" 20 'of 20 tasks'
like "$ERR" '=== RPC Statistics ===' 'statistics'
like "$ERR" '\[quick\] requests=[0-9]+ failures=0 avg_latency=[0-9]+ms' 'of the endpoint'
unlike "$OUT$ERR" SECRETKEY 'and no key'
is "$OUT" '' 'nothing on stdout'
is "$(left_behind)" '' 'leaves no process, socket or lock'
is "$(in_private 'select count(*) from logs')" 8000 'every log is there'
is "$(in_private "select range_agg(int8range(from_block, to_block, '[]')) from ranges")" '{[1,2001)}' 'and covered'
run "${job[@]}"
is "$STATUS" 0 'the same job again: exit 0'
like "$ERR" 'nothing missing: blocks 1-2000 are covered' 'says that nothing is missing'
run ./run.sh --rpc "$fast" --from 0x64 --to 0x07D0 --dry-run
like "$STATUS $OUT" '^0 .*blocks +100-2000' 'block numbers in hex'
run ./run.sh --rpc "$fast" --from 0100 --to 2000 --dry-run
like "$STATUS $OUT" '^0 .*blocks +100-2000' 'and with leading zeros'
run ./run.sh --rpc "$fast" --from 1900 --to latest --dry-run
like "$OUT" 'blocks +1900-3000' '--to latest is the newest block'
like "$OUT" 'missing +1000 in 1 range' 'and a longer range lacks just what is new'
run ./run.sh --rpc "$fast" --from 1901 --to latest --workers 2
is "$STATUS" 0 '--workers 2: exit 0' || diag "$ERR"
is "$(in_private 'select count(*), max(block_number) from logs')" '12000|3000' 'lands the rest'
run ./run.sh gaps
is "$STATUS $OUT" '0 ' 'gaps: nothing' || diag "$ERR"
run ./run.sh status
is "$STATUS" 0 'status: exit 0' || diag "$ERR"
like "$OUT" 'covered 1-3000' 'tells what is covered'

# --- several endpoints ---
host=${fast#http://}
run ./run.sh --rpc "$fast/SECRETKEY1" --rpc "$fast/SECRETKEY2" --from 1 --to 10 --dry-run
like "$(xargs <<<"$OUT")" "endpoint $host: .*endpoint $host-2: " 'endpoints of one host are numbered'
unlike "$OUT$ERR" SECRETKEY '  and told by no key'
run ./run.sh --schema named --rpc "$fast/SECRETKEY1" --rpc "$fast/SECRETKEY2" --from 1 --to 3000 --step 10
like "$STATUS $ERR" "^0 .*\[$host-2\] requests=[1-9]" '  and count on their own'
for words in '--to 10' '--to latest' '--to 10 --chain-id 31337'; do
    # shellcheck disable=SC2086
    LIMIT=8 run ./run.sh --schema named --rpc "silent=$silent" --rpc "quick=$fast" --from 1 $words
    like "$STATUS $ERR" '^0 .*nothing missing' "$words: one that is silent does not hold up another"
done
spawn waits ./run.sh --schema named --rpc "silent=$silent" --from 1 --to 10
wait_line 8 "$T/waits.err" 'waiting for endpoint "silent" to answer'
ok $? 'whoever is waited for is named'
kill -TERM "$PID"
wait "$PID"
is "$?" 130 'and SIGTERM ends that'

# --- blocks that are not there yet ---
run ./run.sh --schema beyond --rpc "$fast" --from 2991 --to 3010 --dry-run
like "$STATUS $ERR" '^0 .*blocks 3001-3010 are beyond the newest block, 3000, of every endpoint: waiting for them' \
    '--to is beyond the head: the dry run says so'
run ./run.sh --schema beyond --rpc "$fast" --from 4000 --to 4010 --chain-id 31337 --give-up 1
is "$STATUS" 3 'blocks that do not come: exit 3 after --give-up' || diag "$ERR"
like "$ERR" 'blocks 4000-4010 are beyond the newest block' 'said at the start'
like "$ERR" 'block 4000 did not come for 1 s, giving up' 'and at the end'
run ./run.sh --schema beyond --rpc "$fast" --from 2991 --to 3010 --give-up 1
is "$STATUS" 3 'a job across the head: exit 3' || diag "$ERR"
like "$ERR" 'block 3001 did not come' 'with what is not there'
is "$(in_private "select range_agg(int8range(from_block, to_block, '[]')) from beyond.ranges")" '{[2991,3001)}' \
    'and all that is there'

# --- rows that the database refuses ---
run ./run.sh --schema strict --rpc "$fast" --from 1 --to 100
in_private 'alter table strict.logs add constraint lucky check (block_number <> 505)'
run ./run.sh --schema strict --rpc "quick=$fast" --from 1 --to 1000 --step 100 --attempts 3
is "$STATUS" 1 'rows that the database refuses: exit 1' || diag "$ERR"
like "$ERR" 'failed blocks 501-600 after 3 attempts on "quick": the database refuses rows of logs: .*"lucky"' 'which, and why'
is "$(in_private "select range_agg(int8range(from_block, to_block, '[]')) from strict.ranges")" '{[1,501),[601,1001)}' \
    'all others are committed'
like "$(in_private 'select from_block, to_block, attempts, endpoint, error from strict.failed_ranges')" \
    '^501\|600\|3\|quick\|the database refuses rows of logs: .*"lucky"' 'and these are listed'

# --- signals ---
job=(./run.sh --schema stopped --rpc "slow=$slow,concurrency=2" --from 1 --to 3000 --step 10)
spawn drained "${job[@]}"
wait_for 30 completed "$T/drained.err" 5
run "${job[@]}"
is "$STATUS" 2 'the same job at the same time: exit 2'
open=$(ls -l "/proc/$(head -n 1 "$T/var/pg/data/postmaster.pid")/fd")
like "$open" "$T/var/pg/log" 'the database writes its log'
unlike "$open" "$T/drained" 'and does not hold on to what the job writes to'
like "$ERR" "running already, as process $PID" 'names the process'
run ./run.sh status
like "$OUT$ERR" "process $PID: blocks 1-3000 of .*, schema stopped; 3000 blocks missing at its start" 'status: tells that it runs'
run ./run.sh status --schema stopped
like "$OUT" 'covered [1-9][0-9]* of 3000 wanted blocks' 'how far it is'
kill -INT "$PID"
wait "$PID"
is "$?" 130 'Ctrl-C: exit 130' || diag "$(<"$T/drained.err")"
like "$(<"$T/drained.err")" 'interrupted: [1-9][0-9]* of 3000 blocks are missing; the same command goes on' 'tells how to go on'
is "$(left_behind)" '' 'leaves nothing behind'
lines=$(grep -c 'completed task' "$T/drained.err")
is "$(in_private 'select sum(to_block - from_block + 1) from stopped.ranges')" "$((lines * 10))" \
    'what was in flight is committed and told, no more, no less'

spawn left "${job[@]}"
wait_for 30 completed "$T/left.err" 3
mapfile -t children < <(descendants "$PID")
for child in "${children[@]}"; do
    [ "$(cat "/proc/$child/comm")" = producer ] && kill -STOP "$child"
done
kill -INT "$PID"
wait_line 5 "$T/left.err" 'once more to leave'
kill -INT "$PID"
wait_for 10 gone "$PID"
ok $? 'a second Ctrl-C leaves at once'
wait "$PID"
is "$?" 130 'with exit 130'
like "$(<"$T/left.err")" 'interrupted: what is committed stays' 'and a word'
is "$(left_behind)" '' 'and nothing behind'

spawn killed "${job[@]}"
wait_for 30 completed "$T/killed.err" 3
mapfile -t children < <(descendants "$PID")
kill -KILL "$PID"
wait "$PID" 2>/dev/null
all_gone() { for child in "${children[@]}"; do gone "$child" || return; done; }
wait_for 5 all_gone
ok $? 'kill -9 of run.sh ends its programs'
lock=$(compgen -G "$T/var/run/*/lock")
rm "$lock" && mkdir "$lock"
LIMIT=30 run "${job[@]}"
like "$STATUS $ERR" '^3 .*cannot make ".*/lock"' 'a lock that cannot be had: exit 3'
rmdir "$lock"
run ./run.sh --schema stopped --rpc "quick=$fast" --from 1 --to 3000
is "$STATUS" 0 'the next run goes on' || diag "$ERR"
is "$(in_private 'select count(*) from stopped.logs')" 12000 'to the end'
run ./run.sh stop
is "$STATUS" 0 'stop: exit 0' || diag "$ERR"
is "$(left_behind)" '' 'what a killed run left is gone'
spawn killed ./run.sh --schema killed --rpc "slow=$slow,concurrency=2" --from 1 --to 3000 --step 100
wait_for 30 completed "$T/killed.err" 1
kill -KILL "$PID"
wait "$PID" 2>/dev/null
run ./run.sh stop
like "$STATUS $ERR" '^0 .*no job is running.*stopping the private PostgreSQL' 'stop then stops the private PostgreSQL, and says so'

spawn again ./run.sh --schema again --rpc "slow=$slow,concurrency=2" --from 1 --to 3000 --step 100
wait_for 30 completed "$T/again.err" 5
for child in $(descendants "$PID"); do
    [ "$(cat "/proc/$child/comm")" = producer ] && kill -KILL "$child"
done
wait "$PID"
is "$?" 0 'a producer that is killed is started again' || diag "$(<"$T/again.err")"
like "$(<"$T/again.err")" 'in all 3000 blocks in [0-9]+ s; the summary counts from the last start' 'and what it counts is told'

spawn crashed ./run.sh --schema crashed --rpc "slow=$slow,concurrency=2" --from 1 --to 3000 --step 30
wait_for 30 completed "$T/crashed.err" 3
kill -KILL "$(head -n 1 "$T/var/pg/data/postmaster.pid")"
sed -i '1s/.*/1/' "$(readlink -f "$T/var/pg")/data/postmaster.pid" # as if another had its number by now
wait_line 10 "$T/crashed.err" 'PostgreSQL ended \(see .*/log\), starting it again in 1 s'
ok $? 'a private PostgreSQL that crashed is missed'
wait_for 60 gone "$PID"
wait "$PID"
is "$?" 0 'and started again: the job ends' || diag "$(tail -n 20 "$T/crashed.err")"
is "$(in_private "select count(*), (select range_agg(int8range(from_block, to_block, '[]')) from crashed.ranges) from crashed.logs")" \
    '12000|{[1,3001)}' 'complete'

# --- more endpoints, other endpoints ---
start_rpcsim stranger "${chain[@]}" --chain-id 99
stranger=$URL
spawn added ./run.sh --schema added --rpc "slow=$slow,concurrency=1" --from 1 --to 3000 --step 10
added=$PID
wait_for 30 completed "$T/added.err" 2
run ./run.sh add "slow=$fast"
like "$STATUS $ERR" '^2 .*"slow" works for this job already' 'a name in use is refused'
run ./run.sh add "stranger=$stranger"
like "$STATUS $ERR" '^2 .*"stranger" serves another chain: chain=99' 'and another chain'
spawn second ./run.sh --schema second --rpc "slow=$slow,concurrency=1" --from 1 --to 3000 --step 10
second=$PID
wait_for 30 completed "$T/second.err" 1
run ./run.sh add "third=$fast"
like "$STATUS $ERR" "^2 .*process $second: .*name one of these jobs" 'with two jobs one is to be named'
run ./run.sh add "third=$fast" "$second"
is "$STATUS" 0 'by its process' || diag "$ERR"
wait "$second"
like "$(<"$T/second.err")" '\[third\] completed task' 'which has its help'
for i in 1 2 3 4 5; do spawn "add$i" ./run.sh add "helper$i=$silent"; done # at the same moment
helpers() { [ "$(descendants "$added" | xargs -I{} cat /proc/{}/comm 2>/dev/null | grep -c fetcher)" -ge 6 ]; }
wait_for 60 helpers
ok $? 'of several that are added at once none is lost'
like "$(<"$T/add1.err")" '"helper1" does not answer yet' 'one that does not answer is told of'
run ./run.sh add - <<<"helper=$fast"
is "$STATUS" 0 'add, by standard input: exit 0' || diag "$ERR"
PID=$added
wait_for 60 gone "$PID"
wait "$PID"
is "$?" 0 'the job ends' || diag "$(tail -n 20 "$T/added.err")"
like "$(<"$T/added.err")" '\[helper\] completed task' 'with the help of the new endpoint'
run ./run.sh add "helper=$fast"
is "$STATUS" 2 'add without a job: exit 2'

spawn stopped ./run.sh --schema stop --rpc "slow=$slow,concurrency=1" --from 1 --to 3000 --step 10
wait_for 30 completed "$T/stopped.err" 2
run ./run.sh stop
is "$STATUS" 0 'stop: exit 0' || diag "$ERR"
wait "$PID"
is "$?" 130 'ends the job as Ctrl-C does'

start_rpcsim foreign "${chain[@]}" --chain-id 99
run ./run.sh --schema guard --rpc "quick=$fast" --rpc "foreign=$URL" --from 1 --to 3000
is "$STATUS" 0 'an endpoint of another chain beside a right one: exit 0' || diag "$ERR"
like "$ERR" 'foreign.*99' 'is refused by name'
unlike "$ERR" '\[foreign\] completed' 'and does nothing'
run ./run.sh --schema guard --rpc "foreign=$URL" --rpc "quick=$fast" --from 1 --to 3000
like "$STATUS $ERR" '^2 .*schema "guard" holds chain 31337: rows of chain 99 want another one' 'before it: its rows do not mix with those of another chain'
is "$(./run.sh psql --schema guard -XAtc 'select count(*) from jobs')" 1 'and nothing of that is remembered'

run ./run.sh --rpc "$fast" --from 5000 --to 5001 --dry-run --log-format json --chain-id 1 --event $'x()\n"\\\t()'
is "$STATUS $(jq -r '.program, .level' <<<"$ERR" | xargs)" '2 sluice warn' 'what is said in JSON is JSON' || diag "$ERR"
TZ=EST5 run ./run.sh --from 2 --to 1 --log-format json
said=$(jq -r .time <<<"$ERR")
[ $(($(date +%s) - $(date -d "$said" +%s))) -lt 120 ]
ok $? "and its time is UTC: $said"
run ./run.sh --schema event --rpc "quick=$fast" --from 1 --to 100 --event 'Transfer(address,address,uint256)'
is "$STATUS" 0 '--event: exit 0' || diag "$ERR"
is "$(in_private "select count(*) from event.logs where topic0 <>
    '\xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'")" 0 'brings only that event'
like "$(in_private 'select count(*) from event.logs')" '^[1-9]' 'and brings it'

# --- places ---
long=$T/a-folder-whose-name-is-so-long/that-no-socket-in-it/could-have-a-path/of-less-than-one-hundred-and-eight-bytes
run env SLUICE_VAR="$long" ./run.sh --rpc "$fast" --from 1 --to 100
is "$STATUS" 0 'a private database in a folder with a very long path' || diag "$ERR"
is "$(compgen -G "/tmp/sluice-pg-$(cksum <<<"$long/pg" | cut -d ' ' -f 1)")" '' \
    'whose socket is gone after it'
run ./run.sh stop
as_postgres sleep 60 &
PID=$!
wait_for 5 pgrep -x sleep -P "$PID"
sleeper=$(pgrep -x sleep -P "$PID")
echo "$sleeper" | as_postgres tee "$T/var/pg/data/postmaster.pid" >/dev/null
run ./run.sh psql -XAtqc 'select 1'
like "$STATUS $ERR" '^3 .*PostgreSQL does not start, see' 'where the number of its process is that of another one: exit 3'
kill "$sleeper"
ok $? 'which is left alone'
wait "$PID" 2>/dev/null
is "$(in_private 'select 1')" 1 'and once that is gone, it starts'
odd="$T/o'brien, \"\$x\`"
run env SLUICE_VAR="$odd" ./run.sh --rpc "$fast" --from 1 --to 100
is "$STATUS" 0 'in one whose name has quotes, a comma and a dollar' || diag "$ERR"
mkdir -m 700 "$T/closed"
run env SLUICE_VAR="$T/closed/a folder" ./run.sh --rpc "$fast" --from 1 --to 100
is "$STATUS" 0 'and in one that only root may enter' || diag "$ERR"
[ -L "$T/closed/a folder/pg" ] && rm -rf "$(readlink "$T/closed/a folder/pg")"

run ./run.sh demo
is "$STATUS" 0 'demo: exit 0' || diag "$ERR"
like "$ERR" 'flaky.*failures=[1-9]' 'with failures on the way'
like "$ERR" 'demo: ([0-9]+) rows of \1 expected' 'and every row'
like "$ERR" 'nothing missing' 'and nothing missing'
is "$(left_behind)" '' 'leaves nothing behind'
run ./run.sh psql --schema demo -XAtqc 'select count(*) from logs'
is "$STATUS $OUT" '0 200000' 'psql --schema shows its rows' || diag "$ERR"
run ./run.sh psql --schema=demo --db "host=$T dbname=nowhere" -XAtqc 'select 1'
like "$STATUS $ERR" '^2 .*nowhere|^2 .*connection' 'psql --db is the database'
spawn demo ./run.sh demo
wait_for 30 completed "$T/demo.err" 1
kill -INT "$PID"
wait "$PID"
like "$? $(<"$T/demo.err")" '^130 .*blocks are missing; the same command starts anew' 'a demo that is stopped does not go on'
done_testing
