#!/bin/sh
# table.sh DIRECTORY - the README's speed table, in Markdown, from results.csv and machine.txt.
#
# For each case torc's median, what it is measured against, and the ratio, always torc over the other: below 1 is better for
# times, above 1 for rates. "best peer" is the best of all that could do the case in this run.
set -eu
directory=${1:-build/bench}
[ -s "$directory/results.csv" ] || { echo "table: no $directory/results.csv: run make bench-peers first" >&2; exit 1; }

sed -n 's/^cpu: /Measured on: /p; s/^cores: /Cores: /p; s/^kernel: /Kernel: /p; s/^distance: /Distance: /p; s/^absent: /Absent: /p' \
    "$directory/machine.txt" | sed 's/$/  /'
echo
awk -F, '
function limit(impl) { return impl ~ /^raw/ }
function own(impl)   { return impl ~ /^torc/ }
# A figure to three digits.
function show(value, unit) {
    if (unit == "ns" && value >= 10000) return sprintf("%.3g us", value / 1000)
    return sprintf(value >= 100 ? "%.0f %s" : "%.3g %s", value, unit)
}
function better(unit, a, b) { return unit == "M/s" ? a > b : a < b }
BEGIN {
    metrics = "p50 p99 throughput take_give clone_release longest_stall cpu_5s cpu_1s resident_1_publisher"
    many = split(metrics, names, " ")
    for (i = 1; i <= many; i++) wanted[names[i]] = 1
    print "| case | figure | torc | limit | torc / limit | best peer | torc / best peer |"
    print "|:---|:---|---:|---:|---:|---:|---:|"
}
NR > 1 && ($3 in wanted) && $2 != "cores" && $2 != "torc_arena" && $2 != "torc_heap" {
    key = $1 SUBSEP $3
    if (!(key in seen)) { seen[key] = 1; order[++rows] = key; unit[key] = $5 }
    if ($2 == "torc") { torc[key] = $4; has[key] = 1 }
    else if (limit($2)) { raw[key] = $4; rawname[key] = $2 }
    else if (!own($2) && (!(key in peer) || better($5, $4, peer[key]))) { peer[key] = $4; peername[key] = $2 }
}
END {
    for (r = 1; r <= rows; r++) {
        key = order[r]
        if (!(key in has)) continue
        split(key, part, SUBSEP)
        left = (key in raw) ? rawname[key] " " show(raw[key], unit[key]) : ""
        leftratio = (key in raw) && raw[key] > 0 ? sprintf("%.2f", torc[key] / raw[key]) : ""
        right = (key in peer) ? peername[key] " " show(peer[key], unit[key]) : ""
        rightratio = (key in peer) && peer[key] > 0 ? sprintf("%.2f", torc[key] / peer[key]) : ""
        printf "| %s | %s | %s | %s | %s | %s | %s |\n", part[1], part[2], show(torc[key], unit[key]), left, leftratio, right, rightratio
    }
}' "$directory/results.csv"
