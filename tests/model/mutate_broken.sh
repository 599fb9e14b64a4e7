#!/bin/sh
# mutate_broken.sh MODEL EXPLAINED - the mutation score with defects of its own, each of which it must report: nothing is weakened;
# an explanation is missing; one is of something that is not there; one is of an order that is needed.
set -u
model=$1 explained=$2 passed=0 failed=0
table=$(mktemp) && out=$(mktemp) || exit 1
trap 'rm -f "$table" "$out"' EXIT

# score WHAT STATUS PATTERN OPTIONS...: the command must end with this status and print a line with PATTERN.
score() {
    what=$1 status=$2 pattern=$3
    shift 3
    "$model" --mutate --explained "$table" --only mut_actor --seconds 3 --jobs 2 "$@" >"$out" 2>&1
    got=$?
    if [ "$got" -eq "$status" ] && grep -q "$pattern" "$out"; then
        passed=$((passed + 1))
        echo "ok    $what: $(grep -m 1 "$pattern" "$out" | cut -c 1-100)"
    else
        failed=$((failed + 1))
        echo "FAIL  $what: status $got, not $status, or no line with \"$pattern\":"
        sed 's/^/      /' "$out"
    fi
}

cp "$explained" "$table"
score "as it is" 0 ' 0 survivors' --of src/send.c
score "nothing is weakened" 1 '^SURVIVED *src/send.c:.*fence full' --of src/send.c --unapplied
echo 'src/send.c | &no->such.cell | * | a line that is out of date' >>"$table"
score "an explanation out of date" 1 '^STALE *src/send.c | &no->such.cell' --of src/send.c
grep -v 'no->such.cell' "$explained" >"$table"
echo 'src/send.c:torc_actor_send |  | * | a line that is not true' >>"$table"
score "a wrong explanation" 1 '^WRONG *src/send.c:.*fence full' --of src/send.c
grep -v '^src/actor_thread.c:has_work' "$explained" >"$table"
score "an explanation is missing" 1 '^SURVIVED *src/actor_thread.c:.*state' --of src/actor_thread.c

echo "mutate-broken: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
