#!/usr/bin/env bash
# scale.sh [LOGS] - the same job with 1, 8 and 32 fetchers on this machine, tasks of 10 blocks far below the newest: CPU a
# million logs, memory, time. Half of the job is done first, and what that takes is taken off: starting so many
# processes, and all that each learns and lays in first, is of the processes, not of the tasks. It is told beside.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-1600000}
FEW=$((LOGS / 2))
need
bench_postgres
start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 20000)) --logs-per-block 100 --txs-per-block 10

job() { # job LOGS SPEC...: sets CPU, of all our processes, in seconds
    fresh bench
    pipeline bench "--from 1 --to $(($1 / 100)) --step 10 --dataset logs" "${@:2}"
    CPU=$(calc "$(used producer) + $(used fetcher) + $(used writer)")
    rows=$(sql 'select count(*) from bench.logs')
    [ "$rows" = "$1" ] || diag "scale: $rows rows of $1"
}

title "1 to 32 fetchers: $LOGS logs, tasks of 1,000 logs"
one=''
for n in 1 8 32; do
    specs=()
    for ((i = 1; i <= n; i++)); do specs+=("sim$i=$URL"); done
    job "$FEW" "${specs[@]}"
    few=$CPU few_fetchers=$(used fetcher) few_s=$WALL
    job "$LOGS" "${specs[@]}"
    million=$(calc "($CPU - $few) / ($LOGS - $FEW) * 1e6")
    one=${one:-$million}
    row "$n, CPU a million logs more" '%9.2f s' "$million" "$(printf 'fetchers %.2f s; %.2f of that of one' \
        "$(calc "($(used fetcher) - $few_fetchers) / ($LOGS - $FEW) * 1e6")" "$(calc "$million / $one")")"
    row '  before that' '%9.2f s' "$(calc "$few - $million * $FEW / 1e6")" \
        "to start them; in all $(printf '%.2f s' "$WALL"), and $(printf '%.2f s' "$few_s") for half"
    row '  a fetcher, the largest' '%9.1f MB' "$(peak_mb fetcher)" \
        "writer $(peak_mb writer) MB, producer $(peak_mb producer) MB"
done
