#!/usr/bin/env bash
# The writer against a real PostgreSQL: rows and coverage together, once, whatever comes in.
# shellcheck source=tests/lib.sh
. tests/lib.sh
# shellcheck source=tests/writer.sh
. tests/writer.sh
DATASETS='logs blocks transactions token_transfers traces contracts accounts'

start_postgres

# looked at in the end: it takes its time
spawn nowhere "$WRITER" -i - --db "postgresql://u:s3cret@/x?host=$T/nowhere"
nowhere=$PID

# a port that neither takes nor refuses a connection: its queue is full
spawn hole perl -MSocket -e 'socket $l, PF_INET, SOCK_STREAM, 0; bind $l, sockaddr_in(0, INADDR_LOOPBACK); listen $l, 0;
    for (1 .. 4) { socket $c[$_], PF_INET, SOCK_STREAM | 04000, 0; connect $c[$_], getsockname $l }
    $| = 1; printf "%d\n", (sockaddr_in getsockname $l)[0]; sleep 100'
wait_line 5 "$T/hole.out" .
spawn unheard "$WRITER" -i - --db "postgresql://127.0.0.1:$(cat "$T/hole.out")/x"
unheard=$PID
connects() { find "/proc/$unheard/fd" -lname 'socket:*' | grep -q .; }
wait_for 5 connects
kill -TERM "$unheard"
check 'a server that says nothing does not hold up a signal' wait_for 3 gone "$unheard"
wait "$unheard"
is $? 130 'which is obeyed'

# --- rows and coverage ---
fresh plain
write --schema plain < <($GEN 1 1000 100 5)
is "$STATUS" 0 'reads to the end of input, exits 0' || diag "$ERR"
is "$(rows)" 5000 'every row is there'
is "$(known)" 'logs|{[1,1001)}' 'and its range is covered'
is "$(sql 'select sum(row_count) from plain.ranges')" 5000 'with the rows it brought'
is "$(sql "select chain_id, dataset, filter from plain.jobs")" '1|logs|{}' 'by the job'
like "$ERR" 'connections: max open=2 .*wait count=' 'the pool is told of at the end'

names=${DATASETS// /,}
fresh every
write --schema every < <($GEN 1 60 20 4 dataset="$names")
is "$STATUS" 0 'all datasets in one stream' || diag "$ERR"
is "$(sql 'select count(distinct dataset), count(*) from every.jobs')" '7|7' 'are a job each'
for t in $DATASETS; do
    $GEN 1 60 20 4 dataset="$t" | "$WRITER" -i - -o - --dataset "$t" --format csv 2>"$T/csv.err" |
        sed 's/0x/\\x/g' >"$T/rows.csv"
    newest=''
    [[ $t == contracts || $t == accounts ]] && newest='where (address, block_number) in (select address, max(block_number) from c group by 1)'
    is "$(psql -XAtq 2>&1 <<SQL
create temp table c (like every.$t);
\\copy c from '$T/rows.csv' (format csv, header)
select count(*) > 0, count(*) - (select count(*) from every.$t) from (select distinct * from c $newest) as c;
select count(*) from ((select * from c $newest except select * from every.$t) union all
    (select * from every.$t except select * from c $newest)) as d;
SQL
)" "t|0
0" "$t: printed as csv and stored, equal in every column"
done

# --- once ---
S=plain
before=$(sql 'select count(*), sum(hashtextextended(l::text, 0)::numeric) from plain.logs l')
write --schema plain < <($GEN 1 1000 100 5)
is "$STATUS" 0 'the same again'
like "$ERR" '\([1-9][0-9]* by merging\)' 'goes by staging'
is "$(sql 'select count(*), sum(hashtextextended(l::text, 0)::numeric) from plain.logs l')" "$before" 'and changes nothing'
is "$(known)" 'logs|{[1,1001)}' 'nor what is covered'
write --schema plain < <($GEN 1 10 10 5)
is "$(known)" 'logs|{[1,1001)}' 'nor does a part of it'
fresh hedge
write --schema hedge < <($GEN 1 500 500 5 fetcher=a; $GEN 1 500 500 5 fetcher=b; $GEN 400 600 300 5)
is "$STATUS $(rows)" '0 3000' 'copies of one task in one batch' || diag "$ERR"
write --schema hedge < <($GEN 300 900 50 5 salt=3)
is "$(rows)" 4500 'ranges that overlap'
is "$(known)" 'logs|{[1,901)}' 'are covered as a whole'
is "$(sql 'select count(*) from hedge.logs h join plain.logs p using (log_index, topic0) where p.block_number = h.block_number + 3')" \
    3005 'on conflict the later row wins'

