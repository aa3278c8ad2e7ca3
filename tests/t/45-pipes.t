#!/usr/bin/env bash
# The three pipelines of the manual: they work as printed, end by themselves at end of input, and every
# program of them has the right exit status.
# shellcheck source=tests/lib.sh
. tests/lib.sh

statuses() { # statuses COMMAND_LINE: runs a pipeline, prints the status of each of its programs
    # shellcheck disable=SC2016
    timeout 60 bash -c "$1"'; echo "${PIPESTATUS[@]}" >&9' 9>"$T/status" 2>"$T/err" >"$T/out"
    cat "$T/status"
}

start_postgres
start_rpcsim chain --seed 3 --blocks 5000 --logs-per-block 10
export PRODUCER FETCHER WRITER RPCSIM URL DB

# shellcheck disable=SC2016
line='$PRODUCER --from 100 --to 1099 --step 100 -o - | $FETCHER --rpc $URL -i - -o - | $WRITER -i - --db "$DB"'
is "$(statuses "$line")" '0 0 0' 'producer | fetcher | writer: all three exit 0' || diag "$(cat "$T/err")"
is "$(sql 'select count(distinct block_number), min(block_number), max(block_number) from logs')" '1000|100|1099' \
    'every block landed'
is "$(covered public)" '1|{[100,1100)}' 'and is covered'
rows=$(sql 'select count(*) from logs')
is "$(statuses "$line")" '0 0 0' 'once more: the same' || diag "$(cat "$T/err")"
is "$(sql 'select count(*) from logs')" "$rows" 'and no row twice'

# shellcheck disable=SC2016
line='echo "task=1 dataset=logs from=100 to=200" | $FETCHER --rpc $URL -i - -o - --format ndjson | jq -c .'
is "$(statuses "$line")" '0 0 0' 'a task by hand | fetcher --format ndjson | jq'
is "$(wc -l <"$T/out")" "$(sql 'select count(*) from logs where block_number between 100 and 200')" \
    'prints one object a log'
is "$(jq -r '[.block_number, .log_index, .address, .data] | join("|")' "$T/out" | sort)" \
    "$(sql "select block_number, log_index, '0x' || encode(address, 'hex'), '0x' || encode(data, 'hex') from logs
            where block_number between 100 and 200" | sort)" 'with the values that the table has'

# shellcheck disable=SC2016
line='psql -XAtc "select format('"'%s-%s'"', n, n + 9) from generate_series(2000, 2090, 10) n" | $PRODUCER --ranges - -o - |
    $FETCHER --rpc $URL -i - -o - --format csv'
is "$(statuses "$line")" '0 0 0' 'psql | producer --ranges - | fetcher --format csv' || diag "$(cat "$T/err")"
like "$(head -n 1 "$T/out")" '^block_number,log_index,' 'prints CSV with one header'
is "$(grep -c '^block_number' "$T/out")" 1 'and only one'
is "$(tail -n +2 "$T/out" | cut -d, -f1 | sort -nu | sed -n '1p;$p' | paste -sd ' ')" '2000 2099' 'of the ranges asked for'

# shellcheck disable=SC2016
line='$PRODUCER --from 1 --to 1000000 --step 1 -o - | head -n 3'
is "$(statuses "$line")" '3 0' 'a reader that leaves early ends the producer'
is "$(sed 's/ run=[^ ]*//' "$T/out" | tail -n 1)" 'task=2 try=1 dataset=logs from=3 to=3' 'task lines are as documented'

# shellcheck disable=SC2016
line='echo "task=1 dataset=logs from=100 to=200" | $FETCHER --rpc http://127.0.0.1:9 -i - -o - --retries 0 --give-up 1 --format ndjson'
is "$(statuses "$line")" '0 3' 'an endpoint that is not there: exit 3, not a hang'
like "$(<"$T/err")" '127.0.0.1:9.*connection refused' 'and says so'

start_rpcsim spent --seed 3 --blocks 5000 --quota 3
# shellcheck disable=SC2016
line='$PRODUCER --from 100 --to 1099 --step 100 -o - | timeout 20 $FETCHER --rpc $URL -i - -o - --give-up 1 --format ndjson'
is "$(statuses "$line" | tail -n 1 | cut -d' ' -f2)" 3 'a quota that is spent, and tasks that wait: exit 3, not a hang till midnight'
like "$(<"$T/err")" 'given up: .*daily request count exceeded' 'and says why'

# A pipe may be idle for long: that is no silence of the endpoint.
printf '%s\n' 'after 3 requests error-every=1' 'after 4 requests error-every=0' >"$T/slip"
start_rpcsim slip --seed 3 --blocks 5000 --scenario "$T/slip"
mkfifo "$T/fifo"
spawn idle bash -c "exec $FETCHER --rpc '$URL' -i - -o - --format ndjson --breaker-threshold 1 --breaker-timeout 0.1 \
    --give-up 0.5 <'$T/fifo'"
exec 7>"$T/fifo"
echo 'task=1 dataset=blocks from=1 to=1' >&7
wait_line 10 "$T/idle.out" '"block_number":1,'
sleep 0.6 # longer than --give-up
echo 'task=2 dataset=blocks from=2 to=2' >&7
exec 7>&-
wait "$PID"
is $? 0 'a failure after an idle time does not count that time: it is asked again' || diag "$(<"$T/idle.err")"

: >"$T/empty"
# shellcheck disable=SC2016
is "$(statuses '$FETCHER --rpc $URL -i - -o - <'"$T/empty"' | $WRITER -i - --db "$DB"')" '0 0' 'empty input: nothing done, exit 0'
done_testing
