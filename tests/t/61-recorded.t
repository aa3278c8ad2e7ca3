#!/usr/bin/env bash
# Recorded data of real nodes lands byte for byte: the 54-block chain of execution-apis, with every
# transaction type and 56 logs of 190 kB in one block, and Ethereum's block 18000000.
# shellcheck source=tests/lib.sh
. tests/lib.sh
start_postgres

compare() { # compare SCHEMA TABLE FOLDER FROM TO
    node tests/reader/rows.mjs "$3" "$2" "$4" "$5" | sort >"$T/$2.recorded"
    sql "select * from $1.$2" | sort >"$T/$2.table"
    [ -s "$T/$2.recorded" ] && cmp -s "$T/$2.recorded" "$T/$2.table"
    ok $? "$2 of $3: $(wc -l <"$T/$2.recorded") rows, equal byte for byte" ||
        diag "$(diff "$T/$2.recorded" "$T/$2.table" | cut -c 1-400 | head -n 6)"
}

land() { # land SCHEMA FOLDER FROM TO
    start_rpcsim "$1" --recorded "$2"
    run ./run.sh --db "$DB" --schema "$1" --rpc "$URL" --from "$3" --to "$4" --step 10 --dataset logs
    is "$STATUS" 0 "$1: logs, exit 0" || diag "$ERR"
    run ./run.sh --db "$DB" --schema "$1" --rpc "$URL" --from "$3" --to "$4" --step 10 --dataset blocks,transactions
    is "$STATUS" 0 "$1: blocks and transactions, exit 0" || diag "$ERR"
    compare "$1" logs "$2" "$3" "$4"
    compare "$1" blocks "$2" "$3" "$4"
    compare "$1" transactions "$2" "$3" "$4"
}

land every_fork tests/fixtures/execution-apis 0 54
is "$(sql 'select count(*) from every_fork.logs where block_number = 2 and length(data) > 180000')" 56 \
    'the 56 logs of 190 kB in block 2 are there'
land mainnet tests/fixtures/squid-sdk/ethereum/18000000 18000000 18000000
done_testing