fresh uneven
write --schema uneven --connections 1 --batch-size 5000 --batch-timeout 10s < <(for to in 500 999; do # the second is not full: it waits for its end
    $GEN $((to < 501 ? 1 : 501)) $to 500 5 salt=1 data=1400
    $GEN $((to < 501 ? 1 : 501)) $to 500 5 try=2
done)
like "$ERR" '\(2 by merging\)' 'twice the same rows in each of two batches' || diag "$ERR"
is "$(sql 'select count(*) from uneven.logs join plain.logs using (block_number, log_index, topic0)')" 4995 \
    'those that came last win, though small ones are stored where large ones left room'

fresh again
duplicates() { grep -c 'duplicate key' "$PGDATA_DIR.log"; }
write --schema again < <($GEN 1 1000 100 5)
vain=$(duplicates)
write --schema again --connections 1 --batch-size 500 --batch-timeout 10s < <($GEN 1 1999 100 5 salt=1) # the last batch is not full: it waits for its end
is "$STATUS $(rows) $(($(duplicates) - vain))" '0 9995 1' 'rows that are there: only the first batch tries to copy them' || diag "$ERR"
like "$ERR" 'in 20 batches \(11 by merging\)' 'and behind them rows are copied again'

# --- what must not be covered ---
fresh part
write --schema part < <($GEN 1 200 100 5 skip=4)
is "$STATUS" 1 'a chunk is missing: exit 1'
is "$(known)" 'logs|{[101,201)}' 'its range is not covered, the others are'
like "$ERR" 'task 1: some of its rows are missing' 'and that is said'
write --schema part < <($GEN 1 100 100 5 upto=6)
is "$STATUS $(known)" '0 logs|{[101,201)}' 'no end: rows, but no coverage'
is "$(rows)" 1000 'the rows are there'
fresh bad
write --schema bad < <($GEN 1 1000 100 5 bad=4)
is "$STATUS" 1 'a row that the database refuses: exit 1'
like "$ERR" 'task 4: the database refuses rows of logs: .*timestamp' 'names the task and the error'
is "$(known)" 'logs|{[1,301),[401,1001)}' 'only its range is not covered'
is "$(rows)" $((5000 - 50)) 'only its chunk is lost'

fresh wishes # of the user, beside our columns
write --schema wishes < <($GEN 1 10 10 1)
sql "create table wishes.known (block_number bigint primary key); insert into wishes.known select generate_series(1, 520);
    insert into wishes.known select generate_series(531, 1000);
    alter table wishes.logs add foreign key (block_number) references wishes.known"
write --schema wishes < <($GEN 1 1000 100 5)
like "$STATUS $ERR" '^1 .*task 6: the database refuses rows of logs: .*violates foreign key' "rows that a user's foreign key refuses: exit 1"
is "$(known)" 'logs|{[1,501),[601,1001)}' 'only their range is not covered'
sql "create function wishes.no() returns trigger language plpgsql as 'begin
        if new.block_number = 1150 then raise exception using errcode = ''ZZ001'', message = ''not this one''; end if; return new; end';
    create trigger no before insert on wishes.logs for each row execute function wishes.no();
    insert into wishes.known select generate_series(1001, 2000)"
