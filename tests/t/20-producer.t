#!/usr/bin/env bash
# The producer alone: task lines in a pipe, what is refused, how it ends, how little memory it takes.
# shellcheck source=tests/lib.sh
. tests/lib.sh

links=(--tasks "ipc://$T/tasks" --control "ipc://$T/control")
hash1=0x$(printf '1%.0s' {1..64}) hash2=0x$(printf '2%.0s' {1..64}) hash3=0x$(printf '3%.0s' {1..64})
address=0x5fbdb2315678afecb367f032d93f642f64180aa3

peak_kb() { # peak_kb PID: the most memory it has had
    awk '/^VmHWM/ { print $2 }' "/proc/$1/status"
}

says() { # says STATUS REGEX NAME: how the last run ended, in one line
    is "$STATUS" "$1" "$3: exit $1"
    like "$ERR" "$2" "$3: says so" && is "$(wc -l <"$T/run.err")" 1 "$3: in one line"
}

# --- a pipe ---
run $PRODUCER --from 8950000 --to 8952345 -o -
is "$STATUS:$ERR" 0: 'a range into a pipe: exit 0, no talk'
is "$OUT" "task=0 try=1 dataset=logs from=8950000 to=8950999
task=1 try=1 dataset=logs from=8951000 to=8951999
task=2 try=1 dataset=logs from=8952000 to=8952345" 'cut into steps of 1000'

run $PRODUCER --from 7 --to 7 --step 1 --dataset logs,blocks --chain-id 5 --run abc -o -
is "$OUT" 'task=0 try=1 run=abc chain=5 dataset=logs,blocks from=7 to=7' 'all words of a task'

run $PRODUCER --from 1 --to 2 -o - --address "${address^^}" --topic0 "$hash2,$hash1" --topic0 "$hash2"
says 2 'address' 'an address that begins with 0X'
run $PRODUCER --from 1 --to 2 -o - --address "0x${address:2:10}${address:12}" --topic0 "$hash2,$hash1" --topic0 "$hash2"
is "$OUT" "task=0 try=1 dataset=logs from=1 to=2 address=$address topic0=$hash1,$hash2" 'a filter is sorted, each value once'
CONTRACT_ADDRESS=$address EVENT_TOPIC=$hash1 run $PRODUCER --from 1 --to 2 -o -
is "$OUT" "task=0 try=1 dataset=logs from=1 to=2 address=$address topic0=$hash1" 'a filter by environment'
CONTRACT_ADDRESS=$address run $PRODUCER --from 1 --to 2 -o - --address 0x0000000000000000000000000000000000000001
unlike "$OUT" "$address" 'flags beat environment'

printf '5-9\n\n42\n100-103\n' >"$T/ranges"
run $PRODUCER --ranges "$T/ranges" --step 4 -o -
is "$(cut -d ' ' -f 4,5 <<<"$OUT" | paste -sd,)" 'from=5 to=8,from=9 to=9,from=42 to=42,from=100 to=103' 'ranges of a file'
run $PRODUCER --ranges - --step 4 -o - <"$T/ranges"
is "$(wc -l <<<"$OUT")" 4 'ranges of standard input'
run $PRODUCER --ranges - -o - < <(printf '1\n2-3')
is "$(tail -n 1 <<<"$OUT")" 'task=1 try=1 dataset=logs from=2 to=3' 'a last line without newline'
run $PRODUCER --ranges - --hashes 2 --dataset transactions -o - < <(printf '%s\n' "$hash1" "$hash2" "$hash3")
is "$OUT" "task=0 try=1 dataset=transactions hashes=$hash1,$hash2
task=1 try=1 dataset=transactions hashes=$hash3" 'transaction hashes are gathered'
run $PRODUCER --ranges - --dataset blocks -o - < <(printf '%s\n' 0x7 "0x$(printf '%064x' $((2**63 - 2)))" 9)
is "$OUT" "task=0 try=1 dataset=blocks from=9 to=9
task=1 try=1 dataset=blocks hashes=0x$(printf '%064x,0x%064x' 7 $((2**63 - 2)))" 'and numbers of blocks in hex'
run $PRODUCER --ranges - --dataset blocks -o - <<<"$hash1"
says 2 'line 1: "0x1+\.*": expected a block number: 0x and hex digits' 'a hash is none'
run $PRODUCER --ranges - --dataset transactions -o - <<<"\\${hash1#0}"
is "$OUT" "task=0 try=1 dataset=transactions hashes=$hash1" 'a hash as PostgreSQL shows it'

