# shellcheck shell=bash disable=SC2034  # run.sh reads what is set here
# demo.sh - the command demo: a simulated chain behind a fast, a slow and a flaky endpoint.

declare -A OPT # of options.sh

# A simulated chain behind a fast, a slow and a flaky endpoint, into a schema that is made anew.
cmd_demo() {
    local blocks=20000 per_block=10 chain run
    [ $# -eq 0 ] || die 2 'demo takes no options'
    [ -n "$RPCSIM" ] || die 2 'demo needs the source tree: its simulator is not installed'
    look_for_jobs
    for run in "${JOBS[@]}"; do
        [[ $(<"$run/about") != *', schema demo;'* ]] || die 2 "a demo is running already, as process $(<"$run/pid")"
    done
    build producer/producer fetcher/fetcher writer/writer tests/rpcsim/rpcsim
    chain=(--blocks "$blocks" --logs-per-block "$per_block")
    simulate fast "${chain[@]}" --latency 5ms
    simulate slow "${chain[@]}" --latency 50ms
    simulate flaky "${chain[@]}" --latency 10ms --error-percent 10 --errors 500,drop,truncated
    # shellcheck disable=SC2086
    unset CONTRACT_ADDRESS EVENT_TOPIC RPC_URLS DATABASE_URL ${!PG@}
    private_database_up
    OPT[schema]=demo
    sql 'drop schema if exists demo cascade' || exit
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