write --schema wishes < <($GEN 1001 1300 100 5)
like "$STATUS $ERR" '^1 .*not this one .SQLSTATE ZZ001., keeping the rows and trying again' 'an error that is not known is retried'
like "$ERR" 'task 2: the database refuses rows of logs: not this one .SQLSTATE ZZ001' 'but not for ever'
is "$(known)" 'logs|{[1,501),[601,1101),[1201,1301)}' 'and again only its range is not covered'
sql "create function wishes.none() returns event_trigger language plpgsql as 'begin raise exception ''no tables''; end';
    create event trigger none on ddl_command_start when tag in ('CREATE TABLE') execute function wishes.none()"
write --schema wishes < <($GEN 1 10 10 1 dataset=blocks)
sql 'drop event trigger none'
like "$STATUS $ERR" '^2 .*no tables' 'nor is an error of making a table: exit 2'

# --- given up ---
fresh fail
write --schema fail < <($GEN 1 300 100 5; $GEN 301 500 100 5 given_up=1 task=9 try=3)
is "$STATUS" 1 'a range was given up: exit 1' || diag "$ERR"
is "$(sql 'select from_block, to_block, attempts, endpoint, error from fail.failed_ranges order by 1')" \
    "301|400|3|alpha|no endpoint would; it's said
401|500|3|alpha|no endpoint would; it's said" 'and is recorded with its error'
write --schema fail < <($GEN 350 420 100 5)
is "$(rows failed_ranges)" 0 'what is covered later is not failed any more'
write --schema fail < <($GEN 100 200 200 5 given_up=1; $GEN 1 300 300 5 given_up=1)
is "$(rows failed_ranges)" 0 'nor is what was covered before'
write --schema fail < <($GEN 1 100 50 0 hashes=1 dataset=transactions task=50)
is "$STATUS $(sql "select count(*) from fail.jobs where dataset = 'transactions'")" '0 0' 'hash tasks cover nothing'

# --- gaps and status ---
fresh gap
write --schema gap < <($GEN 100 199 100 1; $GEN 300 399 10 1; $GEN 500 549 50 0 task=90)
gaps() { run "$WRITER" --db "$DB" --schema gap --gaps "$@"; }
gaps --from 0 --to 599
is "$STATUS $OUT" '0 0-99
200-299
400-499
550-599' 'gaps are what is wanted and not covered'
gaps --from 150 --to 320; is "$OUT" '200-299' 'inside'
gaps --from 100 --to 199; is "$STATUS $OUT" '0 ' 'none'
gaps; is "$OUT" '# job=1 chain=1 dataset=logs filter={}
200-299
400-499' 'of every job, between its first block and its last'
gaps --chain-id 5 --from 1 --to 9
is "$STATUS $ERR" '2 writer: schema "gap" holds chain 1: rows of chain 5 want another one (--schema)' 'a schema has one chain'
before=$(PGOPTIONS='-c search_path=gap' checksum logs ranges jobs)
run "$WRITER" -i - --db "$DB" --schema gap < <($GEN 100 199 100 1 salt=5 chain=5)
like "$STATUS $ERR" '^2 .*schema "gap" holds chain 1: rows of chain 5 want another one' '  and takes no rows of another'
is "$(PGOPTIONS='-c search_path=gap' checksum logs ranges jobs)" "$before" '  so that its own stay as they are'
a=0x00000000000000000000000000000000000000aA
write --schema gap < <($GEN 0 99 100 1 dataset=logs,blocks filter="address=${a,,}")
gaps --dataset logs,blocks --address $a --from 0 --to 199; is "$OUT" 100-199 'of two datasets and a filter'
gaps --dataset blocks --from 0 --to 199; is "$OUT" 100-199 'no filter touches blocks'
gaps --dataset blocks,logs --from 0 --to 199; is "$OUT" 0-199 'what either lacks'
gaps --dataset bogus --from 0 --to 1; is "$STATUS" 2 'an unknown dataset is refused'
run "$WRITER" --db "$DB" --schema nowhere --gaps --from 5 --to 6
is "$STATUS $OUT" '0 5-6' 'without tables nothing is covered'
is "$(sql "select count(*) from pg_namespace where nspname = 'nowhere'")" 0 'and none are made'
gaps --from 1 --to 9 --remember; is "$STATUS" 2 '--remember without a chain is refused'
gaps --chain-id 1 --from 600 --to 699 --remember
is "$STATUS $OUT" '0 600-699' 'what is asked for is remembered'
gaps --chain-id 1; is "$OUT" $'200-299\n400-499\n600-699' 'beside what was known of the job already'
gaps --chain-id 1 --from 650 --to 749 --remember
gaps --chain-id 1 --from 900 --to 909 --remember
gaps --chain-id 1 --from 1000 --to 2000
gaps; like "$OUT" $'^# job=1 .*\n200-299\n400-499\n600-749\n900-909\n# job=' 'as a union, and nothing that lies between'
run "$WRITER" --db "$DB" --schema gap --status
like "$OUT" 'covered 250 of 610 wanted blocks, 360 missing' 'status tells how much is missing'
gaps --dataset traces --chain-id 1 --from 5 --to 9 --remember
gaps --dataset traces; is "$OUT" 5-9 'of a job that has nothing yet'
gaps --dataset traces,logs --chain-id 1 --from 8 --to 12 --remember
gaps --dataset traces; is "$OUT" 5-12 'of several datasets'
run "$WRITER" --db "$DB" --schema asked --gaps --chain-id 1 --from 5 --to 6 --remember
is "$STATUS $OUT" '0 5-6' 'where there are no tables they are made'
sql 'alter table asked.jobs drop column wanted'
run "$WRITER" --db "$DB" --schema asked --gaps
is "$STATUS $OUT" '0 # job=1 chain=1 dataset=logs filter={}' 'an older database has no such column'
run "$WRITER" --db "$DB" --schema asked --gaps --chain-id 1 --from 7 --to 8 --remember
run "$WRITER" --db "$DB" --schema asked --gaps
like "$OUT" $'\n7-8$' 'and gets it'
run "$WRITER" --db "$DB" --schema nowhere --status
is "$STATUS $OUT" '0 ' 'status of a schema without jobs: nothing on stdout'
like "$ERR" 'no jobs in schema "nowhere", but in .*gap' 'and where there are some'
run "$WRITER" --db "$DB" --schema fail --status
like "$OUT" 'job=1 chain=1 dataset=logs filter=\{\}.*covered 1-300.*covered 350-420' 'status tells of jobs'

