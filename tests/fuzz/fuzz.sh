#!/bin/sh
# tests/fuzz/fuzz.sh quick|broken PROGRAMS OUT, libfuzzer OUT SECONDS PROGRAMS, coverage BUILD OUT - runs the fuzz targets.
#
# Inputs that end badly are kept below OUT, and the command that replays them is printed.

here=tests/fuzz
mode=$1
passed=0 failed=0 skipped=0
report() { # report NAME STATUS: counts and shows
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1"
    fi
}

# --- without libFuzzer --------------------------------------------------------------------------------------------

quick() {
    for target in script forged; do
        nice "$programs/$target" --seed=1 --runs="${FUZZ_RUNS:-4000}" $here/corpus/$target
        report $target $?
    done
    nice "$programs/allocators" --seed=1 --runs=$((${FUZZ_RUNS:-4000} / 4)) $here/corpus/allocators
    report allocators $?
    nice "$programs/forged_many"
    report forged_many $?
}

# Each defect must be found, and by a finding of the target's own: a crash alone would not tell which promise was broken.
find_defect() { # find_defect TARGET DEFECT [PROGRAM]
    log=$out/broken-$1-$2.log
    TORC_FUZZ_BROKEN=$2 nice "$programs/${3:-$1_broken}" --seed=1 --runs=20000 >"$log" 2>&1
    status=$?
    if [ $status -ne 0 ] && grep -q '^finding: ' "$log"; then
        echo "$1: $2 is found: $(grep -m 1 '^finding: ' "$log" | cut -c 10-)"
        report "$1 $2" 0
    else
        report "$1 does not find $2 (exit status $status)" 1
    fi
}
broken() {
    for defect in release-without-generation clone-without-generation swapped-bytes abort-publishes deaf-close \
        one-too-few keep-without-reference oldest-is-next any-generation-is-valid; do
        find_defect script $defect
    done
    for defect in release-without-generation clone-without-generation any-generation-is-valid; do
        find_defect forged $defect
    done
    for defect in region-loses-a-block region-frees-another region-not-best-fit arena-loses-a-buffer \
        arena-releases-another arena-frees-a-shared-one arena-moves-a-byte heap-loses-a-block heap-frees-another \
        heap-moves-a-byte heap-forgets-a-zero; do
        find_defect allocators $defect allocators
    done
}

# --- libFuzzer ----------------------------------------------------------------------------------------------------

libfuzzer() { # libfuzzer TARGET: a corpus of its own grows below OUT
    mkdir -p "$out/corpus/$1"
    "$programs/$1" --seed=9 --runs=100 --write="$out/corpus/$1"
    echo "fuzz: $1 for $seconds s"
    nice -n 19 "$out/$1" "$out/corpus/$1" $here/corpus/"$1" -max_total_time="$seconds" -max_len=4096 -timeout=60 \
        -rss_limit_mb=4096 -artifact_prefix="$out/$1-" -print_final_stats=1 >"$out/$1.log" 2>&1
    status=$?
    grep -E '^finding: |^SUMMARY|ERROR: ' "$out/$1.log"
    grep -E '^#[0-9]+.*cov: ' "$out/$1.log" | tail -n 1
    grep -E 'stat::(number_of_executed_units|average_exec_per_sec)' "$out/$1.log"
    if [ $status -ne 0 ]; then
        kept=$(sed -n 's/.*Test unit written to //p' "$out/$1.log" | tail -n 1)
        echo "fuzz: $1: finding; replay it with: FUZZ_TRACE=1 $out/$1 $kept"
        echo "      the whole log is $out/$1.log"
    fi
    report "$1" $status
}

# --- coverage -----------------------------------------------------------------------------------------------------

coverage() {
    programs=$build/tests/fuzz
    find "$build" -name '*.gcda' -exec rm -f {} +
    nice "$programs/script" --seed=1 --runs="${FUZZ_RUNS:-4000}" --coverage $here/corpus/script
    report "script leaves no hole in the table" $?
    nice "$programs/forged" --seed=1 --runs=1000 --coverage $here/corpus/forged
    report "forged leaves no hole in the table" $?
    for source in src/*.c pools/*.c; do
        gcov -n -o "$build/obj/${source%.c}.gcda" "$source" 2>/dev/null | sed -n "/^File '\(src\|pools\)\//{N;p}"
    done | awk '/^File/ { file = $2 } /^Lines/ { split($0, a, "[:% ]+"); n = $NF; sub(/.*of /, "", n)
            if (!(file in lines)) { lines[file] = n; hit[file] = a[3] * n / 100
                printf "  %6.2f %% of %4d lines of %s\n", a[3], n, file; sum += n; got += hit[file] } }
        END { printf "fuzz: %.1f %% of %d lines of src and pools were reached\n", 100 * got / sum, sum }'
}

case $mode in
quick | broken)
    programs=$2 out=$3
    mkdir -p "$out"
    export TORC_FUZZ_OUT="$out"
    $mode
    [ "$mode" = broken ] || broken
    ;;
libfuzzer)
    out=$2 seconds=$3 programs=$4
    for target in script forged allocators; do
        libfuzzer $target
    done
    ;;
coverage)
    build=$2 out=$3
    mkdir -p "$out"
    export TORC_FUZZ_OUT="$out"
    coverage
    ;;
esac
echo "fuzz $mode: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
