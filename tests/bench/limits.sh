#!/usr/bin/env bash
# limits.sh - endpoints that limit the range or the result of a request, on sparse and dense chains: the share of
# requests that is refused, learning included, and requests used beside the ideal number: the fewest that somebody who
# knows the number of logs of each block would need. Three go side by side: what is told are no times. They
# answer after 50 ms, and large results are rationed to 25 requests a second, as at providers: where requests cost
# nothing, the fetcher asks for small answers.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
need
bench_postgres

ideal() { # ideal BLOCKS RANGE RESULTS: as many blocks in each request as fit, by the rows loaded; 0: no limit
    sql "select block_number, count(*) from $SCHEMA.logs group by 1 order by 1" |
        awk -F'|' -v end="$1" -v range="$2" -v most="$3" '
        # from is the first block not asked for yet, n the logs from there to before this block
        { if (range) while ($1 - from >= range) { requests++; from += range; n = 0 }
          if (most && n + $2 > most && n > 0) { requests++; from = $1; n = 0 }
          n += $2 }
        BEGIN { from = 1 }
        END { print requests + (range ? int((end - from) / range) + 1 : 1) }'
}

one() { # one WHAT WANTED BLOCKS RANGE RESULTS OPTION...
    local rows requests ideal
    start_rpcsim limited --latency 50ms --blocks $(($3 + 1000)) "${@:6}"
    fresh "$SCHEMA"
    pipeline "$SCHEMA" "--from 1 --to $3 --step ${STEP:-20000} --dataset logs" "sim=$URL${SPEC:-}"
    rows=$(sql "select count(*) from $SCHEMA.logs") requests=$(stats "$URL" .requests) ideal=$(ideal "$3" "$4" "$5")
    row "$1" '%9.2f %%' "$(stats "$URL" '([.refused[]]|add) / .requests * 100')" \
        "$(printf '%s%s requests, %.2f of the ideal %s; %s rows' \
            "$2" "$requests" "$(calc "$requests / $ideal")" "$ideal" "$rows")"
    stop_process "$PID" 2>/dev/null
}

title 'limits: share of requests refused'
GOAL='wanted: 2, and 1.25 of the ideal; '
apart a one 'range 10, dense' "$GOAL" 20000 10 0 --logs-per-block 5 --max-range 10 --range-style alchemy-free
apart b one 'range 100, dense' "$GOAL" 100000 100 0 --logs-per-block 3 --max-range 100 --range-style ankr
SPEC=,rps=100 apart c one 'range 2,000, sparse' "$GOAL" 1000000 2000 0 --profile sparse --logs-per-block 20 \
    --max-range 2000 --range-style quicknode
together
SPEC=,rps=100 apart d one 'range 10,000, sparse' "$GOAL" 3000000 10000 0 --profile sparse --logs-per-block 5 \
    --max-range 10000 --range-style drpc
apart e one 'result 1,000, dense' "$GOAL" 30000 0 1000 --logs-per-block 10 --max-results 1000 --result-style nethermind
SPEC=,rps=25 apart f one 'result 10,000, dense' "$GOAL" 20000 0 10000 --logs-per-block 50 --max-results 10000 \
    --result-style alchemy
together
title 'limits: the same where logs come in clumps: refused or more requests, see README.md'
STEP=1000000
apart g one 'result 1,000, clumps of 20' 'wanted: 2; ' 1000000 0 1000 --profile sparse --logs-per-block 20 \
    --max-results 1000 --result-style nethermind
SPEC=,rps=25 apart h one 'result 10,000, clumps of 50' 'wanted: 2; ' 2000000 0 10000 --profile sparse \
    --logs-per-block 50 --max-results 10000 --result-style infura
apart i one 'result 1,000, single blocks as large' '' 60000 0 1000 --profile uneven --logs-per-block 10 \
    --max-results 1000 --result-style infura
together
