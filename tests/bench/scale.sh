#!/usr/bin/env bash
# scale.sh [LOGS] - the same job with 1, 4, 16 and 32 fetchers on this machine, tasks of 10 blocks: time, CPU, memory.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-1000000}
need
bench_postgres
title "1 to 32 fetchers: $LOGS logs, tasks of 1,000 logs"
for n in 1 4 16 32; do
    start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 100)) --logs-per-block 100 --txs-per-block 10
    specs=()
    for ((i = 1; i <= n; i++)); do specs+=("sim$i=$URL"); done
    fresh bench
    pipeline bench "--from 1 --to $((LOGS / 100)) --step 10 --dataset logs" "${specs[@]}"
    rows=$(sql 'select count(*) from bench.logs')
    [ "$rows" = "$LOGS" ] || diag "scale: $rows rows of $LOGS"
    cpu=$(calc "($(used producer) + $(used fetcher) + $(used writer)) / $LOGS * 1e6")
    row "$n" '%9.2f s' "$WALL" "$(printf '%.2f s CPU a million logs; a fetcher %s MB, writer %s MB, producer %s MB; %s requests for %d tasks' \
        "$cpu" "$(peak_mb fetcher)" "$(peak_mb writer)" "$(peak_mb producer)" "$(stats "$URL" .methods.eth_getLogs)" $((LOGS / 1000)))"
    stop_process "$PID" 2>/dev/null
done
