#!/usr/bin/env bash
# all.sh bench|bench-quick - every part, one after the other, under one heading.
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
HERE=tests/bench
# shellcheck source=tests/bench/lib.sh
(. $HERE/lib.sh && need && printf 'sluice %s on %s\n' "$(git describe --always --dirty 2>/dev/null)" "$(machine)") || exit
trap 'exit 130' INT TERM
if [ "${1:-bench}" = bench-quick ]; then
    $HERE/end-to-end.sh 300000 1
    $HERE/pull.sh quick
    $HERE/many.sh 10 quick
    $HERE/fetch.sh 300000 1
    $HERE/scenario.sh
else
    $HERE/end-to-end.sh
    $HERE/pull.sh
    $HERE/many.sh 12
    $HERE/limits.sh
    $HERE/conflict.sh 200000 2
    $HERE/ranges.sh 50000 200000
    $HERE/scale.sh 300000
    $HERE/fetch.sh
    $HERE/anvil.sh 1
    $HERE/scenario.sh
    $HERE/upsert.sh 11 1
    $HERE/enrich.sh
fi
