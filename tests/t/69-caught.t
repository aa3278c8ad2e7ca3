#!/usr/bin/env bash
# An endpoint is found to leave logs out: what it had answered before is not believed any more. It is uncovered, told,
# and fetched again; what comes after that counts.
# shellcheck source=tests/lib.sh
. tests/lib.sh
GEN=tests/t/wiregen
export CIRCUIT_BREAKER_TIMEOUT=1
start_postgres

doubted() { # doubted ENDPOINT [WORD]...
    $GEN 0 0 1 1 doubted=1 task=77 endpoint="$1" "${@:2}"
}

lines() { # lines SCHEMA: of each job
    sql "select string_agg(concat_ws(' ', from_block || '-' || to_block, endpoint), ', ' order by job_id, from_block) from $1.ranges"
}

# --- the writer ---
other=filter=address=0x1111111111111111111111111111111111111111
"$WRITER" -i - --db "$DB" --schema one < <($GEN 1 100 50 1 endpoint=bad) 2>/dev/null
run "$WRITER" -i - --db "$DB" --schema one < <(
    $GEN 101 200 50 1 endpoint=bad task=3
    $GEN 301 400 50 1 endpoint=good task=5
    $GEN 381 450 70 1 endpoint=bad task=7
    $GEN 1 30 30 1 endpoint=bad task=8 $other
    doubted bad
    $GEN 151 160 10 1 endpoint=bad task=9
    doubted nobody
)
is "$STATUS" 1 'doubted in a pipe: exit 1'
like "$ERR" 'endpoint "bad" left logs out: 170 blocks that it had answered in this run are missing now, the next run fetches' \
    '  and it is said how much'
unlike "$ERR" 'nobody' '  nothing of one that had answered nothing'
is "$(lines one)" '1-100 bad, 151-160 bad, 301-400 good, 1-30 bad' \
    '  what came before this writer, from others, after it or for another job stays' || diag "$ERR"
run "$WRITER" --db "$DB" --schema one --gaps --chain-id 1 --dataset logs --from 1 --to 500
is "$OUT" $'101-150\n161-300\n401-500' '  and the rest is a gap'
is "$(sql 'select count(*) from one.logs')" 350 '  no row was taken away'

told() { # told SCHEMA LINES [OPTION]... <MESSAGES: a writer with a producer to tell; $T/told.out is what it tells
    spawn told $GEN listen "ipc://$T/control" "$2"
    run "$WRITER" -i - --control "ipc://$T/control" --db "$DB" --schema "$1" "${@:3}"
    check "$1: the producer is told $2 lines" wait_for 10 gone "$PID"
    mapfile -t TOLD <"$T/told.out"
}
told two 9 --connections 1 < <(
    $GEN 1 200 100 1 endpoint=bad dataset=logs,blocks
    $GEN 401 500 100 1 endpoint=bad task=3 dataset=logs,blocks
    doubted bad dataset=logs,blocks
    $GEN 1 100 100 1 endpoint=good task=9 dataset=logs,blocks
    $GEN 2001 2100 100 1 endpoint=good task=10 dataset=logs,blocks
)
is "$STATUS" 0 '  exit 0' || diag "$ERR"
is "$(printf '%s\n' "${TOLD[@]:4:3}")" "uncovered run=r1 endpoint=bad rows=400 from=1 to=200
uncovered run=r1 endpoint=bad rows=200 from=401 to=500
lost run=r1 task=77" '  what is uncovered, then that the task is lost, each once for both datasets' || diag "${TOLD[@]}"
is "$(printf '%s\n' "${TOLD[@]:1:3}" "${TOLD[@]:7}" | cut -d ' ' -f 1,3)" "$(printf 'committed task=%d\n' 1 2 3 9 10)" \
    '  after what came before, before what came after' || diag "${TOLD[@]}"
like "$ERR" '300 blocks that it had answered in this run are fetched again' '  and it is said'
is "$(covered two)" $'1|{[1,101),[2001,2101)}\n2|{[1,101),[2001,2101)}' '  covered is what came after'

told copies 6 --connections 1 < <(
    $GEN 1 100 100 1 endpoint=good task=3
    doubted nobody
    $GEN 1 100 100 0 endpoint=bad task=3 try=2
    doubted bad
    $GEN 101 200 100 1 endpoint=good task=4
)
is "$(printf '%s\n' "${TOLD[@]:1}" | cut -d ' ' -f 1,3,5)|$(lines copies)" \
    $'committed task=3 rows=100\nlost task=77\ncommitted task=3 rows=0\nlost task=77\ncommitted task=4 rows=100|1-200 good' \
    '  of copies the first one counts, as it was told' || diag "${TOLD[@]}"

