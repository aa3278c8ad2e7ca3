#!/usr/bin/env bash
# run.sh (installed as sluice) - pulls a chain's history through many JSON-RPC endpoints into PostgreSQL.
#
# Starts writer, fetchers and producer, restarts what dies, drains on Ctrl-C. Progress is nowhere but in
# the database: a run asks the writer what the job lacks (its gaps) and has the producer hand out just that.
#
#   var/pg         private PostgreSQL, where no database is named; stopped by whoever leaves last
#   var/run/JOB    a running job: lock, pid, sockets; gone when it ends
#
# Every child is ended by the kernel when this process dies (pdeathsig), however it dies.
set -u
exec 3>&2
HERE=$(dirname "$(readlink -f "$0")")
LIB=$HERE/common # in a checkout
[ -d "$LIB" ] || LIB=$HERE/../share/sluice
# shellcheck source=common/options.sh
. "$LIB/options.sh"
# shellcheck source=common/supervise.sh
. "$LIB/supervise.sh"
# shellcheck source=common/cluster.sh
. "$LIB/cluster.sh"
# shellcheck source=common/endpoints.sh
. "$LIB/endpoints.sh"
# shellcheck source=common/jobs.sh
. "$LIB/jobs.sh"
# shellcheck source=common/report.sh
. "$LIB/report.sh"
# shellcheck source=common/lacks.sh
. "$LIB/lacks.sh"
# shellcheck source=common/enrich.sh
. "$LIB/enrich.sh"
# shellcheck source=common/demo.sh
. "$LIB/demo.sh"
DRAIN_S=30  # from a stop to the end: 26 for the work, the rest for fetchers and writer to end in order
WORK_S=26
RUN='' # folder of our job in var/run
TMP='' # folder of our sockets
CREW=() # the endpoint of each fetcher
WANTED=blocks # or, for enrich, transactions or headers
REMEMBER='' # or --remember: what this run asks for stays wanted
GOES_ON='the same command goes on' # after an interruption
PRODUCERS=0 # started so far
FOUND=''  # $TMP/gaps is what is missing, and no producer had it yet
ASKS=1    # endpoints are asked, even where chain and range are known
FILLS=''  # a run of fill: what is wanted of the job already, and no more
FETCHER_WORDS=() # further options of each fetcher
WHY=''  # the run cannot go on

