#!/bin/sh
# tests/headers_test.sh - each public header alone, as C11 and as C++17, with every compiler at hand, without a warning.
#
# A header is included twice, so that its guard is tested too, and with none of the macros that the library itself is
# built with.

passed=0 failed=0 skipped=0
warnings="-Wall -Wextra -Wconversion -Wpedantic -Werror"

# check COMPILER LANGUAGE HEADER FLAG...: one compilation, counted.
check() {
    compiler=$1 language=$2 header=$3
    shift 3
    # shellcheck disable=SC2086 # several flags
    if printf '#include <%s>\n#include <%s>\n' "$header" "$header" |
        "$compiler" -x "$language" "$@" $warnings -Iinclude -fsyntax-only -; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "headers: $header does not stand alone as $language with $compiler"
    fi
}

# all_headers COMPILER LANGUAGE FLAG...
all_headers() {
    if ! command -v "$1" >/dev/null; then
        skipped=$((skipped + 1))
        echo "headers: no $1 here"
        return
    fi
    for path in include/torc.h include/torc/*.h; do
        compiler=$1 language=$2
        shift 2
        check "$compiler" "$language" "${path#include/}" "$@"
        set -- "$compiler" "$language" "$@"
    done
}

for compiler in gcc clang; do
    all_headers $compiler c -std=c11 -Wshadow -Wstrict-prototypes
done
for compiler in g++ clang++; do
    all_headers $compiler c++ -std=c++17 -Wshadow
done
echo "headers: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
