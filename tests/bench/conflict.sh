#!/usr/bin/env bash
# conflict.sh [LOGS] [ROUNDS] - every row is there already: beside psql with a staging table and INSERT ... ON CONFLICT.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-200000} ROUNDS=${2:-3}
need
bench_postgres
start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 100)) --logs-per-block 100 --txs-per-block 10
JOB="--from 1 --to $((LOGS / 100)) --dataset logs"
fresh bench
pipeline bench "$JOB" "sim=$URL"
sql 'create table bench.first as select * from bench.logs' # in the order of arrival
psql -Xqc "\\copy bench.first to '$T/rows' (format binary)"
sql 'drop table bench.first'
KEY=$(sql "select string_agg(a.attname, ', ' order by k.n) from pg_constraint c, unnest(c.conkey) with ordinality k(attnum, n),
    pg_attribute a where c.conrelid = 'bench.logs'::regclass and c.contype = 'p' and a.attrelid = c.conrelid and a.attnum = k.attnum")
SET=$(sql "select string_agg(format('%I = excluded.%I', attname, attname), ', ') from pg_attribute where attrelid =
    'bench.logs'::regclass and attnum > 0 and not attisdropped and attname not in ('block_number', 'log_index')")

settle() { # so that both begin with the same table
    sql 'vacuum full bench.logs'
    sql checkpoint
}

ours=() theirs=()
for ((round = 0; round < ROUNDS; round++)); do
    settle
    sql 'truncate bench.ranges'
    pipeline bench "$JOB" "sim=$URL"
    ours+=("$WALL")
    settle
    start=$(now_us)
    psql -Xq <<END
begin;
create temp table staging (like bench.logs) on commit drop;
\\copy staging from '$T/rows' (format binary)
insert into bench.logs select * from staging on conflict ($KEY) do update set $SET;
commit;
END
    theirs+=("$(calc "($(now_us) - $start) / 1e6")")
done
title "conflicts: $LOGS logs that are all there already, medians of $ROUNDS"
row 'sluice' '%9.0f logs/s' "$(calc "$LOGS / $(median "${ours[@]}")")"
row 'staging table and INSERT ... ON CONFLICT DO UPDATE' '%9.0f logs/s' "$(calc "$LOGS / $(median "${theirs[@]}")")"
row 'sluice : staging' '%9.2f' "$(calc "$(median "${theirs[@]}") / $(median "${ours[@]}")")" 'wanted: 0.50'
rows=$(sql 'select count(*) from bench.logs')
[ "$rows" = "$LOGS" ] || diag "conflicts: $rows rows of $LOGS"
