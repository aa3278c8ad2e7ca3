#!/usr/bin/env bash
# ranges.sh [RANGES [COVERED]] - very many ranges of one block: the time of the first tenth beside that of the last; how soon a
# job goes on that has covered as many, one whose writer was killed, and one with COVERED ranges that do not touch.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
RANGES=${1:-50000} COVERED=${2:-1000000}
need
bench_postgres
start_rpcsim chain --blocks $((RANGES + 1000)) --logs-per-block 1 --txs-per-block 1

fresh bench
before=$(pg_cpu)
LIMIT=3600 pipeline bench "--from 1 --to $RANGES --step 1 --dataset logs" "sim=$URL,concurrency=32"
CPU_PG=$(calc "($(pg_cpu) - $before) / $RANGES * 1e6")
part=0.1 name=tenth
[ "$RANGES" -ge 500000 ] || part=0.3 name=third # there are too few commits in a tenth
ratio=$(sql "with c as (select percentile_disc(array[0, $part, 1 - $part, 1]::float8[]) within group (order by extract(epoch
    from pg_xact_commit_timestamp(xmin))) p from bench.logs) select (p[4] - p[3]) / (p[2] - p[1]) from c")
title "many ranges: $RANGES of one block each"
row 'ranges a second' '%9.0f /s' "$(calc "$RANGES / $WALL")"
row "last $name : first $name, time" '%9.2f' "$ratio" 'by commit timestamps; wanted: 1.10'
row 'producer: CPU a million ranges' '%9.2f s' "$(calc "$(used producer) / $RANGES * 1e6")" "peak $(peak_mb producer) MB"
row 'fetcher: CPU a million ranges' '%9.2f s' "$(calc "$(used fetcher) / $RANGES * 1e6")" "peak $(peak_mb fetcher) MB"
row 'writer: CPU a million ranges' '%9.2f s' "$(calc "$(used writer) / $RANGES * 1e6")" "peak $(peak_mb writer) MB"
row 'PostgreSQL: CPU a million ranges' '%9.2f s' "$CPU_PG"
row 'lines in ranges' '%9d' "$(sql 'select count(*) from bench.ranges')"
rows=$(sql 'select count(*) from bench.logs')
[ "$rows" = "$RANGES" ] || diag "ranges: $rows rows of $RANGES"

asked() { [ "$(stats "$URL" '.first_logs_us > 0')" = true ]; }
quiet() { [ "$(sql "select count(*) from pg_stat_activity where backend_type = 'client backend'")" -eq 1 ]; }

resume() { # resume WHAT TO: run.sh until its first task, for the blocks from 1 on; the endpoint is asked for the first time
    local start sim lines
    start_rpcsim resumed --blocks 100000000 --logs-per-block 1 --txs-per-block 1
    sim=$PID
    lines=$(sql 'select count(*) from bench.ranges')
    start=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime) # of the clock that the simulator reads
    spawn resume ./run.sh --db "$DB" --schema bench --rpc "sim=$URL" --from 1 --to "$2" --step 1
    wait_for 120 asked || bail "$(cat "$T/resume.err")"
    row "$1" '%9.0f ms' "$(calc "$(stats "$URL" .first_logs_us) / 1000 - $start")" "wanted: 1000; $lines lines in ranges"
    { kill -KILL "$PID" && wait "$PID"; } 2>/dev/null # its programs end with it
    wait_for 30 quiet
    stop_process "$sim" 2>/dev/null
}

title 'a resume: start of run.sh to its first task'
resume "$RANGES ranges are covered, $RANGES more are wanted" $((2 * RANGES))
sql "truncate bench.ranges; insert into bench.ranges (job_id, from_block, to_block, endpoint, row_count, committed_at)
    select job_id, 1, $COVERED, 'sim', $COVERED, now() from bench.jobs; insert into bench.ranges (job_id, from_block, to_block,
    endpoint, row_count, committed_at) select job_id, $COVERED + n, $COVERED + n, 'sim' || n % 2, 1, now() from bench.jobs,
    generate_series(1, 50000) n; analyze bench.ranges" # a writer that is killed leaves less than this
resume "$COVERED ranges are covered, the last 50000 not merged yet" $((COVERED + 51000))
sql "truncate bench.ranges; insert into bench.ranges (job_id, from_block, to_block, endpoint, row_count, committed_at)
    select job_id, 2 * n, 2 * n, 'sim', 1, now() from bench.jobs, generate_series(1, $COVERED) n; analyze bench.ranges"
resume "$COVERED ranges are covered, with a gap between any two" $((2 * COVERED))