mkfifo "$T/in"
spawn slow bash -c "exec $PRODUCER --ranges - -o - <'$T/in'"
exec 7>"$T/in"
echo 1-5 >&7
check 'a line that came is written before the next' wait_line 10 "$T/slow.out" 'from=1 to=5$'
echo 6-9 >&7
check 'and the next' wait_line 10 "$T/slow.out" 'from=6 to=9$'
exec 7>&-
wait "$PID"
is $? 0 'end of input ends it'

run bash -c "set -o pipefail; $PRODUCER --from 1 --to 100000000 --step 1 -o - | head -n 1"
says 3 'reader has gone' 'a reader that leaves'

run bash -c "$PRODUCER --from 1 --to 1000000 --step 1 -o - | tail -n 1"
is "$OUT" 'task=999999 try=1 dataset=logs from=1000000 to=1000000' 'a million tasks'

# --- what is refused ---
while IFS='|' read -r args want; do
    # shellcheck disable=SC2086
    run $PRODUCER $args
    says 2 "$want" "${args:-no options}"
done <<END
|nothing is wanted
--from 200 --to 100 -o -|200.*100
--from 200 -o -|--to
--to 200 -o -|--from
--from 1 --to 2 --ranges - -o -|--ranges
--from 1 --to 2 --step 0 -o -|--step
--from 1 --to 9223372036854775807 -o -|--to
--from -1 --to 5 -o -|--from
--from 0x --to 50 -o -|--from
--from 0x1g --to 50 -o -|--from
--from 1 --to 2|--tasks
--from 1 --to 2 --tasks ipc://$T/tasks|--control
--from 1 --to 2 --control ipc://$T/control -o -|--control
--from 1 --to 2 --tasks bogus --control ipc://$T/control|bogus
--from 1 --to 2 --tasks ipc://$T/none/tasks --control ipc://$T/control|$T/none/tasks
--from 1 --to 2 --dataset Logs -o -|"Logs": expected logs, blocks, transactions, token_transfers, traces, contracts, accounts
--from 1 --to 2 --dataset blocks --address $address -o -|no effect on blocks
--from 1 --to 2 --address 0x12 -o -|0x12
--from 1 --to 2 --topic3 $address -o -|topic3
--from 1 --to 2 --run A -o -|--run
--from 1 --to 2 --on-error never -o -|--on-error
--from 1 --to 2 --progress x -o -|--progress
--from 1 --to 2 --log-format xml -o -|xml
--from 1 --to 2 --attempts 0 -o -|--attempts
--ranges $T/missing -o -|$T/missing
--ranges $T -o -|$T
--bogus|bogus
END

printf '1-5\n7-x\n9\n' >"$T/bad"
run $PRODUCER --ranges "$T/bad" "${links[@]}"
says 2 'bad", line 2: "7-x"' 'a bad line of a file, before anything is started'
run $PRODUCER --ranges - -o - <"$T/bad"
says 2 'line 2: "7-x"' 'a bad line of standard input'
is "$OUT" 'task=0 try=1 dataset=logs from=1 to=5' 'and what came before it was written'
head -c 100000 /dev/urandom >"$T/garbage"
run $PRODUCER --ranges - -o - <"$T/garbage"
says 2 'line 1' 'garbage'

run $PRODUCER --ranges - -o - <<<"$hash1"
says 2 'logs cannot be fetched by transaction hash: expected --dataset blocks, transactions' 'a hash of no dataset that has any'
echo "$hash1" >"$T/hashes"
run $PRODUCER --ranges "$T/hashes" --dataset logs,transactions "${links[@]}"
says 2 'line 1.*logs cannot be fetched by transaction hash' 'and of one that has none, before anything is started'

run $PRODUCER --from 0x10 --to 0x1F -o -
is "$OUT" 'task=0 try=1 dataset=logs from=16 to=31' 'block numbers in hex'

# --- alone with its links ---
run $PRODUCER --ranges - "${links[@]}" </dev/null
says 0 'nothing to do' 'nothing wanted'

run $PRODUCER --from 1 --to 5 "${links[@]}" --give-up 0.3
is "$STATUS" 3 'no endpoint: exit 3 after --give-up'
like "$ERR" 'no endpoint has worked' 'and says why'

rm -f "$T/tasks" "$T/control"
spawn big $PRODUCER --from 0 --to 9999999 --step 1 "${links[@]}"
check 'ten million tasks: at work at once' wait_for 2 test -S "$T/tasks"
run $PRODUCER --from 1 --to 5 "${links[@]}"
says 2 "another process listens there" 'an address in use'
kill -TERM "$PID"
wait "$PID"
is $? 130 'SIGTERM: exit 130'

