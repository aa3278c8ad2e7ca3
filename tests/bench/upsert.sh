#!/usr/bin/env bash
# upsert.sh [BATCHES] [ROUNDS] - a thousand rows of each table, half of them there already with other contents: the writer beside
# psql with an INSERT ... ON CONFLICT DO UPDATE for each row, and for each hundred rows. All on one connection, each
# statement (the writer: each batch of a thousand) a transaction; a figure is the mean time between commits, by their
# timestamps.
# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
BATCHES=${1:-21} ROUNDS=${2:-3} S=bench
need
GEN=tests/t/wiregen
[ -x $GEN ] || make -s $GEN >&2 || bail 'the build failed'
bench_postgres

generate() { # generate WORD...: batches of a thousand rows of $table, of ranges that do not touch
    local i first blocks=200 rows=5
    [ "$table" != blocks ] || blocks=1000 rows=1
    [[ $table != accounts && $table != contracts ]] || blocks=1 rows=1000
    for ((i = 0; i < BATCHES; i++)); do
        first=$((i * (blocks + 1) + 1))
        $GEN $first $((first + blocks - 1)) $blocks $rows chunk=$blocks dataset="$table" task=$((i + 1)) "$@"
    done
}

write() { # write OPTION...: stdin into the table
    "$WRITER" -i - --schema $S --max-open 1 "$@" 2>"$T/write.err" || bail "$(cat "$T/write.err")"
}

statements() { # statements SIZE LIMIT: upserts of so many rows each, of so many rows of $S.all
    local columns key set order
    key=$(sql "select string_agg(quote_ident(a.attname), ', ') from pg_index i, unnest(i.indkey) k, pg_attribute a
        where i.indrelid = '$S.$table'::regclass and i.indisprimary and a.attrelid = i.indrelid and a.attnum = k")
    columns="from pg_attribute where attrelid = '$S.$table'::regclass and attnum > 0"
    set=$(sql "select string_agg(format('%1\$I = excluded.%1\$I', attname), ', ') $columns
        and quote_ident(attname) <> all (string_to_array('$key', ', '))")
    order=$(sql "select string_agg(format('quote_nullable(%I)', attname), '|| '', '' ||' order by attnum) $columns")
    columns=$(sql "select string_agg(quote_ident(attname), ', ' order by attnum) $columns")
    sql "select 'insert into $S.$table ($columns) values ' || string_agg('(' || v || ')', ', ') || ' on conflict ($key) do update set $set;'
        from (select (row_number() over (order by $key) - 1) / $1 as g, $order as v from $S.all limit $2) s group by g order by g"
}

half() { # the table with half of its rows, which have other contents
    sql "truncate $S.$table, $S.ranges; insert into $S.$table select * from $S.before; analyze $S.$table" && sql checkpoint
    since=$(sql 'select clock_timestamp()')
}

gap() { # gap TABLE: mean time between its commits, ms
    sql "select extract(epoch from max(t) - min(t)) * 1e3 / (count(distinct t) - 1)
        from (select pg_xact_commit_timestamp(xmin) t from $S.$1) c where t > '$since'"
}

title "upserts of 1,000 rows, half of them there already, ms, medians of $ROUNDS"
for table in logs blocks transactions token_transfers traces contracts accounts; do
    fresh $S
    generate salt=1 | write
    sql "create table $S.before as select * from $S.$table order by md5($table::text) limit (select count(*) / 2 from $S.$table)"
    sql "truncate $S.$table, $S.ranges"
    generate >"$T/input"
    write <"$T/input"
    sql "create table $S.all as select * from $S.$table"
    statements 1 1000 >"$T/single.sql"
    statements 100 $((BATCHES * 1000)) >"$T/hundred.sql"
    ours=() single=() hundred=()
    for ((round = 0; round < ROUNDS; round++)); do
        half
        write --batch-size 1000 <"$T/input"
        ours+=("$(gap ranges)")
        half
        psql -Xqf "$T/single.sql" || bail 'single statements'
        single+=("$(calc "1000 * $(gap "$table")")")
        half
        psql -Xqf "$T/hundred.sql" || bail 'statements of 100 rows'
        hundred+=("$(calc "10 * $(gap "$table")")")
    done
    a=$(median "${ours[@]}") b=$(median "${single[@]}") c=$(median "${hundred[@]}")
    row "$table: single, of 100, ours" '%s' "$(printf '%8.1f %6.1f %6.1f' "$b" "$c" "$a")" \
        "$(printf '%.0f times single, wanted: 30; %.1f times of 100' "$(calc "$b / $a")" "$(calc "$c / $a")")"
done
