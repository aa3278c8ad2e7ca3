#!/usr/bin/env bash
# The simulated endpoint: the same block is always the same, blocks, receipts and logs agree with each
# other, recorded blocks come back as recorded, and each fault is what its option says.
# shellcheck source=tests/lib.sh
. tests/lib.sh

ask() { # ask METHOD PARAMS_JSON [CURL_OPTION]...: the answer's text
    curl -s --max-time 10 "${@:3}" -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" "$URL"
}

post() { # post TEXT [CURL_OPTION]...
    curl -s --max-time 10 "${@:2}" -d "$1" "$URL"
}

logs() { # logs FROM TO [MORE_OF_THE_FILTER]: the answer
    ask eth_getLogs "[{\"fromBlock\":\"$(printf 0x%x "$1")\",\"toBlock\":\"$(printf 0x%x "$2")\"${3:+,$3}}]"
}

of() { # of FILTER: a jq filter over stdin
    jq -rc "$1"
}

N=0
again() { # again OPTION...: another endpoint in place of the last
    stop_process "$PID" 2>/dev/null
    start_rpcsim "sim$((N += 1))" "$@"
}

stat_of() { # stat_of FILTER: from /stats
    curl -s "$URL/stats" | of "$1"
}

# --- the chain ---

start_rpcsim sim --seed 7 --blocks 2000 --logs-per-block 7 --txs-per-block 3 --mixed
one=$(logs 0 99 | md5sum)
hash=$(ask eth_getBlockByNumber '["0x5",false]' | of .result.hash)
is "$(ask eth_chainId '[]' | of .result)" 0x7a69 'eth_chainId'
is "$(ask eth_blockNumber '[]' | of .result)" 0x7d0 'eth_blockNumber'
is "$(logs 0 99 | of '.result|length')" 700 'as many logs as asked for'
is "$(logs 0 99 | of '[.result[]|[.blockNumber,.logIndex]]|unique|length')" 700 'each with a place of its own'
is "$(ask eth_getBlockByNumber '["0x6",false]' | of .result.parentHash)" "$hash" 'a block names its parent'
is "$(ask eth_getBlockByHash "[\"$hash\",false]" | of .result.number)" 0x5 'a block is found by its hash'
is "$(ask eth_getBlockByNumber '["0x5",true]' | of '[.result.transactions[].hash]')" \
    "$(ask eth_getBlockByNumber '["0x5",false]' | of .result.transactions)" 'full and short blocks agree'
is "$(ask eth_getBlockReceipts '["0x5"]' | of '[.result[].logs[]]')" "$(logs 5 5 | of .result)" \
    'receipts hold the logs'
is "$(ask eth_getBlockReceipts '["0x5"]' | of '[.result[].transactionHash]')" \
    "$(ask eth_getBlockByNumber '["0x5",false]' | of .result.transactions)" 'and are those of the transactions'
tx=$(ask eth_getBlockByNumber '["0x7cf",false]' | of '.result.transactions[2]')
is "$(ask eth_getTransactionByHash "[\"$tx\"]" | of '[.result|.blockNumber,.transactionIndex]')" '["0x7cf","0x2"]' \
    'a transaction is found by its hash'
is "$(ask eth_getTransactionReceipt "[\"$tx\"]" | of .result)" \
    "$(ask eth_getBlockReceipts '["0x7cf"]' | of '.result[2]')" 'its receipt is that of the block'
is "$(ask eth_getTransactionReceipt "[\"0x${tx:4}00\"]" | of .result)" null 'an unknown hash is null'
is "$(ask trace_block '["0x5"]' | of '[.result[]|select(.traceAddress==[]).transactionHash]')" \
    "$(ask debug_traceBlockByNumber '["0x5",{"tracer":"callTracer"}]' | of '[.result[].txHash]')" 'both forms of traces agree'
