# shellcheck shell=bash
# options.sh - run.sh's options and messages: one table for parsing, environment, checking and --help.
#
# Flags beat environment. After parse_options OPT[name] holds a checked value; several are a line each.
# A form with + may be given often. Messages go to descriptor 3, a copy of stderr (supervise.sh says why).

VERSION=0.1.0
OPTIONS='
from        number    -                N     first block, decimal or 0x-hex
to          block     -                M     last block, or "latest": the smallest head of the endpoints
rpc         endpoint+ RPC_URLS         SPEC  endpoint: [NAME=]URL[,concurrency=10][,rps=25] (default: public Sepolia)
db          secret    DATABASE_URL     URI   database (default: PG* of the environment, else a private one)
dataset     names     -                LIST  logs, blocks, transactions, token_transfers, traces, contracts, accounts
address     address+  CONTRACT_ADDRESS 0x..  only logs of this contract
event       event+    -                SIG   only this event, as Transfer(address,address,uint256)
topic0      topic+    EVENT_TOPIC      0x..  only logs with this topic 0
topic1      topic+    -                0x..  ... topic 1
topic2      topic+    -                0x..  ... topic 2
topic3      topic+    -                0x..  ... topic 3
step        positive  -                N     blocks in a task (default: 1000)
schema      name      -                NAME  schema of the tables (default: public)
chain-id    positive  -                N     refuse other chains (default: that of the first endpoint that answers)
workers     few       -                N     fetcher processes per endpoint (default: 1)
connections positive  -                N     database connections (default: 2)
lease       time      -                S     seconds until a task is given to another fetcher (default: 300)
attempts    tries     -                N     tries before a range is given up (default: 5)
on-error    policy    -                HOW   best_effort (default) or fail_fast
give-up     time      -                S   end with 3 when for so long no endpoint works or block comes (default: never)
pause       seconds   -                S     enrich: seconds between requests to an endpoint (default: 0.15)
profile     profile   -                NAME  development, medium or high: step, connections, concurrency, batch size
log-format  format    -                HOW   text or json
dry-run     flag      -                -     print the job, touch nothing
'
declare -A FORM=() ENVIRONMENT=() # of each option
declare -A PATTERN=(
    [number]='^([0-9]{1,18}|0x[0-9a-fA-F]{1,15})$' [block]='^([0-9]{1,18}|0x[0-9a-fA-F]{1,15}|latest)$'
    [positive]='^[1-9][0-9]{0,17}$' [few]='^[1-9][0-9]?$'
    [tries]='^([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])$' [secret]='.'
    [time]='^([0-9]+(\.[0-9]+)?(ms|[hms])?)+$'
    [endpoint]='^([A-Za-z0-9_.-]+=)?https?://[^ ]+$'
    [address]='^0x[0-9a-fA-F]{40}$' [topic]='^0x[0-9a-fA-F]{64}$' [names]='^[a-z_]+(,[a-z_]+)*$'
    [name]='^[a-zA-Z_][a-zA-Z0-9_]{0,62}$' [event]='\('
    [seconds]='^[0-9]+(\.[0-9]+)?(ms|s)?$' [policy]='^(best_effort|fail_fast)$'
    [profile]='^(development|medium|high)$' [format]='^(text|json)$')
declare -A EXPECTED=(
    [number]='a block number (only --to may be "latest")' [block]='a block number or "latest"'
    [positive]='a positive number' [few]='1 to 99' [tries]='1 to 255' [time]='a time like 30, 250ms or 5m'
    [secret]='a value' [endpoint]='[NAME=]http(s)://HOST...[,concurrency=N][,rps=N]'
    [address]='0x and 40 hex digits' [topic]='0x and 64 hex digits' [names]='names with commas between'
    [name]='a name' [event]='an event like Transfer(address,address,uint256), or as in its source'
    [seconds]='seconds, as 0.15 or 150ms' [policy]='best_effort or fail_fast'
    [profile]='development, medium or high' [format]='text or json')
declare -A OPT=() # option -> value; several: newline between

