#!/usr/bin/env bash
# end-to-end.sh [LOGS] [ROUNDS] - logs from a simulated endpoint into PostgreSQL at default settings, beside psql's
# \copy of the same rows, in the same order, into the same table with the same key.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-1000000} ROUNDS=${2:-3}
need
bench_postgres
start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 100)) --logs-per-block 100 --txs-per-block 10
JOB="--from 1 --to $((LOGS / 100)) --dataset logs"

ours() {
    local before start
    fresh bench
    before=$(pg_cpu)
    start=$(now_us)
    pipeline bench "$JOB" "sim=$URL"
    wall+=("$WALL")
    rows=$(sql 'select count(*) from bench.logs')
    [ "$rows" = "$LOGS" ] || diag "end to end: $rows rows of $LOGS"
    cpu_producer+=("$(used producer)") cpu_fetcher+=("$(used fetcher)") cpu_writer+=("$(used writer)")
    cpu_pg+=("$(calc "$(pg_cpu) - $before")")
    first+=("$(sql "select extract(epoch from min(pg_xact_commit_timestamp(xmin))) * 1e3 - $start / 1e3 from bench.logs")")
    last+=("$(sql "select $start / 1e3 + $WALL * 1e3 - extract(epoch from max(pg_xact_commit_timestamp(xmin))) * 1e3 from bench.logs")")
}

copy() { # copy FORMAT: into a copy of the table that the writer made
    local start before
    fresh plain
    sql 'create table plain.logs (like bench.logs including all)'
    before=$(pg_cpu)
    start=$(now_us)
    psql -Xqc "\\copy plain.logs from '$T/rows.$1' (format $1)"
    COPY_WALL=$(calc "($(now_us) - $start) / 1e6")
    COPY_CPU=$(calc "$(pg_cpu) - $before")
}

wall=() binary=() cpu_producer=() cpu_fetcher=() cpu_writer=() cpu_pg=() cpu_copy=() first=() last=()
for ((round = 0; round < ROUNDS; round++)); do
    ours
    if [ "$round" -eq 0 ]; then # heap order: the order in which the rows arrived
        for format in binary csv; do
            psql -Xqc "\\copy (select * from bench.logs) to '$T/rows.$format' (format $format)"
        done
    fi
    copy binary
    binary+=("$COPY_WALL") cpu_copy+=("$COPY_CPU")
done
copy csv
csv=$COPY_WALL

ours=$(median "${wall[@]}") millions=$(calc "$LOGS / 1e6")
title "end to end: $LOGS logs into PostgreSQL, default settings, medians of $ROUNDS"
row 'sluice' '%9.0f logs/s' "$(calc "$LOGS / $ours")" "$(printf '%.2f s' "$ours")"
row '\copy binary of the same rows' '%9.0f logs/s' "$(calc "$LOGS / $(median "${binary[@]}")")"
row '\copy csv of the same rows, once' '%9.0f logs/s' "$(calc "$LOGS / $csv")"
row 'sluice : \copy binary' '%9.2f' "$(calc "$(median "${binary[@]}") / $ours")" 'wanted: 0.90'
row 'sluice : \copy csv' '%9.2f' "$(calc "$csv / $ours")"
p=$(median "${cpu_producer[@]}") f=$(median "${cpu_fetcher[@]}") w=$(median "${cpu_writer[@]}")
row 'CPU a million logs, all our processes' '%9.2f s' "$(calc "($p + $f + $w) / $millions")" 'wanted: 2.0'
row '  producer' '%9.2f s' "$(calc "$p / $millions")"
row '  fetcher' '%9.2f s' "$(calc "$f / $millions")"
row '  writer' '%9.2f s' "$(calc "$w / $millions")" 'wanted: 0.4'
row '  PostgreSQL, beside that' '%9.2f s' "$(calc "$(median "${cpu_pg[@]}") / $millions")" \
    "\\copy binary: $(calc "$(median "${cpu_copy[@]}") / $millions")"
row 'start of the processes to the first committed row' '%9.0f ms' "$(median "${first[@]}")" 'wanted: 300'
row 'last committed row to the end' '%9.0f ms' "$(median "${last[@]}")"

fresh bench
pipeline bench "$JOB" "a=$URL" "b=$URL" "c=$URL"
title 'peak memory, the same job with 3 fetchers'
row '  producer' '%9.1f MB' "$(peak_mb producer)" 'wanted: 10'
row '  fetcher, the largest' '%9.1f MB' "$(peak_mb fetcher)" 'wanted: 16 and the bytes in flight'
row '  writer' '%9.1f MB' "$(peak_mb writer)" 'wanted: 32'
row '  all 5 together' '%9.1f MB' "$(cat "$T"/use.* | awk '{ s += $3 } END { print s / 1024 }')" 'wanted: 100'
