# shellcheck shell=bash disable=SC2034  # run.sh reads what is set here
# enrich.sh - rows that the database refers to and lacks: the command enrich of run.sh.
#
# Transactions that logs refer to (and those without their receipt) are asked for by hash, blocks that logs or
# transactions refer to by number, 500 to a task. What is missing is read off the rows themselves each time: nothing else
# stores progress, so a run that was killed goes on with the rest.

declare -A OPT # of options.sh
ENRICH_BATCH=50 # calls in a request: 25 transactions, each with its receipt, or 50 blocks

cmd_enrich() {
    local datasets name address status=0
    unset EVENT_TOPIC # what jobs pull
    parse_options "$@"
    for name in from to event topic0 topic1 topic2 topic3; do
        [ -z "${OPT[$name]:-}" ] || die 2 'enrich looks at all logs, or those of --address'
    done
    datasets=${OPT[dataset]:-transactions,blocks} ONLY=''
    [[ $datasets =~ ^(transactions|blocks)(,(transactions|blocks))?$ ]] ||
        die 2 "--dataset \"$datasets\": enrich knows transactions and blocks"
    while read -r address; do ONLY+="${ONLY:+, }'\\x${address#0x}'"; done < <(list address)
    ONLY=${ONLY:+address in ($ONLY)}
    OPT[schema]=${OPT[schema]:-public} OPT[address]='' OPT[from]=0 OPT[to]=0 OPT[pause]=${OPT[pause]:-0.15}
    build producer/producer fetcher/fetcher
    check_database
    database_exists || die 2 'enrich: no job was run yet'
    database_up
    FETCHER_WORDS=(--retries 2 --task-limit "${OPT[lease]:-300}") # three tries; one that takes longer is replaced
    for name in ${datasets//,/ }; do
        OPT[dataset]=$name
        enrich_one || status=$?
        [ $status -le 1 ] && [ "$STOPS" -eq 0 ] || break
    done
    [ -z "${OPT[dry-run]:-}" ] || [ -z "${SPECS[*]:-}" ] || enrich_plan
    [ $status -gt 1 ] || [ "$STOPS" -gt 0 ] || [ -n "${OPT[dry-run]:-}" ] || aside fill_times
    return $status
}

fill_times() { # of transactions that came by hash, from nodes that do not tell it
    local n
    database_holds || return
    [[ $HOLDS == *' transactions '* && $HOLDS == *' blocks '* ]] || return
    n=$(sql "with filled as (update transactions t set block_timestamp = b.block_timestamp from blocks b
        where t.block_timestamp is null and b.block_number = t.block_number returning 1) select count(*) from filled")
    [ "${n:-0}" -eq 0 ] || say "$n transactions have their time from their block"
}

enrich_one() {
    WANTED=transactions
    [ "${OPT[dataset]}" = transactions ] || WANTED=headers
    find_gaps
    [ -s "$TMP/gaps" ] || { say "nothing missing: $(enriched)"; return 0; }
    say "$(missing_noun) missing"
    [ -n "${SPECS[*]:-}" ] || { resolve && pace; }
    FILTER=(--chain-id "${OPT[chain-id]}" --dataset "${OPT[dataset]}")
    [ -z "${OPT[dry-run]:-}" ] || {
        printf '%-12s%s\n' missing "$(counted "$(missing)" "${OPT[dataset]%s}")" batches "$(batches)"
        return
    }
    [ -z "$RUN" ] || rm -rf "$RUN" # of the dataset before
    pull
}

enriched() {
    if [ "${OPT[dataset]}" = blocks ]; then
        echo 'every block that logs and transactions refer to is there'
    else
        echo 'every transaction that logs refer to is there, with its receipt'
    fi
}

enrich_plan() { # --dry-run: how it would be done, once for all that is missing
    printf '%-12s%s\n' workers "${OPT[workers]} per endpoint" pause "${OPT[pause]}" \
        connections "${OPT[connections]:-2}" concurrency "$MAX_CONCURRENCY" batch "${BATCH_SIZE:-1000-50000}" \
        database "$(database_place), schema ${OPT[schema]}"
    endpoint_lines
}

# --- what is missing: a hash, or a number in hex, a line into $TMP/gaps; 3: the database is not there ---
find_transactions() {
    local known=false bare=''
    database_holds || return
    if [[ $HOLDS == *' transactions '* ]]; then
        known='exists (select from transactions t
            where t.transaction_hash = l.transaction_hash and t.gas_used is not null)'
        [ -n "$ONLY" ] ||
            bare='union all select transaction_hash, block_number, transaction_index
                from transactions where gas_used is null'
    fi
    sql "select '0x' || encode(transaction_hash, 'hex') from (
            select transaction_hash, block_number, transaction_index from logs l
            where transaction_hash is not null and not $known ${ONLY:+and $ONLY} $bare) missing
        group by transaction_hash order by min(block_number), min(transaction_index)" >"$TMP/gaps"
}

find_headers() {
    local unknown=true more=''
    database_holds || return
    [[ $HOLDS != *' blocks '* ]] || unknown='not exists (select from blocks b where b.block_number = r.block_number)'
    [ -n "$ONLY" ] || [[ $HOLDS != *' transactions '* ]] ||
        more="union select block_number from transactions r where $unknown"
    sql "select '0x' || to_hex(n) from (
            select distinct block_number n from logs r where $unknown ${ONLY:+and $ONLY} $more) missing
        order by n" >"$TMP/gaps"
}

database_holds() { # sets HOLDS, the tables there are, spaces around each
    HOLDS=$(sql "select ' ' || string_agg(tablename, ' ') || ' '
        from pg_tables where schemaname = current_schema()") || return
    [[ $HOLDS == *' logs '* ]] || die 2 "enrich: there is no table \"logs\" in schema \"${OPT[schema]}\""
}

# --- how fast ---
batches() { # tasks of the producer
    echo $((($(missing) + 499) / 500))
}

pace() { # the fetchers of an endpoint share its pause, so each has that many times the pause
    local i n=$(($(nproc) * 3 / 4))
    n=$((n < 2 ? 2 : n > 8 ? 8 : n)) # 75 % of the cores, on all endpoints together
    OPT[workers]=${OPT[workers]:-$(((n + ${#SPECS[@]} - 1) / ${#SPECS[@]}))}
    for i in "${!SPECS[@]}"; do SPECS[i]=$(paced "${SPECS[i]}"); done
}

paced() { # paced SPEC
    local spec=$1
    [[ $spec == *,batch=* ]] || spec+=,batch=$ENRICH_BATCH
    [[ $spec == *,pause=* ]] || spec+=,pause=$(pause_ms)ms
    echo "$spec"
}

pause_ms() {
    awk -v pause="${OPT[pause]}" -v n="${OPT[workers]}" 'BEGIN { printf "%d", pause * n * (pause ~ /ms$/ ? 1 : 1000) }'
}
