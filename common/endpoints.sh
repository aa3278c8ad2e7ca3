# shellcheck shell=bash disable=SC2034  # run.sh reads what is set here
# endpoints.sh - run.sh's endpoints: their names, and what they answer when they are asked before a run.

declare -A OPT # of options.sh
DEFAULT_RPC=(publicnode=https://ethereum-sepolia-rpc.publicnode.com ankr=https://rpc.ankr.com/eth_sepolia
    drpc=https://sepolia.drpc.org)
SAID=()   # what each endpoint answered
NOW_CS=0  # of look_at_clock
BEYOND='' # what the endpoints do not have yet

endpoint_name() { # endpoint_name SPEC: its name, or what fetchers make of its host; never more, since URLs hold keys
    local host=${1%%,*}
    if [[ $host =~ ^([A-Za-z0-9_.:-]+)=[a-z]+:// ]]; then echo "${BASH_REMATCH[1]}"; return; fi
    host=${host#*://} host=${host%%[/?#]*} host=${host##*@}
    if [[ $host != \[* && ${host%%:*} =~ (^|\.)([^.]+)\.[^.]*[^.0-9][^.]*$ ]]; then host=${BASH_REMATCH[2]}; fi
    host=${host//[/}
    echo "${host//]/}"
}

name_endpoints() { # no two of SPECS with one name: one that is given twice is a mistake, hosts are numbered
    local i n name host unnamed=()
    local -A taken=()
    for i in "${!SPECS[@]}"; do
        [[ ${SPECS[i]} =~ ^[^/,]+= ]] || { unnamed+=("$i"); continue; }
        name=$(endpoint_name "${SPECS[i]}")
        [ -z "${taken[$name]:-}" ] || die 2 "two endpoints are named \"$name\""
        taken[$name]=1
    done
    for i in "${unnamed[@]}"; do
        name=$(endpoint_name "${SPECS[i]}") n=1
        host=${name:0:44} # of the 48 that a name may have
        while [ -n "${taken[$name]:-}" ]; do n=$((n + 1)) name=$host-$n; done
        taken[$name]=1
        [ "$n" -eq 1 ] || SPECS[i]=$name=${SPECS[i]}
    done
}

# All are asked at once. The chain id is that of the first endpoint, in their order, that answers; latest the smallest
# head. Whoever has not answered a second after the first good answer is not waited for, but by --dry-run, which tells
# of all. Nor is anybody where the chain is given and an endpoint of it has the last block: a fetcher tells by itself
# what is wrong with its endpoint.
ask_endpoints() {
    local i began good='' said='' most=-1 pids=() chains=() heads=()
    for i in "${!SPECS[@]}"; do
        RPC_URL=${SPECS[i]} timeout -k 2 20 "$FETCHER" --check >"$TMP/check$i" 2>"$TMP/check$i.err" 8>&- 9>&- &
        pids[i]=$!
    done
    look_at_clock
    began=$NOW_CS
    until hear_endpoints && answers_do; do
        [ -n "$said" ] || [ $((NOW_CS - began)) -lt 200 ] || { said=1 && say_waiting; }
        sleep 0.02 3>&- 8>&- 9>&-
        look_at_clock
    done
    kill "${pids[@]}" 2>/dev/null
    settle
}

look_at_clock() { # a monotonic one
    read -r NOW_CS _ </proc/uptime
    NOW_CS=${NOW_CS/./}
}

say_waiting() {
    local i names=''
    for i in "${!pids[@]}"; do names+="${names:+, }\"$(endpoint_name "${SPECS[i]}")\""; done
    say "waiting for endpoint $names to answer"
}

hear_endpoints() { # what those that have ended told
    local i answer
    for i in "${!pids[@]}"; do
        ! kill -0 "${pids[i]}" 2>/dev/null || continue
        unset "pids[i]"
        answer=$(<"$TMP/check$i")
        if [[ ! $answer =~ ^chain=([0-9]+)\ head=([0-9]+)$ ]]; then
            answer=$(tail -n 1 "$TMP/check$i.err")
            SAID[i]=${answer#*\"*\"*(*)} # after the name
            SAID[i]=${SAID[i]#*[: ] }
            continue
        fi
        chains[i]=${BASH_REMATCH[1]} heads[i]=${BASH_REMATCH[2]} SAID[i]="newest block ${BASH_REMATCH[2]}"
        [ "${OPT[chain-id]:-${chains[i]}}" = "${chains[i]}" ] || continue
        good=${good:-$NOW_CS}
        [ "$most" -ge "${heads[i]}" ] || most=${heads[i]}
    done
}

answers_do() { # is nobody worth waiting for?
    local i
    [ ${#pids[@]} -gt 0 ] || return 0
    [ -z "${OPT[dry-run]:-}" ] && [ -n "$good" ] || return 1
    [ $((NOW_CS - good)) -lt 100 ] || return 0
    [ "${OPT[to]}" != latest ] && [ "${OPT[to]}" -le "$most" ] || return 1
    [ -z "${OPT[chain-id]:-}" ] || return 0
    for i in "${!SPECS[@]}"; do # the first in order that answers
        [ -z "${chains[i]:-}" ] || return 0
        [ -z "${pids[i]:-}" ] || return 1
    done
}

settle() { # what follows from the answers
    local i chain=${OPT[chain-id]:-} other='' least=''
    most=-1
    for i in "${!chains[@]}"; do
        chain=${chain:-${chains[i]}}
        [ "${chains[i]}" = "$chain" ] || { other=${other:-$i} SAID[i]="chain ${chains[i]}, not used"; continue; }
        [ -n "$least" ] && [ "$least" -le "${heads[i]}" ] || least=${heads[i]}
        [ "$most" -ge "${heads[i]}" ] || most=${heads[i]}
    done
    [ -n "$least" ] || [ -z "$other" ] || # before anything is remembered of a job that nobody can do
        die 3 "endpoint \"$(endpoint_name "${SPECS[other]}")\": chain ${chains[other]}, not $chain as --chain-id says"
    [ -n "$chain" ] && { [ "${OPT[to]}" != latest ] || [ -n "$least" ]; } || none_answers
    OPT[chain-id]=$chain
    if [ "${OPT[to]}" = latest ]; then
        OPT[to]=$least
    elif [ -n "$least" ] && [ "${OPT[to]}" -gt "$most" ]; then
        BEYOND="blocks $((OPT[from] > most ? OPT[from] : most + 1))-${OPT[to]} are beyond"
        BEYOND+=" the newest block, $most, of every endpoint: waiting for them"
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

check_added() { # check_added SPEC CHAIN: one that does not answer yet is no mistake, another chain is
    local answer
    if ! answer=$(RPC_URL=$1 timeout -k 2 5 "$FETCHER" --check 2>"$TMP/check.err"); then
        LEVEL=warn say "endpoint \"$(endpoint_name "$1")\" does not answer yet: $(tail -n 1 "$TMP/check.err")"
    elif [[ $answer != "chain=$2 "* ]]; then
        die 2 "add: endpoint \"$(endpoint_name "$1")\" serves another chain: ${answer%% *}, and the job wants chain=$2"
    fi
}
