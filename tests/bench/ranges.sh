#!/usr/bin/env bash
# ranges.sh [RANGES] - very many ranges of one block: the time of the first tenth beside that of the last.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
RANGES=${1:-50000}
need
bench_postgres
start_rpcsim chain --blocks $((RANGES + 1000)) --logs-per-block 1 --txs-per-block 1

watch_calls() { # a line "microseconds calls" every 50 ms
    while sleep 0.05; do
        echo "$(now_us) $(stats "$URL" '.methods.eth_getLogs // 0')"
    done >"$T/calls"
}

fresh bench
before=$(pg_cpu)
watch_calls &
WATCHER=$!
LIMIT=300 pipeline bench "--from 1 --to $RANGES --step 1 --dataset logs" "sim=$URL,concurrency=32"
CPU_PG=$(calc "($(pg_cpu) - $before) / $RANGES * 1e6")
kill "$WATCHER"
tenth() { # tenth N: seconds of it, by the calls that the endpoint had answered at each look
    awk -v from="$((RANGES * ($1 - 1) / 10))" -v to="$((RANGES * $1 / 10))" '
        $2 > 0 && !t0 && $2 >= from { t0 = $1; n0 = $2 }
        !t1 && $2 >= to { t1 = $1; n1 = $2 }
        { last = $1; calls = $2 }
        END { if (!t1) { t1 = last; n1 = calls }
              printf "%.6f", (t1 - t0) / 1e6 / (n1 - n0) * (to - from) }' "$T/calls"
}
title "many ranges: $RANGES of one block each"
row 'ranges a second' '%9.0f /s' "$(calc "$RANGES / $WALL")"
row 'last tenth : first tenth, time' '%9.2f' "$(calc "$(tenth 10) / $(tenth 1)")" 'wanted: 1.10'
row 'producer: CPU a million ranges' '%9.2f s' "$(calc "$(used producer) / $RANGES * 1e6")" "peak $(peak_mb producer) MB"
row 'fetcher: CPU a million ranges' '%9.2f s' "$(calc "$(used fetcher) / $RANGES * 1e6")" "peak $(peak_mb fetcher) MB"
row 'writer: CPU a million ranges' '%9.2f s' "$(calc "$(used writer) / $RANGES * 1e6")" "peak $(peak_mb writer) MB"
row 'PostgreSQL: CPU a million ranges' '%9.2f s' "$CPU_PG"
row 'lines in ranges' '%9d' "$(sql 'select count(*) from bench.ranges')"
rows=$(sql 'select count(*) from bench.logs')
[ "$rows" = "$RANGES" ] || diag "ranges: $rows rows of $RANGES"

title 'a resume with ten million blocks covered'
fresh bench
pipeline bench '--from 1 --to 10 --dataset logs' "sim=$URL"
sql "insert into bench.ranges (job_id, from_block, to_block, endpoint, row_count, committed_at)
    select job_id, 100 + 2 * n, 100 + 2 * n, 'sim', 1, now() from bench.jobs, generate_series(1, ${COVERED:-1000000}) n"
sql 'analyze bench.ranges'
start=$(now_us)
$WRITER --gaps --schema bench --chain-id 31337 --dataset logs --from 1 --to 10 >"$T/gaps"
row "gaps of a job with ${COVERED:-1000000} ranges, looked for in 10 blocks" '%9.0f ms' "$(calc "($(now_us) - $start) / 1e3")" 'wanted: 1000'
start=$(now_us)
$WRITER --gaps --schema bench --chain-id 31337 --dataset logs --from 1 --to 30000000 >"$T/gaps"
row '  and in all of them' '%9.0f ms' "$(calc "($(now_us) - $start) / 1e3")" "$(wc -l <"$T/gaps") gaps"
