# shellcheck shell=bash
# lib.sh - what the benchmarks share: the pipeline started by hand and measured, medians, one table.
#
# Each part sources this from the top of the tree and prints lines by row. Everything lives in $T (see
# tests/lib.sh) and goes at exit or Ctrl-C.

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit
# shellcheck source=tests/lib.sh
. tests/lib.sh

RUSAGE=${RUSAGE:-.build/tests/bench/rusage}
FETCHER_OPTIONS=()
# shellcheck disable=SC2034  # for the parts
WALL=0 FETCHERS=0 SCHEMA=bench

need() { # the programs, built where they are missing; copies of them, so that a build does not disturb
    local program
    # shellcheck disable=SC2153
    for program in "$PRODUCER" "$FETCHER" "$WRITER" "$RPCSIM" "$RUSAGE"; do
        [ -x "$program" ] || make -s -j "$(nproc)" "$program" >&2 || bail 'the build failed'
        cp "$program" "$T/" || bail "no $program"
    done
    PRODUCER=$T/producer FETCHER=$T/fetcher WRITER=$T/writer RPCSIM=$T/rpcsim RUSAGE=$T/rusage
}

machine() { # one line
    local version
    version=$("$PG_BIN/postgres" --version)
    printf '%s, %s cores, %s, Linux %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
        "${version/ (PostgreSQL)/}" "$(uname -r)"
}

# --- figures ---

now_us() {
    echo "${EPOCHREALTIME/[.,]/}"
}

calc() { # calc EXPRESSION: awk's arithmetic
    awk "BEGIN { printf \"%.10g\", ($1) }" # in parentheses, or a > would write a file
}

median() { # median NUMBER...
    printf '%s\n' "$@" | sort -g |
        awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

title() { # title TEXT: of a part
    printf '\n%s\n' "$*"
}

row() { # row WHAT FORMAT VALUE [REMARK]: FORMAT is printf's, with the unit
    # shellcheck disable=SC2059
    printf "  %-58s ${2} %s\n" "$1" "$3" "${4:+  ($4)}"
}

# --- what waits more than it works goes side by side ---

APART=()

at_its_place() { # at_its_place NAME COMMAND...: in a schema and a folder of its own
    # shellcheck disable=SC2034
    local SCHEMA=bench_$1 T=$T/$1
    "${@:2}" >"$T/said"
}

apart() { # apart NAME COMMAND...: in the background; prints at `together`
    mkdir "$T/$1" && ln -s ../pids "$T/$1/pids"
    at_its_place "$@" &
    echo "$!" >>"$T/pids"
    APART+=("$T/$1" "$!")
}

together() { # waits for those, and prints what they said, in order
    set -- "${APART[@]}"
    APART=()
    while [ $# -gt 0 ]; do
        wait "$2"
        cat "$1/said"
        shift 2
    done
}

# --- the database: durable, as run.sh makes it ---

bench_postgres() {
    start_postgres max_wal_size=4GB checkpoint_timeout=15min checkpoint_completion_target=0.9 \
        track_commit_timestamp=on
    export DATABASE_URL=$DB
}

ticks() { # ticks FIELD... < /proc/PID/stat: sum of these fields
    local line
    read -r line
    line=${line##*) }
    # shellcheck disable=SC2086
    set -- $line
    echo $((${12} + ${13}))
}

pg_cpu() { # seconds that PostgreSQL used so far, dead backends too
    local main pid sum line
    sql 'select pg_sleep(0.1)' >/dev/null # backends that ended are counted by then
    main=$(head -n 1 "$PGDATA_DIR/postmaster.pid")
    line=$(<"/proc/$main/stat")
    line=${line##*) }
    # shellcheck disable=SC2086
    set -- $line
    sum=$((${12} + ${13} + ${14} + ${15}))
    # shellcheck disable=SC2013
    for pid in $(cat "/proc/$main/task/$main/children"); do
        sum=$((sum + $(ticks 2>/dev/null <"/proc/$pid/stat" || echo 0)))
    done
    calc "$sum / $(getconf CLK_TCK)"
}

fresh() { # fresh SCHEMA: no trace of a run, and no checkpoint due
    PGOPTIONS='-c client_min_messages=error' sql "drop schema if exists $1 cascade; create schema $1" &&
        sql checkpoint
}

# --- the pipeline ---

# pipeline SCHEMA "PRODUCER_OPTIONS" SPEC...: runs to the end; sets WALL (seconds) and STATUS. What each
# process took is in $T/use.ROLE (rusage's words); FETCHER_OPTIONS go to every fetcher.
pipeline() {
    local schema=$1 options=$2 start pids=() name=0 spec
    shift 2
    local dir=$T/pipe
    rm -rf "$dir" && mkdir "$dir"
    rm -f "$T"/use.*
    local ends=(--results "ipc://$dir/results" --control "ipc://$dir/control")
    start=$(now_us)
    spawn writer "$RUSAGE" "$T/use.writer" "$WRITER" "${ends[@]}" --schema "$schema"
    pids+=("$PID")
    for spec; do
        name=$((name + 1))
        spawn "fetcher$name" "$RUSAGE" "$T/use.fetcher$name" "$FETCHER" --rpc "$spec" --tasks "ipc://$dir/tasks" \
            "${ends[@]}" "${FETCHER_OPTIONS[@]}"
        pids+=("$PID")
    done
    # shellcheck disable=SC2034
    FETCHERS=$name
    # shellcheck disable=SC2086
    timeout "${LIMIT:-120}" "$RUSAGE" "$T/use.producer" "$PRODUCER" $options --chain-id 31337 \
        --tasks "ipc://$dir/tasks" "${ends[@]}" >"$T/producer.out" 2>"$T/producer.err"
    STATUS=$?
    # shellcheck disable=SC2034
    WALL=$(calc "($(now_us) - $start) / 1e6")
    [ "$STATUS" -eq 0 ] || diag "producer: status $STATUS" "$(cat "$T/producer.err" "$T"/fetcher*.err "$T/writer.err")"
    kill -TERM "${pids[@]:1}" 2>/dev/null # the fetchers before the writer, as run.sh does
    wait "${pids[@]:1}" 2>/dev/null
    kill -TERM "${pids[0]}" 2>/dev/null
    wait "${pids[0]}" 2>/dev/null
}

used() { # used ROLE: CPU seconds; of several processes the sum
    cat "$T"/use."$1"* | awk '{ s += $1 + $2 } END { printf "%.3f", s }'
}

peak_mb() { # peak_mb ROLE: the largest resident set of such a process
    cat "$T"/use."$1"* | awk '$3 > m { m = $3 } END { printf "%.1f", m / 1024 }'
}

# --- endpoints ---

stats() { # stats URL JQ_FILTER
    curl -s "$1/stats" | jq -r "$2"
}

pull_seconds() { # pull_seconds URL...: from the first eth_getLogs at any of them to the last answer
    local url
    for url; do curl -s "$url/stats"; done |
        jq -rs '[.[]|select(.first_logs_us>0)]|(([.[].last_us]|max)-([.[].first_logs_us]|min))/1e6'
}
