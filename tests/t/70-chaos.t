#!/usr/bin/env bash
# Exactly once: producer, fetchers, writer and PostgreSQL are killed at random moments (in units of
# committed tasks, drawn from a seed), and the tables must come out as if nothing had happened.
#   SEEDS="1 2 3" tests/t/70-chaos.t      other seeds (default 1 to 20)
# Four runs go on at a time, on one database: its restarts hit them all.
# shellcheck source=tests/lib.sh
. tests/lib.sh
read -r -a seeds <<<"${SEEDS:-$(seq -s ' ' 20)}"
from=100 to=699 chain=(--seed 7 --blocks 1000 --logs-per-block 20 --latency 40ms)

start_postgres 'max_wal_size = 256MB'
rpcs=()
for name in a b c; do
    start_rpcsim "$name" "${chain[@]}"
    rpcs+=(--rpc "$name=$URL,concurrency=2")
done

job() { # job SCHEMA: the command line, in the array JOB
    JOB=(./run.sh --db "$DB" --schema "$1" "${rpcs[@]}" --from "$from" --to "$to" --step 3 --dataset logs,blocks)
}

tables() { # tables SCHEMA: everything that must not depend on what happened meanwhile
    (export PGOPTIONS="-c search_path=$1"; checksum logs blocks)
    sql "select dataset, range_agg(int8range(from_block, to_block, '[]')) from $1.ranges join $1.jobs using (job_id)
         group by job_id, dataset order by 1"
}

program_pids() { # program_pids RUN_PID NAME: descendants of that name
    local pid
    for pid in $(pgrep -P "$1"); do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && echo "$pid"
        program_pids "$pid" "$2"
    done
}

completed() { # completed FILE N: at least N tasks are committed, or the run is over
    [ "$(grep -c 'completed task' "$1")" -ge "$2" ] || gone "$run_pid"
}

disturb() { # disturb VICTIM: kills one process of that kind, or crashes the database
    local pids
    [ "$1" = postgres ] && { flock 6 && restart_postgres immediate 6>&-; flock -u 6; return; }
    mapfile -t pids < <(program_pids "$run_pid" "$1")
    [ ${#pids[@]} -gt 0 ] && kill -KILL "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null
}

job calm
run "${JOB[@]}"
is "$STATUS" 0 'the undisturbed run' || bail "$ERR"
wanted=$(tables calm)
like "$wanted" 'logs\|1[0-9]{4}\|' 'has over 10,000 logs'

victims=(producer fetcher fetcher fetcher writer postgres)
chaos() { # chaos SEED: a run with three disturbances; leaves its story in $T/story.SEED, its end in $T/end.SEED
    local at=0 victim story=''
    RANDOM=$1
    job "run$1"
    exec 6>"$T/restart"
    flock 6 # a run that finds no database at its start is to give up at once, so none restarts until it has begun
    spawn "run$1" "${JOB[@]}" 6>&-
    run_pid=$PID
    wait_for 100 completed "$T/run$1.err" 1
    flock -u 6
    for _ in 1 2 3; do
        at=$((at + 5 + RANDOM % 50))
        victim=${victims[RANDOM % ${#victims[@]}]}
        wait_for 100 completed "$T/run$1.err" "$at"
        story+=" $victim@$at"
        echo "$story" >"$T/story.$1"
        disturb "$victim"
    done
    wait_for 150 gone "$run_pid"
    wait "$run_pid"
    echo "$?" >"$T/end.$1"
}

for seed in "${seeds[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge $((4 + ${#rpcs[@]} / 2)) ]; do wait -n; done # beside the endpoints
    chaos "$seed" &
done
all_ended() { for seed in "${seeds[@]}"; do [ -s "$T/end.$seed" ] || return; done; }
wait_for 300 all_ended
for seed in "${seeds[@]}"; do
    is "$(<"$T/end.$seed")" 0 "seed $seed: exit 0 after$(<"$T/story.$seed")" || diag "$(tail -n 30 "$T/run$seed.err")"
    is "$(tables "run$seed")" "$wanted" "seed $seed: the same rows and coverage"
done

job stopped
spawn stopped "${JOB[@]}" --lease 4
run_pid=$PID
wait_for 60 completed "$T/stopped.err" 20
mapfile -t pids < <(program_pids "$run_pid" fetcher)
fetchers() { pgrep -f "$FETCHER .*$T/"; } # by their links
is "$(fetchers | wc -l)" $((${#rpcs[@]} / 2)) 'a fetcher for each endpoint'
kill -STOP "${pids[0]}"
stopped_at=$SECONDS
wait_for 60 gone "$run_pid"
wait "$run_pid"
is "$?" 0 'a fetcher that is stopped (SIGSTOP) does not fail the run' || diag "$(tail -n 30 "$T/stopped.err")"
[ $((SECONDS - stopped_at)) -le 20 ]
ok $? 'nor hold it up much longer than its lease of 4 s'
is "$(tables stopped)" "$wanted" 'the same rows and coverage'
is "$(fetchers)" '' 'no fetcher is left behind, not even the stopped one'
done_testing
