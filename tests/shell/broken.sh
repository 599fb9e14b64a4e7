#!/bin/sh
# broken.sh WORK [TEST]... - the shell tests with defects planted in what they look at: each must report each of its own, by name, and
# nothing but them.
#
# WORK/clean is a copy of the tree that is built once; each test runs in a copy of that with its defects. What else is
# counted as failed there is a fault of this script or of the tree, and fails it: so no run without defects is needed.
set -u
work=$1 caught=0 missed=0
shift
unset MAKE MAKEFLAGS MFLAGS MAKELEVEL TORC_BUILD
jobs=-j$(nproc 2>/dev/null || echo 1)

clean_copy() {
    rm -rf "$work" && mkdir -p "$work/clean" &&
        cp -R Makefile README.md LICENSE torc.pc.in .ci include src pools examples tests bench "$work/clean" &&
        (cd "$work/clean" && make -s "$jobs" all) >"$work/clean.log" 2>&1
}

# begin: a tree for the defects of $test.
begin() {
    tree=$work/$test log=$work/$test.log wanted=0 patterns=
    cp -R --preserve=timestamps "$work/clean" "$tree" || exit 1
}

miss() {
    missed=$((missed + 1))
    echo "shell-broken: $test: $*"
}

# plant FILE SED-SCRIPT CHECKS PATTERN: a defect in FILE, which so many checks must report, and a line that matches must say so.
plant() {
    sed "$2" "$tree/$1" >"$work/planted"
    if cmp -s "$work/planted" "$tree/$1"; then
        miss "nothing to plant in $1: $2"
        return
    fi
    cat "$work/planted" >"$tree/$1"
    wanted=$((wanted + $3))
    patterns="$patterns$4
"
}

# judge: runs the test, in the tree with the defects.
judge() {
    interpreter=$(sed -n '1s/^#! *//p' "$tree/tests/${test}_test.sh")
    # shellcheck disable=SC2086 # a program and perhaps an argument
    (cd "$tree" && make -s "$jobs" all && TORC_BUILD=build $interpreter "tests/${test}_test.sh" build/torc) \
        >"$log" 2>&1 </dev/null
    status=$?
    failed=$(sed -n 's/^[a-z ]*: [0-9]* passed, \([0-9]*\) failed, [0-9]* skipped$/\1/p' "$log" | tail -n 1)
    if [ $status -eq 0 ] || [ "${failed:-0}" -ne "$wanted" ]; then
        miss "${failed:-no} checks failed instead of $wanted, exit status $status, see $log"
    fi
    while IFS= read -r pattern; do
        [ -n "$pattern" ] || continue
        if found=$(grep -m 1 -E -- "$pattern" "$log"); then
            caught=$((caught + 1))
            echo "shell-broken: $test: $found"
        else
            miss "no line like '$pattern', see $log"
        fi
    done <<EOF
$patterns
EOF
    rm -rf "$tree"
}

plant_headers() {
    plant include/torc/merge.h '/#include <torc.reader.h>/d' 4 'torc/merge.h does not stand alone as c with gcc'
    plant include/torc/snapshot.h 's/^#ifdef __cplusplus$/int torc_planted(int class);\n&/' 4 \
        'torc/snapshot.h does not stand alone as c\+\+ with g\+\+'
}

plant_symbols() {
    plant src/libtorc.map '/^    torc_version;$/d' 2 'declared but not in src/libtorc.map .*: torc_version$'
    plant src/libtorc.map 's/^local:$/    torc_status_planted;\n&/' 2 'in src/libtorc.map but not declared .*: torc_status_planted$'
    plant src/status.c '$a int torc_status_planted;\nint status_planted;' 1 'not named torc_ in libtorc.a: status_planted$'
}

plant_readme() {
    plant README.md 's/^| XS | 64 | [0-9]*/| XS | 64 | 1/' 1 '^FAIL the memory tables'
    plant README.md '$a [nowhere](src/planted.c)' 1 'no such file: src/planted.c'
    plant README.md '$a Then run `make nonesuch`.' 1 'no such target: nonesuch'
    plant README.md 's/torc_publish(publisher, 7, "hello", 6)/torc_publish(publisher, 8, "hello", 6)/' 1 '^FAIL the example'
}

plant_install() {
    plant Makefile 's|install -m 644 $(wildcard include/torc/\*.h)|install -m 644 $(filter-out %/merge.h,$(wildcard include/torc/*.h))|' 8 \
        'every public header is installed: failed'
    plant torc.pc.in 's/@VERSION@/9.9.9/' 1 'pkg-config knows version .*: failed'
    plant Makefile "/^\trm -f .*DESTDIR..(BINDIR).torc/s|'\$(DESTDIR)\$(BINDIR)/torc'||" 1 'nothing is left but what is not ours: .*bin/torc'
}

plant_malloc() {
    plant pools/malloc/malloc.c 's/!is_power(alignment) || alignment % sizeof(void \*) != 0/alignment == 0/' 2 \
        '^FAIL malloc and its family do what they promise'
}

plant_command() {
    plant src/cmd/mmr.c 's/node(&mmr->hasher, mmr->peaks\[height\], root, root)/node(\&mmr->hasher, root, mmr->peaks[height], root)/' 3 \
        '^FAIL  root of 3 records by its definition'
}

plant_fuzz() {
    plant src/bus.c 's/^        \*outstanding = held;/        *outstanding = held + 1;/' 1 '^FAILED: script$'
}

if ! clean_copy; then
    cat "$work/clean.log"
    echo "shell-broken: the tree does not build"
    exit 1
fi
for test in ${*:-headers symbols readme install malloc command fuzz}; do
    begin
    "plant_$test"
    judge
done
echo "shell-broken: $caught passed, $missed failed, 0 skipped"
[ "$missed" -eq 0 ] && [ "$caught" -gt 0 ]
