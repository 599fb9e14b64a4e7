#!/bin/sh
# tests/malloc_test.sh - libtorc-malloc.so as the allocator of real programs: each does the same work with and without it, and
# must come to the same result. What is not installed here is named as skipped.

build=${TORC_BUILD:-build}
cc=${CC:-cc}
library=$(pwd)/$build/libtorc-malloc.so
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

if [ ! -e "$library" ]; then
    echo "malloc: there is no $library (make)"
    exit 1
fi

# verdict WHAT STATUS: counts, and shows what was printed if it went wrong.
verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        echo "FAIL $1"
        sed 's/^/     | /' "$work/output"
    fi
}

# preloaded COMMAND...: runs it on torc's allocator.
preloaded() {
    env LD_PRELOAD="$library" "$@"
}

# same WHAT COMMAND...: prints the same, with the same status, on either allocator.
same() {
    what=$1
    shift
    "$@" >"$work/without" 2>"$work/output"
    expected=$?
    preloaded "$@" >"$work/with" 2>>"$work/output"
    status=$?
    [ $status -eq $expected ] && cmp "$work/without" "$work/with" >>"$work/output" 2>&1
    verdict "$what" $?
}

# have PROGRAM WHAT
have() {
    command -v "$1" >/dev/null && return
    skipped=$((skipped + 1))
    echo "malloc: no $1 here: $2 is not tried"
    return 1
}

# --- the family itself ---
"$cc" -std=c11 -D_GNU_SOURCE -O1 -fno-builtin -pthread -o "$work/family" tests/malloc/family.c -ldl >"$work/output" 2>&1
verdict "the test of the family compiles" $?
preloaded "$work/family" >"$work/output" 2>&1
verdict "malloc and its family do what they promise" $?

# With addresses limited, the heap makes do with less.
# shellcheck disable=SC3045 # dash and bash have it
(ulimit -v 2000000 && preloaded "$work/family") >"$work/output" 2>&1
verdict "the same with limited addresses" $?

# broken_library NAME SED-SCRIPT: one with a defect.
broken_library() {
    sed "$2" pools/malloc/malloc.c >"$work/malloc.c" && ! cmp -s "$work/malloc.c" pools/malloc/malloc.c &&
        "$cc" -std=c11 -D_GNU_SOURCE -O2 -fPIC -fno-builtin -shared -pthread -Iinclude -Ipools/malloc \
            -o "$work/$1.so" "$work/malloc.c" pools/malloc/process.c pools/heap*.c pools/grower*.c >"$work/output" 2>&1
}

# broken WHAT SED-SCRIPT: a library with this defect must be found out.
broken() {
    broken_library torc-malloc-broken "$2" &&
        env LD_PRELOAD="$work/torc-malloc-broken.so" "$work/family" >"$work/output" 2>&1
    status=$?
    grep -q '^family: line' "$work/output" && [ $status -eq 1 ]
    verdict "found out: $1" $?
}
broken "calloc that does not clear" 's/torc_heap_alloc_zeroed(torc_process_heap(), count, size)/torc_heap_alloc(torc_process_heap(), count * size)/'
broken "aligned_alloc that forgets the alignment" 's/torc_heap_alloc_aligned(torc_process_heap(), alignment, size)/torc_heap_alloc(torc_process_heap(), size + 0 * alignment)/'
broken "malloc that does not set errno" 's/errno = ENOMEM/(void)0/'

# Real programs must come to grief without memory: whoever does not is not running on the library at all, but linked
# statically, or without the environment. used WHAT [NAME=VALUE]... COMMAND...
broken_library torc-malloc-none 's/torc_heap_alloc(torc_process_heap(), size)/size > 16 ? NULL : &/'
verdict "a library that gives no block above 16 bytes" $?
used() {
    what=$1
    shift
    ! { env LD_PRELOAD="$work/torc-malloc-none.so" "$@" >"$work/none" 2>"$work/output" && cmp -s "$work/none" "$work/with"; }
    verdict "$what, and not without it" $?
}

