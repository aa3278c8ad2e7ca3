#!/usr/bin/env bash
# Every fault, limit and lie that rpcsim knows, one at a time: a fetcher in a pipe must end with exactly
# the rows of a healthy endpoint, or say what is missing and exit 1. Runs W cases at a time.
# shellcheck source=tests/lib.sh
. tests/lib.sh
W=${W:-10}
a=0x1111111111111111111111111111111111111111 b=0x2222222222222222222222222222222222222222
c=0x3333333333333333333333333333333333333333 d=0x4444444444444444444444444444444444444444

declare -A chain=( # what a case is compared with: the chain, and the words of its tasks
    [logs]='' [both]='' [blocks]='' [tx]='' [traces]='' [all]='' [big]='--big-block 300 --big-logs 300'
    [phantom]='--profile uneven --txs-per-block 2' [phantoms]='--profile uneven --txs-per-block 2'
    [filter]="--address $a --address $b --address $c --address $d" [one]="--address $a --address $b"
)
declare -A words=(
    [logs]=dataset=logs [both]=dataset=blocks,logs [blocks]=dataset=blocks [tx]=dataset=transactions
    [traces]=dataset=traces [all]=dataset=blocks,transactions,logs,token_transfers,traces,contracts,accounts [big]=dataset=logs
    [phantom]=dataset=logs [phantoms]=dataset=blocks,logs
    [filter]="dataset=logs address=$a,$b,$c" [one]="dataset=logs address=$a"
)

declare -A not_compared=([phantoms]='s/"logs_bloom":"[^"]*"//')

styles() { # styles KIND: the names of its styles
    sed -n "s/^ *$1(\"\([^\"]*\)\".*/\1/p" tests/rpcsim/styles.c
}

tasks() { # tasks WORDS
    printf "task=%d $1 from=%d to=%d\n" 1 1 200 2 201 400 3 401 600
}

pull() { # pull CASE REFERENCE SIM_OPTIONS FETCHER_OPTIONS: leaves $T/CASE.{rows,status,err,stats,ms}
    local start
    # shellcheck disable=SC2086
    start_rpcsim "$1.sim" --seed 5 --blocks 4000 --logs-per-block 4 ${chain[$2]} $3
    start=${EPOCHREALTIME/./}
    # shellcheck disable=SC2086
    tasks "${words[$2]}" | timeout 60 "$FETCHER" --rpc "x=$URL/v2/SECRETKEY" -i - -o - --format ndjson $4 2>"$T/$1.err" |
        sed "${not_compared[$2]:-}" | sort >"$T/$1.rows"
    echo "${PIPESTATUS[1]}" >"$T/$1.status"
    echo $(((${EPOCHREALTIME/./} - start) / 1000)) >"$T/$1.ms"
    curl -s "$URL/stats" >"$T/$1.stats"
    kill "$PID"
}

