#!/usr/bin/env bash
# scale.sh [LOGS] - the same job with 1, 4, 16 and 32 fetchers on this machine, tasks of 10 blocks: time, CPU, memory.
# What the same processes take for a job of one task is told apart: it is of the processes, not of the tasks.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-1000000}
need
bench_postgres

cpu() { # cpu LAST_BLOCK SPEC...: of all our processes, in seconds
    fresh bench
    pipeline bench "--from 1 --to $1 --step 10 --dataset logs" "${@:2}"
    CPU=$(calc "$(used producer) + $(used fetcher) + $(used writer)")
}

title "1 to 32 fetchers: $LOGS logs, tasks of 1,000 logs"
for n in 1 4 16 32; do
    start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 100)) --logs-per-block 100 --txs-per-block 10
    specs=()
    for ((i = 1; i <= n; i++)); do specs+=("sim$i=$URL"); done
    cpu 10 "${specs[@]}"
    start=$CPU
    asked=$(stats "$URL" .methods.eth_getLogs)
    cpu $((LOGS / 100)) "${specs[@]}"
    rows=$(sql 'select count(*) from bench.logs')
    [ "$rows" = "$LOGS" ] || diag "scale: $rows rows of $LOGS"
    row "$n" '%9.2f s' "$WALL" "$(printf '%.2f s CPU a million logs, and %.2f s to start; ' \
        "$(calc "($CPU - $start) / $LOGS * 1e6")" "$start")$(printf 'a fetcher %s MB, writer %s MB, producer %s MB; ' \
        "$(peak_mb fetcher)" "$(peak_mb writer)" "$(peak_mb producer)")$(printf '%s requests for %d tasks' \
        $(($(stats "$URL" .methods.eth_getLogs) - asked)) $((LOGS / 1000)))"
    stop_process "$PID" 2>/dev/null
done
