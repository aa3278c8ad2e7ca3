# shellcheck shell=bash
# supervise.sh - a set of child processes: started, restarted when they die, ended in order.
#
# ROLE[pid] says what a child is: "producer", "writer", "fetcher N", "simulator", "run" (run.sh for one job) or
# "timer WHAT" (a sleep whose end is an event). The sourcing script's ended ROLE STATUS decides what the end of one
# means, about ROLE names it for people, and added is called when ADDED is set; it counts in STOPS and keeps the
# first one's time in STOPPED_S, from which on DRAIN_S seconds are left. supervise runs until ENDED holds the run's
# exit status. Every child is killed by the kernel when this process dies (pdeathsig), however it dies.

BACKOFF_MAX_S=30
declare -A ROLE=() TRIES=() BORN=()
ENDED='' STOPS=0 STOPPED_S=0 FINISHING='' ADDED=''

start() { # start ROLE COMMAND...: in a session of its own, so that the terminal's Ctrl-C reaches only us
    setsid setpriv --pdeathsig KILL -- "${@:2}" </dev/null 2>&3 3>&- 8>&- 9>&- &
    ROLE[$!]=$1 BORN[$1]=$SECONDS
}

aside() { # aside COMMAND...: while bash waits for a command itself it hears no signal, but in wait it does
    local pid status
    "$@" </dev/null 8>&- 9>&- &
    pid=$!
    while wait "$pid"; status=$?; [ "$status" -gt 128 ] && kill -0 "$pid" 2>/dev/null; do :; done
    return "$status"
}

signal_role() { # signal_role SIGNAL ROLE-PATTERN
    local pid
    for pid in "${!ROLE[@]}"; do
        # shellcheck disable=SC2053
        [[ ${ROLE[$pid]} == $2 ]] && kill "-$1" "$pid" && kill -CONT "$pid"
    done 2>/dev/null
}

has_role() { # has_role PATTERN
    local role
    # shellcheck disable=SC2053
    for role in "${ROLE[@]}"; do [[ $role == $1 ]] && return 0; done
    return 1
}

again() { # again ROLE STATUS|WHY: after 1, 2, 4 ... 30 s; a minute of life makes it 1 s again
    local role=$1 why="exit $2" delay
    if [[ $2 == *[!0-9]* ]]; then why=$2; elif [ "$2" -gt 128 ]; then why="signal $(kill -l "$2")"; fi
    [ $((SECONDS - ${BORN[$role]:-0})) -lt 60 ] || TRIES[$role]=0
    delay=$((1 << (${TRIES[$role]:-0} > 5 ? 5 : ${TRIES[$role]:-0})))
    TRIES[$role]=$((${TRIES[$role]:-0} + 1))
    [ "$delay" -lt "$BACKOFF_MAX_S" ] || delay=$BACKOFF_MAX_S
    LEVEL=warn say "$(about "$role") ended ($why), starting it again in $delay s"
    start "timer $role" sleep "$delay"
}

# Acts on one child that ended, or waits for one. bash's wait -n forgets children whose death it has
# reported ("Killed"), so each is looked at; the tick is for one that dies between the look and the wait.
reap() {
    local pid role status
    for pid in "${!ROLE[@]}"; do
        kill -0 "$pid" && continue
        wait "$pid"
        status=$?
        role=${ROLE[$pid]}
        unset "ROLE[$pid]"
        [ -z "$FINISHING" ] || return
        [ "$STOPS" -eq 0 ] || [[ $role == producer || $role == run || $role == 'timer drain' ]] || return
        ended "$role" "$status"
        return
    done
    has_role 'timer tick' || start 'timer tick' sleep 1
    wait -n
}

end_timers() { # none of them may fire any more
    local pid
    signal_role KILL 'timer*'
    for pid in "${!ROLE[@]}"; do
        [[ ${ROLE[$pid]} != timer* ]] || { wait "$pid"; unset "ROLE[$pid]"; }
    done
} 2>/dev/null

end_role() { # end_role PATTERN SECONDS: TERM, and KILL to what has not ended by then
    local end=$((SECONDS + $2))
    signal_role TERM "$1"
    while has_role "$1"; do
        [ $SECONDS -lt $end ] || signal_role KILL "$1"
        reap
    done
}

time_left() { # time_left SECONDS: to end by: that, or after a stop what is left of the drain, but 2 to be orderly
    local left=$1
    [ "$STOPS" -eq 0 ] || left=$((STOPPED_S + DRAIN_S - SECONDS))
    echo $((left > $1 ? $1 : left < 2 ? 2 : left))
}

supervise() { # stderr is closed to bash's reports of killed children; ours go to descriptor 3
    while [ -z "$ENDED" ]; do
        reap
        [ -z "$ADDED" ] || added
    done
    FINISHING=1
    end_timers
    end_role 'fetcher*' 2 # nobody waits for what they still ask
    end_role writer "$(time_left 30)" # commits what it has
    end_role producer 0
    FINISHING=
} 2>/dev/null