# --- python: many small objects, threads, subprocesses ---
cat >"$work/heavy.py" <<'PROGRAM'
import json, re, subprocess, sys, threading
sums = [0] * 6
def work(n):
    total = 0
    for i in range(300):
        rows = [{"k%d" % k: "x" * (k * i % 700), "n": [k] * (k % 50)} for k in range(60)]
        text = json.dumps(rows)
        total += len(text) + len(re.findall("x+", text)) + len(json.loads(text))
        held = bytearray(i * 2000)
        held.extend(b"z" * i)
        total += len(held)
    sums[n] = total
threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
for t in threads: t.start()
children = [subprocess.run([sys.executable, "-c", "print(sum(len(str(i)) for i in range(20000)))"], capture_output=True) for _ in range(3)]
for t in threads: t.join()
for t in [threading.Thread(target=work, args=(0,)) for _ in range(3)]: t.start(); t.join()
print(sums, [c.stdout for c in children], hash(tuple(sums)))
PROGRAM
if have python3 "a threaded program with many objects"; then
    same "python3: objects, threads, subprocesses" env PYTHONMALLOC=malloc PYTHONHASHSEED=0 python3 "$work/heavy.py"
    python=$(python3 -c 'import sys; print(sys.executable)')
    used "python3 runs on it" PYTHONMALLOC=malloc PYTHONHASHSEED=0 "$python" "$work/heavy.py"
    same "python3 with its own pools above" env PYTHONHASHSEED=0 python3 "$work/heavy.py"
fi

# --- git ---
repository() {
    GIT_AUTHOR_DATE="2020-01-01T00:00:00Z" GIT_COMMITTER_DATE="2020-01-01T00:00:00Z" GIT_CONFIG_NOSYSTEM=1 HOME=$work
    export GIT_AUTHOR_DATE GIT_COMMITTER_DATE GIT_CONFIG_NOSYSTEM HOME
    rm -rf "$work/repository" && mkdir "$work/repository" && cp -r src pools include tests "$work/repository" &&
        cd "$work/repository" && git init -q . && git config user.name a && git config user.email a@b &&
        for part in src pools include tests; do git add $part && git commit -q -m "$part" || return; done &&
        for i in 1 2 3 4 5 6 7 8; do
            for file in src/*.c; do echo "/* $i */" >>"$file"; done
            git commit -qam "change $i" || return
        done && git log --stat -p | sha256sum && git gc -q --aggressive && git fsck --full && git rev-list --objects --all | wc -l &&
        git rev-parse HEAD
}
export work
if have git "a repository made, logged, packed and checked"; then
    (repository) >"$work/git-without" 2>"$work/output"
    (LD_PRELOAD=$library && export LD_PRELOAD && repository) >"$work/git-with" 2>>"$work/output" &&
        [ -s "$work/git-with" ] && cmp "$work/git-without" "$work/git-with" >>"$work/output" 2>&1
    verdict "git: commits, log, gc and fsck" $?
    git -C "$work/repository" log --format=%H >"$work/with"
    used "git runs on it" git -C "$work/repository" log --format=%H
fi

# --- compilers ---
for compiler in gcc clang; do
    if have $compiler "compiling with it"; then
        same "$compiler: one of the larger files of this project" \
            $compiler -std=c11 -O2 -g0 -D_GNU_SOURCE -DTORC_DEBUG=0 -Iinclude -S -o - src/read.c
        used "$compiler runs on it" $compiler -std=c11 -O2 -g0 -D_GNU_SOURCE -DTORC_DEBUG=0 -Iinclude -S -o - src/read.c
    fi
done

# --- sort ---
if have sort "sorting a large file"; then
    awk 'BEGIN { srand(7); for (i = 0; i < 600000; i++) print int(rand() * 1e9), substr("abcdefghijklmnopqrstuvwxyz", 1 + i % 20) }' \
        >"$work/lines"
    same "sort: 600000 lines, two threads" env LC_ALL=C sort --parallel=2 -S 40M -T "$work" "$work/lines"
    used "sort runs on it" LC_ALL=C sort --parallel=2 -S 40M -T "$work" "$work/lines"
fi

echo "malloc: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
