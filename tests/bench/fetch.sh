#!/usr/bin/env bash
# fetch.sh [LOGS] [ROUNDS] - the fetcher alone, its output thrown away, beside curl that downloads the same and does
# not look at it.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
LOGS=${1:-1000000} ROUNDS=${2:-3} STEP=1000
need
start_rpcsim chain --seed 1 --blocks $((LOGS / 100 + 100)) --logs-per-block 100 --txs-per-block 10

for ((from = 1, n = 1; from <= LOGS / 100; from += STEP, n++)); do
    to=$((from + STEP - 1 < LOGS / 100 ? from + STEP - 1 : LOGS / 100))
    echo "task=$n dataset=logs from=$from to=$to" >>"$T/tasks"
    printf '%surl = "%s"\nsilent\noutput = /dev/null\ndata = "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"eth_getLogs\\",\\"params\\":[{\\"fromBlock\\":\\"0x%x\\",\\"toBlock\\":\\"0x%x\\"}]}"\n' \
        "$([ "$n" -gt 1 ] && echo $'next\n ')" "$URL" "$from" "$to" >>"$T/curl"
done

ours=() theirs=() cpu=()
for ((round = 0; round < ROUNDS; round++)); do
    start=$(now_us)
    "$RUSAGE" "$T/use.fetcher" "$FETCHER" --rpc "sim=$URL" -i - -o - <"$T/tasks" >/dev/null 2>"$T/fetcher.err" ||
        diag "fetcher: $(cat "$T/fetcher.err")"
    ours+=("$(calc "($(now_us) - $start) / 1e6")") cpu+=("$(used fetcher)")
    start=$(now_us)
    curl -K "$T/curl"
    theirs+=("$(calc "($(now_us) - $start) / 1e6")")
done
title "the fetcher alone: $LOGS logs, medians of $ROUNDS"
row 'sluice-fetcher' '%9.0f logs/s' "$(calc "$LOGS / $(median "${ours[@]}")")" "CPU $(calc "$(median "${cpu[@]}") / $LOGS * 1e6") s a million"
row 'curl' '%9.0f logs/s' "$(calc "$LOGS / $(median "${theirs[@]}")")"
row 'sluice-fetcher : curl' '%9.2f' "$(calc "$(median "${theirs[@]}") / $(median "${ours[@]}")")" 'wanted: 0.90'
