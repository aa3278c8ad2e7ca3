#!/usr/bin/env bash
# Bad input gives one clear line that names the thing, and the right exit status.
# shellcheck source=tests/lib.sh
. tests/lib.sh

refuses() { # refuses STATUS REGEX COMMAND...: that status, the regex on stderr, at most two lines, no crash
    local status=$1 regex=$2
    shift 2
    LIMIT=30 run "$@" </dev/null
    is "$STATUS" "$status" "$* : exit $status" || diag "$ERR"
    like "$ERR" "$regex" "  and names it"
    [ "$(grep -vc "^try \|try '.*--help'" <<<"$ERR")" -le 2 ]
    ok $? '  in a line' || diag "$ERR"
}

address=0x5fbdb2315678afecb367f032d93f642f64180aa3
p=$PRODUCER f=$FETCHER w=$WRITER

# --- usage ---
for program in $p $f $w ./run.sh; do
    refuses 2 'bogus' "$program" --bogus
done
refuses 2 '200.*100|from.*to' $p --from 200 --to 100 -o -
refuses 2 'from.*"x1"|"x1"' $p --from x1 --to 100 -o -
refuses 2 '18446744073709551616' $p --from 1 --to 18446744073709551616 -o -
refuses 2 'step' $p --from 1 --to 100 --step 0 -o -
refuses 2 '0xnothex' $p --from 1 --to 100 --address 0xnothex -o -
refuses 2 "${address}ff" $p --from 1 --to 100 --address "${address}ff" -o -
refuses 2 '0x1234' $p --from 1 --to 100 --topic0 0x1234 -o -
refuses 2 'from|ranges' $p -o -
refuses 2 'nowhere' $p --ranges "$T/nowhere" -o -
refuses 2 'rpc' $f -i - -o -
refuses 2 'ftp' $f --rpc ftp://example.org -i - -o -
refuses 2 'concurrency' $f --rpc http://127.0.0.1:1,concurrency=none -i - -o -
refuses 2 'format|"xml"' $f --rpc http://127.0.0.1:1 -i - -o - --format xml
refuses 2 'from.*to|200' ./run.sh --from 200 --to 100
refuses 2 '0xnothex' ./run.sh --from 1 --to 2 --address 0xnothex --rpc http://127.0.0.1:1 --dry-run
refuses 2 '--control' $f --rpc http://127.0.0.1:1 -i - -o - --control tcp://127.0.0.1:1
refuses 2 'needs --from and --to' ./run.sh --from 1
refuses 2 '--attempts "256": expected 1 to 255' ./run.sh --from 1 --to 2 --attempts 256
refuses 2 '--workers "100": expected 1 to 99' ./run.sh --from 1 --to 2 --workers 100
refuses 2 '"frobnicate": unknown command' ./run.sh frobnicate
refuses 2 '--from "latest": .*only --to may be "latest"' ./run.sh --from latest --to 5
refuses 2 '--from "0xfg"' ./run.sh --from 0xfg --to 5
refuses 3 'cannot write "/proc/sluice": another folder may be named in SLUICE_VAR' \
    env SLUICE_VAR=/proc/sluice ./run.sh psql
