#!/usr/bin/env bash
# The fetcher against simulated endpoints that fail, throttle, lag, refuse and lie: the rows are always
# those of an endpoint that does not, and what cannot be had is said.
# shellcheck source=tests/lib.sh
. tests/lib.sh

start_rpcsim mute --latency 60s
spawn mute "$FETCHER" --rpc "mute=$URL" --check
mute=$PID muted=$URL
start_rpcsim short --seed 11 --blocks 3000 --logs-per-block 10 --behind 5
echo 'task=1 dataset=logs from=2900 to=3100' >"$T/beyond"
spawn beyond bash -c "exec $FETCHER --rpc sim=$URL -i - -o - --format ndjson <'$T/beyond'" # it waits for a while
beyond=$PID PID=''

fetch() { # fetch DATASET FROM TO [OPTION]...: from $URL$SPEC; OUT is sorted
    local task="task=1 dataset=$1 from=$2 to=$3"
    shift 3
    LIMIT=60 run "$FETCHER" --rpc "sim=$URL${SPEC:-}" -i - -o - --format ndjson "$@" <<<"$task"
    sort "$T/run.out" >"$T/rows"
}

sim=0
with() { # with OPTION...: another endpoint for the same chain
    sim=$((sim + 1))
    [ -z "${PID:-}" ] || stop_process "$PID" 2>/dev/null
    start_rpcsim "sim$sim" --seed 11 --blocks 3000 --logs-per-block 10 "$@"
}

same() { # same WHAT: complete, and the rows of the healthy endpoint
    is "$STATUS" 0 "$1: exit 0" || diag "$ERR"
    cmp -s "$T/rows" "$T/$wanted"
    ok $? "$1: the rows are exact" || diag "$(wc -l <"$T/rows") rows, wanted $(wc -l <"$T/$wanted")"
}

keep() { # keep NAME DATASET FROM TO: what a healthy endpoint gives
    fetch "$2" "$3" "$4"
    [ "$STATUS" -eq 0 ] && [ -s "$T/rows" ] || bail "the healthy endpoint: $ERR"
    cp "$T/rows" "$T/$1"
}

with
keep logs logs 0 1500
keep both logs,blocks 100 699
keep all logs,blocks,transactions 100 299
is "$(wc -l <"$T/logs")" 15010 'ten logs a block'
is "$(cut -d, -f2 "$T/both" | sort -u | wc -l)" 600 'every block'
is "$(jq -r .table "$T/all" | sort | uniq -c | awk '{print $2 "=" $1}' | sort | paste -sd ' ')" \
    'blocks=200 logs=2000 transactions=1000' 'three datasets'

wanted=logs
for limits in '--max-range 7' '--max-range 10 --range-style besu' '--max-range 100 --range-style drpc' \
    '--max-range 50 --range-style 1rpc --status 400' '--max-results 1000' '--max-results 100 --suggest inverted' \
    '--max-results 500 --suggest equal' '--max-bytes 100k' '--max-range 100 --range-style base-503'; do
    read -r -a options <<<"${limits/--status 400/}"
    with "${options[@]}"
    fetch logs 0 1500
    same "$limits"
done
for faults in '--error-percent 10 --errors 500,502,503 --max-range 100' '--error-percent 10 --errors drop,reset,truncated --max-range 100' \
    '--error-percent 10 --errors empty,html,badgzip,cut --max-range 100' '--rate 100 --max-range 20' \
    '--rate 100 --max-range 20 --rate-style ankr' '--gzip 6' '--lie-every 1 --lies unordered,duplicate'; do
    read -r -a options <<<"$faults"
    with "${options[@]}"
    fetch logs 0 1500 --retries 5 --breaker-timeout 1
    same "$faults"
done
with --latency 5ms --big-block 700 --big-logs 3000
keep big logs 600 800
wanted=big
with --big-block 700 --big-logs 3000 --max-results 1000
fetch logs 600 800
same 'a block with more logs than an answer may have, by its receipts'
with --big-block 700 --big-logs 3000 --max-results 1000 --off eth_getBlockReceipts
fetch logs 600 800
same 'and receipt by receipt'

wanted=both
for batches in '--max-batch 3' '--max-batch 3 --batch-style proxyd' '--arrays 403' '--arrays internal' \
    '--mangle missing,shuffled,strings,duplicate,unknown --mangle-every 2' '--rate 500 --rate-items' \
    '--lie-every 30 --lies outside,duplicate,hash,missing,removed,unordered,badhex,overflow,block'; do
    read -r -a options <<<"$batches"
    with "${options[@]}"
    fetch logs,blocks 100 699 --retries 5 --breaker-timeout 1
    same "$batches"