CASES=()
faulty() { # faulty REFERENCE NAME SIM_OPTIONS [FETCHER_OPTIONS]: exactly the rows of the healthy one are wanted
    local n=${#CASES[@]}
    CASES+=("$1|$2")
    while [ "$(jobs -rp | wc -l)" -ge "$W" ]; do wait -n; done
    pull "$n" "$1" "$3" "${4:-}" &
}

judge() { # judge CASE: and one line about it
    local name=${CASES[$1]#*|} got want said=0
    grep -q 'may lack logs' "$T/$1.err" && said=1 # found out late: nobody can know that they do not
    want="$said $(cksum <"$T/ref.${CASES[$1]%%|*}.rows")"
    got="$(cat "$T/$1.status") $(cksum <"$T/$1.rows")"
    [ -z "${VERBOSE:-}" ] || name+=" ($(cat "$T/$1.ms") ms)"
    is "$got" "$want" "$name" || diag "$(tail -n 5 "$T/$1.err")"
    grep -q SECRETKEY "$T/$1.err" && ok 1 "  and no key in what it says: $(cat "$T/$1.err")"
}

stat_of() { # stat_of CASE JQ_FILTER
    jq -r "$2" "$T/$1.stats"
}

case_of() { # case_of NAME: its number
    local n
    for n in "${!CASES[@]}"; do [ "${CASES[$n]#*|}" = "$1" ] && echo "$n"; done
}

for r in "${!chain[@]}"; do pull "ref.$r" "$r" '' '' & done
wait
for r in "${!chain[@]}"; do
    is "$(cat "$T/ref.$r.status")" 0 "a healthy endpoint: $r, $(wc -l <"$T/ref.$r.rows") rows" || bail "$(cat "$T/ref.$r.err")"
done

# --- too fast ---
for retry in seconds date zero none; do
    faulty logs "429, Retry-After: $retry" "--rate 20 --burst 2 --retry-after $retry"
done
faulty logs 'Retry-After of 3 s is obeyed' '--rate 20 --burst 2 --retry-after seconds --retry-wait 3'
for style in $(styles RATE); do
    [ "$style" = 1015 ] || faulty logs "429 as $style says it" "--rate 25 --burst 3 --rate-style $style"
done
faulty blocks '429 for single items of a batch' '--rate 400 --burst 60 --rate-items'

# --- failures ---
for error in 500 502 503 504 drop reset truncated cut empty internal badgzip shortgzip html; do
    faulty logs "every 4th request: $error" "--error-every 4 --errors $error"
    faulty blocks "every 4th request of blocks: $error" "--error-every 4 --errors $error"
done
for error in hang stall; do
    faulty logs "every 5th request: $error" "--error-every 5 --errors $error" '--timeout 1'
done
faulty both 'all failures by turns' \
    '--error-percent 15 --errors 500,502,503,504,drop,reset,truncated,cut,empty,internal,badgzip,shortgzip,html'

# --- ranges ---
faulty logs 'too wide is called too many requests' '--max-range 100 --range-style throttled' '--breaker-timeout 1'
for style in $(styles RANGE); do
    [ "$style" = throttled ] || faulty logs "at most 100 blocks, as $style says it" "--max-range 100 --range-style $style"
done
for width in 1 2 7 199; do
    for style in geth ankr alchemy-free; do
        faulty logs "at most $width blocks, as $style says it" "--max-range $width --range-style $style"
    done
done

# --- results ---
for style in $(styles RESULT); do
    faulty logs "at most 300 logs, as $style says it" "--max-results 300 --result-style $style"
    faulty big "a block with more logs than the limit, as $style says it" "--max-results 60 --result-style $style"
done
for suggest in correct inverted equal shifted wide; do
    for style in infura alchemy reth; do
        faulty logs "$style suggests a range: $suggest" "--max-results 300 --result-style $style --suggest $suggest"
    done
done
faulty big 'that block, without eth_getBlockReceipts' '--max-results 60 --off eth_getBlockReceipts'
faulty filter 'more logs than the limit in a block: split by address' '--max-results 5 --off eth_getBlockReceipts'
for style in 1rpc ankr response-too-big; do
    faulty big "at most 80,000 bytes, as $style says it" "--max-bytes 80000 --bytes-style $style"
done
faulty logs 'the more logs, the longer it takes' '--log-latency 3000' '--timeout 1'
faulty logs 'our own bound on an answer' '' '--max-body 100000'
faulty big 'a block larger than our own bound: receipts one by one' '' '--max-body 80000'

# --- lists, batches, methods ---
for most in 1 2; do faulty filter "at most $most addresses" "--max-addresses $most"; done
faulty filter 'no list of addresses' '--no-address-lists'
for style in $(styles BATCH); do
    faulty blocks "at most 3 calls in a batch, as $style says it" "--max-batch 3 --batch-style $style"
    faulty tx "at most 1 call in a batch, as $style says it" "--max-batch 1 --batch-style $style"
done
for how in 403 internal invalid; do faulty both "no batches: $how" "--arrays $how"; done
for how in missing shuffled strings duplicate unknown missing,shuffled,strings,duplicate,unknown; do
    faulty blocks "answers of a batch: $how" "--mangle $how"
    faulty tx "answers of every other batch: $how" "--mangle $how --mangle-every 2"
done
for style in geth infura besu proxyd drpc quicknode bloxroute null; do
    faulty tx "no eth_getBlockReceipts, as $style says it" "--off eth_getBlockReceipts --off-style $style"
done
for lie in receipts receipt-null receipt-twice receipt-other; do
    faulty tx "receipts of every block that do not fit it: $lie" "--lie-every 1 --lies $lie" '--breaker-timeout 1'
    faulty big "the same of a block with too many logs: $lie" "--max-results 60 --lie-every 1 --lies $lie"
done
faulty tx 'eth_getBlockReceipts fails for some blocks' '--no-receipts 250-252' '--retries 0 --breaker-timeout 1'
faulty all 'blocks are asked for by number or hash, never by a tag' '--no-tags'

printf '%s\n' 'after 3 requests off=eth_getLogs' 'after 4 requests off=none' >"$T/slip"
faulty logs 'a method that was served is not there, once' "--scenario $T/slip" '--concurrency 1'

# --- the head ---
for style in $(styles HEAD); do
    faulty logs "behind, as $style says it" "--blocks 610 --behind 40 --behind-every 3 --behind-style $style"
done
for mode in refuse clamp null; do
    faulty both "behind: $mode" "--blocks 610 --behind 40 --behind-every 3 --behind-mode $mode"
    faulty logs "behind, logs alone: $mode" "--blocks 610 --behind 40 --behind-every 3 --behind-mode $mode"
done
for mode in refuse clamp null; do
    faulty logs "far behind, logs alone: $mode" "--blocks 1500 --behind 1000 --behind-every 3 --behind-mode $mode"
    faulty one "far behind, few logs: $mode" "--blocks 1500 --behind 1000 --behind-every 3 --behind-mode $mode"
done
faulty logs 'the head is reached while waiting' '--blocks 596 --grow 4'

# --- lies ---
for lie in outside duplicate hash missing removed unordered badhex overflow; do
    faulty logs "a lie in every 3rd answer: $lie" "--lie-every 3 --lies $lie"
done
for lie in outside duplicate hash missing removed unordered badhex overflow block; do
    faulty both "a lie in every 7th answer beside headers: $lie" "--lie-every 7 --lies $lie"
done
faulty both 'logs that carry blockTimestamp' '--log-timestamps'
faulty one 'a lie in every 3rd answer: another address' '--lie-every 3 --lies address'
for n in 2 3 4; do
    for words in logs one both; do
        faulty "$words" "one log left out of every ${n}th answer: $words" "--lie-every $n --lies fewer" '--concurrency 1'
    done
done
for lie in block receipts receipt-null receipt-twice receipt-other; do faulty tx "a lie in every 7th answer: $lie" "--lie-every 7 --lies $lie"; done

# --- blooms that promise more than there is ---
faulty phantom 'blooms without logs, logs alone' '--phantoms 3'
faulty phantoms 'blooms without logs, beside headers' '--phantoms 3'
faulty phantoms 'the same without eth_getBlockReceipts' '--phantoms 3 --off eth_getBlockReceipts'

# --- time ---
printf '%s\n' 'after 4 requests dead=refuse' 'at 2s dead=off' >"$T/back"
faulty logs 'dead, then back' "--latency 20ms --scenario $T/back" '--breaker-timeout 1'
printf '%s\n' 'after 3 requests rate=20 burst=1 retry-after=seconds' 'at 3s rate=0 error-every=3' 'at 5s dead=reset' \
    'at 6s dead=off error-every=0' >"$T/weather"
faulty both 'healthy, throttled, failing, dead, back' "--scenario $T/weather" '--breaker-timeout 1'
wait
for n in "${!CASES[@]}"; do judge "$n"; done

n=$(case_of 'Retry-After of 3 s is obeyed')
[ "$(cat "$T/$n.ms")" -ge 3000 ]
ok $? 'it waited for these 3 s'
n=$(case_of 'no batches: 403')
check 'after some refusals no batch is sent' test "$(stat_of "$n" .batches)" -le 30
n=$(case_of 'dead, then back')
is "$(grep -c 'breaker open' "$T/$n.err") $(grep -c 'breaker closed' "$T/$n.err")" '1 1' 'dead, then back: each change is said once'
[ "$(cat "$T/$n.ms")" -le 6000 ]
ok $? 'and it was used again soon' || diag "$(cat "$T/$n.ms") ms"

# --- what cannot be had: exactly the rest, exit 1 ---
lacks() { # lacks REFERENCE NAME FIRST_BLOCK SIM_OPTIONS [FETCHER_OPTIONS]: every row from that block on, none below
    LACKS=$((${LACKS:-0} + 1))
    pull "lacks$LACKS" "$1" "$4" "${5:-}"
    is "$(cat "$T/lacks$LACKS.status") $(jq -c "select(.block_number < $3)" "$T/lacks$LACKS.rows" | wc -l)" '1 0' "$2: exit 1, no rows before" ||
        diag "$(tail -n 5 "$T/lacks$LACKS.err")"
    jq -c "select(.block_number >= $3)" "$T/lacks$LACKS.rows" >"$T/got"
    is "$(cksum <"$T/got")" "$(jq -c "select(.block_number >= $3)" "$T/ref.$1.rows" | cksum)" '  all rows from the edge on'
    like "$(cat "$T/lacks$LACKS.err")" 'given up: ' '  and it is said'
}
for style in $(styles PRUNED); do lacks logs "pruned, as $style says it" 200 "--pruned-below 200 --pruned-style $style"; done
for style in geth silent; do lacks tx "receipts pruned, as $style says it" 200 "--pruned-below 200 --pruned-style $style"; done
pull spent logs '--quota 5' ''
like "$(cat "$T/spent.status") $(cat "$T/spent.err")" '^1 .*daily request count exceeded' 'a spent quota: exit 1 and the reason'
pull spent1 logs '--quota 1' ''
like "$(cat "$T/spent1.status") $(cat "$T/spent1.err")" '^3 .*daily request count exceeded' 'spent from the start: exit 3'
pull other logs '--chain-id 5' '--chain-id 31337'
like "$(cat "$T/other.status") $(cat "$T/other.err")" '^3 .*chain 5, not 31337' 'another chain: exit 3 and the reason'
is "$(stat_of other .methods.eth_getLogs)" null '  and it was not asked for logs'
printf '%s\n' 'after 3 requests dead=refuse' 'at 1500ms dead=off chain-id=5' >"$T/moved"
pull moved logs "--scenario $T/moved" '--breaker-timeout 1 --range 100'
like "$(cat "$T/moved.status") $(cat "$T/moved.err")" '^3 .*chain 5, not 31337' 'back as another chain: exit 3 and the reason'
is "$(comm -23 "$T/moved.rows" "$T/ref.logs.rows" | wc -l)" 0 '  and no row of that chain'
pull plan logs '--off eth_getLogs --off-style drpc-plan' ''
like "$(cat "$T/plan.status") $(cat "$T/plan.err")" '^1 .*ranges over 10000 blocks' 'a plan that refuses logs of any width: exit 1 and the reason'
is "$(stat_of plan '.methods.eth_getLogs <= 6')" true '  and ranges are not cut to nothing' || stat_of plan .methods
for r in logs both tx; do
    pull "hole.$r" "$r" '--null-round 250' ''
    is "$(cat "$T/hole.$r.status") $(cksum <"$T/hole.$r.rows")" "0 $(jq -c 'select(.block_number != 250)' "$T/ref.$r.rows" | cksum)" \
        "a number that no block has: the others, $r" || diag "$(tail -n 5 "$T/hole.$r.err")"
done
pull head logs '--null-round 600 --blocks 610' ''
is "$(cat "$T/head.status") $(cksum <"$T/head.rows")" "0 $(jq -c 'select(.block_number != 600)' "$T/ref.logs.rows" | cksum)" \
    '  at the end of a range near the head' || diag "$(tail -n 5 "$T/head.err")"
pull stamps logs '--log-timestamps' ''
is "$(jq -c 'del(.block_timestamp)' "$T/stamps.rows" | cksum)" "$(jq -c 'del(.block_timestamp)' "$T/ref.logs.rows" | cksum)" \
    'logs with a time and without: the same rows'
is "$(jq .block_timestamp "$T/stamps.rows" | grep -c null)" 0 '  and the time is kept'
pull none logs '--off eth_getLogs --off-style bnb' ''
like "$(cat "$T/none.status") $(cat "$T/none.err")" '^1 .*eth_getLogs' 'no eth_getLogs at all: exit 1 and the reason'
pull dead logs '--dead reset' '--give-up 1'
is "$(cat "$T/dead.status")" 3 'dead from the start: exit 3'
done_testing
