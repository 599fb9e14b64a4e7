#!/bin/sh
# analyze.sh [--broken] BUILD - clang's analyzer (through clang-tidy) and cppcheck over all of the project's C.
#
# Every finding is an error, and no file says what to overlook: what is wrongly found is written differently, or says why
# beside the line. --broken: over defects.c instead, whose every PLANTED line must be reported by the tool it names.
set -u
here=tests/analyze
[ "$1" = --broken ] && broken=yes && shift || broken=
out=$1/analyze${broken:+-broken}
mkdir -p "$out" || exit 1

# Everything of the analyzer but that memcpy is not memcpy_s, that initialisers are written over (tests initialise what a
# failing call leaves alone), and that structs have padding (cache lines are kept apart on purpose). Of the rest, what finds
# mistakes rather than taste.
checks='-*,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'
checks="$checks,-clang-analyzer-deadcode.DeadStores,-clang-analyzer-optin.performance.Padding"
checks="$checks,bugprone-suspicious-*,bugprone-infinite-loop,bugprone-misplaced-*,bugprone-integer-division"
checks="$checks,bugprone-too-small-loop-variable,bugprone-not-null-terminated-result,bugprone-posix-return"
checks="$checks,bugprone-signed-char-misuse,bugprone-redundant-branch-condition,bugprone-terminating-continue"
checks="$checks,bugprone-string-integer-assignment,misc-redundant-expression"
plain_flags='-D_GNU_SOURCE -DTORC_DEBUG=0 -Iinclude'
flags=$plain_flags
TEST_NODES=30000 # of 225000

# tidy STANDARD FILE...: one process per file, two at a time. One that crashes has found nothing: that is a finding, too.
tidy() {
    standard=$1
    shift
    printf '%s\n' "$@" | CHECKS=$checks FLAGS="-std=$standard $flags" xargs -P2 -I{} \
        sh -c 'clang-tidy --quiet --checks="$CHECKS" --header-filter=".*" {} -- $FLAGS 2>/dev/null' ||
        echo "clang-tidy: error: ended badly over one of $1 to the last"
}

# cppcheck knows neither _Noreturn nor __builtin_expect; said in its own words it does.
cpp() {
    cppcheck --enable=warning,performance,portability --std=c11 --inline-suppr --quiet -j2 --template='{file}:{line}: {id}: {message}' \
        -D_GNU_SOURCE -DTORC_DEBUG=0 -D__x86_64__ '-D_Noreturn=__attribute__((noreturn))' '-D__builtin_expect(x,y)=(x)' \
        -Iinclude "$@" 2>&1
}

if [ -n "$broken" ]; then
    missed=0 planted=0
    tidy c11 $here/defects.c >"$out/tidy"
    cpp $here/defects.c >"$out/cppcheck"
    while IFS=: read -r line rest; do
        for tool in $(echo "$rest" | sed 's/.*PLANTED for \([a-z ]*\):.*/\1/'); do
            planted=$((planted + 1))
            grep -q "defects.c:$line:" "$out/$tool" && continue
            missed=$((missed + 1))
            echo "analyze: $tool does not report line $line: $rest"
        done
    done <<EOF
$(grep -n 'PLANTED for' $here/defects.c)
EOF
    echo "analyze: $planted planted defects, $((planted - missed)) reported, $missed not"
    [ "$planted" -gt 0 ] && [ "$missed" -eq 0 ]
    exit
fi

sources=$(ls src/*.c src/cmd/*.c pools/*.c pools/malloc/*.c examples/*.c bench/*.c bench/suite/*.c tests/*/*.c | grep -vx $here/defects.c)
# The inline functions of the public headers, each analysed for itself, as C and as C++.
echo '#include <torc.h>' >"$out/headers.c"
cp "$out/headers.c" "$out/headers.cpp"
# shellcheck disable=SC2086 # lists of words
{
    tidy c11 $(echo "$sources" | grep -v ^tests/)
    # A test is one long row of calls that may each fail: the analyzer would follow their combinations for half a minute.
    flags="$flags -Xclang -analyzer-config -Xclang max-nodes=$TEST_NODES"
    tidy c11 $(echo "$sources" | grep ^tests/ | grep -v ^tests/model/)
    # The explorer is the library's atomics header there.
    flags="$flags -DTORC_ATOMIC_HEADER=\"tests/model/atomic.h\" -Itests/model/include -I."
    tidy c11 $(echo "$sources" | grep ^tests/model/)
    flags=$plain_flags
    flags="$flags -Xclang -analyzer-opt-analyze-headers"
    tidy c11 "$out/headers.c"
    tidy c++17 "$out/headers.cpp"
} >"$out/tidy"
# shellcheck disable=SC2086
cpp $sources >"$out/cppcheck"

findings=$(grep -cE ': (warning|error): ' "$out/tidy")
others=$(grep -c . "$out/cppcheck")
cat "$out/tidy" "$out/cppcheck"
echo "analyze: $(echo "$sources" | wc -l) files and the public headers as C and C++: clang's analyzer $findings findings," \
    "cppcheck $others"
[ "$findings" -eq 0 ] && [ "$others" -eq 0 ]
