# shellcheck shell=bash
# lib.sh - what the program tests share: TAP, a temp folder, servers that end with the test.
#
#   . tests/lib.sh                      from the top of the tree, where prove runs
#   run producer/producer --from 5      STATUS, OUT and ERR (texts) tell what it did
#   is "$STATUS" 2 'a lone --from is refused'
#   start_postgres; start_rpcsim fast --blocks 1000; run ./run.sh --db "$DB" --rpc "$URL" ...
#   done_testing
#
# Everything lives in $T, which goes at exit together with every process started here; a failed
# test keeps $T when KEEP is set. Waiting is for a condition (wait_for), never for a time.

set -u
export LC_ALL=C.UTF-8 TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
unset PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE DATABASE_URL RPC_URLS CONTRACT_ADDRESS \
    EVENT_TOPIC MAX_CONCURRENCY BATCH_SIZE BATCH_TIMEOUT

# shellcheck disable=SC2034  # for the tests
PRODUCER=producer/producer FETCHER=fetcher/fetcher WRITER=writer/writer RPCSIM=tests/rpcsim/rpcsim
T=$(mktemp -d "${TMPDIR:-/tmp}/sluice-t.XXXXXX") # short: a socket's path has 107 bytes
chmod 711 "$T"
export SLUICE_VAR=$T/var TMPDIR=$T # several tests may run side by side
mkfifo "$T/never" && exec {NEVER}<>"$T/never"
TESTS=0 FAILED=0
# shellcheck disable=SC2034  # for the tests
STATUS=0 OUT='' ERR='' PID='' URL='' DB=''

# --- TAP ---

ok() { # ok STATUS NAME
    TESTS=$((TESTS + 1))
    if [ "$1" -eq 0 ]; then echo "ok $TESTS - $2"; return 0; fi
    FAILED=$((FAILED + 1))
    echo "not ok $TESTS - $2"
    return 1
}

check() { # check NAME COMMAND...: passes when the command succeeds
    local name=$1
    shift
    "$@"
    ok $? "$name"
}

is() { # is GOT WANTED NAME
    [ "$1" = "$2" ] && { ok 0 "$3"; return; }
    ok 1 "$3"
    diag "got:    $1" "wanted: $2"
    return 1
}

like() { # like TEXT EXTENDED_REGEX NAME
    [[ $1 =~ $2 ]] && { ok 0 "$3"; return; }
    ok 1 "$3"
    diag "got:             $1" "does not match:  $2"
    return 1
}

unlike() { # unlike TEXT EXTENDED_REGEX NAME
    [[ ! $1 =~ $2 ]] && { ok 0 "$3"; return; }
    ok 1 "$3"
    diag "got: $1" "matches: $2"
    return 1
}

diag() { # each argument, every line of it, as a comment
    printf '%s\n' "$@" | tail -n 60 | sed 's/^/# /' >&2
}

done_testing() {
    echo "1..$TESTS"
    exit $((FAILED > 0))
}

bail() { # the test cannot go on: never a silent skip
    echo "Bail out!  $*"
    exit 1
}

for tool in pgrep flock setpriv; do
    command -v $tool >/dev/null || bail "no $tool here: run 'make deps-test'"
done

# --- processes ---

# shellcheck disable=SC2034
run() { # run COMMAND...: stdin as it is; at most 120 s
    timeout "${LIMIT:-120}" "$@" >"$T/run.out" 2>"$T/run.err"
    STATUS=$?
    OUT=$(tr -d '\0' <"$T/run.out")
    ERR=$(tr -d '\0' <"$T/run.err")
}

spawn() { # spawn NAME COMMAND...: in the background, $T/NAME.out and $T/NAME.err; sets PID
    local name=$1
    shift
    : >"$T/$name.out" && : >"$T/$name.err" # here, before anybody looks: not what the last of this name wrote
    env --default-signal=INT,QUIT "$@" >"$T/$name.out" 2>"$T/$name.err" </dev/null & # else ignored, for good
    PID=$!
    echo "$PID" >>"$T/pids"
}

wait_for() { # wait_for SECONDS COMMAND...: until it succeeds, tried every 20 ms
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || { diag "waited in vain for: $*"; return 1; }
        read -r -t 0.02 <&"$NEVER" || : # a sleep without a process
    done
}

wait_line() { # wait_line SECONDS FILE REGEX: until a line of the file matches
    wait_for "$1" grep -Eq -e "$3" "$2"
}

gone() { # gone PID: there is no such process, or only its zombie
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ $line =~ \)\ Z ]]
}

stop_process() { # stop_process PID
    gone "$1" && return
    kill -TERM "$1"
    kill -CONT "$1"
    wait_for 5 gone "$1" || kill -KILL "$1"
}

