#!/usr/bin/env bash
# limits.sh - endpoints that limit the range or the result of a request, on sparse and dense chains: the share of
# requests that is refused, and requests used beside the ideal number. They answer after 50 ms, and large results are
# rationed to 25 requests a second, as at providers: where requests cost nothing, the fetcher asks for small answers.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
need
bench_postgres

one() { # one WHAT BLOCKS IDEAL OPTION...
    local rows
    start_rpcsim limited --latency 50ms --blocks $(($2 + 1000)) "${@:4}"
    fresh bench
    pipeline bench "--from 1 --to $2 --step 20000 --dataset logs" "sim=$URL${SPEC:-}"
    rows=$(sql 'select count(*) from bench.logs')
    row "$1" '%9.2f %%' "$(stats "$URL" '([.refused[]]|add) / .requests * 100')" \
        "$(printf 'wanted: 2; %s requests, %.2f of the ideal %s, wanted: 1.25; %s rows' "$(stats "$URL" .requests)" \
            "$(calc "$(stats "$URL" .requests) / $3")" "$3" "$rows")"
    stop_process "$PID" 2>/dev/null
}

title 'limits: share of requests refused, learning included'
one 'range 10, dense' 20000 2000 --logs-per-block 5 --max-range 10 --range-style alchemy-free
one 'range 100, dense' 100000 1000 --logs-per-block 3 --max-range 100 --range-style ankr
one 'range 2,000, sparse' 1000000 500 --profile sparse --logs-per-block 20 --max-range 2000 --range-style quicknode
one 'range 10,000, sparse' 3000000 300 --profile sparse --logs-per-block 5 --max-range 10000 --range-style drpc
one 'result 1,000, dense' 30000 300 --logs-per-block 10 --max-results 1000 --result-style nethermind
one 'result 1,000, single blocks as large: no goal' 60000 300 --profile uneven --logs-per-block 10 --max-results 1000 --result-style infura
SPEC=,rps=25 one 'result 10,000, dense' 20000 100 --logs-per-block 50 --max-results 10000 --result-style alchemy
SPEC=,rps=25 one 'result 10,000, sparse (10,000 blocks to begin with)' 2000000 200 --profile sparse --logs-per-block 45 --max-results 10000 --result-style infura
