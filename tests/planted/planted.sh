#!/bin/sh
# planted.sh - runs the cases of planted.c as the test jobs run their programs (tests/run.sh): with its defect the job must
# fail, by a report of the right kind; without it, pass.
set -u
failed=0 caught=0

# job FLAVOUR BUILD CASE...: as in `make FLAVOUR`.
job() {
    flavour=$1 build=$2
    shift 2
    log=$build/log/planted.job
    mkdir -p "$build/log"
    TORC_BUILD=$build TORC_FLAVOUR=$flavour TORC_TEST_TITLE="$flavour" sh tests/run.sh "$build/tests/planted/planted $*" \
        >"$log" 2>&1
}

miss() {
    failed=$((failed + 1))
    echo "planted: $1"
    sed 's/^/      | /' "$log"
}

# planted FLAVOUR BUILD CASE REPORT [DEFECT]: DEFECT is in the library of that BUILD, which the sound program meets.
planted() {
    where="$1: $3${5:+ with $5}"
    if job "$1" "$2" "$3" ${5:+--sound}; then
        miss "$where: NOT CAUGHT, the job passes"
    elif ! grep -q "$4" "$log"; then
        miss "$where: the job fails, but not by '$4'"
    elif [ -z "${5:-}" ] && ! job "$1" "$2" "$3" --sound; then
        miss "$where: the job fails without the defect too"
    else
        caught=$((caught + 1))
        printf 'planted: %-52s caught: %s\n' "$where" "$4"
    fi
}

planted tsan build/tsan race-late-fill "ThreadSanitizer: data race"
planted tsan build/tsan race-recycled-slot "ThreadSanitizer: data race"
planted tsan build/tsan/relaxed race-late-fill "ThreadSanitizer: data race" "release stores relaxed"
planted tsan build/tsan/relaxed race-recycled-slot "ThreadSanitizer: data race" "release stores relaxed"
planted asan build/asan use-after-release "AddressSanitizer: heap-use-after-free"
planted asan build/asan use-after-close "AddressSanitizer: heap-use-after-free"
planted asan build/asan write-past-the-end "AddressSanitizer: heap-buffer-overflow"
planted asan build/asan leaking-provider "LeakSanitizer: detected memory leaks"
planted ubsan build/ubsan signed-overflow "signed integer overflow"
planted ubsan build/ubsan misaligned-read "misaligned address"

# What would hide findings must not exist.
suppressions=$(git ls-files 2>/dev/null | grep -iE 'supp(ression)?s?(\.|_|$)|\.supp$')
if [ -n "$suppressions" ] || grep -rqE 'suppressions=|no_sanitize' Makefile tests/*.sh src pools include; then
    failed=$((failed + 1))
    echo "planted: something suppresses findings: ${suppressions:-see suppressions= and no_sanitize}"
fi
echo "planted: $((caught + failed)) defects, $caught caught, $failed not"
[ "$failed" -eq 0 ]
