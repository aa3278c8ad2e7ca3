#!/usr/bin/env bash
# all.sh bench|bench-quick - every part, one after the other, under one heading, and how long each took.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
HERE=tests/bench
# shellcheck source=tests/bench/lib.sh
(. $HERE/lib.sh && need &&
    printf 'sluice %s on %s\n' "$(git describe --always --dirty 2>/dev/null)" "$(machine)") || exit
trap 'exit 130' INT TERM
TIMES=''

part() { # part NAME [ARGUMENT]...
    local start=$SECONDS
    "$HERE/$1.sh" "${@:2}"
    TIMES+="${TIMES:+, }$1 $((SECONDS - start)) s"
}

if [ "${1:-bench}" = bench-quick ]; then
    part end-to-end 300000 1
    part pull quick
    part many 10 quick
    part fetch 300000 1
    part scenario
else
    part end-to-end
    part pull
    part many 12
    part limits
    part conflict 200000 2
    part ranges 50000 200000
    part scale 1000000
    part fetch
    part anvil 1
    part scenario
    part upsert 21 1
    part enrich
fi
printf '\nin all %d s: %s\n' "$SECONDS" "$TIMES"
