#!/usr/bin/env bash
# scenario.sh - the job this project grew from: 1,000 events of 200 transactions, 100 ms a request, into PostgreSQL. On
# paper 22.6 s one after the other with single upserts, 2.4 s with 10 workers and batches.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
need
bench_postgres
start_rpcsim chain --blocks 10000 --logs-per-block 50 --txs-per-block 10 --latency 100ms

scenario() { # scenario NAME WANTED PRODUCER_OPTIONS SPEC_WORDS
    fresh bench
    pipeline bench "--from 1 --to 20 $3 --dataset logs,transactions" "sim=$URL${4:-}"
    row "$1" '%9.2f s' "$WALL" "$2$(sql "select (select count(*) from bench.logs) || ' events, ' ||
        (select count(*) from bench.transactions) || ' transactions'")"
}

title '1,000 events, 200 transactions, 100 ms a request'
scenario 'default settings' 'wanted: 0.5; ' ''
default=$WALL
export BATCH_SIZE=1
scenario 'concurrency 1, single requests, a message a commit' '' '--step 1' ,concurrency=1,batch=1
unset BATCH_SIZE
row 'ratio' '%9.1f' "$(calc "$WALL / $default")"
