#!/bin/sh
# broken.sh SUITE - the suite must notice a queue that loses, changes or repeats an event, hangs or crashes; fail if it stands
# for torc; and if it stands for a peer, go on without it and succeed.
set -u
suite=$1
caught=0
tried=0
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

# with DEFECT OPTION...: one run of two cases, of the broken queue beside torc.
with() {
    BENCH_BROKEN=$1
    export BENCH_BROKEN
    shift
    "$suite" --smoke --patience 3 --impls torc,raw_copy,broken --only spsc_64 --out "$out" "$@" >"$out/log" 2>&1
}

# count IMPL METRIC: its rows.
count() {
    grep -c "^spsc_64[^,]*,$1,$2," "$out/results.csv"
}

# judge WHAT STATUS WANTED FATE
judge() {
    tried=$((tried + 1))
    if [ "$2" -ne "$3" ]; then
        echo "bench-broken: $1: ended with status $2 instead of $3"
    elif [ "$(count broken "$4")" -ne 2 ]; then
        echo "bench-broken: $1: not reported as $4 in both cases"
    elif [ "$(count torc throughput)" -ne 2 ] || [ "$(count raw_copy throughput)" -ne 2 ]; then
        echo "bench-broken: $1: took the figures of others along"
    else
        caught=$((caught + 1))
        echo "bench-broken: $1: status $2; $(tail -n 1 "$out/log")"
    fi
}

for defect in lost:stuck changed:failed repeated:failed hangs:stuck crashes:failed; do
    with "${defect%:*}"
    judge "${defect%:*}, as torc" $? 1 "${defect#*:}"
done
for defect in hangs:stuck crashes:failed; do
    with "${defect%:*}" --peers
    judge "${defect%:*}, as a peer" $? 0 "${defect#*:}"
done
echo "bench-broken: $caught of $tried caught"
[ "$caught" -eq "$tried" ]