nobody=(--rpc http://127.0.0.1:9) # configuration comes before anything outside
refuses 2 '"concurency" is not a setting' ./run.sh --from 1 --to 2 "${nobody[@]}" --rpc http://127.0.0.1:9,concurency=3
refuses 2 'two endpoints are named "a"' ./run.sh --from 1 --to 2 --rpc a=http://127.0.0.1:9 --rpc a=http://127.0.0.1:8
refuses 2 'two endpoints are named "a"' env RPC_URLS='a=http://127.0.0.1:9 a=http://127.0.0.1:9/b' ./run.sh --from 1 --to 2
refuses 2 '^sluice: CONTRACT_ADDRESS "zz": expected' env CONTRACT_ADDRESS=zz ./run.sh --from 1 --to 2 "${nobody[@]}"
refuses 2 'concurrency=.*1 to 1000' ./run.sh --from 1 --to 2 --rpc http://127.0.0.1:9,concurrency=0
refuses 2 'a port of 1 to 65535' ./run.sh --from 1 --to 2 --rpc http://127.0.0.1:99999
refuses 2 'expected a host' ./run.sh --from 1 --to 2 --rpc http:///SECRETKEY
unlike "$ERR" SECRETKEY '  without the key'
refuses 2 'MAX_CONCURRENCY.*"0"' env MAX_CONCURRENCY=0 ./run.sh --from 1 --to 2 "${nobody[@]}"
refuses 2 'CIRCUIT_BREAKER_TIMEOUT.*"x"' env CIRCUIT_BREAKER_TIMEOUT=x ./run.sh --from 1 --to 2 "${nobody[@]}"
refuses 2 'BATCH_SIZE.*"x"' env BATCH_SIZE=x ./run.sh --from 1 --to 2 "${nobody[@]}"
refuses 2 '^sluice: --db: expected a connection URI' ./run.sh --from 1 --to 2 "${nobody[@]}" --db foo://x
refuses 2 '"foo": expected logs, blocks, .*accounts' ./run.sh --from 1 --to 2 "${nobody[@]}" --dataset foo
known=$(sed -E 's/.*: expected (.*) \(.*/\1/' <<<"$ERR")
run ./run.sh --help
like "$OUT" "--dataset LIST.*$known" '--help names every dataset'
refuses 2 'no effect on blocks' ./run.sh --from 1 --to 2 "${nobody[@]}" --dataset blocks --address "$address"
refuses 2 '--event "event Transfer\(": expected' ./run.sh --from 1 --to 2 "${nobody[@]}" --event 'event Transfer('
refuses 2 '--lease "soon"' ./run.sh --from 1 --to 2 --lease soon
for program in $p $f $w ./run.sh; do
    refuses 2 '"https"' "$program" https://host/v3/SECRETKEY
    unlike "$ERR" SECRETKEY '  without the key'
    refuses 2 '"password"' "$program" --log-format text password=SECRET # of --db, without quotes around all
    unlike "$ERR" SECRET '  without what follows'
done
for command in 'psql -c select' 'enrich --dry-run' 'gaps' 'fill --dry-run' status; do
    for uri in 'postgresql://user:PW@SECRET@host/db' 'postgresql://user:PW%SECRET@host/db'; do
        # shellcheck disable=SC2086
        DATABASE_URL=$uri refuses 2 '--db: expected a connection URI' ./run.sh $command
        unlike "$ERR$OUT" 'SECRET|PW' '  without its password'
    done
done
for uri in postgresql:///user:SECRET@host/db postgresql://user:12/SECRET@host/db; do
    refuses 2 '--db: expected a connection URI' $w --gaps --db "$uri"
    unlike "$ERR" SECRET '  without its password'
done

# --- garbage on stdin ---
printf '100-199\nabc\n' >"$T/ranges"
run $p --ranges "$T/ranges" -o -
is "$STATUS" 2 'a ranges file with a bad line: exit 2'
like "$ERR" 'line 2.*abc' 'names the line and its text'
start_rpcsim chain --blocks 1000
while IFS='|' read -r status line why; do
    run $f --rpc "$URL" -i - -o - --format ndjson <<<"$line"
    is "$STATUS|$OUT" "$status|" "a bad task ($line): exit $status, nothing on stdout"
    like "$ERR" "$why" '  and names it'
done <<'END'
2|rubbish|message 1 of standard input.*key=value: "rubbish"
2|task=1 dataset=logs from=5|missing to
2|task=1 dataset=logs from=9 to=5|from 9 is greater than to 5
1|task=1 dataset=nonsense from=1 to=2|given up: dataset "nonsense" is not known
2|task=1 dataset=logs from=1 to=2 color=red|"color"
2|task=1 dataset=logs from=1 to=2 address=0x12|"0x12"
2|task=-1 dataset=logs from=1 to=2|"-1"
END
start_postgres
head -c 5000 /dev/urandom >"$T/garbage"
run $w -i - --db "$DB" <"$T/garbage"
like "$STATUS $ERR" '^2 writer: results: ' 'garbage in place of results: exit 2, and a line'

# --- what is outside ---
refuses 3 '127.0.0.1:9' $f --rpc http://127.0.0.1:9/v3/SECRETKEY --check
unlike "$ERR" SECRETKEY 'without the key that is in the URL'
refuses 3 'nosuch' $w -i - --db "postgresql:///nosuch?host=$PGHOST&user=postgres"
start_rpcsim other --chain-id 5 --blocks 1000
refuses 3 '"other": chain 5, not 31337' ./run.sh --db "$DB" --rpc "other=$URL" --chain-id 31337 --from 1 --to 10
run ./run.sh --dry-run --rpc "other=$URL" --from 1 --to 10 --db "postgresql://postgres:PW?SECRET@/postgres?host=$PGHOST"
like "$STATUS $OUT" '^0 .*database +postgres, schema public' 'a password with a ? in it'
unlike "$ERR$OUT" 'SECRET|PW' '  is none of what --dry-run tells'
is "$(sql 'select count(*) from jobs')" 0 '  and leaves no job that nobody can fill'
refuses 3 '127.0.0.1:9' ./run.sh --db "$DB" --rpc http://127.0.0.1:9/v3/SECRETKEY --from 1 --to 10
unlike "$ERR" SECRETKEY 'without the key'
run bash -c "$f --topic 'Transfer(address,address,uint256)' >/dev/full"
is "$STATUS $ERR" '3 fetcher: cannot write to stdout' 'a topic that cannot be printed: exit 3'
start_rpcsim here --blocks 1000
run bash -c "$f --rpc $URL --check >/dev/full"
is "$STATUS $ERR" '3 fetcher: cannot write to stdout' 'nor can what --check found'

# --- sockets ---
spawn holder $p --from 1 --to 10 --tasks "ipc://$T/tasks" --control "ipc://$T/control"
wait_for 5 test -S "$T/control"
refuses 2 "$T/tasks" $p --from 1 --to 10 --tasks "ipc://$T/tasks" --control "ipc://$T/control2"
refuses 2 'nodir' $p --from 1 --to 10 --tasks "ipc://$T/nodir/tasks" --control "ipc://$T/control3"
refuses 2 'tasks' $p --from 1 --to 10 --tasks gopher://x --control "ipc://$T/control4"
refuses 2 '--tasks "gopher://x"' $f --rpc http://127.0.0.1:1 --tasks gopher://x --results "ipc://$T/r" --control "ipc://$T/c"
long=$(printf 'x%.0s' {1..120})
refuses 2 'long|path' $p --from 1 --to 10 --tasks "ipc://$T/$long" --control "ipc://$T/control5"
done_testing
