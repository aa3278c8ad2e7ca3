#!/usr/bin/env bash
# anvil.sh [ROUNDS] - a real node, anvil with 200,000 logs in 2,000 blocks: sluice beside a script for Node that asks for the
# same ranges and inserts batches of 1,000 rows, and beside curl that does not look at what it downloads.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
ROUNDS=${1:-2} LOGS=200000 BLOCKS=2000 STEP=50
need
[ -d tests/node_modules/pg ] || make -s tests/node_modules/.stamp >&2 || bail 'npm failed'
bench_postgres
start_anvil node --no-mining --order fifo --hardfork prague --chain-id 31337 --timestamp 1700000000 \
    --gas-limit 1000000000 --base-fee 0 --no-request-size-limit
run node tests/reader/chain.mjs "$URL" $BLOCKS 2 $((LOGS / BLOCKS / 2)) 0
[ "$STATUS" -eq 0 ] || bail "$ERR"
FIRST=2 LAST=$((BLOCKS + 1)) # block 1 deploys the contract

for ((from = FIRST; from <= LAST; from += STEP)); do
    [ "$from" -eq "$FIRST" ] || echo next
    printf 'url = "%s"\noutput = /dev/null\nheader = "content-type: application/json"\n' "$URL"
    printf 'data = "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"eth_getLogs\\",\\"params\\":[{\\"fromBlock\\":\\"0x%x\\",\\"toBlock\\":\\"0x%x\\"}]}"\n' \
        "$from" $((from + STEP - 1))
done >"$T/curl"

check_rows() { # check_rows WHO SCHEMA
    local rows
    rows=$(PGOPTIONS="-c search_path=$2" checksum logs)
    [[ $rows == "logs|$LOGS|"* && $rows = "${ROWS:=$rows}" ]] || diag "anvil: $1: $rows, not $ROWS"
}

sluice() {
    fresh bench
    pipeline bench "--from $FIRST --to $LAST --step $STEP --dataset logs" "anvil=$URL"
    check_rows sluice bench
    ours+=("$WALL") cpu+=("$(calc "$(used producer) + $(used fetcher) + $(used writer)")")
}

script() { # script RANGES_AT_ONCE CONNECTIONS: sets WALL
    local start
    fresh script
    sql 'create table script.logs (like bench.logs including all)'
    start=$(now_us)
    "$RUSAGE" "$T/use.script" node tests/bench/script.mjs "$URL" $FIRST $LAST $STEP "$@" || bail 'script.mjs failed'
    WALL=$(calc "($(now_us) - $start) / 1e6")
    check_rows script.mjs script
}

ours=() plain=() pooled=() curl=() cpu=() cpu_plain=()
for ((round = 0; round < ROUNDS; round++)); do
    sluice
    script 1 1
    plain+=("$WALL") cpu_plain+=("$(used script)")
    sluice # it is short: twice a round
    script 4 2
    pooled+=("$WALL")
    start=$(now_us)
    curl --parallel --parallel-max 2 -K "$T/curl" 2>"$T/curl.err"
    curl+=("$(calc "($(now_us) - $start) / 1e6")")
done
rate() { # rate SECONDS...: logs a second, of their median
    calc "$LOGS / $(median "$@")"
}
title "a real node: anvil, $LOGS logs in $BLOCKS blocks, ranges of $STEP, medians of $ROUNDS"
row 'sluice' '%9.0f logs/s' "$(rate "${ours[@]}")" "CPU $(median "${cpu[@]}") s"
row 'Node script, batches of 1,000, one range after the other' '%9.0f logs/s' "$(rate "${plain[@]}")" "CPU $(median "${cpu_plain[@]}") s"
row '  with 4 ranges at once and 2 connections' '%9.0f logs/s' "$(rate "${pooled[@]}")"
row 'curl, 2 connections, nothing looked at: what anvil serves' '%9.0f logs/s' "$(rate "${curl[@]}")"
row 'sluice : Node script' '%9.1f' "$(calc "$(median "${plain[@]}") / $(median "${ours[@]}")")" 'wanted: 5'
row '  with 4 ranges at once and 2 connections' '%9.1f' "$(calc "$(median "${pooled[@]}") / $(median "${ours[@]}")")"
row 'sluice : squid-sdk' '%9.1f' "$(calc "$(rate "${ours[@]}") / 14200")" 'wanted: 8; its 14,200 logs/s were measured elsewhere, on 2 cores'
