#!/usr/bin/env bash
# readme_test.sh TORC - what the README says is so: its memory tables are what `torc pools` prints, its links lead
# somewhere, its example compiles and runs, and the make targets it names exist.
set -u
torc=$1
build=$(dirname "$torc")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

check() { # check DESCRIPTION COMMAND...
    local what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $what"
    else
        failed=$((failed + 1))
        echo "FAIL $what"
        sed 's/^/     | /' "$work/output"
    fi
}

tables_match() {
    "$torc" pools --markdown | grep '^|' >"$work/printed"
    grep -Fxf "$work/printed" README.md | cmp - "$work/printed"
}

links_lead_somewhere() {
    local link missing=0
    for link in $(grep -oE '\]\([^)#]+\)' README.md | sed 's/^](//; s/)$//' | grep -v '^http'); do
        [ -e "$link" ] || { echo "no such file: $link"; missing=1; }
    done
    return $missing
}

example_runs() {
    awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$work/example.c"
    "${CC:-cc}" -std=c11 -Wall -Wextra -Werror -Iinclude "$work/example.c" "$build/libtorc.a" -o "$work/example" \
        -lck -pthread &&
        [ "$("$work/example")" = "type 7: hello" ]
}

targets_exist() {
    local target
    for target in $(grep -oE '`?make [a-z]+' README.md | sed 's/.*make //' | sort -u); do
        grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile bench/bench.mk tests/*/*.mk || { echo "no such target: $target"; return 1; }
    done
}

check "the memory tables are those that torc pools prints" tables_match
check "every link leads to a file" links_lead_somewhere
check "the example compiles and prints what it should" example_runs
check "every make target named exists" targets_exist

echo "readme: $passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
