#!/bin/sh
# calls.sh [--broken] TORC - tests/faults/calls lists exactly the C library and system calls that the library makes, and what it
# says is made to fail is. --broken: against a list from which one line was lost; succeeds if that is noticed.
set -u
broken=
[ "$1" != --broken ] || { broken=yes; shift; }
build=$(dirname "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# What no libc provides: the linker's and the compiler's own.
nm -u "$build/tests/faults/library.o" | awk '{ print $2 }' |
    grep -vxE '_GLOBAL_OFFSET_TABLE_|_Unwind_Resume|__gcc_personality_v0|__tls_get_addr|__stack_chk_fail' |
    sort -u >"$work/made"
if [ ! -s "$work/made" ]; then
    echo "calls: no list of the library's calls"
    exit 1
fi
grep -v '^#' tests/faults/calls | awk 'NF { print $1 }' | sort >"$work/listed"
[ -z "$broken" ] || sed -i /mmap/d "$work/listed"

failed=0
say() { # say LIST TEXT
    for call in $1; do
        echo "calls: $call $2"
        failed=$((failed + 1))
    done
}
say "$(comm -23 "$work/made" "$work/listed")" "is called by the library and not listed in tests/faults/calls"
say "$(comm -13 "$work/made" "$work/listed")" "is listed in tests/faults/calls and not called by the library"
say "$(uniq -d "$work/listed")" "is listed twice"
for call in $(awk '!/^#/ && $2 == "fails" || !/^#/ && $2 == "tracked" { print $1 }' tests/faults/calls); do
    grep -q "\<__wrap_$call(" tests/faults/inject.c || say "$call" "is said to be wrapped and is not"
done
say "$(awk 'NF && !/^#/ && $2 !~ /^(fails|tracked)$/ && ($2 !~ /^(cannot|unused)$/ || NF < 3) { print $1 }' tests/faults/calls)" \
    "is listed without a reason"

if [ -n "$broken" ]; then
    [ "$failed" -ne 0 ] && echo "calls: broken on purpose (a call is missing from the list): detected" && exit 0
    echo "calls: broken on purpose: NOT DETECTED"
    exit 1
fi
fails=$(awk '!/^#/ && $2 == "fails"' tests/faults/calls | wc -l)
echo "calls: the library makes $(wc -l <"$work/made") different calls, $fails of them are made to fail"
[ "$failed" -eq 0 ]