say() { # to descriptor 3, stderr: see supervise; of level LEVEL
    if [ "${OPT[log-format]:-text}" = json ]; then
        local text=${*//\\/\\\\}
        text=${text//$'\n'/\\n} text=${text//$'\t'/\\t}
        text=${text//[[:cntrl:]]/ }
        TZ=UTC printf '{"time":"%(%FT%TZ)T","level":"%s","program":"sluice","message":"%s"}\n' -1 "${LEVEL:-info}" \
            "${text//\"/\\\"}" >&3
    else
        local clear='' # on a terminal: the bar that may be in the line
        [ ! -t 3 ] || [ "${TERM:-dumb}" = dumb ] || clear=$'\r\e[K'
        printf '%ssluice: %s\n' "$clear" "$*" >&3
    fi
}

counted() { # counted N NOUN: "1 block", "2 blocks"
    echo "$1 $2$([ "$1" -eq 1 ] || echo s)"
}

die() { # die STATUS MESSAGE
    LEVEL=warn say "${@:2}"
    exit "$1"
}

usage() {
    local name form env arg help
    cat <<'END'
usage: sluice --from N --to M [OPTION]...   pull the job's missing blocks into the database
       sluice demo                          a simulated chain behind three endpoints; needs no network
       sluice status | stop                 what runs and what is covered; end all of it
       sluice add SPEC|- [PROCESS]          one more endpoint for the running job, or the one that status names so
       sluice gaps | fill                   print, or pull, what every job lacks
       sluice enrich [OPTION]...            pull the transactions and blocks that logs refer to and the database lacks
       sluice psql [ARG]...                 open the database; --db and --schema come first, the rest is psql's
END
    while read -r name form env arg help; do
        [ -n "$name" ] || continue
        [ "$arg" != - ] || arg=
        [ "$env" = - ] || help+=" [$env]"
        printf '  %-20s %s\n' "--$name $arg" "$help"
    done <<<"$OPTIONS"
    printf '  %-20s %s\n' --help 'print this' --version 'print the version'
    echo 'exit status: 0 complete, 1 some ranges failed, 2 usage, 3 something outside is unavailable, 130 interrupted'
}

set_option() { # set_option NAME VALUE [VARIABLE]: checks the value by its form; it may be of a variable
    local form=${FORM[$1]%+} called=${3:---$1}
    [[ $2 =~ ${PATTERN[$form]} ]] || case $form in
    endpoint | secret) die 2 "$called: expected ${EXPECTED[$form]}" ;; # it may hold a key
    *) die 2 "$called \"$2\": expected ${EXPECTED[$form]}" ;;
    esac
    case $form:$2 in
    number:* | block:[0-9]*)
        [[ $2 == 0x* ]] || set -- "$1" "10#$2" # else a leading 0 means octal
        set -- "$1" $(($2))
        ;;
    esac
    [[ ${FORM[$1]} == *+ && -n ${OPT[$1]:-} ]] || { OPT[$1]=$2; return; }
    [[ $'\n'${OPT[$1]}$'\n' == *$'\n'$2$'\n'* ]] || OPT[$1]+=$'\n'$2
}

read_table() {
    local name form env rest
    while read -r name form env rest; do
        [ -n "$name" ] && FORM[$name]=$form ENVIRONMENT[$name]=$env
    done <<<"$OPTIONS"
}

read_environment() { # what no flag gave
    local name value values
    for name in "${!ENVIRONMENT[@]}"; do
        value=${ENVIRONMENT[$name]}
        [ "$value" != - ] && [ -z "${OPT[$name]:-}" ] || continue
        values=${!value:-}
        # shellcheck disable=SC2086
        case ${FORM[$name]} in
        *+) for value in $values; do set_option "$name" "$value" "${ENVIRONMENT[$name]}"; done ;;
        *) [ -z "$values" ] || set_option "$name" "$values" "${ENVIRONMENT[$name]}" ;;
        esac
    done
    unset CONTRACT_ADDRESS EVENT_TOPIC # the programs read these too, and would where a job has no filter
}

parse_options() {
    local name
    while [ $# -gt 0 ]; do
        [[ $1 == --?* ]] || die 2 "\"${1%%[:=]*}\": expected an option (try --help)"
        name=${1#--}
        name=${name%%=*}
        [ "$name" != help ] || { usage; exit 0; }
        [ "$name" != version ] || { echo "sluice $VERSION"; exit 0; }
        [ -n "${FORM[$name]:-}" ] || die 2 "unknown option --$name (try --help)"
        if [ "${FORM[$name]}" = flag ]; then
            [[ $1 != *=* ]] || die 2 "--$name takes no value"
            OPT[$name]=1
        elif [[ $1 == *=* ]]; then
            set_option "$name" "${1#*=}"
        else
            [ $# -gt 1 ] || die 2 "--$name needs a value: ${EXPECTED[${FORM[$name]%+}]}"
            set_option "$name" "$2"
            shift
        fi
        shift
    done
    read_environment
}

list() { # list NAME: the values of an option, a line each
    [ -z "${OPT[$1]:-}" ] || printf '%s\n' "${OPT[$1]}"
}
