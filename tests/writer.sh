# shellcheck shell=bash
# writer.sh - what the tests of the writer share: it on stdin or at a link, schemas, and a session that holds locks.
#
#   . tests/lib.sh; . tests/writer.sh
#   fresh plain; write --schema plain < <($GEN 1 1000 100 5); is "$(rows) $(known)" ...
#   session hold; tell 'begin; lock table plain.logs;'; wait_for 10 holds; ...; close_session

# shellcheck disable=SC2034  # for the tests
GEN=tests/t/wiregen
S='' # the schema of what follows

write() { # write OPTION...: the writer on stdin
    run "$WRITER" -i - --db "$DB" "$@"
}

fresh() { # fresh NAME: a schema of its own for what follows
    S=$1
    sql "set client_min_messages = warning; drop schema if exists $S cascade; create schema $S" >/dev/null
}

known() { # what is covered, a line for each dataset
    sql "select dataset, range_agg(int8range(from_block, to_block, '[]')) from $S.ranges join $S.jobs using (job_id) group by 1 order by 1"
}

# shellcheck disable=SC2120  # tests name tables
rows() { sql "select count(*) from $S.${1:-logs}"; }

has() { test "$(rows)" -ge "$1"; }

peak_kb() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

session() { # session NAME: psql, which does what it is told
    mkfifo "$T/$1"
    psql -Xq <"$T/$1" &
    exec 7>"$T/$1"
}

tell() { echo "$1" >&7; }

close_session() { # what is not committed is undone
    tell '\q' # others may have the descriptor, too
    exec 7>&-
}

holds() { test "$(sql "select count(*) from pg_stat_activity where state = 'idle in transaction'")" -eq 1; }

waits() { # waits [CONDITION]: somebody waits for a lock
    test "$(sql "select count(*) from pg_stat_activity where wait_event_type = 'Lock' ${1:-}")" -eq 1
}
