#!/bin/sh
# checks.sh LOGS TARGET... - makes each target and prints one line for it: how it went, how long it took, its own last words.
# What a target printed is in LOGS, and shown if it failed. Environment: TORC_CHECK_TITLE, MAKE.
set -u
logs=$1 title=${TORC_CHECK_TITLE:-checks} passed=0 failed=0
shift
mkdir -p "$logs" || exit 1
case $title in
*broken) good="caught" bad="NOT CAUGHT" ;;
*) good="passed" bad="FAILED" ;;
esac

for target in "$@"; do
    log=$logs/$title-$target.log
    begin=$(date +%s)
    if ${MAKE:-make} --no-print-directory "$target" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf '%s: %-22s %-10s %5s s  %s\n' "$title" "$target" "$good" $(($(date +%s) - begin)) \
            "$(grep -v '^  [A-Z]' "$log" | grep -vx ok | tail -n 1)"
    else
        failed=$((failed + 1))
        printf '%s: %-22s %-10s %5s s  its output:\n' "$title" "$target" "$bad" $(($(date +%s) - begin))
        sed 's/^/      | /' "$log"
    fi
done
echo "torc $title: $passed $good, $failed not"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
