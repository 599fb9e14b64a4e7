#!/bin/sh
# sweep.sh [--broken] TORC - `torc run` on a small input, then `torc verify`, with each of their calls failing in turn.
#
# Whatever fails: no signal, no hang; exit status 0 only if the log it wrote verifies; otherwise 1 and a message; and the same
# run undisturbed succeeds afterwards. --broken: writes that fail say that they did not, which must be noticed.
set -u
broken=
[ "$1" != --broken ] || { broken=yes; shift; }
torc=$(dirname "$1")/tests/command_faults/torc
plain=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/in" || exit 1
for file in a b; do
    i=0
    while [ $i -lt 12 ]; do
        printf '%s%*d\n' "$file" $((i * i * i * 12)) "$i"
        i=$((i + 1))
    done >"$work/in/$file"
done
failed=0 runs=0 refused=0 unharmed=0

say() {
    failed=$((failed + 1))
    echo "command_faults: $*"
    sed 's/^/      | /' "$work/messages" | head -n 5
}

# run COMMAND...: with the fault in $fault; its status in $status.
run() {
    TORC_FAULT=$fault TORC_FAULT_COUNT=$work/count ${broken:+env TORC_FAULT_LIE=1} timeout -k 5 600 "$torc" "$@" \
        >"$work/output" 2>"$work/messages" </dev/null
    status=$?
}
ingest() {
    run run --records lines --producers 2 --force --out "$work/log" "$work/in/a" "$work/in/b"
}
failing() {
    cut -d ' ' -f 2- "$work/count" 2>/dev/null
}

# judge WHAT: common to all ways to fail.
judge() {
    runs=$((runs + 1))
    case $status in
    0) unharmed=$((unharmed + 1)) ;;
    1)
        refused=$((refused + 1))
        [ -s "$work/messages" ] || say "$1, fault $fault ($(failing)): fails without a word"
        ;;
    124 | 137) say "$1, fault $fault ($(failing)): hangs" ;;
    *) say "$1, fault $fault ($(failing)): exit status $status" ;;
    esac
}

# sweep WHAT CHECK: plays WHAT until its n-th call is never reached; CHECK looks at what a success left.
sweep() {
    n=1
    while :; do
        for fault in $n "$n+"; do
            rm -f "$work/count"
            "$1"
            judge "$1"
            [ "$status" -ne 0 ] || "$2"
        done
        made=$(cut -d ' ' -f 1 "$work/count" 2>/dev/null)
        [ -z "$made" ] || [ "$made" -ge "$n" ] || break
        n=$((n + 1))
        [ -z "$broken" ] || [ "$failed" -eq 0 ] || break
    done
}
log_is_whole() {
    "$plain" verify "$work/log" >/dev/null 2>&1 || say "run, fault $fault ($(failing)): succeeds, but its log does not verify"
}
check_log() {
    run verify "$work/log"
}

fault=0
ingest
[ "$status" -eq 0 ] || say "undisturbed: exit status $status"
sweep ingest log_is_whole
fault=0
ingest
[ "$status" -eq 0 ] || say "undisturbed after all faults: exit status $status"
log_is_whole
ran=$((n - 1))
[ -n "$broken" ] || sweep check_log :

if [ -n "$broken" ]; then
    [ "$failed" -ne 0 ] && echo "command_faults: broken on purpose (failed writes say that they succeeded): detected" && exit 0
    echo "command_faults: broken on purpose: NOT DETECTED"
    exit 1
fi
echo "command_faults: torc run makes up to $ran calls, torc verify $((n - 1)); $runs runs with faults: $refused refused with a" \
    "message, $unharmed not harmed, $failed wrong"
[ "$failed" -eq 0 ]
