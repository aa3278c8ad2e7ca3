#!/usr/bin/env bash
# pull.sh [quick] - endpoints of 5, 15 and 50 ms share uniform tasks: how close to the ideal, and who did how much. And 100
# requests of 100 ms.
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

three() { # three CONCURRENCY TASKS
    local ideal took calls=() url
    sims 5 15 50
    fresh bench
    pipeline bench "--from 1 --to $2 --step 1 --dataset logs" \
        "fast=${URLS[0]},concurrency=$1" "middle=${URLS[1]},concurrency=$1" "slow=${URLS[2]},concurrency=$1"
    ideal=$(calc "$2 / ($1 * (1 / 0.005 + 1 / 0.015 + 1 / 0.050))")
    took=$(pull_seconds "${URLS[@]}")
    for url in "${URLS[@]}"; do calls+=("$(stats "$url" .methods.eth_getLogs)"); done
    row "5, 15, 50 ms; concurrency $1; $2 tasks: took / ideal" '%9.2f' "$(calc "$took / $ideal")" \
        "$(printf 'wanted: 1.10; %.2f s; %s calls, of them %s by fast, %s by middle, %s by slow' "$took" \
            "$(calc "${calls[0]} + ${calls[1]} + ${calls[2]}")" "${calls[@]}")"
    row '  the whole run, start to end' '%9.2f s' "$WALL"
    stop_sims
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
[ "${1:-}" = quick ] || three 1 600
three 10 6000
title 'pull: the figures this project grew from (10 s and 1 s)'
[ "${1:-}" = quick ] || hundred 'concurrency 1' ,concurrency=1
hundred 'concurrency 10' ,concurrency=10
[ "${1:-}" = quick ] || hundred 'default' ''
hundred 'concurrency 100' ,concurrency=100
batches
