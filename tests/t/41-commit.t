#!/usr/bin/env bash
# The writer, whatever happens to it or to the server: others see rows and coverage at once, the producer hears of
# them after that, nothing is lost and memory is bounded.
# shellcheck source=tests/lib.sh
. tests/lib.sh
# shellcheck source=tests/writer.sh
. tests/writer.sh
start_postgres 'deadlock_timeout = 100ms'

# --- one transaction, and who is told ---
told() { grep -c ^committed "$T/control.out"; }

fresh once
write --schema once < <($GEN 1001 1001 1 5)
spawn control $GEN listen "ipc://$T/control" 2 # hello, and the end of a task
listener=$PID
spawn writer "$WRITER" --results "ipc://$T/results" --control "ipc://$T/control" --db "$DB" --schema once \
    --batch-size 1000 --batch-timeout 1s # rows and end are in one batch however slowly they come
writer=$PID

session ranges
tell 'begin; lock table once.ranges in share mode;'
wait_for 10 holds
$GEN 1 10 10 5 -o "ipc://$T/results"
wait_for 10 waits
ok $? 'the coverage of some rows has to wait'
is "$(rows) $(known) $(told)" '5 logs|{[1001,1002)} 0' 'these rows are not there without it, and the producer is not told of them'
close_session
wait_for 10 gone "$listener"
is "$(rows) $(known) $(told)" '55 logs|{[1,11),[1001,1002)} 1' 'then all is there, and told'

kill -TERM "$writer"
wait "$writer"
is $? 0 'the writer ends'

# --- through ZeroMQ, with a producer that listens ---
fresh zmq
spawn control $GEN listen "ipc://$T/control" 13
listener=$PID
spawn writer "$WRITER" --results "ipc://$T/results" --control "ipc://$T/control" --db "$DB" --schema zmq
writer=$PID
$GEN 1 1000 100 5 -o "ipc://$T/results" &
$GEN 1001 1100 100 5 task=11 skip=3 -o "ipc://$T/results"
$GEN 1101 1200 100 5 task=12 given_up=1 -o "ipc://$T/results"
wait_for 20 gone "$listener"
is "$(head -n 1 "$T/control.out")" hello 'the producer hears first that a writer begins'
is "$(tail -n +2 "$T/control.out" | sort)" "$(for i in $(seq 10); do
    echo "committed run=r1 task=$i endpoint=alpha rows=500 from=$((i * 100 - 99)) to=$((i * 100))"
done | cat - <(echo 'committed run=r1 task=12 endpoint=alpha rows=0 from=1101 to=1200'
    echo 'lost run=r1 task=11 from=1001 to=1100') | sort)" 'the producer hears of every end'
is "$(rows)" 5450 'all rows that came are there'
spawn bad $GEN 5000 5099 100 5 dataset=bogus task=70 -o "ipc://$T/results"
wait_line 10 "$T/writer.err" 'message refused: unknown dataset in "bogus"'
ok $? 'a message that makes no sense is told of'
spawn more $GEN 2001 3000 10 5 task=100 pause=20 -o "ipc://$T/results"
wait_for 20 has 5700
kill -TERM "$writer"
wait_for 10 gone "$writer"
wait "$writer"
is $? 0 'TERM: exits 0'
check 'and all it confirmed is there' test "$(rows)" -ge 5700
is "$(sql 'select count(*) from (select sum(row_count) as n from zmq.ranges) r where n > (select count(*) from zmq.logs)')" 0 \
    'no coverage without rows'
mkfifo "$T/fifo"
spawn source bash -c "exec $GEN 1 100000 10 5 pause=5 >'$T/fifo'"
"$WRITER" -i - --db "$DB" --schema zmq <"$T/fifo" 2>/dev/null &
writer=$!
wait_for 20 has 7000
kill -TERM $writer
wait $writer
is $? 130 'TERM in a pipe: exits 130'

