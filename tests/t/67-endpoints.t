#!/usr/bin/env bash
# Several endpoints with faults of their own, whole runs into PostgreSQL; and what HTTP brings along:
# keys, redirects, proxies, compression.
# shellcheck source=tests/lib.sh
. tests/lib.sh
export CIRCUIT_BREAKER_TIMEOUT=1
chain=(--seed 9 --blocks 4000 --logs-per-block 4)
start_postgres

job() { # job SCHEMA SPEC... -- OPTION...: a whole run over blocks 1 to 1000
    local schema=$1 specs=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do specs+=(--rpc "$1"); shift; done
    shift
    JOB=(./run.sh --db "$DB" --schema "$schema" "${specs[@]}" --from 1 --to 1000 --step 50 --dataset logs "$@")
}

rows() { # rows SCHEMA [TABLE...]
    (export PGOPTIONS="-c search_path=$1"; shift; checksum "${@:-logs}")
}

part() { # part SCHEMA WHERE: a sum over some logs
    sql "select count(*), sum(hashtextextended(t::text, 0)::numeric) from $1.logs t where $2"
}

ends() { # ends SCHEMA STATUS NAME: the run's status, then the rows of a healthy run
    is "$STATUS" "$2" "$3: exit $2" || diag "$ERR"
    is "$(rows "$1")" "$(rows calm)" '  every row, none twice'
    is "$(covered "$1")" '1|{[1,1001)}' '  all covered'
}

sim() { # sim NAME OPTION...: and SPEC with a key that must not be seen
    start_rpcsim "$1" "${chain[@]}" "${@:2}"
    SPEC="$1=$URL/v3/SECRETKEY"
}

sim good --latency 10ms
good=$SPEC good_url=$URL
job calm "$good" --
run "${JOB[@]}"
is "$STATUS|$(covered calm)|$(sql 'select count(*) from calm.logs')" '0|1|{[1,1001)}|4000' 'a healthy endpoint' || bail "$ERR"

# --- one that has it, one that has not ---
sim silent --pruned-below 600 --pruned-style silent
silent=$SPEC
job pruned "$silent" "$good" --
run "${JOB[@]}"
ends pruned 0 'pruned without a word, beside one that has all'
job alone "$silent" -- --attempts 2
run "${JOB[@]}"
is "$STATUS" 1 'pruned without a word, alone: exit 1' || diag "$ERR"
is "$(part alone 'block_number < 600')" '0|' '  no row of what is gone'
is "$(part alone 'block_number >= 600')" "$(part calm 'block_number >= 600')" '  every row from the edge on'
is "$(sql "select count(*) from alone.ranges where from_block < 600")" 0 '  nothing of it is covered'
is "$(sql "select range_agg(int8range(from_block, to_block, '[]')) from (select from_block, to_block from alone.ranges
    union all select from_block, to_block from alone.failed_ranges) x")" '{[1,1001)}' '  the rest is in failed_ranges'
like "$(sql 'select error from alone.failed_ranges limit 1')" 'not held here' '  with the reason'
like "$ERR" 'failed_ranges' '  and said'
job alone "$good" --
run "${JOB[@]}"
ends alone 0 '  the same job with a healthy endpoint'

# --- one that leaves logs out ---
one=$(sql "select '0x' || encode(address, 'hex') from calm.logs group by 1 order by count(*) desc limit 1")
sim honest --latency 50ms
honest=$SPEC
leaves() { # leaves NAME SIM_OPTION...: beside a healthy endpoint, all logs and those of one contract
    sim "$1" "${@:2}"
    job "$1" "$SPEC" "$honest" --
    run "${JOB[@]}"
    told=$ERR
    ends "$1" 0 "$1, beside one that has all"
    job "${1}_one" "$SPEC" "$honest" -- --address "$one"
    run "${JOB[@]}"
    is "$STATUS|$(part "${1}_one" true)" "0|$(part calm "'0x' || encode(address, 'hex') = '$one'")" '  the logs of one contract, too'
}
leaves fewer --lie-every 1 --lies fewer
is "$(grep -c 'endpoint "fewer" leaves logs out' <<<"$told")" 1 '  and it is said, once' || diag "$told"
unlike "$told" '"honest" leaves' '  of the right one'
leaves cut --max-results 10 --result-style silent
leaves stuck --behind 3500 --behind-every 2 --behind-mode clamp

