# shellcheck shell=bash
# lacks.sh - what the database lacks by its own account: the commands gaps and fill of run.sh.
#
# A job's gaps are the holes between the first and the last block that it ever touched: what another run
# has not covered yet, or has given up. (enrich.sh looks at rows instead.)

declare -A OPT # of options.sh

# before, value, ..., behind; as in: host=x password='it\'s one' dbname=y
PASSWORD_WORD="^(.*[[:space:]])password[[:space:]]*=[[:space:]]*('([^'\\\\]|\\\\.)*'|[^[:space:]]*)(.*)\$"

open_database() { # open_database ARG...: psql, with the password in its environment, since all may see arguments
    local url=$DATABASE_URL password=${PGPASSWORD:-}
    if [[ $url =~ ^(postgres(ql)?://[^:@/?]*):([^@/?]*)@(.*)$ ]]; then
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
    PGPASSWORD=$password psql -d "$url" "$@"
}

percent_decoded() { # percent_decoded TEXT
    local text=${1//\\/\\\\}
    printf %b "${text//%/\\x}"
}

sql() { # sql QUERY: in the schema of the tables
    PGOPTIONS="-c client_min_messages=error -c search_path=\"${OPT[schema]}\"" \
        open_database -XAtq -F ' ' -v ON_ERROR_STOP=1 -c "$1" || return 3
}

has_table() { # has_table NAME
    [ "$(sql "select to_regclass('$1') is not null")" = t ]
}

job_gaps() { # job, chain, dataset, from, to, filter words: a gap a line
    has_table jobs || return 0
    sql "with known as (
            select job_id, from_block, to_block, true as done from ranges
            union all select job_id, from_block, to_block, false from failed_ranges),
        lacks as (
            select job_id, int8multirange(int8range(min(from_block), max(to_block), '[]')) -
                coalesce(range_agg(int8range(from_block, to_block, '[]')) filter (where done), '{}') as gaps
            from known group by 1)
        select job_id, chain_id, dataset, lower(gap), upper(gap) - 1,
            (select string_agg(key || '=' || (select string_agg(v, ',') from jsonb_array_elements_text(value) v), ' ')
             from jsonb_each(filter))
        from jobs join lacks using (job_id), unnest(gaps) gap order by 1, 4"
}

cmd_gaps() {
    parse_options "$@"
    OPT[schema]=${OPT[schema]:-public}
    database_exists || return 0
    database_up
    if [ -n "${OPT[from]:-}" ] && [ -n "${OPT[to]:-}" ]; then
        build producer/producer fetcher/fetcher writer/writer
        resolve
        find_gaps
        cat "$TMP/gaps"
        return
    fi
    job_gaps | sed -E 's/^([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ?/job=\1 chain=\2 dataset=\3 from=\4 to=\5 /; s/ $//'
}

cmd_fill() { # each job's gaps by a run of their own
    local job chain dataset from to filter last='' status=0
    parse_options "$@"
    OPT[schema]=${OPT[schema]:-public}
    [ -z "${OPT[from]:-}${OPT[to]:-}" ] || die 2 'fill takes no --from and --to'
    database_exists || { say 'nothing missing: no job was run yet'; return 0; }
    database_up
    job_gaps | awk '!($1 in first) { first[$1] = $0; order[++n] = $1 } { to[$1] = $5 }
        END { for (i = 1; i <= n; i++) { $0 = first[order[i]]; $5 = to[order[i]]; print } }' >"$TMP/jobs"
    # a run for each job, from its first gap to its last
    while read -r job chain dataset from to filter <&4; do
        last=$job
        say "filling job $job: $dataset of chain $chain, blocks $from-$to"
        # shellcheck disable=SC2046
        fill_job "$@" --chain-id "$chain" --dataset "$dataset" --from "$from" --to "$to" $(filter_options "$filter")
        [ "$ENDED" -le "$status" ] || status=$ENDED
        [ "$STOPS" -eq 0 ] || break
    done 4<"$TMP/jobs"
    [ -n "$last" ] || say 'nothing missing: every job is covered'
    return "$status"
}

fill_job() { # fill_job OPTION...
    ENDED=''
    start run "$(readlink -f "$0")" "$@"
    { while [ -z "$ENDED" ]; do reap; done } 2>/dev/null
    end_timers
}

filter_options() { # filter_options WORDS: address=a,b becomes --address a --address b
    local word values
    for word in $1; do
        values=${word#*=}
        # shellcheck disable=SC2086
        printf -- "--${word%%=*} %s " ${values//,/ }
    done
}
