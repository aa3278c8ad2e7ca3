#!/usr/bin/env bash
# enrich.sh [TRANSACTIONS] - run.sh enrich: transactions that logs refer to, 100 ms a request, beside one process with single
# requests (a sample of 20, each a transaction and its receipt); then killed half way and started again.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
N=${1:-68173} SAMPLE=20
need
bench_postgres
start_rpcsim chain --blocks $((N / 8 + 2)) --logs-per-block 10 --txs-per-block 8 --latency 100ms
fresh bench
pipeline bench "--from 1 --to $((N / 8 + 1)) --dataset logs" "sim=$URL"
sql "create table bench.wanted as select transaction_hash from (select transaction_hash, min(block_number) b, min(transaction_index) i
        from bench.logs group by 1) t order by b, i limit $N;
    delete from bench.logs where transaction_hash not in (select transaction_hash from bench.wanted); analyze bench.logs"
[ "$(sql 'select count(*) from bench.wanted')" = "$N" ] || bail 'too few transactions'

asked() { stats "$URL" '.methods.eth_getTransactionByHash // 0'; }
landed() { sql 'select count(*) from bench.transactions' 2>/dev/null || echo 0; }
no_transactions() { sql 'set client_min_messages = error; drop table if exists bench.transactions' && sql checkpoint; }

enrich() { # enrich OPTION...: sets WALL
    local start
    start=$(now_us)
    LIMIT=900 run ./run.sh enrich --db "$DB" --schema bench --rpc "sim=$URL" --dataset transactions "$@"
    # shellcheck disable=SC2153
    [ "$STATUS" -eq 0 ] || bail "$ERR"
    WALL=$(calc "($(now_us) - $start) / 1e6")
}

title "enrichment: $N transactions are missing, 100 ms a request"
sql "select '0x' || encode(transaction_hash, 'hex') from bench.wanted limit $SAMPLE" >"$T/sample"
pipeline other "--ranges $T/sample --dataset transactions" "sim=$URL,concurrency=1,batch=1"
single=$(calc "$WALL * $N / $SAMPLE")
row "one process, single requests (from $SAMPLE)" '%9.0f s' "$single"
enrich --pause 0
[ "$(landed)" = "$N" ] || diag "$(landed) of $N"
row 'default workers, no pause' '%9.1f s' "$WALL" "$(sed -n 's/.*\(Workers: .*\)/\1/p' <<<"$ERR")"
row 'single requests : ours' '%9.0f' "$(calc "$single / $WALL")" 'wanted: 20'

no_transactions
before=$(asked)
spawn killed ./run.sh enrich --db "$DB" --schema bench --rpc "sim=$URL" --dataset transactions --pause 0
half() { [ "$(landed)" -ge $((N / 2)) ]; }
wait_for 300 half || bail "$(cat "$T/killed.err")"
{ kill -KILL "$PID" && wait "$PID"; } 2>/dev/null
quiet() { test "$(sql "select count(*) from pg_stat_activity where backend_type = 'client backend'")" -eq 1; }
wait_for 30 quiet
there=$(landed)
middle=$(asked)
enrich --pause 0
row "killed with $there there: asked for" '%9d' $((middle - before))
row 'the next run asked for' '%9d' $(($(asked) - middle)) "missing: $((N - there))"
[ "$(landed)" = "$N" ] || diag "$(landed) of $N"

few=$((N < 1000 ? N : 1000))
no_transactions
sql "delete from bench.logs where transaction_hash not in (select transaction_hash from bench.wanted limit $few)"
enrich
row "$few with the default pause of 150 ms" '%9.1f s' "$WALL"
row 'single requests : ours' '%9.0f' "$(calc "$single * $few / $N / $WALL")"
