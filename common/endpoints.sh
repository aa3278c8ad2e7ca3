# shellcheck shell=bash disable=SC2034  # run.sh reads what is set here
# endpoints.sh - run.sh's endpoints: their names, and what they answer when they are asked before a run.

declare -A OPT # of options.sh
DEFAULT_RPC=(publicnode=https://ethereum-sepolia-rpc.publicnode.com ankr=https://rpc.ankr.com/eth_sepolia
    drpc=https://sepolia.drpc.org)
SAID=()   # what each endpoint answered
BEYOND='' # what the endpoints do not have yet

endpoint_name() { # endpoint_name SPEC: its name, or its host; never more, since URLs hold keys
    local url=${1%%,*}
    if [[ $url =~ ^([A-Za-z0-9_.-]+)=[a-z]+:// ]]; then echo "${BASH_REMATCH[1]}"; return; fi
    url=${url#*://} url=${url%%[/?#]*}
    echo "${url##*@}"
}

# The chain id is that of the first endpoint, in their order, that answers; latest the smallest head. SAID gets
# what each told; all of it is waited for only by --dry-run, and where nobody who has answered has the last block,
# since a fetcher tells by itself what is wrong.
ask_endpoints() {
    local i answer still least='' most=-1 all='' pids=()
    [ "${OPT[to]}" != latest ] && [ -z "${OPT[dry-run]:-}" ] || all=1
    for i in "${!SPECS[@]}"; do
        RPC_URL=${SPECS[i]} timeout -k 2 20 "$FETCHER" --check >"$TMP/check$i" 2>"$TMP/check$i.err" 8>&- 9>&- &
        pids+=($!)
    done
    for i in "${!SPECS[@]}"; do
        wait "${pids[i]}"
        unset "pids[i]"
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
    still=" $(jobs -rp | tr '\n' ' ')" # one that has ended may have left its number to another
    for i in "${!pids[@]}"; do [[ $still != *" ${pids[i]} "* ]] || kill "${pids[i]}"; done 2>/dev/null
    [ -n "${OPT[chain-id]:-}" ] && { [ "${OPT[to]}" != latest ] || [ -n "$least" ]; } || none_answers
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