# --- killed, and the server too ---
fresh kill
$GEN 1 20000 100 10 >"$T/input"
for least in 1000 40000; do
    "$WRITER" -i - --db "$DB" --schema kill --batch-size 2000 <"$T/input" 2>/dev/null &
    victim=$!
    wait_for 20 has $least
    kill -KILL "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    is "$(sql "select count(*) from kill.ranges r where row_count <> (select count(*) from kill.logs where block_number between from_block and to_block)")" 0 \
        "killed after $least rows: what is covered has its rows"
done
write --schema kill <"$T/input"
is "$STATUS $(rows) $(known)" '0 200000 logs|{[1,20001)}' 'and again: complete' || diag "$ERR"

fresh crash
spawn slow bash -c "$GEN 1 3000 10 20 pause=8 | exec $WRITER -i - --db '$DB' --schema crash --batch-size 1000"
slow=$PID
for when in 3000:immediate 15000:fast 30000:immediate; do # rows, of 60000
    wait_for 20 has "${when%:*}"
    restart_postgres "${when#*:}"
done
wait "$slow"
is $? 0 'the server crashes and restarts: the writer goes on' || diag "$(cat "$T/slow.err")"
is "$(rows) $(known)" '60000 logs|{[1,3001)}' 'nothing is lost'
like "$(cat "$T/slow.err")" 'database: .*keeping the rows and trying again.*database: works again after' 'and it is said'

fresh dead
"$WRITER" -i - --db "$DB" --schema dead --connections 4 --batch-size 500 < <($GEN 1 4000 50 5 chunk=7 dataset=logs,transactions) 2>"$T/w1" &
one=$!
"$WRITER" -i - --db "$DB" --schema dead --connections 4 --batch-size 500 < <($GEN 1 4020 67 5 chunk=3 dataset=logs,transactions) 2>"$T/w2" &
two=$!
wait $one; first=$?
wait $two
is "$first $?" '0 0' 'two writers on overlapping ranges, starting at once' || diag "$(cat "$T/w1" "$T/w2")"
is "$(rows) $(rows transactions) $(known | cut -d '|' -f 2 | xargs)" '20100 20100 {[1,4021)} {[1,4021)}' 'both complete'

fresh ends # all rows of a task go by one connection or the other, and the first of them has to wait
write --schema ends < <($GEN 1001 1001 1 5)
session hold
tell "begin; insert into ends.logs (block_number, log_index, address, data) values (1, 0, '', '');"
wait_for 10 holds
spawn ends bash -c "$GEN 1 100 100 5 | exec $WRITER -i - --db '$DB' --schema ends --connections 2 --batch-size 50"
wait_for 10 has 455
wait_for 10 waits
is "$(rows) $(known)" '455 logs|{[1001,1002)}' 'a range is not covered while rows of it are with another connection'
lost=$(sql "select pid from pg_stat_activity where wait_event_type = 'Lock'")
sql "select pg_terminate_backend($lost)" >/dev/null
wait_for 10 waits "and pid <> $lost"
is "$(known)" 'logs|{[1001,1002)}' 'nor when that is lost'
close_session
wait "$PID"
is "$? $(rows) $(known)" '0 505 logs|{[1,101),[1001,1002)}' 'but in the end' || diag "$(cat "$T/ends.err")"
write --schema ends --connections 4 --batch-size 5 < <($GEN 2001 2400 100 5 chunk=1 bad=3)
is "$STATUS $(known)" '1 logs|{[1,101),[1001,1002),[2001,2201),[2301,2401)}' 'nor where one of them is refused' || diag "$ERR"

fresh gone
mkfifo "$T/dropped"
spawn slow bash -c "{ $GEN 1 300 10 20 pause=20; cat '$T/dropped'; $GEN 301 600 10 20 pause=20 task=1000; } |
    exec $WRITER -i - --db '$DB' --schema gone"
slow=$PID
landed() { test "$(rows ranges)" -gt 5; }
wait_for 10 landed
until sql 'set client_min_messages = warning; drop schema gone cascade' 2>/dev/null; do :; done # it may deadlock
: >"$T/dropped"
wait "$slow"
is $? 0 'tables that vanish are made again' || diag "$(cat "$T/slow.err")"
check 'and hold what came since' test "$(sql 'select count(*) from gone.ranges')" -gt 0

