# shellcheck shell=bash
# lacks.sh - what the database lacks by its own account: the commands gaps and fill of run.sh.
#
# A job's gaps are what was ever asked for of it and is not covered, as the writer tells; where nothing was
# asked for (rows that came through a pipe), the holes between its first and its last block. (enrich.sh looks at
# rows instead.)

declare -A OPT # of options.sh

# before, value, ..., behind; as in: host=x password='it\'s one' dbname=y
PASSWORD_WORD="^(.*[[:space:]])password[[:space:]]*=[[:space:]]*('([^'\\\\]|\\\\.)*'|[^[:space:]]*)(.*)\$"

open_database() { # open_database ARG...: psql, with the password in its environment, since all may see arguments
    local url=$DATABASE_URL password=${PGPASSWORD:-}
    if [[ $url =~ ^(postgres(ql)?://[^:@/]*):([^@/]*)@(.*)$ ]]; then
        url=${BASH_REMATCH[1]}@${BASH_REMATCH[4]} password=$(percent_decoded "${BASH_REMATCH[3]}")
    fi
    if [[ $url =~ ^(postgres(ql)?://[^?]*[?](.*&)?)password=([^&]*)(.*)$ ]]; then
        url=${BASH_REMATCH[1]}${BASH_REMATCH[5]#&} password=$(percent_decoded "${BASH_REMATCH[4]}")
    elif [[ $url != postgres*://* && " $url" =~ $PASSWORD_WORD ]]; then
        url=${BASH_REMATCH[1]}${BASH_REMATCH[4]} password=${BASH_REMATCH[2]}
        [[ $password != \'* ]] || password=${password:1:-1}
        # shellcheck disable=SC2001
        password=$(sed 's/\\\(.\)/\1/g' <<<"$password")
    fi
    # should we be killed: it must not hold our locks
    PGPASSWORD=$password ${LIMIT:+timeout -k 1 "$LIMIT"} setpriv --pdeathsig KILL -- psql -d "$url" "$@" 8>&- 9>&-
}

check_database() { # before psql: of a URI that is taken apart otherwise than meant it would show a piece of the password
    build writer/writer
    ! database_named || DATABASE_URL=$DATABASE_URL accepts "$WRITER" -i - -o -
}

percent_decoded() { # percent_decoded TEXT
    local text=${1//\\/\\\\}
    printf %b "${text//%/\\x}"
}

sql() { # sql QUERY: in the schema of the tables
    PGOPTIONS="-c client_min_messages=error -c search_path=\"${OPT[schema]}\"" \
        open_database -XAtq -F ' ' -v ON_ERROR_STOP=1 -c "$1" || return 3
}

find_all_gaps() { # into $TMP/gaps: job=, chain=, dataset=, from=, to= and the filter's words, a gap a line
    build writer/writer
    option_words schema log-format
    aside ask_writer --gaps "${WORDS[@]}" >"$TMP/all" || exit
    awk '/^#/ {
            job = $2 " " $3 " " $4
            filter = substr($5, 8) # of filter={"address":["0x...","0x..."]}
            gsub(/[{}"]/, "", filter); gsub(/:\[/, "=", filter); gsub(/\],/, " ", filter); sub(/\]/, "", filter)
            next
        }
        { split($0, range, "-"); print job, "from=" range[1], "to=" range[2] (filter == "" ? "" : " " filter) }' \
        "$TMP/all" >"$TMP/gaps"
}

say_no_gaps() { # there are none
    if [ -s "$TMP/all" ]; then
        say "nothing missing: every job of schema \"${OPT[schema]}\" is covered"
    else
        say "no jobs in schema \"${OPT[schema]}\""
    fi
}

refuse_filter() { # refuse_filter WHAT WHY: options that say which job is meant have no place here
    local name
    for name in chain-id dataset address event topic0 topic1 topic2 topic3; do
        [ -z "${OPT[$name]:-}" ] || die 2 "$1 takes no --$name$2: each job has its own"
    done
}

only_chain() { # that of all jobs there are; nothing where there are several, or none
    sql "select min(chain_id) from jobs having count(distinct chain_id) = 1" 2>/dev/null
}

cmd_gaps() {
    # shellcheck disable=SC2034
    ASKS='' # where the options and the database say it all
    [[ " $*" == *' --from'* || " $*" == *' --to'* ]] || unset CONTRACT_ADDRESS EVENT_TOPIC # of one job
    parse_options "$@"
    OPT[schema]=${OPT[schema]:-public}
    [ -n "${OPT[from]:-}" ] && [ -n "${OPT[to]:-}" ] || [ -z "${OPT[from]:-}${OPT[to]:-}" ] ||
        die 2 'gaps: --from and --to go together'
    [ -n "${OPT[from]:-}" ] || refuse_filter gaps ' without --from and --to'
    database_exists || { say 'no job was run yet'; return; }
    database_up
    if [ -n "${OPT[from]:-}" ]; then
        build producer/producer fetcher/fetcher writer/writer
        OPT[chain-id]=${OPT[chain-id]:-$(only_chain)}
        resolve
        find_gaps
        [ -s "$TMP/gaps" ] || say "nothing missing: blocks ${OPT[from]}-${OPT[to]} are covered"
    else
        find_all_gaps
        [ -s "$TMP/gaps" ] || say_no_gaps
    fi
    cat "$TMP/gaps"
}

cmd_fill() { # each job's gaps by a run of their own
    local job chain dataset from to filter status=0
    unset CONTRACT_ADDRESS EVENT_TOPIC # of a job to come; these have theirs
    parse_options "$@"
    OPT[schema]=${OPT[schema]:-public}
    [ -z "${OPT[from]:-}${OPT[to]:-}" ] || die 2 'fill takes no --from and --to'
    refuse_filter fill ''
    database_exists || { say 'nothing missing: no job was run yet'; return 0; }
    database_up
    find_all_gaps
    [ -s "$TMP/gaps" ] || { say_no_gaps; return 0; }
    # a run for each job, from its first gap to its last
    awk '!($1 in first) { first[$1] = $0; order[++n] = $1 } { to[$1] = $5 }
        END { for (i = 1; i <= n; i++) { $0 = first[order[i]]; $5 = to[order[i]]; print } }' "$TMP/gaps" >"$TMP/jobs"
    while read -r job chain dataset from to filter <&4; do
        say "filling job ${job#*=}: ${dataset#*=} of chain ${chain#*=}, blocks ${from#*=}-${to#*=}"
        # shellcheck disable=SC2046
        fill_job "$@" "--chain-id=${chain#*=}" "--$dataset" "--$from" "--$to" $(filter_options "$filter")
        [ "$ENDED" -le "$status" ] || status=$ENDED
        [ "$STOPS" -eq 0 ] && [ "$ENDED" -ne 130 ] || break # or the command stop ended that run
    done 4<"$TMP/jobs"
    return "$status"
}

fill_job() { # fill_job OPTION...
    ENDED=''
    start run "$(readlink -f "$0")" fill-job "$@"
    { while [ -z "$ENDED" ]; do reap; done } 2>/dev/null
    end_timers
}

cmd_fill-job() { # one run of fill, by fill
    # shellcheck disable=SC2034
    FILLS=1
    cmd_run "$@"
}

filter_options() { # filter_options WORDS: address=a,b becomes --address a --address b
    local word values
    for word in $1; do
        values=${word#*=}
        # shellcheck disable=SC2086
        printf -- "--${word%%=*} %s " ${values//,/ }
    done
}