fresh far
write --schema far < <($GEN 9223372036854775805 9223372036854775806 1 0)
run "$WRITER" --db "$DB" --schema far --status
like "$STATUS $OUT" '^0 .*covered 9223372036854775805-9223372036854775806' 'status at the end of all blocks'
run env DATABASE_URL="$DB" ./run.sh gaps --schema far
is "$STATUS $OUT" '0 ' 'and gaps' || diag "$ERR"

# --- compaction ---
fresh pack
write --schema pack < <($GEN 1 20000 10 0 endpoint=a; $GEN 30001 30100 10 0 endpoint=b task=5000; $GEN 20001 20005 5 0 endpoint=b task=6000)
is "$(sql 'select from_block, to_block, endpoint, row_count from pack.ranges order by 1')" '1|20000|a|0
20001|20005|b|0
30001|30100|b|0' 'ranges that touch are merged, endpoint by endpoint'
sql "insert into pack.ranges select 1, 100000 + i * 10, 100009 + i * 10, 'e' || i % 3, 1 from generate_series(0, 49999) i"
sql "insert into pack.ranges values (1, 700000, 799999, 'x', 7), (1, 700005, 700009, 'y', 1), (1, 750000, 850000, 'y', 2), (1, 900000, 900000, 'y', 2)"
sql "insert into pack.ranges select 1, 40000 + i * 3, 40001 + i * 3, 'h', 1 from generate_series(0, 99) i" # each but a block apart
gaps_before=$(known)
write --schema pack < <($GEN 2000000 2000001 1 0)
is "$(known)" "${gaps_before%\}},[2000000,2000002)}" 'compaction changes nothing of what is covered'
few() { write --schema pack < <($GEN 2000000 2000001 1 0) && test "$(rows ranges)" -lt 20000; } # a second for each writer
check 'and many ranges of many endpoints become few' wait_for 20 few
is "$(sql 'select sum(row_count) from pack.ranges')" 50112 'with all their rows'
sql "insert into pack.ranges select 1, 3000000 + i * 10, 3000005 + i * 10, 'e', 1 from generate_series(1, 100) i"
all=$(sql 'select count(*) from (select unnest(range_agg(int8range(from_block, to_block + 1))) from pack.ranges) u')
run "$WRITER" --db "$DB" --schema pack --status
is "$(grep -c '^  covered [0-9]*-' <<<"$OUT") $(grep -o 'and [0-9]* more ranges' <<<"$OUT")" "9 and $((all - 9)) more ranges" \
    'status tells of the first of many ranges and counts the others'