told above 7 --connections 1 < <(
    $GEN 1 200 200 1 endpoint=bad task=3
    $GEN 301 400 100 1 endpoint=bad task=4
    doubted nobody
    $GEN 151 151 1 1 doubted=1 task=77 endpoint=bad
)
is "$(printf '%s\n' "${TOLD[@]:4}")|$(lines above)" "uncovered run=r1 endpoint=bad rows=50 from=151 to=200
uncovered run=r1 endpoint=bad rows=100 from=301 to=400
lost run=r1 task=77|1-150 bad" '  where a backend lags only blocks that it had not are uncovered' || diag "${TOLD[@]}"
is "$(sql 'select row_count from above.ranges')" 150 '  and the rest keeps its rows'

"$WRITER" -i - --db "$DB" --schema many < <($GEN 1 10 10 1) 2>/dev/null
sql "insert into many.ranges select 1, i * 10 + 1, i * 10 + 5, 'good,bad', 0, now() + interval '1 hour' from generate_series(1, 5000) i"
told many 5003 < <(doubted bad; $GEN 1 10 10 1 endpoint=bad task=9)
is "$STATUS $(lines many)" '0 1-10 alpha' '  so many lines go step by step' || diag "$ERR"
is "$(grep -c '^uncovered' "$T/told.out") $(sort -u "$T/told.out" | wc -l)" '5000 5003' '  each is told once'
like "$ERR" ': 25000 blocks that' '  and counted'

