#!/bin/sh
# report.sh DIRECTORY - SVG plots of results.csv, by gnuplot, and report.html, which shows them with the table.
#
#     throughput.svg        by payload size, one by one        throughput_b16.svg   in batches of 16
#     latency_40.svg, _1024 percentiles as curves              wakeup.svg, clogged.svg  the same, of a sleeping reader, of a full pool
#     scaling.svg           topologies, traces                 alloc.svg            blocks by size and pattern
#
# On top of the page: the table of goals.
set -eu
here=$(dirname "$0")
directory=${1:-build/bench}
csv=$directory/results.csv
plots=$directory/plots
[ -s "$csv" ] || { echo "report: no $csv: run make bench or make bench-peers first" >&2; exit 1; }
mkdir -p "$plots"

# torc first and bold, limits dashed and grey, every peer its own colour: the same in every plot.
style_of() {
    case $1 in
    torc) echo "lw 3 lc rgb '#d62728' pt 7" ;;
    torc_arena) echo "lw 2 lc rgb '#ff7f0e' pt 5" ;;
    torc_heap) echo "lw 2 lc rgb '#bc6c25' pt 9" ;;
    torc_*) echo "lw 2 lc rgb '#f4749b' pt 7" ;;
    raw*) echo "lw 2 dt 2 lc rgb '#444444' pt 6" ;;
    boost_spsc) echo "lw 1.5 lc rgb '#1f77b4' pt 4" ;;
    ck_ring) echo "lw 1.5 lc rgb '#2ca02c' pt 8" ;;
    rte_ring | rte_mempool) echo "lw 1.5 lc rgb '#9467bd' pt 10" ;;
    moodycamel) echo "lw 1.5 lc rgb '#17becf' pt 12" ;;
    tbb_bounded) echo "lw 1.5 lc rgb '#8c564b' pt 14" ;;
    wfcqueue) echo "lw 1.5 lc rgb '#e377c2' pt 11" ;;
    mutex_queue | malloc) echo "lw 1.5 lc rgb '#7f7f7f' pt 3" ;;
    zeromq_inproc | mimalloc) echo "lw 1.5 lc rgb '#bcbd22' pt 2" ;;
    nng_inproc | jemalloc) echo "lw 1.5 lc rgb '#7aa6d8' pt 1" ;;
    iceoryx) echo "lw 1.5 lc rgb '#6cc25a' pt 13" ;;
    *) echo "lw 1.5 lc rgb '#a58bc0' pt 15" ;;
    esac
}

# implementations FILTER: those with rows that an awk condition lets pass, torc first.
implementations() {
    awk -F, "NR > 1 && ($1) && !seen[\$2]++ { print \$2 }" "$csv"
}