fresh tiny
$GEN 1 60000 1 1 chunk=1 endpoint=a,b >"$T/tiny"
"$WRITER" -i - --db "$DB" --schema tiny --batch-size 50 <"$T/tiny" 2>/dev/null & # no connection is idle
victim=$!
wait_for 60 has 50000
kill -KILL $victim
wait $victim 2>/dev/null
lines=$(rows ranges)
check "50000 ranges in small batches, killed: $lines lines" test "$lines" -lt 45000
write --schema tiny <"$T/tiny"
is "$STATUS $(rows) $(known)" '0 60000 logs|{[1,60001)}' 'and again: complete' || diag "$ERR"
lines=$(rows ranges)
check "$lines lines" test "$lines" -lt 30000
like "$(sql 'select distinct endpoint from tiny.ranges')" 'a,b|b,a' 'that tell of both endpoints'

# --- on conflict ---
fresh moved
write --schema moved < <($GEN 1 100 50 3 dataset=transactions)
write --schema moved < <($GEN 2 101 50 3 dataset=transactions moved=1 task=9)
is "$STATUS $(sql 'select count(*), count(distinct transaction_hash), min(block_number), max(block_number) from moved.transactions')" \
    '0 300|300|2|101' 'transactions that moved to another block: the later place holds' || diag "$ERR"
write --schema moved --connections 1 < <($GEN 1 100 50 3 dataset=transactions; $GEN 2 101 50 3 dataset=transactions moved=1 task=9)
is "$STATUS $(rows transactions)" '0 300' 'in one batch, too' || diag "$ERR"
fresh newest
write --schema newest < <($GEN 1 10 10 5 dataset=accounts,contracts newer=100; $GEN 1 10 10 5 dataset=accounts,contracts task=2)
write --schema newest < <($GEN 1 10 10 5 dataset=accounts,contracts newer=50 task=3)
is "$STATUS $(sql 'select count(*), min(block_number), max(block_number) from newest.accounts')" '0 5|110|110' \
    "an older block's account never replaces a newer one's" || diag "$ERR"
is "$(sql 'select count(*), min(block_number) from newest.contracts')" '5|110' 'nor a contract'

# --- tables that are there already ---
fresh other
sql "create table other.logs (block_number bigint, log_index int)"
write --schema other < <($GEN 1 100 100 5)
is "$STATUS" 2 'a table without our columns: exit 2'
like "$ERR" 'table other.logs has no column "transaction_index"' 'and which'
fresh other
write --schema other < <($GEN 1 10 10 1)
sql 'alter table other.logs drop constraint logs_pkey; truncate other.ranges'
write --schema other < <($GEN 1 100 100 5)
is "$STATUS" 2 'a table without our key: exit 2'
like "$ERR" 'no unique index on its key' 'and why'
fresh other
write --schema other < <($GEN 1 10 10 1)
sql "alter table other.logs add note text default 'mine', alter topic3 type text using null"
write --schema other < <($GEN 11 20 10 1)
like "$STATUS $ERR" '^2 .*column "topic3".*is text, expected bytea' 'a column of another type: exit 2'
sql 'alter table other.logs drop topic3, add topic3 bytea'
write --schema other < <($GEN 1 20 10 1)
is "$STATUS $(sql "select count(*) from other.logs where note = 'mine'")" '0 20' 'further columns are left alone'
sql "create role guest login; grant usage on schema other to guest; grant select, insert, update, delete on all tables in schema other to guest"
run "$WRITER" -i - --db "${DB/user=postgres/user=guest}" --schema other < <($GEN 1 40 10 1)
is "$STATUS $(rows)" '0 40' 'rights to write are enough' || diag "$ERR"
run "$WRITER" -i - --db "${DB/user=postgres/user=guest}" --schema other < <($GEN 1 40 10 1 dataset=blocks)
is "$STATUS" 2 'but not to make a table: exit 2'
like "$ERR" 'permission denied' 'and why'
sql 'revoke update on other.jobs from guest'
run "$WRITER" --db "${DB/user=postgres/user=guest}" --schema other --gaps --chain-id 1 --from 1 --to 90 --remember
like "$STATUS $ERR" '^2 .*permission denied' 'nor to remember without the right to update jobs: exit 2'

