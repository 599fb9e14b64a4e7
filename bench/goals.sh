#!/bin/sh
# goals.sh DIRECTORY - goals.txt beside results.csv: a Markdown table, a row per goal and case.
#
# The ratio is torc over what it is measured against. The last column says what a raw limit of the case, which does nothing
# else, would have: a goal that the limit itself does not reach is out of reach for anybody on this machine.
set -eu
here=$(dirname "$0")
directory=${1:-build/bench}
[ -s "$directory/results.csv" ] || { echo "goals: no $directory/results.csv: run make bench-peers first" >&2; exit 1; }

awk '
function limit(impl) { return impl ~ /^raw/ }
function own(impl)   { return impl ~ /^torc/ }
function show(value, unit) {
    if (unit == "ns" && value >= 10000) return sprintf("%.3g us", value / 1000)
    return sprintf(value >= 100 ? "%.0f %s" : "%.3g %s", value, unit)
}
function digits(ratio) { return sprintf(ratio >= 10 ? "%.0f" : "%.2f", ratio) }
function holds(ratio, relation, factor) { return relation == "<=" ? ratio <= factor : ratio >= factor }

# The goals, in their order.
FNR == NR {
    if ($0 ~ /^#/ || NF < 5) next
    goals++
    which[goals] = "^" $1 "$"; metric[goals] = $2; relation[goals] = $3; factor[goals] = $4; against[goals] = $5
    next
}
# The figures.
FNR == 1 { next }
{
    split($0, field, ",")
    if (!(field[1] in known)) { known[field[1]] = 1; cases[++many] = field[1] }
    if (field[4] == "") { if (field[2] == "torc") lost[field[1]] = field[3]; next }
    figure[field[1], field[2], field[3]] = field[4]
    unit[field[1], field[3]] = field[5]
    if (!((field[1], field[2]) in here)) { here[field[1], field[2]] = 1; impls[field[1]] = impls[field[1]] " " field[2] }
}
function ahead(a, b, relation) { return relation == "<=" ? a + 0 < b + 0 : a + 0 > b + 0 }
# The best of a kind in a case, or "".
function best(name, what, relation, kind,    list, n, i, found) {
    n = split(impls[name], list, " ")
    found = ""
    for (i = 1; i <= n; i++) {
        if (!((name, list[i], what) in figure) || list[i] == "cores") continue
        if (kind == "limit" ? !limit(list[i]) : limit(list[i]) || own(list[i])) continue
        if (found == "" || ahead(figure[name, list[i], what], figure[name, found, what], relation)) found = list[i]
    }
    return found
}
function row(name, g,    what, mine, yours, value, ratio, raw, verdict, far, goal, other) {
    what = metric[g]
    goal = (relation[g] == "<=" ? "at most " : "at least ") factor[g] " "
    if (against[g] ~ /^(ms|MB)$/) {
        goal = goal against[g]
        value = 1
    } else {
        yours = against[g] == "peer" ? best(name, what, relation[g], "peer") : against[g]
        goal = goal "x " (against[g] == "peer" ? "the best peer" : against[g])
        if ((name, yours, what) in figure) { value = figure[name, yours, what]; other = yours " " show(value, unit[name, what]) }
        else if ((name, "torc", yours) in figure) { value = figure[name, "torc", yours]; other = show(value, unit[name, yours]) }
    }
    counted++
    if (name in lost || !((name, "torc", what) in figure) || value + 0 <= 0) {
        if (!(name in lost)) open++
        printf "| %s | %s | %s | | | | %s | |\n", name, goal, what, name in lost ? "no: torc was " lost[name] : "not measured"
        return
    }
    mine = figure[name, "torc", what]
    ratio = mine / value
    raw = best(name, what, relation[g], "limit")
    if (raw != "" && raw != against[g]) {
        far = figure[name, raw, what] / value
        verdict = holds(far, relation[g], factor[g]) ? "" : ", out of reach"
        far = raw " " digits(far)
    }
    if (holds(ratio, relation[g], factor[g])) { met++; verdict = "met" }
    else { if (verdict != "") beyond++; verdict = "no" verdict }
    printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", name, goal, what, show(mine, unit[name, what]), other,
           other != "" ? digits(ratio) : "", verdict, far
}
END {
    print "| case | goal | figure | torc | beside | torc / beside | met? | limit / beside |"
    print "|:---|:---|:---|---:|---:|---:|:---|---:|"
    for (g = 1; g <= goals; g++) {
        found = 0
        for (i = 1; i <= many; i++) if (cases[i] ~ which[g]) { row(cases[i], g); found = 1 }
        if (!found) {
            counted++; open++
            shown = which[g]; gsub(/[$^]/, "", shown); gsub(/[|]/, "/", shown)
            printf "| %s | %s %s %s | %s | | | | not measured | |\n", shown, relation[g] == "<=" ? "at most" : "at least", factor[g],
                   against[g] ~ /^(ms|MB)$/ ? against[g] : "x " (against[g] == "peer" ? "the best peer" : against[g]), metric[g]
        }
    }
    printf "\n%d goals: %d met, %d not, of which %d are out of reach of the limit itself; %d not measured.\n", counted, met + 0,
           counted - met - open, beyond + 0, open + 0
}' "$here/goals.txt" "$directory/results.csv"
