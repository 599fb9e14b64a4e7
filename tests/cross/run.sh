#!/bin/sh
# tests/cross/run.sh ARCHITECTURE=TRIPLET... - runs what `make cross` has built for each architecture, and counts.
#
# CROSS_STRESS is the share of their work, in percent, that the stress programs do.
export TORC_STRESS="${CROSS_STRESS:-3}"
passed=0 failed=0 skipped=0
table=

# runner_of ARCHITECTURE PROGRAM: the emulator that runs its programs; nothing if the kernel does so by itself.
runner_of() {
    case $1 in
    armhf) echo qemu-arm ;;
    i386) "$2" look 2>/dev/null || echo qemu-i386 ;;
    *) echo "qemu-$1" ;;
    esac
}

# atomics_of TRIPLET FILE...: how 64-bit and 32-bit atomics were compiled; fails if they need a library with locks.
atomics_of() {
    nm=$1-nm
    shift
    calls=$("$nm" "$@" 2>/dev/null | sed -n -E 's/.* [UTtw] (__(atomic|sync)_[a-z_]*[0-9]*|__aarch64_(cas|swp|ld[a-z]*)[0-9]+_[a-z_]+)$/\1/p' | sort -u)
    case $calls in
    *__atomic_* | *__sync_*) echo "CALLS:$(echo "$calls" | grep -v __aarch64_ | tr '\n' ' ')" && return 1 ;;
    *__aarch64_*) echo "inline or libgcc's lock-free __aarch64_*" ;;
    *) echo inline ;;
    esac
}

# count TITLE FILE: adds the closing line of that title in FILE to the sums; "N passed, M failed, K skipped" in $line.
count() {
    line=$(sed -n "s/^torc $1: //p" "$2" | tail -n 1)
    [ -n "$line" ] || line='0 passed, 1 failed, 0 skipped'
    # shellcheck disable=SC2046 # three numbers
    add $(echo "$line" | tr -dc '0-9 ')
}
add() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# run_all TITLE PROGRAM...: runs and counts; the closing line is in $line.
run_all() {
    title=$1
    shift
    TORC_TEST_TITLE=$title sh tests/run.sh "$@" 2>&1 | tee "$build/$part.out"
    count "$title" "$build/$part.out"
}

# say TEXT...: a line of the table at the end.
say() {
    table="$table$(printf '%-8s %s' "$arch" "$*")
"
}

# machine PROGRAM: what kind of machine; counts as one.
machine() {
    if found=$(${TORC_RUNNER:+$TORC_RUNNER} "$1" 2>&1); then add 1 0 0; else add 0 1 0; fi
    say "$found"
}

run_arch() {
    arch=$1 triplet=$2 build=build/cross/$1
    export TORC_BUILD="$build"
    TORC_RUNNER=$(runner_of "$arch" "$build/tests/cross/machine")
    export TORC_RUNNER
    echo "== $arch, run by ${TORC_RUNNER:-this kernel itself}"
    machine "$build/tests/cross/machine"
    [ ! -e "$build/time64/tests/cross/machine" ] || machine "$build/time64/tests/cross/machine"
    if found=$(atomics_of "$triplet" "$build"/libtorc.a "$build"/libtorc.so); then
        add 1 0 0
    else
        add 0 1 0
    fi
    say "atomics: $found"
    part=unit
    run_all "cross $arch unit" "$build/tests/unit"
    say "unit checks: $line"
    part=stress
    # shellcheck disable=SC2046 # a list of words
    run_all "cross $arch stress" $(find "$build/tests/stress" -maxdepth 1 -type f | sort)
    say "stress programs at $TORC_STRESS %: $line; run by ${TORC_RUNNER:-this kernel itself}"
}

for each in "$@"; do
    run_arch "${each%%=*}" "${each#*=}"
done
printf '%s' "$table"
echo "An emulator on this processor does not test memory ordering; tests/model does."
echo "cross: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
