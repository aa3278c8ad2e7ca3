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
# shellcheck source=common/lacks.sh
. "$LIB/lacks.sh"
# shellcheck source=common/enrich.sh
. "$LIB/enrich.sh"
DEFAULT_RPC=(publicnode=https://ethereum-sepolia-rpc.publicnode.com ankr=https://rpc.ankr.com/eth_sepolia
    drpc=https://sepolia.drpc.org)
DRAIN_S=30
RUN='' # folder of our job in var/run
TMP='' # folder of our sockets
CREW=() # the endpoint of each fetcher
WANTED=blocks # or, for enrich, hashes or numbers
REMEMBER='' # or --remember: what this run asks for stays wanted
GOES_ON='the same command goes on' # after an interruption
PRODUCERS=0 # started so far
BEYOND='' # what the endpoints do not have yet
FILLS=''  # a run of fill: what is wanted of the job already, and no more
FETCHER_WORDS=() # further options of each fetcher
SAID=() # what each endpoint answered when it was asked
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
        command -v $PRODUCER $FETCHER $WRITER >/dev/null || die 2 "sluice-producer, -fetcher and -writer are not in PATH"
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
endpoint_name() { # endpoint_name SPEC: its name, or its host; never more, since URLs hold keys
    local url=${1%%,*}
    if [[ $url =~ ^([A-Za-z0-9_.-]+)=[a-z]+:// ]]; then echo "${BASH_REMATCH[1]}"; return; fi
    url=${url#*://} url=${url%%[/?#]*}
    echo "${url##*@}"
}

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

# The chain id is that of the first endpoint, in their order, that answers; latest the smallest head. SAID gets
# what each told; all of it is waited for only by --dry-run, and where nobody who has answered has the last block,
# since a fetcher tells by itself what is wrong.
ask_endpoints() {
    local i answer least='' most=-1 all='' pids=()
    [ "${OPT[to]}" != latest ] && [ -z "${OPT[dry-run]:-}" ] || all=1
    for i in "${!SPECS[@]}"; do
        RPC_URL=${SPECS[i]} timeout -k 2 20 "$FETCHER" --check >"$TMP/check$i" 2>"$TMP/check$i.err" 8>&- 9>&- &
        pids+=($!)
    done
    for i in "${!SPECS[@]}"; do
        wait "${pids[i]}"
        answer=$(<"$TMP/check$i")
        if [[ ! $answer =~ ^chain=([0-9]+)\ head=([0-9]+)$ ]]; then
            answer=$(tail -n 1 "$TMP/check$i.err")
            SAID[i]=${answer#*\"*\"*(*)} # after the name
            SAID[i]=${SAID[i]#*[: ] }
            continue
        fi
        OPT[chain-id]=${OPT[chain-id]:-${BASH_REMATCH[1]}}
        SAID[i]="newest block ${BASH_REMATCH[2]}"
        [ "${OPT[chain-id]}" = "${BASH_REMATCH[1]}" ] || { SAID[i]="chain ${BASH_REMATCH[1]}, not used"; continue; }
        [ -n "$least" ] && [ "$least" -le "${BASH_REMATCH[2]}" ] || least=${BASH_REMATCH[2]}
        [ "$most" -ge "${BASH_REMATCH[2]}" ] || most=${BASH_REMATCH[2]}
        [ -n "$all" ] || [ "${OPT[to]}" -gt "$most" ] || break
    done
    kill "${pids[@]}" 2>/dev/null
    [ -n "${OPT[chain-id]:-}" ] && { [ "${OPT[to]}" != latest ] || [ -n "$least" ]; } || none_answers
    if [ "${OPT[to]}" = latest ]; then
        OPT[to]=$least
    elif [ -n "$least" ] && [ "${OPT[to]}" -gt "$most" ]; then
        BEYOND="blocks $((OPT[from] > most ? OPT[from] : most + 1))-${OPT[to]} are beyond the newest block, $most, of every endpoint: waiting for them"
    fi
}

none_answers() {
    local i
    for i in "${!SPECS[@]}"; do say "endpoint \"$(endpoint_name "${SPECS[i]}")\": ${SAID[i]:-does not answer}"; done
    die 3 'no endpoint answers'
}

endpoint_lines() { # for --dry-run
    local i
    for i in "${!SPECS[@]}"; do
        printf '%-12s%s\n' endpoint "$(endpoint_name "${SPECS[i]}"): ${SAID[i]:-does not answer}"
    done
}

apply_profile() {
    local step connections concurrency batch
    case ${OPT[profile]:-} in
    development) step=100 connections=1 concurrency=4 batch=1000 ;;
    high) step=2000 connections=4 concurrency=32 batch=50000 ;;
    *) step=1000 connections='' concurrency=10 batch='' ;; # as the writer has it: at most a tenth of the server's, adaptive
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
    ask_endpoints
    [ "${OPT[from]}" -le "${OPT[to]}" ] || die 2 "--from ${OPT[from]} is beyond the newest block, ${OPT[to]}"
    option_words chain-id dataset address topic0 topic1 topic2 topic3
    FILTER=("${WORDS[@]}")
    option_words schema connections log-format
    DATABASE=("${WORDS[@]}")
}

find_gaps() { # into $TMP/gaps: ranges of blocks, or for enrich hashes of transactions
    local try status began=$SECONDS
    for try in 1 2 3 4 5 6; do # the database may just be restarting; in a run that is worth waiting for
        "find_$WANTED" 2>"$TMP/gaps.err" && return
        status=$?
        { [ $status -eq 3 ] || [ $status -gt 128 ]; } || break
        [ -n "$RUN" ] || { [ $try -eq 1 ] && [ $((SECONDS - began)) -lt 10 ]; } || break
        private_database_lives || private_database_again
        sleep "$try"
    done
    cat "$TMP/gaps.err" >&3
    exit $status
}

find_blocks() {
    local range=(--from "${OPT[from]}" --to "${OPT[to]}" ${REMEMBER:+"$REMEMBER"})
    [ -z "$FILLS" ] || range=()
    "$WRITER" --gaps "${DATABASE[@]}" "${FILTER[@]}" "${range[@]}" >"$TMP/gaps" 3>&- 8>&- 9>&-
}

remove_sockets() { # remove_sockets RUN
    [ ! -L "$1/tmp" ] || rm -rf "$(readlink "$1/tmp")"
}

about_job() {
    local what="blocks ${OPT[from]}-${OPT[to]}"
    [ "$WANTED" = blocks ] || what=enrich
    echo "$what of chain ${OPT[chain-id]}, ${FILTER[*]:2}"
}

job_open() { # one run per job: a lock, and what status, stop and add need
    local run
    run=$VAR/run/$(cksum <<<"$DATABASE_URL ${DATABASE[*]} ${FILTER[*]} ${OPT[from]} ${OPT[to]}" | cut -d ' ' -f 1)
    until [ -n "$RUN" ] && [ "/proc/$$/fd/8" -ef "$run/lock" ]; do # somebody may just be removing the folder
        (umask 077 && mkdir -p "$run") 2>/dev/null ||
            die 3 "cannot make \"$run\": another folder than $VAR may be named in SLUICE_VAR"
        { exec 8>"$run/lock"; } 2>/dev/null || continue
        flock -w 1 8 || die 2 "this job is running already, as process $(cat "$run/pid")"
        RUN=$run
    done
    remove_sockets "$RUN" # of one that was killed
    echo $$ >"$RUN/pid"
    echo "${OPT[chain-id]}" >"$RUN/chain"
    echo "$(about_job), schema ${OPT[schema]}; $(counted "$(missing)" "$(wanted_noun)") missing at its start" >"$RUN/about"
    ln -sfn "$TMP" "$RUN/tmp"
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
    find_gaps
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
    'timer drain':*) say "still not done after $DRAIN_S s, leaving" && ENDED=130 ;;
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
        exit 130
    fi
    say "stopping: work in flight is committed, at most $DRAIN_S s; once more to leave at once"
    [ -z "$FINISHING" ] || return
    signal_role TERM producer
    signal_role TERM run
    has_role run || start 'timer drain' sleep "$DRAIN_S"
}

on_add() { # endpoints that the command add left for us, a file each
    local file spec
    for file in "$RUN"/add.*; do
        [ -e "$file" ] || continue
        spec=$(<"$file")
        rm -f "$file"
        [ "$WANTED" = blocks ] || spec=$(paced "$spec")
        SPECS+=("$spec")
        ! has_role writer || [ -n "$FINISHING" ] || recruit "$spec"
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

missing() { # how many blocks, or hashes
    awk -F- '{ n += /^0x/ ? 1 : $NF - $1 + 1 } END { printf "%d", n }' "$TMP/gaps"
}

dry_run() {
    local wanted=$((OPT[to] - OPT[from] + 1)) missing ranges
    missing=$(missing)
    [ -z "$FILLS" ] || wanted=$missing
    ranges=$(wc -l <"$TMP/gaps")
    printf '%-12s%s\n' \
        dataset "${OPT[dataset]}" filter "$(filter_text)" chain "${OPT[chain-id]}" blocks "${OPT[from]}-${OPT[to]}" wanted "$wanted" \
        covered $((wanted - missing)) missing "$missing in $(counted "$ranges" range)" \
        tasks "$(awk -F- -v s="${OPT[step]}" '{ n += int(($NF - $1 + s) / s) } END { printf "%d", n }' "$TMP/gaps")" \
        step "${OPT[step]}" concurrency "$MAX_CONCURRENCY" workers "${OPT[workers]:-1}" \
        connections "${OPT[connections]:-2}" batch "${BATCH_SIZE:-1000-50000}" \
        database "$(database_place), schema ${OPT[schema]}"
    endpoint_lines
}

filter_text() { # of the job: "address 0x..., topic0 0x...", or "none"
    local words
    option_words address topic0 topic1 topic2 topic3
    words=${WORDS[*]}
    words=${words// --/, }
    words=${words#--}
    echo "${words:-none}"
}

missing_noun() { # "1 block is", "5 transactions are"
    local n
    n=$(missing)
    echo "$(counted "$n" "$(wanted_noun)") $(is_or_are "$n")"
}

wanted_noun() {
    if [ "$WANTED" = blocks ]; then echo block; else echo "${OPT[dataset]%s}"; fi
}

is_or_are() { # is_or_are N
    if [ "$1" -eq 1 ]; then echo is; else echo are; fi
}

how_it_ended() {
    if [ "$ENDED" -eq 1 ] && [ "${OPT[on-error]:-}" = fail_fast ]; then
        echo 'stopped at the first range that failed (--on-error fail_fast):'
    else
        echo 'finished, but'
    fi
}

pull() { # the job that OPT describes; returns the exit status
    local spec round asked began=$SECONDS before covered="blocks ${OPT[from]}-${OPT[to]} are covered"
    PRODUCERS=0
    before=$(missing)
    asked=$((OPT[to] - OPT[from] + 1))
    [ -z "$FILLS" ] || asked=$before covered="all that is wanted of blocks ${OPT[from]}-${OPT[to]} is covered"
    [ "$WANTED" = blocks ] || asked=$before covered=$(enriched)
    [ -s "$TMP/gaps" ] || { say "nothing missing: $covered"; return 0; }
    job_open
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
    pulled
}

# The end of pull, in a line; its variables are used. What is missing is looked up once more, if the database lets us.
pulled() {
    local see='' known='' now
    [ "$STOPS" -eq 0 ] || ENDED=130
    if [ "$ENDED" -le 1 ] || ("find_$WANTED") 2>/dev/null; then known=1; fi
    now=$(missing)
    [ -z "$known" ] || [ "$PRODUCERS" -le 1 ] ||
        say "in all $(counted $((before - now)) "$(wanted_noun)") in $((SECONDS - began)) s; the summary counts from the last start of the producer"
    if [ -n "$known" ] && [ "$now" -eq 0 ]; then
        say "complete: $covered"
        return 0
    fi
    [ -n "$known" ] && known="$now of $(counted "$asked" "$(wanted_noun)") $(is_or_are "$now") missing" || known='what is committed stays'
    case $ENDED in
    0 | 1)
        [ "$ENDED" -eq 0 ] || [ "$WANTED" != blocks ] || see=": see table ${OPT[schema]}.failed_ranges"
        LEVEL=warn say "$(how_it_ended) $(missing_noun) missing$see; the same command tries again"
        ENDED=1
        ;;
    130) say "interrupted: $known; $GOES_ON" ;;
    *) say "${WHY:-gave up}: $known; $GOES_ON" ;;
    esac
    return "$ENDED"
}

cmd_run() {
    parse_options "$@"
    prepare
    [ -z "${OPT[dry-run]:-}" ] || { dry_run; return; }
    pull
}

look_for_jobs() { # sets JOBS, the folders of running jobs; removes what dead ones left
    local run
    JOBS=()
    for run in "$VAR"/run/*/; do
        [ -d "$run" ] || continue
        # shellcheck disable=SC2094
        (flock -n 6 && remove_sockets "${run%/}" && rm -rf "$run") 6>>"$run/lock" || [ ! -s "$run/pid" ] || JOBS+=("$run")
    done 2>/dev/null
}

cmd_status() {
    local run
    parse_options "$@"
    look_for_jobs
    for run in "${JOBS[@]}"; do say "running as process $(<"$run/pid"): $(<"$run/about")"; done
    database_exists || { say 'no job was run yet'; return; }
    build writer/writer
    database_up
    option_words schema
    "$WRITER" --status "${WORDS[@]}"
}

cmd_stop() {
    local run
    [ $# -eq 0 ] || die 2 'stop takes no options'
    look_for_jobs
    [ ${#JOBS[@]} -gt 0 ] || say 'nothing is running'
    for run in "${JOBS[@]}"; do
        kill -TERM "$(<"$run/pid")" && say "stopping process $(<"$run/pid"): $(<"$run/about")"
        flock -w $((DRAIN_S + 60)) "$run/lock" true 2>/dev/null || [ ! -e "$run" ] || die 3 'it does not end'
    done
    [ ! -e "$VAR/pg" ] || { pg_place && pg_stop; }
}

cmd_add() { # cmd_add SPEC [PROCESS]
    local run runs=() name
    [ $# -ge 1 ] && [ $# -le 2 ] && [[ $1 =~ ${PATTERN[endpoint]} ]] || die 2 "add: expected ${EXPECTED[endpoint]}"
    look_for_jobs
    for run in "${JOBS[@]}"; do [ $# -eq 1 ] || [ "$(<"$run/pid")" = "$2" ] && runs+=("$run"); done
    [ ${#runs[@]} -gt 0 ] || die 2 "add: no job is running${2:+ as process $2}"
    [ ${#runs[@]} -eq 1 ] || {
        for run in "${runs[@]}"; do say "running as process $(<"$run/pid"): $(<"$run/about")"; done
        die 2 'add: name one of these jobs by its process, behind the endpoint'
    }
    run=${runs[0]} name=$(endpoint_name "$1")
    ! grep -qxF -e "$name" "$run/endpoints" 2>/dev/null || die 2 "add: an endpoint \"$name\" works for this job already"
    check_added "$1" "$(<"$run/chain")"
    (umask 077 && echo "$1" >"$run/new.$$") && mv "$run/new.$$" "$run/add.$$" && kill -USR1 "$(<"$run/pid")"
    say "added \"$name\" to process $(<"$run/pid"): $(<"$run/about")"
}

check_added() { # check_added SPEC CHAIN: one that does not answer yet is no mistake, another chain is
    local answer
    if ! answer=$(RPC_URL=$1 timeout -k 2 5 "$FETCHER" --check 2>"$TMP/check.err"); then
        LEVEL=warn say "endpoint \"$(endpoint_name "$1")\" does not answer yet: $(tail -n 1 "$TMP/check.err")"
    elif [[ $answer != "chain=$2 "* ]]; then
        die 2 "add: endpoint \"$(endpoint_name "$1")\" serves another chain: ${answer%% *}, and the job wants chain=$2"
    fi
}

cmd_psql() { # --db and --schema are ours and come first, all else is psql's
    while [[ ${1:-} =~ ^--(db|schema)(=.*)?$ ]]; do
        if [[ $1 == *=* ]]; then set_option "${BASH_REMATCH[1]}" "${1#*=}"; shift; continue; fi
        [ $# -gt 1 ] || die 2 "$1: a value is missing"
        set_option "${BASH_REMATCH[1]}" "$2"
        shift 2
    done
    [ -z "${OPT[schema]:-}" ] || export PGOPTIONS="${PGOPTIONS:-} -c search_path=\"${OPT[schema]}\""
    database_up
    open_database "$@"
}

# A simulated chain behind a fast, a slow and a flaky endpoint, into a schema that is made anew.
cmd_demo() {
    local blocks=20000 per_block=10 chain
    [ $# -eq 0 ] || die 2 'demo takes no options'
    [ -n "$RPCSIM" ] || die 2 'demo needs the source tree: its simulator is not installed'
    build producer/producer fetcher/fetcher writer/writer tests/rpcsim/rpcsim
    chain=(--blocks "$blocks" --logs-per-block "$per_block")
    simulate fast "${chain[@]}" --latency 5ms
    simulate slow "${chain[@]}" --latency 50ms
    simulate flaky "${chain[@]}" --latency 10ms --error-percent 10 --errors 500,drop,truncated
    # shellcheck disable=SC2086
    unset CONTRACT_ADDRESS EVENT_TOPIC RPC_URLS DATABASE_URL ${!PG@}
    private_database_up
    OPT[schema]=demo
    sql 'drop schema if exists demo cascade'
    parse_options --from 1 --to "$blocks" --step 200 --schema demo
    GOES_ON='the same command starts anew'
    prepare
    pull || return
    demo_proof "$blocks" $((blocks * per_block))
}

demo_proof() { # demo_proof BLOCKS ROWS: what must be there now
    local rows covered
    rows=$(sql 'select count(*) from logs')
    covered=$(sql "select range_agg(int8range(from_block, to_block, '[]')) from ranges")
    say "demo: $rows rows of $2 expected, covered $covered of {[1,$(($1 + 1)))}"
    [ "$rows" = "$2" ] && [ "$covered" = "{[1,$(($1 + 1)))}" ] || return 1
    find_gaps
    pull # says that nothing is missing
    say "demo: its rows stay, see $0 status --schema demo, and $0 psql --schema demo"
}

simulate() { # simulate NAME OPTION...: one more endpoint
    local line
    mkfifo "$TMP/$1"
    exec 4<>"$TMP/$1"
    start simulator "$RPCSIM" --port 0 "${@:2}" >&4 4>&-
    read -r -t 10 line <&4 || die 3 'the simulator does not start'
    OPT[rpc]+=${OPT[rpc]:+$'\n'}$1=http://${line##* }
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
    [!-]*) die 2 "\"${1%%://*}\": unknown command (try --help)" ;;
    *) cmd_run "$@" ;;
    esac
    exit
}

main "$@"