clean_up() {
    local status=$? pid
    trap '' INT TERM
    exec 3>&2 2>/dev/null # bash reports killed children there
    [ -s "$T/sims" ] && xargs kill -KILL <"$T/sims" # they would answer first who waits for them
    [ -s "$T/pids" ] && while read -r pid; do stop_process "$pid"; done <"$T/pids" 2>/dev/null
    [ -s "$T/clusters" ] && while read -r dir; do
        pg_ctl_in "$dir" stop -m immediate -s >/dev/null 2>&1
    done <"$T/clusters"
    if [ -n "${KEEP:-}" ] && [ "$FAILED" -gt 0 ]; then diag "kept $T" 2>&3; else rm -rf "$T"; fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# --- PostgreSQL: a private cluster, on a unix socket only, durable ---

pg_bin() {
    local dir
    dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [ -x "$dir/initdb" ] || dir=$(dirname "$(command -v initdb)")
    echo "$dir"
}
PG_BIN=$(pg_bin)
PATH=$PATH:$PG_BIN

as_postgres() { # PostgreSQL refuses to run as root
    if [ "$(id -u)" -ne 0 ]; then "$@"; return; fi
    setpriv --reuid=postgres --regid=postgres --init-groups "$@"
}

pg_ctl_in() { # pg_ctl_in DIR ACTION...
    (cd / && as_postgres "$PG_BIN/pg_ctl" -D "$1" -w -t 60 -l "$1.log" "${@:2}")
}

pg_template() { # initdb takes a second: done once, by the first test that needs it, then copied
    local template=.build/postgres-template
    mkdir -p .build && exec 6>"$template.lock" && flock 6
    [ -e "$template/PG_VERSION" ] && cmp -s "$template/PG_VERSION" <("$PG_BIN/pg_config" --version |
        sed 's/[^0-9]*\([0-9]*\).*/\1/') && { echo "$template"; return; }
    rm -rf "$template"
    mkdir -p "$T/new" && chmod 777 "$T/new"
    (cd / && as_postgres "$PG_BIN/initdb" -D "$T/new/data" -U postgres -A trust -E UTF8 \
        --locale=C.UTF-8 >"$T/initdb.log" 2>&1) || bail "initdb: $(tail -n 3 "$T/initdb.log")"
    cp -a "$T/new/data" "$template.new" && mv -T "$template.new" "$template"
    rm -rf "$T/new"
    echo "$template"
}

start_postgres() { # start_postgres [SETTING=VALUE]...: sets DB and PG*, so that psql reaches it
    local dir=$T/pg n=1 template
    while [ -e "$dir" ]; do n=$((n + 1)) dir=$T/pg$n; done
    template=$(pg_template) || exit 1
    cp -a "$template" "$dir"
    printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" \
        "log_min_messages = warning" "max_connections = 60" "$@" >>"$dir/postgresql.conf"
    [ "$(id -u)" -eq 0 ] && chown -R postgres:postgres "$dir"
    chmod 750 "$dir"
    as_postgres touch "$dir.log" 2>/dev/null || { touch "$dir.log" && chmod 666 "$dir.log"; }
    pg_ctl_in "$dir" start -s >/dev/null || bail "postgres: $(tail -n 3 "$dir.log")"
    echo "$dir" >>"$T/clusters"
    export PGHOST=$dir PGUSER=postgres PGDATABASE=postgres PGDATA_DIR=$dir
    # shellcheck disable=SC2034
    DB="postgresql:///postgres?host=$dir&user=postgres"
}

restart_postgres() { # restart_postgres [fast|immediate]: immediate is a crash
    pg_ctl_in "$PGDATA_DIR" restart -m "${1:-fast}" -s >/dev/null
}

sql() { # sql QUERY: unaligned, no header
    psql -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

alone() { # nobody else is connected: what was killed commits no more
    [ "$(sql "select count(*) from pg_stat_activity where backend_type = 'client backend'")" -eq 1 ]
}

checksum() { # checksum TABLE...: rows and a sum over them that knows no order, a line each
    local table
    for table; do
        sql "select '$table', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from $table t"
    done
}

covered() { # covered SCHEMA: the merged ranges of each job, a line each
    sql "select job_id, range_agg(int8range(from_block, to_block, '[]')) from $1.ranges group by 1 order by 1"
}

# --- endpoints ---

start_rpcsim() { # start_rpcsim NAME OPTION...: sets URL and PID
    local name=$1
    shift
    rm -f "$T/$name.out" "$T/$name.err" # of one before it
    spawn "$name" "$RPCSIM" --port 0 "$@"
    echo "$PID" >>"$T/sims"
    wait_for 30 grep -Eqs '^listening on ' "$T/$name.out" "$T/$name.err" ||
        bail "rpcsim: $(cat "$T/$name.err")"
    URL=http://$(sed -n 's/^listening on //p' "$T/$name.out" "$T/$name.err" | head -n 1)
}

ANVIL=${ANVIL:-tests/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil}

start_anvil() { # start_anvil NAME OPTION...: sets URL and PID; a port that the system gives
    local name=$1
    shift
    [ -x "$ANVIL" ] || bail "no anvil at $ANVIL: run 'make deps-test'"
    spawn "$name" "$ANVIL" --host 127.0.0.1 --port 0 "$@"
    wait_line 30 "$T/$name.out" '^Listening on ' || bail "anvil: $(cat "$T/$name.err")"
    # shellcheck disable=SC2034
    URL=http://$(sed -n 's/^Listening on //p' "$T/$name.out")
}
