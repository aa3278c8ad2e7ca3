# shellcheck shell=bash
# cluster.sh - a private PostgreSQL: made when missing, started when down, stopped by whoever leaves last.
#
# Sourced by run.sh. VAR is the folder to keep it in. On a unix socket only, in a folder of its owner alone;
# durable. Descriptor 9 holds a shared lock on var/pg.users as long as this process uses the cluster.
# Needs say, die and install_packages of the caller, and supervise.sh where it is watched in a run.

# shellcheck disable=SC2034
declare -A BORN # of supervise.sh
PG='' # the cluster's folder

pg_bin() { # pg_bin PROGRAM
    local found
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -n 1)
    [ -x "$found" ] || found=$(command -v "$1")
    echo "$found"
}

as_pg() { # PostgreSQL refuses to run as root; another user may not be able to look into where we are
    (
        cd "${PG:-/}" || exit
        [ "$(id -u)" -ne 0 ] || set -- setpriv --reuid="$PG_USER" --regid="$(id -g "$PG_USER")" --clear-groups "$@"
        exec "$@" 3>&- 7>&- 8>&- 9>&- # a server would hold them open
    )
}

pg_ctl() { # pg_ctl OPTION... ACTION: without the paths, which it would hand to a shell as they are
    PGDATA=$PG/data as_pg "$(pg_bin pg_ctl)" -s "$@" >/dev/null
}

pg_place() { # sets PG, which its user can reach, and SOCKETS, a path of under 107 bytes, all of them plain
    local elsewhere
    PG_USER=nobody
    ! id -u postgres >/dev/null 2>&1 || PG_USER=postgres
    elsewhere=/var/lib/sluice-$(cksum <<<"$VAR" | cut -d ' ' -f 1)
    { mkdir -p "$VAR" && [ -w "$VAR" ] && : >>"$VAR/pg.users"; } 2>/dev/null ||
        die 3 "cannot write \"$VAR\": another folder may be named in SLUICE_VAR"
    if [ ! -e "$VAR/pg" ]; then
        own_folder "$VAR/pg"
        as_pg test -w "$VAR/pg" || { rmdir "$VAR/pg" && own_folder "$elsewhere" && ln -sfn "$elsewhere" "$VAR/pg"; }
    fi
    PG=$(readlink -f "$VAR/pg") SOCKETS=$PG
    [[ ${#PG} -gt 85 || $PG == *[!A-Za-z0-9/._\ -]* ]] || return 0
    SOCKETS=/tmp/sluice-pg-$(cksum <<<"$PG" | cut -d ' ' -f 1)
    own_folder "$SOCKETS"
}

own_folder() { # own_folder PATH: of PostgreSQL's user alone
    mkdir -p "$1" && [ ! -L "$1" ] && { [ "$(id -u)" -ne 0 ] || chown "$PG_USER:" "$1"; } && chmod 700 "$1" ||
        die 3 "cannot make \"$1\""
}

pg_init() {
    as_pg "$(pg_bin initdb)" -D "$PG/new" -U postgres -A trust -E UTF8 --locale=C >/dev/null ||
        die 3 "initdb failed in \"$PG\""
    as_pg tee -a "$PG/new/postgresql.conf" >/dev/null <<'END'
# written by sluice; durable: fsync, full_page_writes and synchronous_commit stay on
listen_addresses = ''
max_wal_size = 4GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
END
    as_pg mv "$PG/new" "$PG/data"
}

pg_start() { # under the lock var/pg.start
    as_pg test -e "$PG/data/PG_VERSION" || { as_pg rm -rf "$PG/new" && say "making a database in $VAR/pg" && pg_init; }
    pg_lives || pg_ctl -l log -w -t 60 -o "-k '$SOCKETS'" start ||
        die 3 "PostgreSQL does not start, see $PG/log"
}

pg_lives() { # pg_ctl takes any process of that number for it, and would end that
    local pid='' words=()
    { read -r pid <"$PG/data/postmaster.pid"; } 2>/dev/null
    { mapfile -d '' -t words <"/proc/$pid/cmdline"; } 2>/dev/null # which all may read, other than its folder
    [[ " ${words[*]} " == *" -k $SOCKETS "* ]]
}

pg_stop() {
    ! pg_lives || pg_ctl -w -t 60 -m fast stop
    [ "$SOCKETS" = "$PG" ] || rmdir "$SOCKETS" 2>/dev/null || :
}

database_named() { # sets DATABASE_URL when a database is named: by option, by environment, or by libpq's
    DATABASE_URL=${OPT[db]:-${DATABASE_URL:-}}
    [ -n "$DATABASE_URL" ] || [ -z "${PGHOST:-}${PGHOSTADDR:-}${PGPORT:-}${PGDATABASE:-}${PGSERVICE:-}" ] ||
        DATABASE_URL=postgresql://
    [ -n "$DATABASE_URL" ]
}

database_exists() { # named, or made by an earlier run
    database_named || [ -e "$VAR/pg" ]
}

database_place() { # for people: no user, no password
    if [ -z "$DATABASE_URL" ] || [ -n "${PRIVATE:-}" ]; then
        echo "private, in $VAR/pg"
    elif [[ $DATABASE_URL =~ ^postgres(ql)?://([^/@]*@)?([^?]+) ]]; then
        echo "${BASH_REMATCH[3]#/}"
    else
        echo 'as named'
    fi
}

database_up() { # exports DATABASE_URL; not an argument of programs, since it may hold a password
    database_named || private_database_up
    export DATABASE_URL
}

private_database_up() {
    [ -n "$(pg_bin initdb)" ] && command -v psql >/dev/null || install_packages run
    pg_place
    exec 9>"$VAR/pg.users"
    { flock 7 && flock -s 9 && pg_start; } 7>"$VAR/pg.start" || exit
    PRIVATE=1
    DATABASE_URL="host='$SOCKETS' user=postgres dbname=postgres"
}

private_database_lives() { # as far as we are concerned: true also where there is none
    [ -z "${PRIVATE:-}" ] || pg_lives
}

private_database_again() { # after a crash; it is not waited for, since who needs it tries again
    BORN[PostgreSQL]=$SECONDS
    {
        flock 7
        private_database_lives ||
            pg_ctl -l log -W -o "-k '$SOCKETS'" start
    } 7>"$VAR/pg.start"
}

watch_database() { # once a second in a run
    private_database_lives || has_role 'timer PostgreSQL' || again PostgreSQL "see $PG/log"
}

private_database_down() { # the last user turns off the light
    [ -n "${PRIVATE:-}" ] || return 0
    PRIVATE=
    { flock 7 && flock -u 9 && flock -n -x 9 && pg_stop; } 7>"$VAR/pg.start"
    exec 9>&-
}