# figures IMPL FILTER X: lines "x median min max"; X is an awk expression.
figures() {
    awk -F, -v impl="$1" "
        \$2 == impl && ($2) { x = $3; if (!(x in at)) order[++n] = x; at[x] = \$4 }
        \$2 == impl { low[\$1, \$3] = \$4 }
        \$2 == impl && ($2) { key[x] = \$1 SUBSEP \$3 }
        END { for (i = 1; i <= n; i++) { split(key[order[i]], k, SUBSEP)
              print order[i], at[order[i]], low[k[1], k[2] \"_min\"], low[k[1], k[2] \"_max\"] } }" "$csv"
}

# plot NAME FILTER X SETTINGS [STYLE]: with error bars, unless nothing was measured. Five wide on the x axis is a group: lines do
# not cross from one to the next where STYLE is `groups`. linespoints: without the bars, for curves close together. beside: no lines,
# but whoever shares a place on the x axis stands side by side. bytes: millions of events of so many bytes, as gigabytes.
plot() {
    name=$1 filter=$2 x=$3 settings=$4 style=${5:-yerrorlines}
    curve=yerrorlines step=0 columns=2:3:4
    case $style in
    linespoints) curve=linespoints columns=2 ;;
    beside) curve=yerrorbars step=0.055 ;;
    bytes) columns='($1 * $2 / 1000):($1 * $3 / 1000):($1 * $4 / 1000)' ;;
    esac
    script=$plots/$name.gp
    list=
    place=-6
    for impl in $(implementations "$filter"); do
        [ "$impl" != cores ] || continue
        figures "$impl" "$filter" "$x" | sort -n | if [ "$style" = groups ]; then
            awk '{ group = int($1 / 5); if (NR > 1 && group != last) print ""; last = group; print }'
        else
            cat
        fi >"$plots/$name.$impl.dat"
        list="$list${list:+, }'$plots/$name.$impl.dat' using (\$1 + $step * $place):$columns with $curve $(style_of "$impl") title '$impl'"
        place=$((place + 1))
    done
    [ -n "$list" ] || return 0
    cat >"$script" <<EOF
set terminal svg size 900,560 font 'sans-serif,13' background '#ffffff' enhanced
set output '$plots/$name.svg'
set key outside right noenhanced
set format y '%.10g'
set grid ytics mytics lc rgb '#dddddd' lt 1, lc rgb '#f2f2f2' lt 1
set border 3
set tics nomirror
set bmargin 4.5
times = "set ytics ('1 ns' 1, '3' 3, '10 ns' 9.999, '30' 30, '100 ns' 99.99, '300' 300, '1 us' 999.9, '3' 3e3, '10 us' 9999, '30' 3e4, \
    '100 us' 99990, '300' 3e5, '1 ms' 999900, '3' 3e6, '10 ms' 9999000, '30' 3e7, '100 ms' 99990000)"
$settings
plot $list
EOF
    gnuplot "$script"
}

# Bytes rather than events per second: curves that differ by a factor of two are a visible step apart at both ends.
size='substr($1, 6) + 0'
by_size="set logscale xy; set xlabel 'bytes per event'; set ylabel 'gigabytes of payload per second'; set yrange [0.005:*]
set xtics ('8' 8, '40' 40, '64' 64, '256' 256, '1 Ki' 1024, '4 Ki' 4096, '16 Ki' 16384, '64 Ki' 65536); set xrange [6:90000]"
plot throughput '$1 ~ /^spsc_[0-9]+$/ && $3 == "throughput"' "$size" \
    "set title 'One publisher, one reader, one by one: throughput (higher is better)'
$by_size" bytes
plot throughput_b16 '$1 ~ /^spsc_[0-9]+_b16$/ && $3 == "throughput"' "$size" \
    "set title 'One publisher, one reader, batches of 16: throughput (higher is better)'
$by_size" bytes

# Percentiles on an axis that gives the tail its room: -log10(1 - share).
nines='$3 == "p10" ? 0.046 : $3 == "p25" ? 0.125 : $3 == "p50" ? 0.301 : $3 == "p75" ? 0.602 : $3 == "p90" ? 1 : $3 == "p99" ? 2 : $3 == "p99.9" ? 3 : 4'
by_nines="set logscale y; set xrange [0:*]; set offsets 0, 0.1, 0, 0; set xlabel 'percent of the events take at most so long'; @times
set xtics ('10' 0.046, '50' 0.301, '90' 1, '99' 2, '99.9' 3, '99.99' 4)"
for bytes in 40 1024; do
    plot latency_$bytes "\$1 == \"pingpong_$bytes\" && \$3 ~ /^p[0-9.]+\$/" "$nines" \
        "set title 'From core to core, $bytes bytes: one-way latency (lower is better)'
$by_nines" linespoints
done
plot wakeup '$1 == "wakeup" && $3 ~ /^p[0-9.]+$/' "$nines" \
    "set title 'To a reader that sleeps: latency (lower is better)'
$by_nines" linespoints

topology='$1 == "spsc_40" ? 1 : $1 == "spmc_40_2" ? 2 : $1 == "spmc_40_3" ? 3 : $1 == "mpsc_40_2" ? 4 : $1 == "mpsc_40_3" ? 5 : $1 == "pipeline_40_3" ? 6 : $1 == "diamond_40" ? 7 : $1 == "oversubscribed" ? 8 : $1 == "trace_1" ? 9 : 10'
plot scaling '$1 ~ /^(spsc_40|spmc_40_.|mpsc_40_.|pipeline_40_3|diamond_40|oversubscribed|trace_.)$/ && $3 == "throughput"' "$topology" \
    "set title '40 bytes through several threads, and recorded sessions: throughput (higher is better)'
