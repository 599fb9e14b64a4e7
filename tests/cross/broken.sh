#!/bin/sh
# tests/cross/broken.sh - the defects of defects.h: this machine's unit tests must pass with them, the other's must not.
status=0

# look DEFECT SUITES MACHINE RUNNER...: runs these suites of the build with that defect; what was found is in $found.
look() {
    defect=$1 suites=$2 machine=$3
    shift 3
    log=build/cross/$machine-$defect.log
    : >"$log"
    for suite in $suites; do
        CK_RUN_SUITE=$suite "$@" "build/cross/$machine-$defect/tests/unit" >>"$log" 2>&1 </dev/null
    done
    found=$(awk '/^[0-9]+%: Checks:/ { gsub(/,/, ""); checks += $3; bad += $5 + $7 } END { print checks + 0, bad + 0 }' "$log")
}

# detects DEFECT SUITES MACHINE RUNNER: the native build must pass, the other must not.
detects() {
    look "$1" "$2" native env
    native=$found
    look "$1" "$2" "$3" "$4"
    if [ "${native%% *}" -eq 0 ] || [ "${native##* }" -ne 0 ]; then
        echo "cross-broken: $1: failures on this machine as well (checks, failures: $native); see $log"
        status=1
    elif [ "${found##* }" -eq 0 ]; then
        echo "cross-broken: $1: NOT DETECTED on $3 (checks, failures: $found)"
        status=1
    else
        echo "cross-broken: $1: detected on $3: ${found##* } of ${found%% *} checks fail; here 0 of ${native%% *}"
    fi
}

detects ENDIAN ringptr s390x qemu-s390x
detects WORD topic armhf qemu-arm
exit $status
