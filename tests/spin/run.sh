#!/bin/sh
# tests/spin/run.sh [broken] - runs the Promela models in this directory through Spin, each over its whole state space.
#
# A model's opening comment says how: "Run: OPTIONS" (the bound; several lines: each in turn), "Broken: NAME what is wrong
# in it". Without an argument every model must have no error and every broken variant a counter-example; with `broken`
# the variants alone are run.
# A search that did not reach all states (memory, depth) has failed, whatever it found.
#
# Environment: TORC_BUILD (build directory), CC.
here=$(dirname "$0")
here=$(cd "$here" && pwd)
work=$(mkdir -p "${TORC_BUILD:-build}/spin" && cd "${TORC_BUILD:-build}/spin" && pwd) || exit 1
passed=0 failed=0

# search MODEL NAME OPTIONS...: leaves what Spin says in $dir/log; fails if there is no verdict.
search() {
    dir=$work/$1.$2
    source=$here/$1.pml
    shift 2
    mkdir -p "$dir" && rm -f "$dir"/* || return 1
    (cd "$dir" && spin -a "$@" "$source" && nice -n 19 "${CC:-cc}" -O1 -w -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -o pan pan.c &&
        nice -n 19 ./pan -m100000 -w22) >"$dir/log" 2>&1 </dev/null
    grep -q '^State-vector.*errors: ' "$dir/log" &&
        ! grep -q -e 'max search depth too small' -e 'reached -DMEMLIM' -e 'out of memory' -e 'aborted' "$dir/log"
}

figure() {
    sed -n "s/$1/\\1/p" "$dir/log" | head -n 1
}

# report WORD MODEL NAME TEXT
report() {
    printf '%-5s %-8s %-26s %9s states, depth %4s, errors %s, %6s s  %s\n' "$1" "$2" "$3" \
        "$(figure '^ *\([0-9.e+]*\) states, stored.*')" "$(figure '.*depth reached \([0-9]*\),.*')" \
        "$(figure '.*errors: \([0-9]*\)$')" "$(figure '^pan: elapsed time \([0-9.]*\) seconds')" "$4"
}

fail() {
    failed=$((failed + 1))
    report FAIL "$@"
    sed 's/^/      | /' "$dir/log" | head -n 40
}

whole() {
    if search "$1" whole $2 && grep -q 'errors: 0$' "$dir/log"; then
        passed=$((passed + 1))
        report ok "$1" '' "$2"
    else
        fail "$1" '' "a counter-example, or not searched to the end; see $dir"
    fi
}

# A counter-example is an assertion that fails or an end that is none: an error of any other kind does not count.
broken() {
    if search "$1" "$3" $2 "-D$3" && grep -q '^pan:1: \(assertion violated\|invalid end state\)' "$dir/log"; then
        passed=$((passed + 1))
        report ok "$1" "$3" "caught: $(figure '^pan:1: \([a-z ]*[a-z]\).*')"
    else
        fail "$1" "$3" "NOT caught"
    fi
}

command -v spin >/dev/null || {
    echo "spin is not installed here"
    exit 77
}
for file in "$here"/*.pml; do
    model=$(basename "$file" .pml)
    last=
    # Several bounds: the broken variants are searched at the last.
    runs=$(sed -n 's/^ \* Run: *//p' "$file")
    while read -r options; do
        [ -n "$options" ] || continue
        last=$options
        [ "${1:-}" = broken ] || whole "$model" "$options"
    done <<END
$runs
END
    for name in $(sed -n 's/^ \* Broken: \([A-Z_]*\).*/\1/p' "$file"); do
        [ -z "$last" ] || broken "$model" "$last" "$name"
    done
done
echo "spin${1:+ $1}: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
