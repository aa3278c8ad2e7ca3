#!/usr/bin/env bash
# many.sh [SECONDS [quick]] - many endpoints with different rates and latencies: throughput beside the sum of what they
# allow, from the start and once these rates are learned; the same with half of them dead, throttled or hanging; and one
# that dies and returns. These wait nearly all the time: all but the largest go side by side.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
FOR=${1:-30} QUICK=${2:-} LEARNING=4
need
bench_postgres
SIMS=() URLS=() SPECS=() SUM=0

start() { # start NAME OPTION...
    start_rpcsim "$1" --blocks 10000000 --logs-per-block 1 "${@:2}"
    SIMS+=("$PID") SPECS+=("$1=$URL")
}

healthy() { # healthy N: rates of 30 to 80 a second, latencies of 5 to 60 ms
    local i rate
    for ((i = 0; i < $1; i++)); do
        rate=$((30 + i * 19 % 51))
        start "good$i" --rate "$rate" --burst 10 --latency $((5 + i * 23 % 56))ms --retry-after seconds
        URLS+=("$URL") SUM=$((SUM + rate))
    done
}

broken() { # broken N: dead, always throttled, hanging, by turns
    local i
    for ((i = 0; i < $1; i++)); do
        case $((i % 3)) in
        0) start "dead$i" --dead refuse ;;
        1) start "throttled$i" --quota 5 ;;
        2) start "hanging$i" --error-percent 100 --errors hang ;;
        esac
    done
}

stop_all() {
    local pid
    for pid in "${SIMS[@]}"; do stop_process "$pid" 2>/dev/null; done
    SIMS=() URLS=() SPECS=() SUM=0
}

sum_of() { # sum_of JQ_FILTER: over the endpoints that work
    local url
    for url in "${URLS[@]}"; do stats "$url" "$1"; done | awk '{ s += $1 } END { printf "%.0f", s }'
}

served() { # logs requests that were answered
    sum_of '.methods.eth_getLogs // 0'
}

measure() { # measure WHAT WANTED: once at LEARNING seconds and once before the end
    local tasks=$((SUM * FOR)) t0 n0 t1 n1 rate
    fresh "$SCHEMA"
    {
        sleep "$LEARNING"
        echo "$(now_us) $(served)"
        sleep $(((FOR - LEARNING) * 4 / 5))
        echo "$(now_us) $(served)"
    } >"$T/looks" &
    pipeline "$SCHEMA" "--from 1 --to $tasks --step 1 --dataset logs" "${SPECS[@]}"
    wait $!
    read -r -d '' t0 n0 t1 n1 <"$T/looks"
    rate=$(calc "($n1 - $n0) * 1e6 / ($t1 - $t0)")
    row "$1" '%9.2f' "$(calc "$rate / $SUM")" \
        "$(printf 'wanted: %s; %.0f of %d tasks/s; %s refused; from the first on: %.2f' "$2" "$rate" "$SUM" \
            "$(sum_of .refused.rate)" "$(calc "$tasks / $(pull_seconds "${URLS[@]}") / $SUM")")"
    stop_all
}

good() { # good N
    healthy "$1"
    measure "$1 endpoint$([ "$1" -eq 1 ] || echo s)" 0.95
}

half() {
    healthy 8
    broken 8
    measure '8 of 16 dead, throttled or hanging: of the other 8' 0.90
}

returns() { # one that dies and returns, beside two others
    local tasks
    printf 'at 2s dead=refuse\nat 5s dead=off\n' >"$T/returns"
    healthy 2
    start returns --rate 50 --burst 10 --latency 10ms --scenario "$T/returns"
    URLS+=("$URL") tasks=$(((SUM + 50) * 12))
    fresh "$SCHEMA"
    pipeline "$SCHEMA" "--from 1 --to $tasks --step 1 --dataset logs" "${SPECS[@]}"
    row 'dead from 2 s to 5 s: asked again after its return' '%9.2f s' "$(stats "$URL" '.max_gap_us / 1e6 - 3')" \
        "$(printf 'wanted: 10; it served %s of %s' "$(stats "$URL" .methods.eth_getLogs)" "$tasks")"
    stop_all
}

title "many endpoints: tasks a second beside the sum of the rates that they allow, $FOR s each, from second $LEARNING on"
if [ -z "$QUICK" ]; then
    apart few good 1
    apart three good 3
    apart back returns
    together
    apart eight good 8
    apart half half
    together
    good 16
else
    good 16
    half
fi
