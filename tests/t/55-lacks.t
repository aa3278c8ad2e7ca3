#!/usr/bin/env bash
# gaps, fill and enrich: what the database lacks by its own account is found and pulled, and only that.
# shellcheck source=tests/lib.sh
. tests/lib.sh
export SLUICE_VAR=$T/var

start_rpcsim chain --blocks 2000 --logs-per-block 6 --txs-per-block 3 --latency 5ms
rpc=(--rpc "one=$URL")
start_postgres
export DATABASE_URL=$DB
contract=$(sed -n 's/.*"address":"\(0x[0-9a-f]*\)".*/\1/p' < <($FETCHER --rpc "$URL" -i - -o - --format ndjson \
    <<<'task=1 dataset=logs from=1 to=1' 2>/dev/null) | head -n 1)

# --- gaps and fill ---
for blocks in '1 300' '500 700' '900 1000'; do
    run ./run.sh "${rpc[@]}" --from "${blocks% *}" --to "${blocks#* }"
    is "$STATUS" 0 "blocks $blocks: exit 0" || diag "$ERR"
done
for blocks in '100 200' '400 500'; do
    run ./run.sh "${rpc[@]}" --from "${blocks% *}" --to "${blocks#* }" --address "$contract"
    is "$STATUS" 0 "blocks $blocks of one contract: exit 0" || diag "$ERR"
done
run ./run.sh gaps
is "$STATUS" 0 'gaps: exit 0' || diag "$ERR"
is "$OUT" "job=1 chain=31337 dataset=logs from=301 to=499
job=1 chain=31337 dataset=logs from=701 to=899
job=2 chain=31337 dataset=logs from=201 to=399 address=$contract" 'prints what every job lacks'
run ./run.sh gaps "${rpc[@]}" --from 250 --to 950
is "$OUT" $'301-499\n701-899' 'or what one job lacks'
run ./run.sh gaps "${rpc[@]}" --from 250 --to 450 --address "$contract"
is "$OUT" 250-399 'of another filter' || diag "$ERR"
run ./run.sh fill "${rpc[@]}"
is "$STATUS" 0 'fill: exit 0' || diag "$ERR"
is "$(covered public)" $'1|{[1,1001)}\n2|{[100,501)}' 'covers both jobs'
is "$(grep -c 'completed task' <<<"$ERR")" 3 'with three tasks' || diag "$ERR"
is "$(sql 'select count(*) from logs where block_number <= 1000')" 6000 'and every log is there'
run ./run.sh fill "${rpc[@]}"
like "$STATUS $ERR" '^0 .*nothing missing' 'a second fill finds nothing missing'
run ./run.sh gaps
is "$STATUS $OUT" '0 ' 'and gaps prints nothing'

# --- enrich ---
wanted=$(sql 'select count(distinct transaction_hash) from logs')
run ./run.sh enrich "${rpc[@]}" --dry-run
is "$STATUS" 0 'enrich --dry-run: exit 0'
like "$ERR" "$wanted transactions are missing" 'counts what is missing'
spawn killed ./run.sh enrich "${rpc[@]}" --pause 0.2 --workers 2
some() { [ "$(sql "select case when to_regclass('transactions') is null then 0 else 1 end")" = 1 ] &&
    [ "$(sql 'select count(*) from transactions')" -gt 0 ]; }
wait_for 60 some
ok $? 'enrich lands transactions'
kill -KILL "$PID"
wait "$PID" 2>/dev/null
done=$(sql 'select count(*) from transactions')
[ "$done" -lt "$wanted" ]
ok $? "killed with $done of $wanted"
run ./run.sh enrich "${rpc[@]}" --pause 0 --workers 2
is "$STATUS" 0 'the next one: exit 0' || diag "$ERR"
like "$ERR" 'Progress: ([0-9]+)/\1 batches \(100.0 %\), [0-9]+ active workers' 'progress'
like "$ERR" 'processed: [0-9]+ transactions' 'and a summary'
missing=$(sed -n 's/.*: \([0-9]*\) transactions are missing.*/\1/p' <<<"$ERR")
[ "$missing" -lt "$wanted" ] && [ "$missing" -le $((wanted - done + 500)) ]
ok $? "fetched the rest only: $missing"
is "$(sql 'select count(*) from logs l where not exists
    (select from transactions t where t.transaction_hash = l.transaction_hash and t.gas_used is not null)')" 0 \
    'every log has its transaction, with receipt'
is "$(sql 'select count(*) from transactions')" "$wanted" 'and there is no other'
run ./run.sh enrich "${rpc[@]}"
like "$STATUS $ERR" '^0 .*nothing missing' 'a second enrich finds nothing missing'
done_testing
