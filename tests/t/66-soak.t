#!/usr/bin/env bash
# A soak: 16 endpoints, each with a mix of faults drawn from a seed, and every row must come out exact,
# nothing restarted by hand, no growth of memory.
#   LOGS=1000000 tests/t/66-soak.t      more of it (default 100,000)
#   SEED=7 tests/t/66-soak.t            other faults
# shellcheck source=tests/lib.sh
. tests/lib.sh
LOGS=${LOGS:-100000} SEED=${SEED:-1} LIMIT=${LIMIT:-$((120 + LOGS / 2000))}
export CIRCUIT_BREAKER_TIMEOUT=1
per_block=10 blocks=$((LOGS / 10))
chain=(--seed 11 --blocks $((blocks + 500)) --logs-per-block "$per_block")

styles() { # styles KIND: their names
    sed -n "s/^ *$1(\"\([^\"]*\)\".*/\1/p" tests/rpcsim/styles.c | grep -vx 1015 | paste -sd ' '
}

draw() { # 16 lines of rpcsim's options; every fourth endpoint lacks old logs
    awk -v seed="$SEED" -v blocks="$blocks" -v per_block="$per_block" -v t="$T" -v ranges="$(styles RANGE)" \
        -v results="$(styles RESULT)" -v rates="$(styles RATE)" -v batches="$(styles BATCH)" -v pruned="$(styles PRUNED)" '
        function between(low, high) { return low + int(rand() * (high - low + 1)) }
        function chance(percent) { return rand() * 100 < percent }
        function one(words,   w, n) { n = split(words, w, " "); return w[between(1, n)] }
        function some(words) { return one(words) "," one(words) "," one(words) }
        BEGIN {
            srand(seed)
            for (i = 1; i <= 16; i++) {
                o = "--latency " between(1, 30) "ms --jitter " between(1, 20) "ms --fault-seed " between(1, 1e6)
                if (chance(60)) o = o " --hang 3s --error-percent " between(1, 12) " --errors " \
                    some("500 502 503 504 drop reset truncated cut empty hang stall internal badgzip html")
                if (chance(50)) o = o " --lie-every " between(15, 60) " --lies " \
                    some("outside duplicate hash missing removed unordered badhex overflow block")
                if (chance(40)) o = o " --rate " between(20, 100) " --burst " between(5, 40) " --rate-style " one(rates) \
                    " --retry-after " one("none seconds date zero")
                if (chance(40)) o = o " --max-range " between(5, 400) " --range-style " one(ranges)
                if (chance(40)) o = o " --max-results " between(3 * per_block, 2000) " --result-style " one(results) \
                    " --suggest " one("correct inverted equal shifted wide")
                if (chance(30)) o = o " --max-batch " between(1, 20) " --batch-style " one(batches)
                if (chance(30)) o = o " --mangle " some("missing shuffled strings duplicate unknown") " --mangle-every " between(2, 9)
                if (chance(30)) o = o " --behind " between(1, 60) " --behind-every " between(2, 9)
                if (chance(30)) o = o " --gzip 1"
                if (i % 4 == 0) o = o " --pruned-below " between(1, blocks) " --pruned-style " one(pruned)
                if (chance(30)) {
                    printf "at %ds dead=%s\nat %ds dead=off\n", between(1, 3), one("refuse reset"), between(4, 6) > t "/scenario" i
                    o = o " --scenario " t "/scenario" i
                }
                print o
            }
        }'
}

tables() { # tables SCHEMA
    (export PGOPTIONS="-c search_path=$1"; checksum logs blocks)
    covered "$1" | cut -d '|' -f 2
}

below() { # below PID: its descendants
    local pid
    for pid in $(pgrep -P "$1"); do echo "$pid"; below "$pid"; done
}

watch_memory() { # watch_memory PID: "program pid kB" of all below it, twice a second
    local pid name size
    until gone "$1"; do
        for pid in $(below "$1"); do
            read -r name 2>/dev/null <"/proc/$pid/comm" || continue
            size=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
            [[ $name =~ ^(producer|fetcher|writer)$ ]] && echo "$name $pid ${size:-0}"
        done
        read -r -t 0.5 <&"$NEVER"
    done
}

start_postgres 'max_wal_size = 1GB'
start_rpcsim calm "${chain[@]}"
job=(./run.sh --db "$DB" --from 1 --to "$blocks" --step 25 --dataset blocks,logs)
run "${job[@]}" --schema calm --rpc "$URL"
is "$STATUS|$(sql 'select count(*) from calm.logs')" "0|$LOGS" "a healthy endpoint: $LOGS logs" || bail "$ERR"

rpcs=() n=0
while read -r -a faults; do
    n=$((n + 1))
    start_rpcsim "e$n" "${chain[@]}" "${faults[@]}"
    rpcs+=(--rpc "e$n=$URL,timeout=2")
    [ -z "${VERBOSE:-}" ] || diag "e$n: ${faults[*]}"
done < <(draw)
start=$SECONDS
spawn soak "${job[@]}" --schema soak --attempts 20 "${rpcs[@]}"
run_pid=$PID
watch_memory "$run_pid" >"$T/memory" &
wait_for "$LIMIT" gone "$run_pid"
wait "$run_pid"
is "$?" 0 "16 endpoints with faults: exit 0, after $((SECONDS - start)) s" || diag "$(tail -n 40 "$T/soak.err")"
is "$(tables soak)" "$(tables calm)" 'the same rows and coverage'
is "$(grep -c 'ended (' "$T/soak.err")" 0 'no program crashed' || diag "$(grep 'ended (' "$T/soak.err")"

# the second half of each process' life must not need more memory than the first, but for a margin
growth=$(awk '{ n[$2]++; v[$2, n[$2]] = $3; name[$2] = $1 }
    END { for (p in n) { half = v[p, int((n[p] + 1) / 2)]; last = v[p, n[p]]; if (last > m[name[p]]) m[name[p]] = last
              if (n[p] > 6 && last > half * 1.25 + 8192) print name[p], half, last }
          for (p in m) printf "%s %d MB\n", p, m[p] / 1024 > "/dev/stderr" }' "$T/memory" 2>"$T/peaks")
is "$growth" '' "no growth of memory (peaks: $(paste -sd ' ' "$T/peaks"))"
done_testing