# The server has committed it, but its answer is lost: as if a standby had to have it first, which there is not.
"$WRITER" -i - --db "$DB" --schema unsure < <($GEN 1 10 10 1) 2>/dev/null
sql "insert into unsure.ranges values (1, 21, 30, 'bad', 0, now() + interval '1 hour')"
spawn told $GEN listen "ipc://$T/control" 3
teller=$PID
sql "alter system set synchronous_standby_names = 'nobody'"
sql 'select pg_reload_conf()' >/dev/null
spawn unsure bash -c "$GEN 0 0 1 1 doubted=1 task=77 endpoint=bad | exec $WRITER -i - --control ipc://$T/control --db '$DB' --schema unsure"
check 'what a COMMIT uncovers is told before it counts' wait_line 10 "$T/told.out" '^uncovered run=r1 endpoint=bad rows=0 from=21 to=30$'
commits() { test -n "$(sql "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'")"; }
wait_for 10 commits
sql 'alter system reset synchronous_standby_names'
sql 'select pg_reload_conf()' >/dev/null
wait "$PID"
is "$? $(lines unsure)" '0 1-10 alpha' 'the answer to a COMMIT is lost' || diag "$(cat "$T/unsure.err")"
wait_for 10 gone "$teller"
is "$(tail -n +2 "$T/told.out")" 'uncovered run=r1 endpoint=bad rows=0 from=21 to=30
lost run=r1 task=77' '  what may be uncovered is told' || diag "$(cat "$T/unsure.err")"

$GEN 1 20000 10 1 endpoint=bad >"$T/flood"
doubted bad >>"$T/flood"
$GEN 1 20000 10 1 endpoint=bad task=5001 >>"$T/flood"
run "$WRITER" -i - --db "$DB" --schema flood --connections 8 --batch-size 300 <"$T/flood"
is "$STATUS $(covered flood)" '1 1|{[1,20001)}' 'with many connections nothing of what comes after is uncovered' || diag "$ERR"
like "$ERR" ': 20000 blocks that' '  and all that came before is'

run "$WRITER" -i - -o - --format csv < <($GEN 1 10 10 1 endpoint=bad; doubted bad)
like "$STATUS $(wc -l <"$T/run.out") $ERR" '^1 11 .*"bad" left logs out: of what it had answered rows may be missing' \
    'rows that were printed may be too few: it is said, exit 1'

# --- whole runs ---
chain=(--seed 9 --blocks 4000 --logs-per-block 4)
sim() { # sim NAME OPTION...: and SPEC
    start_rpcsim "$1" "${chain[@]}" "${@:2}"
    SPEC=$1=$URL
}

pull() { # pull SCHEMA SPEC... -- [OPTION]...: blocks 1 to 4000
    local schema=$1 specs=()
    shift
    while [ "$1" != -- ]; do specs+=(--rpc "$1"); shift; done
    run ./run.sh --db "$DB" --schema "$schema" "${specs[@]}" --from 1 --to 4000 --step 20 "${@:2}"
}

rows() { # rows SCHEMA
    (export PGOPTIONS="-c search_path=$1"; checksum logs)
}

sim calm
calm=$SPEC
pull calm "$calm" --
is "$STATUS $(rows calm | cut -d '|' -f 2) $(covered calm)" '0 16000 1|{[1,4001)}' 'a healthy endpoint' || bail "$ERR"

caught() { # caught NAME [SIM_OPTION]... -- SPEC... -- [OPTION]...: it, a liar that is found out late, and others
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    sim "$name" "${options[@]}"
    pull "$name" "$SPEC" "${@:2}"
    is "$STATUS|$(covered "$name")" '0|1|{[1,4001)}' "$name: complete" || diag "$ERR"
    is "$(rows "$name")" "$(rows calm)" '  every row' || diag "$ERR"
    like "$ERR" $'\n4000 blocks, 16000 logs ' '  and blocks and rows are counted once'
    [[ $ERR =~ "writer: endpoint \"$name\" left logs out: "[0-9]+' blocks that it had answered in this run are fetched again' ]] &&
        LATE=$((LATE + 1)) # else nothing was committed yet
}
LATE=0
sim honest --latency 20ms
honest=$SPEC
for n in 7 11 23; do caught "fewer$n" --lie-every $n --lies fewer -- "$honest" --; done
sim second --latency 30ms
caught three --lie-every 17 --lies fewer -- "$honest" "$SPEC" --
caught alone --lie-every 13 --lies fewer -- --
caught workers --lie-every 7 --lies fewer -- "$honest" -- --workers 2
caught empty --behind 3900 --behind-every 19 --behind-mode clamp -- "$honest" --
check "some were found out late: $LATE of 7" test "$LATE" -ge 3

# --- one of several backends lags further than answers are proved: what it answered before that shows is taken back ---
LATE=0
for seed in 1 6 9 12; do
    chain=(--seed "$seed" --blocks 20000 --profile sparse --logs-per-block 4)
    sim "near$seed" --latency 40ms
    run ./run.sh --db "$DB" --schema "near$seed" --rpc "$SPEC" --from 1 --to 20000 --step 100
    near=$SPEC
    sim "lags$seed" --behind 12000 --behind-of 12 --behind-mode clamp
    run ./run.sh --db "$DB" --schema "lags$seed" --rpc "$SPEC" --rpc "$near" --from 1 --to 20000 --step 100
    is "$STATUS $(rows "lags$seed")" "0 $(rows "near$seed")" "a backend lags, seed $seed: every row" || diag "$ERR"
    [[ $ERR =~ "writer: endpoint \"lags$seed\" left logs out: "[0-9]+' blocks' ]] && LATE=$((LATE + 1))
    [[ $ERR =~ "endpoint \"lags$seed\" lags: some of its answers lack the newest "[0-9]+' blocks' ]] && SAID=$seed
done
check "  some was taken back: $LATE of 4" test "$LATE" -ge 1
check '  and who lags is named' test -n "${SAID:-}"
chain=(--seed 9 --blocks 4000 --logs-per-block 4)

# --- in a pipe ---
sim liar --lie-every 23 --lies fewer
"$PRODUCER" --from 1 --to 4000 --step 20 -o - | "$FETCHER" --rpc "$SPEC" -i - -o - 2>"$T/fetcher.err" |
    "$WRITER" -i - --db "$DB" --schema pipe 2>"$T/writer.err"
is "${PIPESTATUS[*]}" '0 1 1' 'in a pipe: exit 1'
like "$(cat "$T/writer.err")" '"liar" left logs out: [0-9]+ blocks that it had answered in this run are missing now' '  and why' ||
    diag "$(cat "$T/fetcher.err")"
run "$WRITER" --db "$DB" --schema pipe --gaps --chain-id 31337 --dataset logs --from 1 --to 4000
like "$OUT" '^[0-9]+-[0-9]+' '  with gaps'
pull pipe "$calm" --
is "$STATUS $(covered pipe) $(rows pipe)" "0 1|{[1,4001)} $(rows calm)" '  which the next run fills'

# --- told too late ---
sim late --latency 100ms
spawn late ./run.sh --db "$DB" --schema late --rpc "$SPEC" --from 1 --to 4000 --step 20
job=$PID
deleted() { test -n "$(sql 'delete from late.ranges returning 1')"; }
wait_for 30 deleted # as by a writer to which the producer does not listen any more
wait_for 60 gone "$job"
wait "$job"
is "$? $(covered late)" '0 1|{[1,4001)}' 'uncovered with nobody told: the run looks again what is missing' || diag "$(tail -n 20 "$T/late.err")"
like "$(cat "$T/late.err")" '[0-9]+ blocks are still missing after round 1' '  and says so'

# --- killed meanwhile ---
for role in writer producer; do
    sim "liar_$role" --lie-every 29 --lies fewer
    spawn "run_$role" ./run.sh --db "$DB" --schema "killed_$role" --rpc "$SPEC" --rpc "$honest" --from 1 --to 4000 --step 20
    job=$PID
    wait_line 30 "$T/run_$role.err" 'leaves logs out'
    pkill -KILL -P "$job" -x "$role"
    wait_for 60 gone "$job"
    wait "$job"
    is "$? $(covered "killed_$role")" '0 1|{[1,4001)}' "$role killed when it is found out: complete" || diag "$(tail -n 20 "$T/run_$role.err")"
done
is "$(rows killed_producer)" "$(rows calm)" '  with every row where the writer lived on'
done_testing