seq 1 3 29999999 | sed 's/$/-30000000/' | head -n 3000000 >"$T/many" # 3 million ranges, 50 MB
spawn many $PRODUCER --ranges "$T/many" "${links[@]}"
many=$PID
spawn pipe bash -c "exec $PRODUCER --from 0 --to 9999999 --step 1 -o - >'$T/lines'"
wait "$PID"
is $? 0 'ten million tasks in a pipe'
is "$(tail -n 1 "$T/lines")" 'task=9999999 try=1 dataset=logs from=9999999 to=9999999' 'to the last'
rm "$T/lines"
peak=$(peak_kb "$many")
check "a file of 3 million ranges takes less than 10 MB ($peak kB)" test "$peak" -lt $((10240 * ${MEMORY_FACTOR:-1}))
kill -INT "$many"
wait "$many"
is $? 130 'SIGINT: exit 130'
like "$(cat "$T/many.err")" '0 blocks' 'and a summary'

run $PRODUCER --from 1 --to 5 "${links[@]}" --give-up 0.3 --log-format json
is "$(jq -r .program <<<"$ERR" | sort -u)" producer 'json: every line is an object'

# --- what is taken back in the last moment ---
taken_back() { # blocks are committed; then, while the last totals are waited for, they are uncovered
    local status producer puller
    rm -f "$T/tasks" "$T/control" "$T/said" "$T/told"
    mkfifo "$T/said" "$T/told"
    spawn last bash -c "exec $PRODUCER --from 1 --to 5 --run r1 ${links[*]} 2>'$T/said'"
    producer=$PID
    exec 6<"$T/said"
    spawn pulled tests/t/wiregen pull "ipc://$T/tasks"
    puller=$PID
    spawn teller bash -c "exec tests/t/wiregen tell 'ipc://$T/control' <'$T/told'"
    exec 7>"$T/told"
    echo 'credit run=- fetcher=f1 endpoint=e chain=1 free=1 head=9 requests=1 failures=0 latency_us=1 state=closed' >&7
    wait_line 10 "$T/pulled.out" '^task=0 '
    printf '%s\n' 'took run=r1 fetcher=f1 task=0 free=1' 'committed run=r1 task=0 endpoint=e rows=3 from=1 to=5' >&7
    read -r -t 10 -u 6
    echo 'uncovered run=r1 endpoint=e rows=3 from=1 to=5' >&7
    again_or_gone() { gone "$producer" || grep -q '^task=1 try=1 run=r1 .*from=1 to=5$' "$T/pulled.out"; }
    wait_for 10 again_or_gone
    echo 'committed run=r1 task=1 endpoint=e rows=4 from=1 to=5' >&7
    mapfile -t -u 6 END
    wait "$producer"
    status=$?
    exec 6<&- 7>&-
    stop_process "$puller"
    [ "$status" -eq 0 ] && [[ ${END[0]} == *' task 1 '* ]]
}
in_time() { # the moment is a fifth of a second: a busy machine may miss it

    for _ in 1 2 3 4 5; do taken_back && return; done
    return 1
}
check 'blocks that are uncovered after the last commit are handed out again' in_time
is "${END[0]} ${END[-1]% in *}" '[e] completed task 1 (blocks 1-5): 4 logs 5 blocks, 4 logs' '  and all is counted once'

# --- failures that nobody records ---
links+=(--results "ipc://$T/results") # of a writer that is not there
start_rpcsim bare --blocks 100 --off trace_block,debug_traceBlockByNumber
spawn fetcher $FETCHER --rpc "bare=$URL" "${links[@]}"
run $PRODUCER --from 1 --to 5 --dataset traces "${links[@]}" --give-up 1
is "$STATUS" 3 'a failed range that the writer does not record: exit 3 after --give-up'
like "$ERR" '1 failed range is not recorded by the writer for [0-9]+ s, giving up' 'says so'
like "$ERR" 'failed blocks 1-5 after .* on "bare"' 'and lists it'
spawn mute tests/t/wiregen listen "ipc://$T/results" 1
mute=$PID
spawn unrecorded $PRODUCER --from 1 --to 5 --dataset traces "${links[@]}"
wait_for 20 gone "$mute"
kill -TERM "$PID"
wait_line 10 "$T/unrecorded.err" 'waiting for 1 task to be committed or recorded as failed'
ok $? 'a signal waits for it'
kill -TERM "$PID"
wait "$PID"
is $? 130 'a second one does not'
done_testing