set logscale y; set ylabel 'million events per second'; set xrange [0.5:10.5]
set for [i=1:9] arrow from first i + 0.5, graph 0 to first i + 0.5, graph 1 nohead lt 1 lc rgb '#cccccc'
set xlabel 'publishers to readers'
set xtics ('1 to 1' 1, '1 to 2' 2, '1 to 3' 3, '2 to 1' 4, '3 to 1' 5, 'pipeline' 6, 'diamond' 7, \"4 to 4,\\nasleep\" 8, \"session\\nto 1\" 9, \"session\\nto 3\" 10)" beside

pattern='($1 ~ /_window$/ ? 5 : $1 ~ /_cross$/ ? 10 : 0) + ($1 ~ /^alloc_64/ ? 1 : $1 ~ /^alloc_256/ ? 2 : $1 ~ /^alloc_1024/ ? 3 : 4)'
plot alloc '$1 ~ /^alloc_/ && $3 == "take_give"' "$pattern" \
    "set title 'A block taken and given back (lower is better)'
set logscale y; @times; set xrange [0.6:14.4]
set xtics ('64' 1, '256' 2, '1 Ki' 3, '16 Ki' 4, '64' 6, '256' 7, '1 Ki' 8, '16 Ki' 9, '64' 11, '256' 12, '1 Ki' 13, '16 Ki' 14)
set xlabel 'at once                                   256 held                                   by another thread'" groups
plot clogged '$1 == "clogged" && $3 ~ /^p[0-9.]+$/' "$nines" \
    "set title 'A block taken while nine of ten are held (lower is better)'
$by_nines" linespoints

# A Markdown table as HTML; a cell that begins with `met` or `no` shows it.
html_table() {
    awk -F' *[|] *' '
        /^\|:/ { next }
        /^\|/ { tag = rows++ ? "td" : "th"; printf "<tr>"
                for (i = 2; i < NF; i++) printf "<%s%s>%s</%s>", tag, \
                    $i == "met" ? " class=met" : $i ~ /^no(,|:|$)/ ? " class=no" : "", $i, tag
                print "</tr>"; next }
        NF { after = after "<p>" $0 "</p>" }
        END { print "</table>" after }' | { echo '<table>'; cat; }
}

{
    cat <<'EOF'
<!doctype html>
<meta charset="utf-8">
<title>torc: how fast</title>
<style>
body { font: 15px/1.45 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
img { width: 100%; border: 1px solid #ddd; margin: .5rem 0 1.5rem }
table { border-collapse: collapse; font-size: 13px } td, th { border-bottom: 1px solid #ddd; padding: .2rem .6rem; text-align: right }
td.met { background: #dff3df } td.no { background: #fbe0de }
td:first-child, th:first-child, td:nth-child(2), th:nth-child(2) { text-align: left }
pre { background: #f6f6f6; padding: .7rem; font-size: 12px; white-space: pre-wrap }
</style>
<h1>torc beside the limits of the machine and its peers</h1>
<p>Medians over the rounds with the smallest and the largest. Dashed: what the machine allows to code that does one thing
only. All axes but those of names are logarithmic. Only ratios of one run mean anything: of times below 1 is better, of rates above 1.
Below 0.005 GB/s throughput is not drawn.</p>
EOF
    echo '<h2>The goals</h2>'
    sh "$here/goals.sh" "$directory" | html_table
    for name in throughput throughput_b16 latency_40 latency_1024 wakeup scaling alloc clogged; do
        [ ! -s "$plots/$name.svg" ] || echo "<img src=\"plots/$name.svg\" alt=\"$name\">"
    done
    echo '<h2>All cases</h2>'
    sh "$here/table.sh" "$directory" | sed -n '/^|/p' | html_table
    echo '<h2>Where, and how each was used</h2><pre>'
    sed 's/&/\&amp;/g; s/</\&lt;/g' "$directory/machine.txt"
    echo '</pre>'
} >"$directory/report.html"
rm -f "$plots"/*.gp "$plots"/*.dat
echo "report: $directory/report.html"
