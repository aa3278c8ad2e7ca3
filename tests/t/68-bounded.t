#!/usr/bin/env bash
# Memory is bounded: with the writer stopped for 20 s during a fast run (one of the few tests that take their time:
# it is their subject), and in jobs of ten million ranges.
# shellcheck source=tests/lib.sh
. tests/lib.sh
LOGS=1000000 STOPPED_S=20 FACTOR=${MEMORY_FACTOR:-1}

peak_mb() { # peak_mb PID: the most memory it has had, rounded up
    awk '/^VmHWM/ { print int($2 / 1024) + 1 }' "/proc/$1/status"
}

below() { # below WHAT PID MB: its peak is under that
    local peak
    peak=$(peak_mb "$2")
    check "$1: at most $peak MB, the bound is $3" test "${peak:-999999}" -lt $(($3 * FACTOR))
}

# --- a writer that does not read ---
start_postgres 'max_wal_size = 2GB'
start_rpcsim fast --seed 5 --blocks $((LOGS / 100)) --logs-per-block 100
links=(--results "ipc://$T/results" --control "ipc://$T/control")
spawn writer $WRITER "${links[@]}" --db "$DB"
writer=$PID
spawn fetcher $FETCHER --rpc "fast=$URL" --tasks "ipc://$T/tasks" "${links[@]}"
fetcher=$PID
spawn producer $PRODUCER --from 1 --to $((LOGS / 100)) --step 50 --chain-id 31337 --tasks "ipc://$T/tasks" "${links[@]}"
producer=$PID

landed() { sql 'select count(*) from logs' 2>/dev/null; }
some_landed() { [ "$(landed)" -gt 0 ]; }
served() { curl -s "$URL/stats" | jq .logs; }
wait_for 30 some_landed
kill -STOP "$writer"
stopped=$SECONDS
check 'the writer stopped in the middle' test "$(landed)" -lt $LOGS
gone "$producer"
check 'and the others did not end' test $? -ne 0
quiet() { # no request for a second
    local before
    before=$(served)
    read -r -t 1 <&"$NEVER"
    [ "$(served)" = "$before" ]
}
check 'the fetcher stops asking' wait_for 15 quiet
served_then=$(served)
check 'before the job is done' test "$served_then" -lt $LOGS
while [ $((SECONDS - stopped)) -lt $STOPPED_S ]; do read -r -t 1 <&"$NEVER"; done
is "$(served)" "$served_then" "and does not ask again for all of $STOPPED_S s"
for role in producer fetcher writer; do
    gone "${!role}"
    check "the $role lives" test $? -ne 0
done
below 'producer, while the writer stood still' "$producer" 10
below 'fetcher, the same' "$fetcher" 40
kill -CONT "$writer"
check 'the writer goes on: the job ends' wait_for 60 gone "$producer"
below 'fetcher, at the end' "$fetcher" 40
below 'writer, at the end' "$writer" 40
wait "$producer"
is $? 0 'with exit 0' || diag "$(tail -n 5 "$T"/{producer,fetcher,writer}.err)"
is "$(sql 'select count(*), count(distinct (block_number, log_index)), min(block_number), max(block_number) from logs')" \
    "$LOGS|$LOGS|1|$((LOGS / 100))" 'and every row, once'
is "$(covered public)" "1|{[1,$((LOGS / 100 + 1)))}" 'and covered'
stop_process "$fetcher"
stop_process "$writer"

# --- ten million ranges ---
MANY=10000000
first_line() { # first_line FD SECONDS: the first task is out by then
    local line
    read -r -t "$2" line <&"$1" && [[ $line == 'task=0 '* ]]
}
drained() { # drained WHAT FD PID: reads tasks but for some thousands, then the producer waits and can be looked at
    local rest
    head -n $((MANY - 100000)) <&"$2" >/dev/null
    below "$1: producer" "$3" 20
    rest=$(wc -l <&"$2")
    check "$1: the last tasks" test "$rest" -gt 50000 # head has read ahead
}
mkfifo "$T/lines" "$T/ranges"
spawn steps bash -c "exec $PRODUCER --from 1 --to $MANY --step 1 -o - >'$T/lines'"
steps=$PID
exec 8<"$T/lines"
check '--step 1: the first task at once' first_line 8 1
drained '--step 1' 8 "$steps"
exec 8<&-
wait "$steps"
is $? 0 '--step 1: exit 0'

spawn listed bash -c "exec $PRODUCER --ranges - -o - <'$T/ranges' >'$T/lines'"
listed=$PID
exec 7>"$T/ranges" 8<"$T/lines"
echo 0 >&7
check '--ranges -: the first task at once, with the rest not there yet' first_line 8 1
seq 2 2 $((2 * MANY - 2)) >&7 7>&- 8<&- &
exec 7>&-
drained '--ranges -' 8 "$listed"
exec 8<&-
wait "$listed"
is $? 0 '--ranges -: exit 0'
done_testing
