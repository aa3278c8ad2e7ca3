#!/usr/bin/env bash
# The rules that the tree keeps (STYLE in short): one door per library, directions of includes, calls that
# are not made, sizes; and that an installation works.
# shellcheck source=tests/lib.sh
. tests/lib.sh

sources() { # sources PATH...: ours
    find "$@" \( -name '*.[ch]' -o -name '*.cc' \) -not -path '*/node_modules/*'
}

users_of() { # users_of HEADER: the files that include it, but for unit tests
    sources common producer fetcher writer tests/rpcsim tests/bench |
        xargs grep -lE "^ *# *include *[<\"]$1[>\"]" | sort | paste -sd ' '
}

is "$(users_of 'zmq\.h')" common/link.c 'zmq.h has one door'
is "$(users_of 'msgpack\.h(pp)?')" common/wire.c 'msgpack.h has one door'
is "$(users_of 'curl/curl\.h')" fetcher/http.c 'curl.h has one door'
is "$(users_of 'libpq-fe\.h')" writer/pg.c 'libpq-fe.h has one door'
is "$(users_of 'simdjson\.h')" fetcher/json.cc 'simdjson.h has one door'
is "$(users_of 'nettle/[a-z0-9]+\.h')" 'fetcher/keccak.c tests/rpcsim/bloom.c' 'nettle has one door a program'
is "$(users_of 'microhttpd\.h')" tests/rpcsim/server.c 'microhttpd.h has one door'
is "$(users_of 'cmocka\.h')" '' 'cmocka is for unit tests only'

foreign() { # foreign FOLDER OTHERS: includes that go the wrong way
    sources "$1" | xargs grep -nE "^ *# *include *\"(\.\./)*($2)/"
}
is "$(foreign common 'producer|fetcher|writer|tests')" '' 'common includes nothing above it'
is "$(foreign producer 'fetcher|writer|tests')" '' 'producer includes common only'
is "$(foreign fetcher 'producer|writer|tests')" '' 'fetcher includes common only'
is "$(foreign writer 'producer|fetcher|tests')" '' 'writer includes common only'

banned='strcpy|strcat|strncpy|strncat|sprintf|vsprintf|atoi|atol|atof|strtok|gets|system|alloca'
is "$(sources common producer fetcher writer tests | xargs grep -nE "(^|[^a-zA-Z0-9_\">.])($banned)\(")" '' 'no banned call'
is "$(sources common producer fetcher writer | xargs grep -nE '^typedef ' | grep -v '(')" '' 'no typedefs but of functions'
is "$(for f in $(sources common producer fetcher writer | grep '\.h$'); do head -n 1 "$f" | grep -q "^/\* ${f##*/} - " || echo "$f"; done)" \
    '' 'each header begins with its name and what it is'
# shellcheck disable=SC2046
is "$(git ls-files | xargs grep -lE 'registry\.npm|deb\.debian\.org|pypi\.org|/work/[a-z]' -- 2>/dev/null | grep -v '^tests/t/00-build.t$')" '' \
    'no registry host and no path of a machine'

run make -s install "DESTDIR=$T/root" PREFIX=/opt/sluice
is "$STATUS" 0 'make install into DESTDIR' || diag "$ERR"
bin=$T/root/opt/sluice/bin
is "$(cd "$bin" && printf '%s ' *)" 'sluice sluice-fetcher sluice-producer sluice-writer ' 'installs the four programs'
is "$(cd "$T/root/opt/sluice/share/man/man1" && printf '%s ' *)" \
    'sluice-fetcher.1 sluice-producer.1 sluice-writer.1 sluice.1 ' 'and their manuals'
is "$(find "$T/root" -type f -perm /022)" '' 'nothing that others may write to'
run "$bin/sluice" --version
like "$OUT" '^sluice [0-9]+\.[0-9]+\.[0-9]+$' 'the installed sluice runs'
version=${OUT#* }
has_all() { # has_all PROGRAM: each option that its --help, in OUT, has
    sed 's/[\]//g' "$T/root/opt/sluice/share/man/man1/$1.1" >"$T/manual"
    is "$(grep -oE -- '^ +(-[a-z], )?--[a-z0-9-]+' <<<"$OUT" | grep -oE -- '--[a-z0-9-]+' | grep -v 'topic[12]' | while read -r option; do
        grep -qF -- "$option" "$T/manual" || echo "$option"
    done)" '' "$1.1 has every option that --help has"
}
run "$bin/sluice" --help
has_all sluice
for program in producer fetcher writer; do
    run "$bin/sluice-$program" --version
    is "$STATUS $OUT" "0 sluice-$program $version" "and so does sluice-$program, of the same version"
    run "$bin/sluice-$program" --help
    is "$STATUS" 0 "sluice-$program --help"
    has_all "sluice-$program"
done
columns() { # a line for each table and for each of its columns, with its type, as PostgreSQL has them
    sql "select table_name from information_schema.tables where table_schema = 'public' union
        select column_name || ' ' || replace(replace(data_type, 'timestamp with time zone', 'timestamptz'), 'ARRAY', 'integer[]')
        from information_schema.columns where table_schema = 'public' and table_name not in ('jobs', 'ranges', 'failed_ranges', 'wanted')"
}
start_postgres
start_rpcsim chain --blocks 100
run "$bin/sluice" --db "$DB" --rpc "$URL" --from 1 --to 50
is "$STATUS" 0 'an installed sluice does a job' || diag "$ERR"
is "$(covered public)" '1|{[1,51)}' 'from end to end'
run "$bin/sluice" --db "$DB" --rpc "$URL" --from 1 --to 2 --dataset blocks,transactions,token_transfers,traces,contracts,accounts
missing=$(columns | while read -r word; do grep -qwF -- "$word" "$T/manual" || echo "$word"; done)
is "$STATUS $missing" '0 ' 'sluice-writer.1 has every table, and every column with its type' || diag "$ERR"

run make -s uninstall "DESTDIR=$T/root" PREFIX=/opt/sluice
is "$STATUS $(find "$T/root" ! -type d)" '0 ' 'make uninstall leaves nothing' || diag "$ERR"

linked() { # linked PROGRAM: the libraries that it needs itself
    readelf -d "$1" | sed -n 's/.*NEEDED.*\[lib\([a-z_]*\).*/\1/p' | sort -u
}
unlike "$(linked $PRODUCER)" 'curl|pq|simdjson' 'the producer links no HTTP, database or JSON library'
unlike "$(linked $FETCHER)" 'pq' 'the fetcher links no database library'
unlike "$(linked $WRITER)" 'curl|simdjson' 'the writer links no HTTP or JSON library'
done_testing