sim page --bad-range 300-310
page=$SPEC
job page "$page" "$good" --
run "${JOB[@]}"
ends page 0 'a 502 page for some blocks, beside one that has them'

# --- for good ---
sim bad --off eth_getLogs
job best "$SPEC" --
run "${JOB[@]}" --attempts 1
is "$STATUS" 1 'best effort: exit 1'
is "$(sql 'select sum(to_block - from_block + 1) from best.failed_ranges')" 1000 '  everything was tried'
sim half --pruned-below 600 --pruned-style lowest --latency 50ms
job fast "$SPEC,concurrency=1" -- --on-error fail_fast --attempts 1
run "${JOB[@]}"
like "$STATUS|$ERR" '^1\|.*stopped at the first range that failed \(--on-error fail_fast\): [0-9]+ blocks are missing' \
    'fail_fast: exit 1, and says that it stopped' || diag "$ERR"
is "$(sql 'select coalesce(sum(to_block - from_block + 1), 0) < 1000 from fast.failed_ranges')" t '  at the first range that failed'
sim other --chain-id 5
other=$SPEC
job other "$good" "$other" --
run "${JOB[@]}"
ends other 0 'an endpoint of another chain beside a healthy one'
run "${JOB[@]}" --dry-run --rpc dead=http://127.0.0.1:9 --event 'event Transfer(address indexed a, address indexed b, uint256 c)'
like "$STATUS|$OUT" '^0.*endpoint +good: newest block 4000' 'a dry run tells how each endpoint is' || diag "$ERR"
like "$OUT" 'endpoint +other: chain 5, not used' '  one of another chain'
like "$OUT" 'endpoint +dead: connection refused' '  one that is not there'
like "$OUT" 'filter +topic0 0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef' '  and the event as a topic'
job dead "$good" -- --rpc dead=http://127.0.0.1:9
run "${JOB[@]}"
ends dead 0 'an endpoint that is not there beside a healthy one'
is "$(grep -c '"dead" does not answer: connection refused' <<<"$ERR")" 1 '  is told of once'
like "$ERR" '\[dead\] requests=([0-9]+) failures=[1-9]' '  and counted as failing'
job other "$good" "$other" --
run "${JOB[@]}" --schema other2
is "$(grep -c 'chain 5, not 31337' <<<"$ERR") $(grep -c 'starting it again' <<<"$ERR")" '1 0' '  is refused once, by name'

