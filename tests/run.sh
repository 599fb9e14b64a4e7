#!/bin/sh
# tests/run.sh 'PROGRAM [ARGUMENT]...'... - runs test programs one after another and counts.
#
# A program says how it went by its exit status: 0 passed, 77 cannot run here (its last line says why), anything else
# failed. Where it also prints a summary, that counts instead of one per program:
#
#     100%: Checks: 63, Failures: 0, Errors: 0          (libcheck)
#     <anything>: 12 passed, 0 failed, 1 skipped        (the last line of a script)
#
# A script is run by the interpreter it names and is given the path of the torc command.
#
# What a program printed is shown when it failed, and kept in $TORC_BUILD/log. The last line is the sum of it all, and
# the exit status is 0 only if something ran and nothing failed.
#
# Environment: TORC_BUILD (build directory), TORC_TEST_TITLE, TORC_TEST_TIMEOUT (seconds per program), TORC_FLAVOUR,
# TORC_RUNNER (a program that runs the programs, such as an emulator).

build=${TORC_BUILD:-build}
title=${TORC_TEST_TITLE:-test}
limit=${TORC_TEST_TIMEOUT:-1800}
logs=$build/log
passed=0 failed=0 skipped=0
export TORC_BUILD="$build"

# The first finding of a sanitizer ends the program.
export ASAN_OPTIONS="${ASAN_OPTIONS:-halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"

# Older ThreadSanitizer runtimes give up where the kernel randomises more address bits than they know of.
wrap=${TORC_RUNNER:-}
if [ "${TORC_FLAVOUR:-}" = tsan ] && [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ] &&
    setarch "$(uname -m)" -R true 2>/dev/null; then
    wrap="setarch $(uname -m) -R"
fi

# Programs run in the background, so that a signal to this script can be passed on at once (timeout passes it to all
# that it started). The shell ignores SIGINT and SIGQUIT in what runs there; tests about signals need them back.
reset=
if env --default-signal=INT,QUIT true 2>/dev/null; then
    reset="env --default-signal=INT,QUIT"
fi
child=
stop() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    exit 130
}
trap stop INT TERM HUP

# execute COMMAND LOG: runs it under the time limit, everything it prints goes to the log.
execute() {
    command=$1
    case $1 in
    *.sh) command="$(sed -n '1s/^#! *//p' "$1") $1 $build/torc" ;;
    esac
    # shellcheck disable=SC2086 # commands of several words, or nothing
    $reset timeout -k 10 "$limit" $wrap $command >"$2" 2>&1 </dev/null &
    child=$!
    wait "$child"
    ended=$?
    child=
    return "$ended"
}

# sum_of LOG: "passed failed skipped" from the summaries in it; nothing if there is none.
sum_of() {
    awk '
        /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
            gsub(/,/, ""); bad += $5 + $7; good += $3 - $5 - $7; found = 1
        }
        { last = $0 }
        END {
            if (!found && match(last, /[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/)) {
                split(substr(last, RSTART), word, " ")
                good = word[1]; bad = word[3]; left = word[5]; found = 1
            }
            if (found) print good + 0, bad + 0, left + 0
        }' "$1"
}

# why STATUS: how a program that failed ended.
why() {
    case $1 in
    124 | 137) echo "stopped after $limit s" ;;
    0) echo "its own count says so" ;;
    *) [ "$1" -gt 128 ] && echo "signal $(($1 - 128))" || echo "exit status $1" ;;
    esac
}

# run_one COMMAND: runs, counts, reports.
run_one() {
    name=${1#"$build"/}
    log=$logs/$(echo "$name" | tr '/ ' '__').log
    begin=$(date +%s)
    execute "$1" "$log"
    status=$?
    seconds=$(($(date +%s) - begin))

    # shellcheck disable=SC2046 # three numbers or none
    set -- $(sum_of "$log")
    if [ $# -eq 0 ]; then
        case $status in
        0) set -- 1 0 0 ;;
        77) set -- 0 0 1 ;;
        *) set -- 0 1 0 ;;
        esac
    elif [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
        set -- "$1" 1 "$3" # it ended badly after a good count
    elif [ $(($1 + $2 + $3)) -eq 0 ]; then
        set -- 0 1 0 # a summary of nothing
    fi
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))

    if [ "$2" -ne 0 ]; then
        printf 'FAIL  %-36s %s failed: %s (%s s); its output:\n' "$name" "$2" "$(why "$status")" "$seconds"
        sed 's/^/      | /' "$log"
    elif [ "$1" -eq 0 ]; then
        printf 'skip  %-36s %s\n' "$name" "$(tail -n 1 "$log")"
    else
        printf 'ok    %-36s %s passed%s (%s s)\n' "$name" "$1" "$([ "$3" -eq 0 ] || echo ", $3 skipped")" "$seconds"
    fi
}

mkdir -p "$logs" || exit 1
for program in "$@"; do
    run_one "$program"
done
echo "torc $title: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
