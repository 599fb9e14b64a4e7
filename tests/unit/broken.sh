#!/bin/sh
# broken.sh PROGRAM LOGS - the unit tests with defects between them and the library (tests/fuzz/broken.c): each must make the
# suite that is about it fail, by a check that does not hold; without a defect those suites pass.
set -u
program=$1 logs=$2 passed=0 failed=0
mkdir -p "$logs" || exit 1

# suite NAME [DEFECT]: runs it; how many checks there were, and how many of them did not hold, is in $checks and $bad.
suite() {
    log=$logs/unit-broken-$1${2:+-$2}.log
    CK_RUN_SUITE=$1 TORC_FUZZ_BROKEN=${2:-} "$program" >"$log" 2>&1 </dev/null
    checks=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\),.*/\1/p' "$log")
    bad=$(sed -n 's/^[0-9]*%: .* Failures: \([0-9]*\), Errors: .*/\1/p' "$log")
}

result() {
    [ "$1" -eq 0 ] && passed=$((passed + 1)) || failed=$((failed + 1))
    echo "unit-broken: $2"
}

# defect NAME SUITE
defect() {
    suite "$2"
    if [ "${checks:-0}" -eq 0 ] || ! grep -q '^100%' "$log"; then
        result 1 "$2: fails without a defect, see $log"
        return
    fi
    suite "$2" "$1"
    if [ "${bad:-0}" -gt 0 ]; then
        result 0 "$1: $2 notices: $bad of $checks checks do not hold"
    else
        result 1 "$1: NOT noticed by $2, see $log"
    fi
}

defect release-without-generation ringptr
defect clone-without-generation ringptr
defect any-generation-is-valid ringptr
defect swapped-bytes publisher
defect abort-publishes claim
defect deaf-close lifecycle
defect one-too-few bus
defect keep-without-reference keep
defect oldest-is-next join
echo "unit-broken: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