is "$(logs 5 5 | of .result)" "$(ask eth_getLogs "[{\"blockHash\":\"$hash\"}]" | of .result)" 'logs by block hash'
is "$(logs 3 2001 | of .error.code)" -32602 'beyond the head: an error'
is "$(logs 9 3 | of .error.code)" -32602 'a range from back to front: an error'
is "$(ask eth_getBlockByNumber '["0x7d1",false]' | of .result)" null 'a block to come: null'
again --seed 7 --blocks 9000 --logs-per-block 7 --txs-per-block 3 --mixed
is "$(logs 0 99 | md5sum)" "$one" 'another process has the same chain'
again --seed 8 --blocks 2000 --logs-per-block 7 --txs-per-block 3 --mixed
isnt=$(logs 0 99 | md5sum)
check 'another seed has another' [ "$isnt" != "$one" ]

# --- filters, checked against jq ---

all=$(logs 0 199)
address=$(of '.result[3].address' <<<"$all")
other=$(of "[.result[].address]|unique-[\"$address\"]|.[0]" <<<"$all")
topic=$(of '.result[0].topics[1]' <<<"$all")
transfer=0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef
approval=0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925
is "$(logs 0 199 "\"address\":\"$address\"" | of .result)" "$(of "[.result[]|select(.address==\"$address\")]" <<<"$all")" \
    'one address'
is "$(logs 0 199 "\"address\":[\"$address\",\"$other\"]" | of .result)" \
    "$(of "[.result[]|select(.address==\"$address\" or .address==\"$other\")]" <<<"$all")" 'two addresses'
is "$(logs 0 199 "\"topics\":[[\"$transfer\",\"$approval\"]]" | of .result)" \
    "$(of "[.result[]|select(.topics[0]==\"$transfer\" or .topics[0]==\"$approval\")]" <<<"$all")" 'either of two topics'
is "$(logs 0 199 "\"topics\":[null,\"$topic\"]" | of .result)" \
    "$(of "[.result[]|select(.topics[1]==\"$topic\")]" <<<"$all")" 'any first topic, one second'
is "$(logs 0 199 '"topics":[null,null,null,null]' | of .result)" \
    "$(of '[.result[]|select(.topics|length==4)]' <<<"$all")" 'four topics of any kind'

# --- batches ---

batch='[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":"x","method":"nope"},{"jsonrpc":"2.0","id":3,"method":"eth_blockNumber"}]'
is "$(post "$batch" | of '[.[]|[.id,.result,.error.code]]')" \
    '[[1,"0x7a69",null],["x",null,-32601],[3,"0x7d0",null]]' 'a batch, its errors by item'
is "$(post '[]' | of .error.code)" -32600 'an empty batch'
is "$(post '{"x' | of .error.code)" -32700 'not JSON'
again --max-batch 2 --batch-style drpc
is "$(post "$batch" | of '[.[].error.code]|unique')" '[31]' 'too many calls: an error each'
again --max-batch 2 --batch-style proxyd
is "$(post "$batch" | of '[.id, .error.code]')" '[null,-32014]' 'too many calls: one object'
is "$(post "$batch" -o /dev/null -w '%{http_code}')" 413 'with its status'
again --mangle missing,shuffled,strings,unknown
is "$(post "$batch" | of '[.[].id]')" '["3","1",987654321]' 'answers of a batch missing, shuffled, renamed'
again --arrays 403
is "$(post "$batch" -w ' %{http_code}')" 'Forbidden 403' 'no batches at all'

# --- limits ---

again --logs-per-block 5 --max-range 10 --range-style alchemy-free
is "$(logs 0 9 | of '.result|length')" 50 'a range within the limit'
like "$(ask eth_getLogs '[{"fromBlock":"0x14","toBlock":"0x1e"}]' -w ' %{http_code}')" \
    'code":-32600.*up to a 10 block range.*\[0x14, 0x1d\].* 400$' 'one block more is refused, with a suggestion'
again --logs-per-block 5 --max-range 10 --range-style quicknode
is "$(logs 0 10 | of '.result|length')" 55 'a limit on the difference'
is "$(logs 0 11 | of .error.code)" -32614 'and over it'
again --logs-per-block 5 --max-results 100
is "$(logs 0 19 | of '.result|length')" 100 'as many logs as allowed'
like "$(logs 0 20)" 'block range \[0x0, 0x13\].*"limit":100' 'more are refused; the suggestion fits'
again --logs-per-block 5 --max-results 100 --suggest inverted --result-style reth
like "$(logs 0 40)" 'range 20-0' 'a suggestion that is wrong'
again --logs-per-block 10 --max-bytes 20k --bytes-style response-too-big
is "$(logs 0 9 | of .error.code)" -32008 'too many bytes'
again --logs-per-block 5 --big-block 7 --big-logs 5000 --max-results 1000
is "$(logs 7 7 | of .error.code)" -32005 'one block with too many logs'
is "$(ask eth_getBlockReceipts '["0x7"]' | of '[.result[].logs[]]|length')" 5000 'which its receipts have'
again --max-addresses 1 --no-address-lists
is "$(logs 0 1 '"address":["0x5fbdb2315678afecb367f032d93f642f64180aa3"]' | of .error.message)" 'invalid params' \
    'no address lists'