# --- text ---
run "$WRITER" -i - -o - < <($GEN 1 2 2 2 dataset=logs,blocks)
is "$(jq -r .table <<<"$OUT" | sort | uniq -c | xargs)" '2 blocks 4 logs' 'ndjson of several tables names them'
run "$WRITER" -i - -o - --dataset logs < <($GEN 1 2 2 2)
is "$STATUS $(jq -c '[.block_number, .log_index, has("table")]' <<<"$OUT" | xargs)" \
    '0 [1,0,false] [1,1,false] [2,0,false] [2,1,false]' 'of one it does not'
run "$WRITER" -i - -o - --format csv < <($GEN 1 2 2 2 dataset=logs,blocks)
like "$STATUS $ERR" '^2 .*csv holds one table' 'csv takes only one'

# --- bad input ---
write --schema plain </dev/null
is "$STATUS" 0 'empty input: exit 0'
printf 'garbage' >"$T/garbage"
head -c 100000 /dev/urandom >>"$T/garbage"
write --schema plain < <($GEN 5001 5100 100 5; cat "$T/garbage")
is "$STATUS" 2 'garbage after good messages: exit 2'
like "$ERR" 'results: ' 'says so'
is "$(sql 'select count(*) from plain.logs where block_number > 5000')" 500 'what came before is committed'
write --batch-size 0 </dev/null; like "$STATUS $ERR" '^2 .*--batch-size' 'a batch of no rows'
run "$WRITER"; like "$STATUS $ERR" '^2 .*--results is missing' 'no results'
run "$WRITER" -i - --db 'postgres://u:s3cret@[bad' </dev/null
like "$STATUS $ERR" '^2 .*--db' 'not a URI'
unlike "$ERR" s3cret 'is not shown'
for uri in postgresql://u:s3cret@x@host/db postgresql://u:s3cret/x@host/db; do
    run "$WRITER" -i - --db "$uri" </dev/null
    like "$STATUS $ERR" '^2 .*percent-encoded' 'a password that is not escaped'
    unlike "$ERR" s3cret 'is not shown either'
done
run "$WRITER" -i - --db "postgresql:///nope?host=$PGHOST&user=postgres" </dev/null
like "$STATUS $ERR" '^3 .*"nope".*does not exist' 'no such database: exit 3 at once'
run "$WRITER" -i - --db "postgresql://nobody:s3cret@/postgres?host=$PGHOST" </dev/null
like "$STATUS $ERR" '^3 .*role "nobody" does not exist' 'no such role: exit 3 at once'
unlike "$ERR" s3cret 'the password is not shown'
wait "$nowhere"
like "$? $(cat "$T/nowhere.err")" '^3 writer: database "x" at [^ ]*: [^:]*failed: [^:]*$' 'no server: exit 3 after ten seconds, one line'
unlike "$(cat "$T/nowhere.err")" s3cret 'without the password'
BATCH_TIMEOUT=40 run "$WRITER" --help
is "$STATUS" 0 'BATCH_TIMEOUT is a number of milliseconds'
BATCH_TIMEOUT=soon run "$WRITER" -i - </dev/null
like "$STATUS $ERR" '^2 .*BATCH_TIMEOUT.*soon' 'or refused by name'
done_testing