# --- programs: beside this file in a checkout (built when missing), else sluice-* beside it or in PATH ---
find_programs() {
    PATH=$PATH:/usr/sbin:/sbin
    if [ -f "$HERE/producer/main.c" ]; then
        VAR=${SLUICE_VAR:-$HERE/var}
        PRODUCER=$HERE/producer/producer FETCHER=$HERE/fetcher/fetcher WRITER=$HERE/writer/writer
        RPCSIM=$HERE/tests/rpcsim/rpcsim
    else
        PATH=$HERE:$PATH
        VAR=${SLUICE_VAR:-${XDG_STATE_HOME:-${HOME:-/root}/.local/state}/sluice}
        PRODUCER=sluice-producer FETCHER=sluice-fetcher WRITER=sluice-writer RPCSIM=
        command -v $PRODUCER $FETCHER $WRITER >/dev/null ||
            die 2 "sluice-producer, -fetcher and -writer are not in PATH"
    fi
    [[ $VAR == /* ]] || VAR=$PWD/$VAR
    TMP=$(mktemp -d "${TMPDIR:-/tmp}/sluice.XXXXXX") || exit 3
}

install_packages() { # install_packages GROUP...
    [ -x "$HERE/common/deps.sh" ] || die 2 'PostgreSQL is not installed here, and no database is named (--db)'
    "$HERE/common/deps.sh" "$@" || exit 2
}

build() { # build TARGET...: what is missing of it, after the packages that it takes
    local target missing=()
    for target; do [ -x "$HERE/$target" ] || missing+=("$target"); done
    [ ${#missing[@]} -gt 0 ] && [ -f "$HERE/Makefile" ] || return 0
    ! command -v apt-get >/dev/null || install_packages build
    say "building ${missing[*]}"
    make -s -C "$HERE" -j "$(nproc)" "${missing[@]}" >&2 || die 2 'the build failed'
}

# --- endpoints and the job ---
resolve_topics() { # events become values of --topic0
    local event topic
    while read -r event; do
        topic=$("$FETCHER" --topic "$event" 2>/dev/null) || die 2 "--event \"$event\": expected ${EXPECTED[event]}"
        set_option topic0 "$topic"
    done < <(list event)
}

accepts() { # accepts COMMAND...: in a pipe without input it looks at its options and does nothing else
    "$@" </dev/null >/dev/null 2>"$TMP/refused" 3>&- 8>&- 9>&-
    [ $? -eq 2 ] || return 0
    set -- "$(head -n 1 "$TMP/refused")"
    die 2 "${1#*: }" # without the program's name
}

check_options() { # what the programs would refuse, before anything is asked or started
    local spec
    option_words dataset address topic0 topic1 topic2 topic3 step lease attempts on-error give-up
    accepts "$PRODUCER" --ranges - -o - "${WORDS[@]}"
    option_words schema connections
    DATABASE_URL=${OPT[db]:-${DATABASE_URL:-}} accepts "$WRITER" -i - -o - "${WORDS[@]}"
    for spec in "${SPECS[@]}"; do RPC_URL=$spec accepts "$FETCHER" -i - -o -; done
}

apply_profile() {
    local step connections concurrency batch
    case ${OPT[profile]:-} in
    development) step=100 connections=1 concurrency=4 batch=1000 ;;
    high) step=2000 connections=4 concurrency=32 batch=50000 ;;
    *) step=1000 connections='' concurrency=10 batch='' ;; # as the writer has them: few, and adaptive
    esac
    OPT[step]=${OPT[step]:-$step} OPT[connections]=${OPT[connections]:-$connections}
    export MAX_CONCURRENCY=${MAX_CONCURRENCY:-$concurrency}
    [ -z "${BATCH_SIZE:-$batch}" ] || export BATCH_SIZE=${BATCH_SIZE:-$batch}
}

option_words() { # option_words NAME...: sets WORDS to --name value for each value that there is
    local name value
    WORDS=()
    for name; do
        while read -r value; do WORDS+=("--$name" "$value"); done < <(list "$name")
    done
}

resolve() { # everything that the job needs to be known
    [ -n "${OPT[from]:-}" ] && [ -n "${OPT[to]:-}" ] || die 2 'a job needs --from and --to (try --help)'
    [ "${OPT[to]}" = latest ] || [ "${OPT[from]}" -le "${OPT[to]}" ] ||
        die 2 "--from ${OPT[from]} is greater than --to ${OPT[to]}"
    OPT[rpc]=${OPT[rpc]:-$(printf '%s\n' "${DEFAULT_RPC[@]}")}
    mapfile -t SPECS < <(list rpc)
    OPT[dataset]=${OPT[dataset]:-logs} OPT[schema]=${OPT[schema]:-public}
    apply_profile
    resolve_topics
    check_options
    name_endpoints
    [ -z "$ASKS" ] && [ -n "${OPT[chain-id]:-}" ] && [ "${OPT[to]}" != latest ] || ask_endpoints
    [ "${OPT[from]}" -le "${OPT[to]}" ] || die 2 "--from ${OPT[from]} is beyond the newest block, ${OPT[to]}"
    option_words chain-id dataset address topic0 topic1 topic2 topic3
    FILTER=("${WORDS[@]}")
    option_words schema connections log-format
    DATABASE=("${WORDS[@]}")
}

find_gaps() { # into $TMP/gaps: ranges of blocks, or for enrich hashes of transactions and numbers of blocks
    local try status began=$SECONDS
    for try in 1 2 3 4 5 6; do # the database may just be restarting; in a run that is worth waiting for
        aside "find_$WANTED" 2>"$TMP/gaps.err" && { FOUND=1; return; }
        status=$?
        { [ $status -eq 3 ] || [ $status -gt 128 ]; } || break
        [ -n "$RUN" ] || { [ $try -eq 1 ] && [ $((SECONDS - began)) -lt 10 ]; } || break
        private_database_lives || private_database_again
        aside setpriv --pdeathsig KILL -- sleep "$try"
    done
    cat "$TMP/gaps.err" >&3
    exit $status
}

find_blocks() {
    local range=(--from "${OPT[from]}" --to "${OPT[to]}" ${REMEMBER:+"$REMEMBER"})
    [ -z "$FILLS" ] || range=()
    ask_writer --gaps "${DATABASE[@]}" "${FILTER[@]}" "${range[@]}" >"$TMP/gaps"
}

ask_writer() { # ask_writer OPTION...: for LIMIT seconds at most, if that is set
    ${LIMIT:+timeout -k 1 "$LIMIT"} setpriv --pdeathsig KILL -- "$WRITER" "$@" 3>&- 8>&- 9>&-
}

# --- its processes ---
start_writer() {
    start writer "$WRITER" --results "ipc://$TMP/results" --control "ipc://$TMP/control" "${DATABASE[@]}"
}

start_fetcher() { # start_fetcher N
    option_words give-up log-format
    RPC_URL=${CREW[$1]} start "fetcher $1" "$FETCHER" --chain-id "${OPT[chain-id]}" --tasks "ipc://$TMP/tasks" \
        --results "ipc://$TMP/results" --control "ipc://$TMP/control" "${WORDS[@]}" "${FETCHER_WORDS[@]}"
}

start_producer() { # with what is missing now
    [ -n "$FOUND" ] || find_gaps
    FOUND=''
    [ -s "$TMP/gaps" ] || { ENDED=0; return; }
    option_words step lease attempts on-error give-up log-format
    PRODUCERS=$((PRODUCERS + 1))
    start producer "$PRODUCER" --ranges "$TMP/gaps" "${FILTER[@]}" "${WORDS[@]}" --tasks "ipc://$TMP/tasks" \
        --control "ipc://$TMP/control" --results "ipc://$TMP/results"
}

recruit() { # recruit SPEC: its fetchers
    local i
    endpoint_name "$1" >>"$RUN/endpoints"
    for ((i = 0; i < ${OPT[workers]:-1}; i++)); do
        CREW+=("$1")
        start_fetcher $((${#CREW[@]} - 1))
    done
}

about() { # about ROLE: as people know it
    if [[ $1 == fetcher* ]]; then echo "fetcher of \"$(endpoint_name "${CREW[${1#* }]}")\""; else echo "$1"; fi
}

ended() { # ended ROLE STATUS: what now?
    case $1:$2 in
    producer:[0123] | producer:130 | run:*) ENDED=${ENDED:-$2} ;;
    writer:3) # it worked a moment ago
        if [ "${TRIES[writer]:-0}" -lt 5 ]; then again "$1" "$2"; else give_up "$2" 'the writer gave up'; fi
        ;;
    writer:2) give_up "$2" 'the writer gave up' ;;
    fetcher*:[23])
        if has_role '*fetcher*'; then
            LEVEL=warn say "$(about "$1") ended for good (exit $2), going on without it"
        else
            give_up "$2" 'no endpoint is left'
        fi
        ;;
    'timer producer':*) start_producer ;;
    'timer writer':*) start_writer ;;
    'timer PostgreSQL':*) private_database_again ;;
    'timer tick':*) watch_database ;;
    'timer fetcher'*) start_fetcher "${1##* }" ;;
    'timer drain':*) say "still not done after $WORK_S s, leaving" && ENDED=130 ;;
    timer* | simulator*) ;;
    *) again "$1" "$2" ;;
    esac
}

give_up() { # give_up STATUS WHY: the run cannot go on
    ENDED=${ENDED:-$1} WHY=$2
    signal_role KILL producer
}

on_stop() { # first: drain; second: leave
    STOPS=$((STOPS + 1))
    [ ! -t 3 ] || echo >&3 # after ^C, which the terminal puts into the line of the bar
    if [ "$STOPS" -gt 1 ] || { [ -z "$FINISHING" ] && ! has_role producer && ! has_role run; }; then
        say "interrupted${RUN:+: what is committed stays, $GOES_ON}"
        ! has_role run || end_role run 5 # its second, too
        exit 130
    fi
    say "stopping: work in flight is committed, at most $DRAIN_S s; once more to leave at once"
    STOPPED_S=$SECONDS
    [ -z "$FINISHING" ] || return
    signal_role TERM producer
    signal_role TERM run
    has_role run || start 'timer drain' sleep "$WORK_S"
}

on_add() {
    ADDED=1 # supervise looks: here a command may be half done
}

added() { # endpoints that the command add left for us, a file each
    local file spec
    ADDED=''
    for file in "$RUN"/add.*; do
        [ -e "$file" ] || continue
        spec=$(<"$file")
        rm -f "$file"
        [ "$WANTED" = blocks ] || spec=$(paced "$spec")
        SPECS+=("$spec")
        recruit "$spec"
    done
}

leave() { # whatever happened: no process, socket or lock stays
    local status=$?
    trap "" INT TERM HUP USR1
    exec 2>/dev/null # bash reports killed children there; ours goes to descriptor 3
    signal_role KILL '*'
    # shellcheck disable=SC2046
    kill $(jobs -p)
    wait
    private_database_down
    [ -z "$RUN" ] || rm -rf "$RUN"
    [ -z "$TMP" ] || rm -rf "$TMP"
    exit "$status"
}

# --- commands ---
prepare() { # prepare OPTION...: all that comes before a job
    build producer/producer fetcher/fetcher writer/writer
    resolve
    [ -z "$BEYOND" ] || say "$BEYOND"
    if [ -n "${OPT[dry-run]:-}" ] && ! database_exists; then
        echo "${OPT[from]}-${OPT[to]}" >"$TMP/gaps"
        return
    fi
    database_up
    [ -n "${OPT[dry-run]:-}" ] || REMEMBER=--remember
    find_gaps
}

pull() { # the job that OPT describes; returns the exit status
    local spec round asked began=$SECONDS before covered="blocks ${OPT[from]}-${OPT[to]} are covered"
    PRODUCERS=0
    before=$(missing)
    asked=$((OPT[to] - OPT[from] + 1))
    [ -z "$FILLS" ] || asked=$before covered="all that is wanted of blocks ${OPT[from]}-${OPT[to]} is covered"
    [ "$WANTED" = blocks ] || asked=$before covered=$(enriched)
    [ -s "$TMP/gaps" ] || { say "nothing missing: $covered"; return 0; }
    job_open "$before"
    for round in 1 2 3; do # more than once only where the producer was told less than it missed
        ENDED='' CREW=()
        start_writer
        for spec in "${SPECS[@]}"; do recruit "$spec"; done
        start_producer 2>/dev/null
        supervise
        [ "$ENDED" -le 1 ] && [ "$STOPS" -eq 0 ] || break
        find_gaps
        [ -s "$TMP/gaps" ] && [ "$ENDED" -eq 0 ] || break
        say "$(missing_noun) still missing after round $round"
    done
    pulled "$began" "$before" "$asked" "$covered"
}

cmd_run() {
    parse_options "$@"
    prepare
    [ -z "${OPT[dry-run]:-}" ] || { dry_run; return; }
    pull
}

cmd_psql() { # --db and --schema are ours and come first, all else is psql's
    while [[ ${1:-} =~ ^--(db|schema)(=.*)?$ ]]; do
        if [[ $1 == *=* ]]; then set_option "${BASH_REMATCH[1]}" "${1#*=}"; shift; continue; fi
        [ $# -gt 1 ] || die 2 "$1: a value is missing"
        set_option "${BASH_REMATCH[1]}" "$2"
        shift 2
    done
    [ -z "${OPT[schema]:-}" ] || export PGOPTIONS="${PGOPTIONS:-} -c search_path=\"${OPT[schema]}\""
    check_database
    database_up
    open_database "$@"
}

main() {
    trap leave EXIT
    trap on_stop INT TERM HUP
    trap on_add USR1
    read_table
    find_programs
    case "${1:-} ${2:-}" in
    'psql '*) ;;
    '-h '* | *' --help' | *' -h') usage && exit ;;
    esac
    case ${1:-} in
    demo | status | stop | add | gaps | fill | fill-job | enrich | psql) "cmd_$1" "${@:2}" ;;
    '') usage >&2 && exit 2 ;;
    [!-]*) die 2 "\"${1%%[:=]*}\": unknown command (try --help)" ;;
    *) cmd_run "$@" ;;
    esac
    exit
}

main "$@"