# --- rate, errors, lag, pruning, lies ---

again --rate 2 --burst 2 --retry-after seconds --rate-style ankr
ask eth_chainId '[]' >/dev/null
ask eth_chainId '[]' >/dev/null
like "$(ask eth_chainId '[]' -i)" '429.*[Rr]etry-[Aa]fter: 1.*retry in 1s' 'one request too many'
again --rate 2 --burst 2 --rate-items --rate-style quicknode-credits
is "$(post "$batch" | of '[.[].error.code]')" '[null,-32601,-32012]' 'the rate counts items'
again --error-every 2 --errors 502
is "$(for _ in 1 2 3 4; do ask eth_chainId '[]' -o /dev/null -w '%{http_code} '; done)" '200 502 200 502 ' \
    'every second request fails'
for kind in drop:52 reset:56 cut:18; do
    again --error-every 1 --errors "${kind%:*}"
    ask eth_chainId '[]' >/dev/null
    is "$?" "${kind#*:}" "a connection with ${kind%:*}"
done
again --error-every 1 --errors truncated --logs-per-block 5
check 'a truncated answer' eval '! logs 0 9 | jq -e . >/dev/null 2>&1'
again --error-every 1 --errors stall --hang 300ms
ask eth_chainId '[]' >/dev/null
is "$?" 18 'an answer that stalls and ends'
again --error-every 1 --errors badgzip
ask eth_chainId '[]' --compressed >/dev/null
is "$?" 61 'gzip that is none'
again --gzip 6 --logs-per-block 20
is "$(ask eth_getLogs '[{"fromBlock":"0x0","toBlock":"0x9"}]' --compressed | of '.result|length')" 200 'gzip'
check 'is shorter' [ "$(ask eth_getLogs '[{"fromBlock":"0x0","toBlock":"0x9"}]' -H 'Accept-Encoding: gzip' | wc -c)" -lt 50000 ]
again --blocks 100 --behind 10 --behind-every 2 --behind-mode clamp --logs-per-block 1
is "$(for _ in 1 2 3; do logs 80 100 | of '.result|length'; done | xargs)" '21 11 21' 'a node behind cuts the range'
again --blocks 100 --behind 10 --behind-style reth
like "$(logs 80 100)" 'beyond current head block: requested 100, head 90' 'or refuses it'
again --max-results 5 --logs-per-block 2 --result-style silent
is "$(logs 10 19 | of '[.result[]|.blockNumber+.logIndex]')" '["0xa0x0","0xa0x1","0xb0x0","0xb0x1","0xc0x0"]' 'cut off without a word'
again --phantoms 5 --logs-per-block 0
is "$(for n in 4 5 6; do ask eth_getBlockByNumber "[\"0x$n\",false]" | of '.result.logsBloom[2:4]'; done | xargs)" '00 ff 00' \
    'a bloom without logs'
again --blocks 100 --pruned-below 50 --logs-per-block 1 --pruned-style silent
is "$(logs 0 59 | of '.result|length') $(ask eth_getBlockReceipts '["0x5"]' | of .result)" '10 null' 'pruned without a word'
again --blocks 100 --pruned-below 50 --pruned-style publicnode
is "$(ask eth_getLogs '[{"fromBlock":"0x0","toBlock":"0x9"}]' -o /dev/null -w '%{http_code}')" 403 'or with one'
lie() { # lie KIND JQ_FILTER WANTED
    again --logs-per-block 2 --lie-every 1 --lies "$1"
    is "$(logs 10 11 | of "$2")" "$3" "a lie: $1"
}
lie outside '[.result[].blockNumber]' '["0xc","0xa","0xb","0xb"]'
lie duplicate '[.result[]|.blockNumber+.logIndex]' '["0xa0x0","0xa0x0","0xa0x1","0xb0x0","0xb0x1"]'
lie unordered '[.result[]|.blockNumber+.logIndex]' '["0xa0x1","0xb0x0","0xb0x1","0xa0x0"]'
lie removed '[.result[].removed]' '[true,false,false,false]'
lie missing .result '[]'
lie fewer '[.result[]|.blockNumber+.logIndex]' '["0xa0x0","0xb0x0","0xb0x1"]'
lie badhex '.result[0].data' 0xzz
lie overflow '.result[0].logIndex' 0x10000000000000000
lie hash '[.result[].blockHash]|unique|length' 3
lie address '[.result[].address]|length' 4
again --off eth_getBlockReceipts,trace_block
is "$(ask eth_getBlockReceipts '["0x5"]' | of .error.code)" -32601 'a method that is off'

