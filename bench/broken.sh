#!/bin/sh
# broken.sh SUITE - the suite must fail on a queue that loses, changes or repeats an event.
set -u
suite=$1
caught=0
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
for defect in lost changed repeated; do
    if BENCH_BROKEN=$defect "$suite" --peers --smoke --patience 20 --impls broken --only spsc_40 --out "$out" >"$out/log" 2>&1; then
        echo "bench-broken: an event was $defect, and nobody noticed"
    else
        caught=$((caught + 1))
        echo "bench-broken: $defect: $(tail -n 1 "$out/log")"
    fi
done
echo "bench-broken: $caught of 3 caught"
[ "$caught" -eq 3 ]
