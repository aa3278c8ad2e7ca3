#!/usr/bin/env bash
# pull.sh [quick] - endpoints of 5, 15 and 50 ms share uniform tasks: how close to the ideal, who did how much, and how
# close three curls come on this machine that know their share beforehand. And 100 requests of 100 ms.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
need
bench_postgres

sims() { # sims LATENCY...: fresh endpoints; sets URLS
    local ms
    URLS=()
    for ms; do
        start_rpcsim "sim$ms" --blocks 1000000 --logs-per-block 2 --latency "$ms"ms
        URLS+=("$URL") SIMS+=("$PID")
    done
}

stop_sims() {
    local pid
    for pid in "${SIMS[@]}"; do stop_process "$pid" 2>/dev/null; done
    SIMS=()
}
SIMS=()

with_curl() { # with_curl CONCURRENCY TASKS: sets CURL, seconds; each endpoint is given its ideal share beforehand
    local i pids=()
    sims 5 15 50
    for i in 0 1 2; do
        awk -v n="$2" -v i=$i -v url="${URLS[i]}" 'BEGIN {
            split("5 15 50", ms)
            share = int(n / ms[i + 1] / (1 / 5 + 1 / 15 + 1 / 50) + 0.5)
            for (b = 1; b <= share; b++) {
                if (b > 1) print "next"
                printf "url = \"%s\"\noutput = /dev/null\ndata = \"{\\\"jsonrpc\\\":\\\"2.0\\\",\\\"id\\\":1,", url
                printf "\\\"method\\\":\\\"eth_getLogs\\\",\\\"params\\\":[{\\\"fromBlock\\\":\\\"0x%x\\\",\\\"toBlock\\\":\\\"0x%x\\\"}]}\"\n", b, b
            }
        }' >"$T/curl$i"
    done
    for i in 0 1 2; do
        curl -sZ --parallel-immediate --parallel-max "$1" -K "$T/curl$i" 2>/dev/null &
        pids+=("$!")
    done
    wait "${pids[@]}"
    CURL=$(pull_seconds "${URLS[@]}")
    stop_sims
}

three() { # three CONCURRENCY TASKS ROUNDS
    local ideal ours=() theirs=() calls=() url round name="5, 15, 50 ms; concurrency $1; $2 tasks"
    ideal=$(calc "$2 / ($1 * (1 / 0.005 + 1 / 0.015 + 1 / 0.050))")
    for ((round = 0; round < $3; round++)); do
        with_curl "$1" "$2"
        theirs+=("$CURL")
        sims 5 15 50
        fresh bench
        pipeline bench "--from 1 --to $2 --step 1 --dataset logs" \
            "fast=${URLS[0]},concurrency=$1" "middle=${URLS[1]},concurrency=$1" "slow=${URLS[2]},concurrency=$1"
        ours+=("$(pull_seconds "${URLS[@]}")") calls=()
        for url in "${URLS[@]}"; do calls+=("$(stats "$url" .methods.eth_getLogs)"); done
        stop_sims
    done
    row "$name: took / ideal" '%9.2f' "$(calc "$(median "${ours[@]}") / $ideal")" \
        "$(printf 'wanted: 1.10; calls by fast, middle, slow: %s, %s, %s' "${calls[@]}")"
    row '  three curls, each given its share of the ideal' '%9.2f' "$(calc "$(median "${theirs[@]}") / $ideal")"
}

hundred() { # hundred NAME FETCHER_SPEC_WORDS
    sims 100
    fresh bench
    pipeline bench '--from 1 --to 100 --step 1 --dataset logs' "sim=${URLS[0]}$2"
    row "100 requests of 100 ms, $1" '%9.2f s' "$(pull_seconds "${URLS[@]}")" \
        "$(stats "${URLS[0]}" '"\(.methods.eth_getLogs) calls in \(.requests) requests, at most \(.max_in_flight) at once"')"
    stop_sims
}

batches() { # batches: 100 calls again, 25 in a request; from start to end, for want of an eth_getLogs
    sims 100
    fresh bench
    pipeline bench '--from 1 --to 100 --dataset blocks' "sim=${URLS[0]}"
    row '100 headers in batches, the whole run' '%9.2f s' "$WALL" \
        "$(stats "${URLS[0]}" '"\(.methods.eth_getBlockByNumber) calls in \(.requests) requests, at most \(.max_batch) in one"')"
    stop_sims
}

title 'pull: three endpoints, uniform tasks'
if [ "${1:-}" = quick ]; then
    three 10 6000 1
else
    three 1 600 1
    three 10 6000 3
fi
title 'pull: the figures this project grew from (10 s and 1 s)'
[ "${1:-}" = quick ] || hundred 'concurrency 1' ,concurrency=1
hundred 'concurrency 10' ,concurrency=10
[ "${1:-}" = quick ] || hundred 'default' ''
hundred 'concurrency 100' ,concurrency=100
batches
