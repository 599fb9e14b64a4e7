#!/bin/sh
# tests/symbols_test.sh [--write] - public functions and variables: headers, src/libtorc.map and libtorc.so agree, nothing else leaks.
#
# The headers are read by the compiler: gcc lists every function it saw declared, with the file it stands in. --write
# writes the map anew from that list.

build=${TORC_BUILD:-build}
map=src/libtorc.map
temporary=$(mktemp -d) || exit 1
trap 'rm -rf "$temporary"' EXIT

if ! gcc --version >/dev/null 2>&1; then
    echo "symbols: only gcc can list the declared functions, and it is not here"
    exit 77
fi

# Functions declared in the public headers, less those that stay inline.
printf '#define TORC_INLINE\n#include <torc.h>\n' >"$temporary/all.c"
gcc -std=c11 -Iinclude -fsyntax-only -aux-info "$temporary/declared" "$temporary/all.c" || exit 1
sed -n 's|^/\* include/torc.*\*/ extern [^(]*[ *]\(torc_[a-z0-9_]*\) (.*|\1|p' "$temporary/declared" | sort -u >"$temporary/functions"
# Variables: the inlines that compilers put into programs use them. Only they are declared with the word extern.
sed -n 's|^extern .*[ *]\(torc_[a-z0-9_]*\)\( __attribute__.*\)\{0,1\};$|\1|p' include/torc/*.h >"$temporary/variables"
sort -u "$temporary/functions" "$temporary/variables" >"$temporary/headers"

if [ "${1:-}" = --write ]; then
    {
        echo '/* libtorc.map - what libtorc.so shows: the functions and variables of the public headers. Written by "make symbols". */'
        echo "TORC_$(sed -n 's/^.define TORC_VERSION_MAJOR *//p' include/torc/version.h) {"
        echo 'global:'
        sed 's/.*/    &;/' "$temporary/headers"
        echo 'local:'
        echo '    *;'
        echo '};'
    } >$map
    exit
fi

passed=0 failed=0
# verdict WHAT LEFTOVER...: passed if nothing is left over.
verdict() {
    what=$1
    shift
    if [ $# -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "symbols: $what: $*"
    fi
}

sed -n 's/^ *\(torc_[a-z0-9_]*\);$/\1/p' $map | sort -u >"$temporary/map"
nm -D --defined-only "$build/libtorc.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u >"$temporary/shared"
nm -g --defined-only "$build/libtorc.a" | awk 'NF == 3 { print $3 }' | sort -u >"$temporary/static"
readelf -d "$build/libtorc.so" >"$temporary/dynamic" || exit 1
major=$(sed -n 's/^.define TORC_VERSION_MAJOR *//p' include/torc/version.h)

# shellcheck disable=SC2046 # lists of names
{
    verdict "the headers declare no function" $([ -s "$temporary/headers" ] || echo 0)
    verdict "declared but not in $map (make symbols)" $(comm -23 "$temporary/headers" "$temporary/map")
    verdict "in $map but not declared (make symbols)" $(comm -13 "$temporary/headers" "$temporary/map")
    verdict "declared but not in libtorc.so" $(comm -23 "$temporary/headers" "$temporary/shared")
    verdict "leaked by libtorc.so" $(comm -13 "$temporary/headers" "$temporary/shared")
    verdict "declared but not in libtorc.a" $(comm -23 "$temporary/headers" "$temporary/static")
    verdict "not named torc_ in libtorc.a" $(grep -v -e '^torc_' -e '^_\.stapsdt\.base$' -e '^DW\.ref\.' "$temporary/static")
    verdict "the SONAME is not libtorc.so.$major" $(grep -q "SONAME.*\[libtorc.so.$major\]" "$temporary/dynamic" || echo wrong)
    verdict "libtorc.so has text relocations" $(grep TEXTREL "$temporary/dynamic")
}
echo "symbols: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