done
with
SPEC=,batch=1 fetch logs,blocks 100 699
same 'one call a request'
wanted=all
SPEC=,batch=1 fetch logs,blocks,transactions 100 299
same 'one call a request, three datasets'
SPEC=,concurrency=1,batch=2 fetch logs,blocks,transactions 100 299
same 'two at a time'
with --off eth_getBlockReceipts
fetch logs,blocks,transactions 100 299
same 'receipts one by one'

# --- a lagging node is not an empty range ---
with
keep head logs,blocks 2900 3000
wanted=head
for mode in clamp null refuse; do
    with --behind 5 --behind-every 2 --behind-mode "$mode"
    fetch logs,blocks 2900 3000
    same "half of the answers come from a node that is behind ($mode)"
done
wait "$beyond"
is "$?" 1 'blocks that are not there: exit 1'
like "$(<"$T/beyond.err")" 'blocks 2996-3100.*given up.*2995' 'names them, and the newest block'
is "$(jq .block_number "$T/beyond.out" | sort -nu | sed -n '1p;$p' | xargs) $(wc -l <"$T/beyond.out")" '2900 2995 960' 'after all that are there'

# --- pruned history ---
with --pruned-below 1000 --pruned-style silent
fetch logs 0 2000
is "$STATUS" 1 'a node that answers [] for old logs: exit 1'
like "$ERR" 'blocks 0-999.*not held' 'says which blocks it does not hold'
is "$(jq .block_number "$T/rows" | sort -n | head -n 1 | cut -c1)" 1 'and gives the others'
fetch logs 0 500
is "$STATUS" 1 'only old blocks: exit 1'
is "$(wc -l <"$T/rows")" 0 'and not one row'
fetch logs 1500 2000
is "$STATUS" 0 'newer blocks: exit 0'

# --- cannot be had ---
with --off eth_getLogs
fetch logs 0 10
is "$STATUS" 1 'without eth_getLogs: exit 1'
like "$ERR" 'eth_getLogs' 'and says so'
with
keep old logs 0 2936
with --off eth_getBlockByNumber
wanted=old
fetch logs 0 2936
same 'without eth_getBlockByNumber, far from the head'
fetch logs 0 3000
is "$STATUS" 1 '  and to the newest block: exit 1'
like "$ERR" 'blocks 2937-3000\) given up: eth_getBlockByNumber is not served here' '  which blocks it cannot answer for, and why'
cmp -s "$T/rows" "$T/old"
ok $? '  and all others are there'
with --off trace_block,debug_traceBlockByNumber
fetch traces 0 10
is "$STATUS" 1 'without any way to traces: exit 1'
fetch logs,traces 0 10
like "$STATUS|$ERR" '^1\|.*traces: debug_traceBlockByNumber: ' 'beside logs: exit 1, and says which dataset'
with
run "$FETCHER" --rpc "sim=$URL/v3/s3cretkey,header=X-Key: t0psecret" --chain-id 5 -i - -o - <<<'task=1 dataset=logs from=1 to=2'
is "$STATUS" 3 'another chain: exit 3'
like "$ERR" 'chain 31337, not 5' 'and says which'
unlike "$ERR" 's3cret|t0psecret' 'but no secret'
run "$FETCHER" --rpc "http://127.0.0.1:1/s3cretkey" --retries 0 -i - -o - <<<'task=1 dataset=logs from=1 to=2'
is "$STATUS" 3 'nobody there: exit 3'
unlike "$ERR" 's3cret' 'and no secret'
run "$FETCHER" --rpc "$URL" --check
is "$STATUS $OUT" '0 chain=31337 head=3000' '--check'
began=$SECONDS
run "$FETCHER" --rpc dead=http://127.0.0.1:1 --check
is "$STATUS|$ERR" '3|fetcher: endpoint "dead" (127.0.0.1:1) does not answer: connection refused' \
    '--check of nobody: exit 3, and one line'
run "$FETCHER" --rpc "http://127.0.0.1:1" -i - -o - <<<'task=1 dataset=logs from=1 to=2'
is "$STATUS" 3 'in a pipe, too'
check '  in a few quick tries' test $((SECONDS - began)) -lt 8
run "$FETCHER" --rpc "http://127.0.0.1:1" -i - -o - </dev/null
is "$STATUS|$ERR" '0|' 'no task: nobody is asked'