fresh few
write --schema few < <($GEN 1 10 10 1)
sql 'create role few login connection limit 1; grant all on schema few to few; grant all on all tables in schema few to few'
run "$WRITER" -i - --db "${DB/user=postgres/user=few}" --schema few --connections 3 < <($GEN 1 20000 100 5 pause=2)
is "$STATUS $(rows)" '0 100000' 'a server that gives fewer connections than wanted' || diag "$ERR"
is "$(grep -c 'too many connections' <<<"$ERR")" 1 'is told of once'

fresh pool
write --schema pool --connections 3 --batch-size 50 --max-idle 1 --max-lifetime 200ms --max-idle-time 100ms \
    < <($GEN 1001 3000 10 5 task=1000; $GEN 1 600 10 5 pause=20)
is "$STATUS $(rows)" '0 13000' 'connections that are closed and opened again' || diag "$ERR"
like "$ERR" 'closed by lifetime=[1-9][0-9]* closed by idle=[1-9]' 'are counted'

fresh down
spawn down bash -c "$GEN 1 1000 10 5 pause=30 | exec $WRITER -i - --db '$DB' --schema down --give-up 1"
down=$PID
landed_down() { test "$(rows ranges)" -gt 2; }
wait_for 10 landed_down
pg_ctl_in "$PGDATA_DIR" stop -m immediate -s >/dev/null
wait "$down"
is $? 3 '--give-up: exit 3'
like "$(cat "$T/down.err")" 'database: giving up after 1 s: ' 'and why'
pg_ctl_in "$PGDATA_DIR" start -s >/dev/null

# --- a pooler may give each transaction another server process ---
fresh pool
write --schema pool < <($GEN 1 100 10 5)
mkdir -m 755 "$T/pooler"
spawn pooler node tests/t/pooler.js "$T/pooler/.s.PGSQL.5432" "$PGHOST/.s.PGSQL.5432"
wait_line 10 "$T/pooler.out" ready
upsert() { # upsert HOST SALT: what is there already, with other contents
    $GEN 1 100 10 5 salt="$2" | "$WRITER" -i - --db "postgresql:///postgres?host=$1&user=postgres&options=-clog_statement%3Dall" \
        --schema pool --batch-size 100 2>"$T/pool.err" || diag "$(cat "$T/pool.err")"
    grep -c 'PREPARE "sluice_' "$PGDATA_DIR.log"
}
prepared=$(upsert "$PGHOST" 1)
check 'rows go along with what was prepared' test "$prepared" -gt 0
is "$(upsert "$T/pooler" 2) $(rows)" "$prepared 500" 'behind a pooler nothing is prepared'
is "$(checksum pool.logs)" "$(fresh other; write --schema other < <($GEN 1 100 10 5 salt=2); checksum other.logs | sed s/other/pool/)" \
    'and the rows are as they should be'

# --- bounded ---
fresh bound
write --schema bound < <($GEN 1 10 10 1)
session held
tell 'begin; lock table bound.logs;'
wait_for 10 holds
"$WRITER" -i - --db "$DB" --schema bound < <($GEN 100 40099 1000 10) 2>"$T/bound.err" &
held=$!
reads() { sed -n 's/^rchar: //p' "/proc/$held/io"; }
full() { # it reads no more
    local before
    before=$(reads)
    read -r -t 0.2 <&"$NEVER"
    [ "$(reads)" = "$before" ]
}
blocked() { test "$(sql 'select count(*) from pg_locks where not granted')" -gt 0; }
wait_for 10 blocked
wait_for 10 full
rss=$(peak_kb $held)
check "a server that does not take anything: ${rss} kB held" test "${rss:-99999}" -lt $((40000 * ${MEMORY_FACTOR:-1}))
close_session
wait $held
is "$? $(rows)" '0 400010' 'and all of it lands in the end' || diag "$(cat "$T/bound.err")"

fresh waits
run timeout 20 "$WRITER" -i - --db "$DB" --schema waits --batch-timeout 100s --batch-bytes 1G --batch-size 100000000 < <($GEN 1 20000 1000 5)
is "$STATUS $(rows)" '0 100000' 'batches as large as they like: what is full is written all the same'
done_testing