# --- time ---

cat >"$T/scenario" <<'END'
# healthy, then gone, then back
after 2 requests dead=refuse
at 2s dead=off chain-id=5
END
again --scenario "$T/scenario"
is "$(ask eth_chainId '[]' | of .result)$(ask eth_chainId '[]' | of .result)" 0x7a690x7a69 'a scenario: healthy'
gone_now() { ! curl -s --max-time 1 "$URL/stats"; }
check 'then nobody listens' wait_for 2 gone_now
check 'then it is back' wait_for 10 curl -s --max-time 1 "$URL/stats"
is "$(ask eth_chainId '[]' | of .result)" 0x5 'as another chain'
again --latency 300ms
start=${EPOCHREALTIME/./}
seq 200 | sed 's|.*|next\nurl = "'"$URL"'"\ndata = "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"eth_chainId\\"}"|' |
    sed 1d | curl -sS -Z --parallel-immediate --parallel-max 200 -K - >"$T/answers" 2>/dev/null
took=$(((${EPOCHREALTIME/./} - start) / 1000))
is "$(grep -o 0x7a69 "$T/answers" | wc -l)" 200 '200 requests wait at once'
check 'each for its latency' [ "$took" -ge 300 ]
check "and not one after the other ($took ms)" [ "$took" -lt 3000 ]
is "$(stat_of '.max_in_flight > 100')" true '/stats counts those in flight'
is "$(stat_of '[.requests, .calls, .methods.eth_chainId]')" '[200,200,200]' 'and requests'

# --- recorded chains ---

again --recorded tests/fixtures/execution-apis
is "$(ask eth_blockNumber '[]' | of .result)" 0x36 'recorded blocks: the head'
for n in 0 2 16 54; do
    zcat tests/fixtures/execution-apis/blocks.jsonl.gz | sed -n "$((n + 1))p" >"$T/block"
    ask eth_getBlockByNumber "[\"$(printf 0x%x "$n")\",true]" | jq -c .result >"$T/answer"
    check "block $n as recorded" cmp -s "$T/block" "$T/answer"
    zcat tests/fixtures/execution-apis/receipts.jsonl.gz | sed -n "$((n + 1))p" >"$T/block"
    ask eth_getBlockReceipts "[\"$(printf 0x%x "$n")\"]" | jq -c .result >"$T/answer"
    check "its receipts as recorded" cmp -s "$T/block" "$T/answer"
done
logs 0 54 | jq -c '.result[]' >"$T/answer"
zcat tests/fixtures/execution-apis/receipts.jsonl.gz | jq -c '.[].logs[]' >"$T/block"
check 'all logs as recorded' cmp -s "$T/block" "$T/answer"
again --recorded tests/fixtures/squid-sdk/ethereum/18000000
is "$(logs 18000000 18000000 | of '.result|length')" \
    "$(zcat tests/fixtures/squid-sdk/ethereum/18000000/receipts.json.gz | of '[.[].logs[]]|length')" 'block 18000000'

# --- bad input ---

bad() { # bad REGEX OPTION...
    run "$RPCSIM" "${@:2}"
    is "$STATUS" 2 "status 2: ${*:2}"
    like "$ERR" "$1" 'and a line that says why'
}
bad "range-style.*'x'.*alchemy" --range-style x
bad "errors.*'500,x'.*truncated" --errors 500,x
bad 'expected 0x and 40 hex digits' --address 0x12
echo 'at noon rate=5' >"$T/scenario"
bad 'line 1: expected' --scenario "$T/scenario"
bad 'expected a file or folder' --recorded "$T/none"
done_testing