# --- a pipe ---
for i in 1 2 3 4 5 6 7 8 9; do echo "task=$i dataset=logs from=${i}00 to=${i}99"; done >"$T/tasks"
run "$FETCHER" --rpc "$URL" -i - -o - --format csv <"$T/tasks"
is "$STATUS" 0 'nine tasks: exit 0'
is "$(tail -n +2 "$T/run.out" | wc -l)" 9000 'nine times a hundred blocks'
is "$(grep -c '^block_number' "$T/run.out")" 1 'one header'
like "$ERR" '=== RPC Statistics ===.*\[127.0.0.1:[0-9]+\] requests=[0-9]+ failures=0 avg_latency=[0-9]+ms' 'and the figures'
run "$FETCHER" --rpc "$URL" -i - -o - --format csv <<<'task=1 dataset=logs,blocks from=1 to=2'
like "$STATUS|$ERR" '^2\|.*standard input.*csv takes one dataset, not "logs,blocks"' 'csv of two tables: exit 2'
run script -qec "$FETCHER --rpc $URL -i - -o -" /dev/null </dev/null
like "$STATUS|$OUT" '^2.*binary, not for a terminal' 'rows of the wire on a terminal: exit 2'
(head -n 2 "$T/tasks"; echo 'task=3 dataset=logs from=5 to=4') >"$T/bad"
run "$FETCHER" --rpc "$URL" -i - -o - --format ndjson <"$T/bad"
is "$STATUS" 2 'a bad line: exit 2'
like "$ERR" 'message 3 .*from.*to' 'named by its number'
is "$(wc -l <"$T/run.out")" 2000 'what came before it was done'

wait "$mute"
is "$?|$(<"$T/mute.err")" "3|fetcher: endpoint \"mute\" (${muted#http://}) does not answer: no answer within 10 s" \
    '--check of one that hangs'

# --- over TCP, with a producer and a writer ---
with --latency 20ms
mapfile -t ports < <(perl -MSocket -e 'for (1 .. 3) { socket $s[$_], PF_INET, SOCK_STREAM, 0;
    bind $s[$_], sockaddr_in(0, INADDR_LOOPBACK); printf "%d\n", (sockaddr_in getsockname $s[$_])[0] }')
links=(--tasks "tcp://127.0.0.1:${ports[0]}" --control "tcp://127.0.0.1:${ports[1]}" --results "tcp://127.0.0.1:${ports[2]}")
spawn writer "$WRITER" "${links[@]:2}" -o -
writer=$PID
spawn linked "$FETCHER" --rpc "sim=$URL" "${links[@]}"
linked=$PID
run "$PRODUCER" --from 0 --to 1500 --step 20 "${links[@]}"
is "$STATUS" 0 'over TCP: the producer ends' || diag "$ERR"
like "$ERR" "\[sim\] requests=$(curl -s "$URL/stats" | jq .requests) failures=0 " 'and knows of every request'
run "$PRODUCER" --from 0 --to 5 --dataset traces --attempts 1 "${links[@]:0:4}"
is "$STATUS" 0 'the fetcher works for the next producer, too' || diag "$ERR"
kill -TERM "$linked"
wait "$linked"
is $? 0 'TERM: exit 0'
kill -TERM "$writer"
wait "$writer"
is "$? $(grep '"log_index"' "$T/writer.out" | sed 's/"table":"logs",//' | sort | cmp - "$T/logs" && echo same)" '0 same' 'the rows are exact'

# --- what was under way when the breaker opened; a call a request, so that both sides count the same ---
with --latency 20ms --jitter 60ms --error-percent 25 --errors internal
links=(--tasks "ipc://$T/tasks.link" --control "ipc://$T/control.link" --results "ipc://$T/results.link")
spawn writer "$WRITER" "${links[@]:2}" -o -
writer=$PID
spawn linked "$FETCHER" --rpc "sim=$URL" "${links[@]}" --batch 1 --breaker-threshold 1 --breaker-timeout 0.2
linked=$PID
LIMIT=60 run "$PRODUCER" --from 1 --to 60 --step 4 --attempts 100 "${links[@]}"
is "$STATUS" 0 'a breaker that opens all the time: the producer ends' || diag "$ERR"
like "$ERR" "\[sim\] $(curl -s "$URL/stats" | jq -r '"requests=\(.requests) failures=\(.refused.fault)"') " \
    'and knows of every failure'
kill -TERM "$linked"
wait "$linked"
kill -TERM "$writer"
wait "$writer"
is "$(grep -o '"block_number":[0-9]*,"log_index":[0-9]*' "$T/writer.out" | sort -u | wc -l)" 600 'all rows are there'

# --- signals ---
with --latency 300ms
{ cat "$T/tasks"; sleep 30; } | "$FETCHER" --rpc "$URL,concurrency=2" -i - -o - --format ndjson >"$T/int.out" 2>"$T/int.err" &
wait_for 10 test -s "$T/int.out"
pid=$(pgrep -P $$ -f "$FETCHER --rpc $URL,concurrency=2")
kill -TERM "$pid"
wait_for 10 gone "$pid"
ok $? 'TERM ends it soon'
is "$(($(wc -l <"$T/int.out") % 10))" 0 'with whole blocks'
done_testing
