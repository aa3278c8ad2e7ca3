# shellcheck shell=bash
# jobs.sh - running jobs: a folder of var/run each, with lock, pid and sockets; the commands status, stop and add.

declare -A OPT # of options.sh

remove_sockets() { # remove_sockets RUN
    [ ! -L "$1/tmp" ] || rm -rf "$(readlink "$1/tmp")"
}

about_job() {
    local what="blocks ${OPT[from]}-${OPT[to]}"
    [ "$WANTED" = blocks ] || what=enrich
    echo "$what of chain ${OPT[chain-id]}, ${FILTER[*]:2}"
}

job_open() { # job_open MISSING: one run per job: a lock, and what status, stop and add need
    local run try
    RUN='' run=$VAR/run/$(cksum <<<"$DATABASE_URL ${DATABASE[*]} ${FILTER[*]} ${OPT[from]} ${OPT[to]}" | cut -d ' ' -f 1)
    # shellcheck disable=SC2034
    for try in {1..100}; do # somebody may just be removing the folder
        (umask 077 && mkdir -p "$run") 2>/dev/null ||
            die 3 "cannot make \"$run\": another folder than $VAR may be named in SLUICE_VAR"
        { exec 8>"$run/lock"; } 2>/dev/null || continue
        flock -w 1 8 || die 2 "this job is running already, as process $(cat "$run/pid")"
        [ "/proc/$$/fd/8" -ef "$run/lock" ] && RUN=$run && break
    done
    [ -n "$RUN" ] || die 3 "cannot make \"$run/lock\""
    echo $$ >"$RUN/pid" # before anything else: stop must not read that of one that was killed
    remove_sockets "$RUN" # of that
    echo "${OPT[chain-id]}" >"$RUN/chain"
    echo "$(about_job), schema ${OPT[schema]}; $(counted "$1" "$(wanted_noun)") missing at its start" >"$RUN/about"
    ln -sfn "$TMP" "$RUN/tmp"
}

look_for_jobs() { # sets JOBS, the folders of running jobs; removes what dead ones left
    local run
    JOBS=()
    for run in "$VAR"/run/*/; do
        [ -d "$run" ] || continue
        # shellcheck disable=SC2094
        (flock -n 6 && remove_sockets "${run%/}" && rm -rf "$run") 6>>"$run/lock" || [ ! -s "$run/pid" ] ||
            JOBS+=("$run")
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
    aside ask_writer --status "${WORDS[@]}"
}

cmd_stop() {
    local run
    [ $# -eq 0 ] || die 2 'stop takes no options'
    look_for_jobs
    [ ${#JOBS[@]} -gt 0 ] || say 'no job is running'
    for run in "${JOBS[@]}"; do
        kill -TERM "$(<"$run/pid")" && say "stopping process $(<"$run/pid"): $(<"$run/about")"
    done
    for run in "${JOBS[@]}"; do
        flock -w $((DRAIN_S + 60)) "$run/lock" true 2>/dev/null || [ ! -e "$run" ] || die 3 'it does not end'
    done
    [ -e "$VAR/pg" ] || return 0
    pg_place
    ! pg_lives || { say 'stopping the private PostgreSQL' && pg_stop; }
}

cmd_add() { # cmd_add SPEC|- [PROCESS]
    local run runs=() name spec
    [ "${1:-}" != - ] || { read -r spec && set -- "$spec" "${@:2}"; } # a command line can be read by others
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
    { (umask 077 && echo "$1" >"$run/new.$$") && mv "$run/new.$$" "$run/add.$$" && kill -USR1 "$(<"$run/pid")"; } \
        2>/dev/null || die 2 'add: the job has just ended'
    say "added \"$name\" to process $(<"$run/pid"): $(<"$run/about")"
}
