# shellcheck shell=bash disable=SC2153  # WANTED and WORDS are run.sh's
# report.sh - what a job is, what it lacks and how it ended, in words for people.

declare -A OPT # of options.sh

missing() { # how many blocks, or hashes
    awk -F- '{ n += /^0x/ ? 1 : $NF - $1 + 1 } END { printf "%d", n }' "$TMP/gaps"
}

missing_noun() { # "1 block is", "5 transactions are"
    local n
    n=$(missing)
    echo "$(counted "$n" "$(wanted_noun)") $(is_or_are "$n")"
}

wanted_noun() {
    if [ "$WANTED" = blocks ]; then echo block; else echo "${OPT[dataset]%s}"; fi
}

is_or_are() { # is_or_are N
    if [ "$1" -eq 1 ]; then echo is; else echo are; fi
}

dry_run() {
    local wanted=$((OPT[to] - OPT[from] + 1)) missing ranges
    missing=$(missing)
    [ -z "$FILLS" ] || wanted=$missing
    ranges=$(wc -l <"$TMP/gaps")
    printf '%-12s%s\n' \
        dataset "${OPT[dataset]}" filter "$(filter_text)" chain "${OPT[chain-id]}" blocks "${OPT[from]}-${OPT[to]}" \
        wanted "$wanted" covered $((wanted - missing)) missing "$missing in $(counted "$ranges" range)" \
        tasks "$(awk -F- -v s="${OPT[step]}" '{ n += int(($NF - $1 + s) / s) } END { printf "%d", n }' "$TMP/gaps")" \
        step "${OPT[step]}" concurrency "$MAX_CONCURRENCY" workers "${OPT[workers]:-1}" \
        connections "${OPT[connections]:-2}" batch "${BATCH_SIZE:-1000-50000}" \
        database "$(database_place), schema ${OPT[schema]}"
    endpoint_lines
}

filter_text() { # of the job: "address 0x..., topic0 0x...", or "none"
    local words
    option_words address topic0 topic1 topic2 topic3
    words=${WORDS[*]}
    words=${words// --/, }
    words=${words#--}
    echo "${words:-none}"
}

how_it_ended() {
    if [ "$ENDED" -eq 1 ] && [ "${OPT[on-error]:-}" = fail_fast ]; then
        echo 'stopped at the first range that failed (--on-error fail_fast):'
    else
        echo 'finished, but'
    fi
}

# pulled BEGAN BEFORE ASKED COVERED: the end of pull, in a line: when it began, what was missing before, how much was
# asked for, and what is covered if all is there. What is missing is looked up once more, if time and the database let us.
pulled() {
    local began=$1 before=$2 asked=$3 covered=$4 see='' known='' now LIMIT
    [ "$STOPS" -eq 0 ] || ENDED=130
    # shellcheck disable=SC2034 # of ask_writer and open_database
    LIMIT=$(time_left 5)
    if [ "$ENDED" -le 1 ] || { [ "$LIMIT" -gt 2 ] && aside "find_$WANTED" 2>/dev/null; }; then known=1; fi
    now=$(missing)
    [ -z "$known" ] || [ "$PRODUCERS" -le 1 ] ||
        say "in all $(counted $((before - now)) "$(wanted_noun)") in $((SECONDS - began)) s;" \
            'the summary counts from the last start of the producer'
    if [ -n "$known" ] && [ "$now" -eq 0 ]; then
        say "complete: $covered"
        return 0
    fi
    [ -n "$known" ] && known="$now of $(counted "$asked" "$(wanted_noun)") $(is_or_are "$now") missing" ||
        known='what is committed stays'
    case $ENDED in
    0 | 1)
        [ "$ENDED" -eq 0 ] || [ "$WANTED" != blocks ] || see=": see table ${OPT[schema]}.failed_ranges"
        LEVEL=warn say "$(how_it_ended) $(missing_noun) missing$see; the same command tries again"
        ENDED=1
        ;;
    130) say "interrupted: $known; $GOES_ON" ;;
    *) say "${WHY:-gave up}: $known; $GOES_ON" ;;
    esac
    return "$ENDED"
}