# --- refused for good, beside one that serves ---
for how in key caller drpc-plan bnb; do
    sim "$how" --off eth_getLogs --off-style "$how"
    job "${how//-/_}" "$SPEC" "$good" --
    run "${JOB[@]}"
    ends "${how//-/_}" 0 "eth_getLogs refused as $how says it, beside one that serves it"
    is "$(sql "select count(*) from ${how//-/_}.ranges where endpoint = '$how'")" 0 '  which did it all'
done

# --- a method that nothing stands in for, and nobody else has it ---
sim poor --off eth_getBalance
LIMIT=40 run ./run.sh --db "$DB" --schema poor --rpc "$SPEC" --from 1 --to 600 --step 10 --dataset accounts
is "$STATUS" 1 'eth_getBalance is not there: exit 1, and not the same blocks again and again' || diag "$ERR"
like "$ERR" 'eth_getBalance is not served here' '  and it is said'
is "$(curl -s "$URL/stats" | jq '.methods.eth_getBlockByNumber <= 300')" true '  once it is known no block is fetched for it' ||
    curl -s "$URL/stats" | jq .methods
run ./run.sh --db "$DB" --schema poor --rpc "$SPEC" --from 1 --to 600 --dataset contracts
is "$STATUS" 0 '  contracts do not need it' || diag "$ERR"

sim mute --latency 60s
job mute "$SPEC" "$good" --
run "${JOB[@]}"
ends mute 0 'an endpoint that hangs, beside one that answers'
like "$ERR" 'producer: endpoint "mute": it has answered nothing yet' '  is named in the end'
sim headless --off eth_getBlockByNumber
job headless "$SPEC" "$good" --
run "${JOB[@]}"
ends headless 0 'an endpoint without eth_getBlockByNumber, beside one that has it'
is "$(sql "select count(*) > 0 from headless.ranges where endpoint ~ 'headless'")" t '  serves logs'

# --- a quota, renewed at its midnight ---
sim quota --quota 12 --quota-renewed 1s --retry-after seconds --max-range 20
job quota "$SPEC" --
run "${JOB[@]}"
ends quota 0 'a quota that is spent: waits until it is renewed'
is "$(curl -s "$URL/stats" | jq '.refused.quota * 2 < .requests')" true '  and asks no more often than that' # 10 at once

# --- a reorganisation at the head, 20 blocks deep: before, between and after the requests of a task ---
reorg() { # reorg SCHEMA OPTION...: blocks and logs of the last 20 blocks
    start_rpcsim "$1" "${chain[@]}" --blocks 1000 --latency 10ms "${@:2}"
    run ./run.sh --db "$DB" --schema "$1" --rpc "$1=$URL" --from 981 --to 1000 --dataset blocks,logs
}
reorg before
reorg after --fork-at 981 --fork 1
branches=$(for s in before after; do rows "$s" blocks logs | paste -sd' '; done)
is "$(sort -u <<<"$branches" | wc -l)" 2 'two branches'
for n in 2 3 4 5 6; do
    reorg "turn$n" --scenario <(echo "after $n requests fork-at=981 fork=1")
    is "$STATUS|$(covered "turn$n" | paste -sd' ')" '0|1|{[981,1001)} 2|{[981,1001)}' "a reorganisation after $n requests: all covered" || diag "$ERR"
    got=$(rows "turn$n" blocks logs | paste -sd' ')
    [[ $branches == *"$got"* ]]
    ok $? '  blocks and logs are of one branch' || diag "$got" "$branches"
done
like "$ERR" 'failures=[1-9]' '  logs that do not fit the headers were noticed'

# --- all of it at once ---
sim lies --lie-every 5 --lies outside,hash,removed,badhex,overflow,duplicate,unordered,missing
specs=("$SPEC")
sim slow --rate 15 --burst 3 --retry-after seconds
specs+=("$SPEC")
sim weak --error-percent 30 --errors 500,502,503,504,drop,reset,truncated,cut,empty,internal,badgzip,html
specs+=("$SPEC")
sim hangs --error-percent 20 --errors hang,stall
specs+=("$SPEC,timeout=1")
sim narrow --max-range 7 --range-style quicknode --max-results 20
specs+=("$SPEC")
sim gone --dead refuse
specs+=("$SPEC" "$silent" "$page" "$other" "$good")
job crowd "${specs[@]}" --
run "${JOB[@]}"
ends crowd 0 'ten endpoints, one of them healthy'
sick=$ERR

# --- dead, then back ---
printf '%s\n' 'after 12 requests dead=refuse' 'at 2500ms dead=off' >"$T/back"
sim back --latency 30ms --scenario "$T/back"
job back "$SPEC,concurrency=2" --
run "${JOB[@]}"
ends back 0 'all endpoints dead for a while'
is "$(grep -c 'breaker open' <<<"$ERR") $(grep -c 'breaker closed' <<<"$ERR")" '1 1' '  each change is said once' || diag "$ERR"
is "$(curl -s "$URL/stats" | jq '.max_gap_us < 4500000')" true '  and within a breaker period it was used again'
sim never --scenario <(echo 'after 3 requests dead=refuse')
job never "$SPEC" -- --give-up 1
run "${JOB[@]}"
is "$STATUS" 3 'dead for good with --give-up 1: exit 3' || diag "$ERR"
like "$ERR" 'giving up|does not answer|no endpoint is left' '  and it is said'
unlike "$sick$ERR" SECRETKEY 'no key in anything that was said'

# --- the head ---
sim grows --blocks 980 --grow 20 --behind 5 --behind-every 3 --behind-mode clamp
job head "$SPEC" --
run "${JOB[@]}"
ends head 0 'a job beyond the newest block, with nodes that lag: waits for it'
sim short --blocks 940 --behind 20 --behind-every 2 --behind-mode null
job short "$SPEC" --
spawn short "${JOB[@]}"
short() { [ "$(sql "select coalesce(sum(to_block - from_block + 1), 0) from short.ranges")" -ge 900 ]; }
wait_for 20 short
kill -INT "$PID"
wait "$PID"
is "$?" 130 'a chain that does not grow: interrupted' || diag "$(cat "$T/short.err")"
is "$(sql 'select coalesce(max(to_block), 0) <= 940 from short.ranges')" t '  what is not there yet is not covered'
is "$(part short true)" "$(part calm "block_number in (select b from short.ranges, generate_series(from_block, to_block) b)")" \
    '  and what is covered has its rows'

# --- one of several backends lags far, on a chain with few logs: empty answers for what it lacks ---
lagging() { # lagging NAME SEED BLOCKS STEP OPTION...: blocks 1 to BLOCKS, in a pipe, leaves $T/NAME.rows
    start_rpcsim "$1" --seed "$2" --blocks "$3" "${@:5}"
    "$PRODUCER" --from 1 --to "$3" --step "$4" -o - | run "$FETCHER" --rpc "$1=$URL" -i - -o - --format ndjson
    sort "$T/run.out" >"$T/$1.rows"
    read -r REQUESTS HEADERS < <(curl -s "$URL/stats" | jq -r '"\(.requests) \(.methods.eth_getBlockByNumber)"')
    stop_process "$PID" 2>/dev/null
}
sparse() { # sparse NAME SEED OPTION...
    lagging "$1" "$2" 20000 400 --profile sparse --logs-per-block 4 "${@:3}"
}
dense() { # dense NAME OPTION...
    lagging "$1" 1 3000 10 --logs-per-block 20 "${@:2}"
}
shopt -s lastpipe # STATUS and ERR are this shell's
for seed in 1 2 3 4 5; do
    sparse whole "$seed"
    for lag in "500 --max-range 20" 5000; do
        # shellcheck disable=SC2086
        sparse lags "$seed" --behind-of 3 --behind-mode clamp --behind $lag
        is "$STATUS $(cksum <"$T/lags.rows")" "0 $(cksum <"$T/whole.rows")" "one of three backends is behind by $lag, seed $seed: exact" ||
            diag "$(wc -l <"$T/lags.rows") of $(wc -l <"$T/whole.rows") rows" "$ERR"
    done
done
dense whole
check 'where each block has logs, older ones need no headers' test "$HEADERS" -lt $((REQUESTS / 2)) || diag "$HEADERS of $REQUESTS"
for lag in 100 2000; do # the status is 1 where it is taken for a liar
    dense lags --behind-of 3 --behind-mode clamp --behind $lag
    is "$(cksum <"$T/lags.rows")" "$(cksum <"$T/whole.rows")" "  and one of three backends that is behind by $lag: exact" ||
        diag "$(wc -l <"$T/lags.rows") of $(wc -l <"$T/whole.rows") rows" "$ERR"
done

# --- HTTP ---
spawn http node tests/t/endpoints.js
wait_line 20 "$T/http.out" '^listening on' || bail "$(cat "$T/http.err")"
http=http://$(sed -n 's/^listening on //p' "$T/http.out")
run "$FETCHER" --check --rpc "n=$http/key/URLKEY,header=X-Key: SECRETKEY"
is "$STATUS $OUT" '0 chain=31337 head=100' 'a header for the key' || diag "$ERR"
like "$(cat "$T/http.out")" '/key/URLKEY SECRETKEY' '  is sent'
unlike "$OUT$ERR" 'SECRETKEY|URLKEY' '  and never shown'
for redirect in {301,302,303,307,308}/{127.0.0.1,localhost}; do
    run "$FETCHER" --check --rpc "n=$http/moved/$redirect/URLKEY,header=X-Key: SECRETKEY" --retries 0
    [ "$STATUS" -ne 0 ] && [[ $ERR == *redirect* && $ERR != *KEY* ]]
    ok $? "a redirect, $redirect: an error that says so, without keys" || diag "$STATUS" "$ERR"
done
unlike "$(cat "$T/http.out")" stolen '  and none is followed'
run "$FETCHER" --check --rpc "n=$http/denied/URLKEY" --retries 0
is "$STATUS" 3 'a key that is refused: exit 3'
like "$ERR" 'invalid api key' '  with the reason'
unlike "$ERR" URLKEY '  without the key that the answer repeats'
for encoding in gzip br zstd; do
    run "$FETCHER" --check --rpc "n=$http/bomb-$encoding" --retries 0 --max-body 1M
    like "$STATUS $ERR" '^[1-9].*(larger than|encoding)' "200 MB, packed by $encoding: refused" || diag "$ERR"
done
run "$FETCHER" --check --rpc "n=$http/zstd"
is "$STATUS $OUT" '0 chain=31337 head=100' 'an answer packed by zstd is read' || diag "$ERR"
http_proxy=$http run "$FETCHER" --check --rpc n=http://rpc.example.invalid/proxied
is "$STATUS $OUT" '0 chain=31337 head=100' 'a proxy of the environment' || diag "$ERR"
like "$(cat "$T/http.out")" 'http://rpc.example.invalid/proxied' '  is asked'
http_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1 run "$FETCHER" --check --rpc "n=$good_url"
is "$STATUS" 0 'and not for the hosts of no_proxy' || diag "$ERR"

run "$FETCHER" --check --rpc "n=http://$(printf 'x%.0s' {1..64}).example/" --retries 0 # longer than a name may be
like "$STATUS $ERR" '^3 .*(resolve|malformed|hostname)' 'a host that is not known: exit 3'

# --- HTTPS ---
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=sim \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$T/tls.key" -out "$T/tls.pem" 2>"$T/openssl.err" ||
    bail "openssl: $(cat "$T/openssl.err")"
spawn tls node tests/t/endpoints.js "$T/tls.key" "$T/tls.pem"
wait_line 20 "$T/tls.out" '^listening on' || bail "$(cat "$T/tls.err")"
port=$(sed -n 's/^listening on .*://p' "$T/tls.out")
unset CURL_CA_BUNDLE SSL_CERT_FILE
run "$FETCHER" --check --rpc "n=https://127.0.0.1:$port/key/URLKEY,header=X-Key: SECRETKEY" --retries 0
is "$STATUS" 3 'a certificate that nobody vouches for: exit 3'
like "$ERR" '[Cc]ertificate' '  and it is said'
is "$(wc -l <<<"$ERR")" 1 '  in one line' || diag "$ERR"
unlike "$(cat "$T/tls.out")$ERR" 'KEY' '  and nothing was sent'
for variable in CURL_CA_BUNDLE SSL_CERT_FILE; do
    run env "$variable=$T/tls.pem" "$FETCHER" --check --rpc "n=https://127.0.0.1:$port/key"
    is "$STATUS $OUT" '0 chain=31337 head=100' "$variable vouches for it" || diag "$ERR"
done
like "$(cat "$T/tls.out")" '/key undefined 2.0' '  and it is asked by HTTP/2'
for end in reset goaway; do
    run env SSL_CERT_FILE="$T/tls.pem" "$FETCHER" --check --rpc "n=https://127.0.0.1:$port/broken/$end"
    is "$STATUS $OUT" '0 chain=31337 head=100' "HTTP/2 that ends in the middle ($end): asked again" || diag "$ERR"
done
run env SSL_CERT_FILE="$T/tls.pem" "$FETCHER" --check --rpc "n=https://localhost:$port/key" --retries 0
is "$STATUS" 3 'the certificate of another name: exit 3'
done_testing
