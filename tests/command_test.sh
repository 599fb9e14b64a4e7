#!/usr/bin/env bash
# command_test.sh - the `torc` command from outside: tests/command_test.sh PATH-OF-TORC
#
# Logs are read here by od and awk and hashed by sha256sum, so that the command is never its own witness. One line per
# check; the last line counts them; exit 1 if one failed.
set -u
export LC_ALL=C

[ $# -eq 1 ] && [ -x "$1" ] || { echo "usage: $0 PATH-OF-TORC" >&2; exit 2; }
torc=$(realpath "$1")
work=$(mktemp -d) || exit 2
mounted=
cleanup() {
    cd /
    [ -z "$mounted" ] || umount "$mounted"
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 2

# A sanitizer's report must not look like an ordinary failure.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=99"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=99"

passed=0 failed=0 skipped=0
pass() { passed=$((passed + 1)); echo "ok    $1"; }
fail() { failed=$((failed + 1)); echo "FAIL  $1${2:+: $2}"; }
skip() { skipped=$((skipped + 1)); echo "skip  $1: $2"; }
# check NAME COMMAND...: the command's success decides.
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "stderr: $(head -c 300 err 2>/dev/null)"; fi
}
# Runs torc; leaves out, err and $code.
run() { "$torc" "$@" >out 2>err; code=$?; }
# expect NAME CODE PATTERN: of the last run; PATTERN is sought in stderr.
expect() {
    if [ "$code" -ne "$2" ]; then fail "$1" "exit code $code instead of $2; stderr: $(head -c 300 err)"
    elif ! grep -Eq -- "$3" err; then fail "$1" "stderr lacks '$3': $(head -c 300 err)"
    else pass "$1"; fi
}
last() { tail -n 1 out; }
field() { last | tr ' ' '\n' | sed -n "s/^$1=//p"; }
# The last line, whole, with every count equal to $1 and nothing lost or leaked.
all_handled() {
    last | grep -Eqx "torc run: events=$1 bytes=[0-9]+ published=$1 dispatched=$1 segment=$1 mmr=$1 index=$1 lost=0 leaked=0 root=[0-9a-f]{64}"
}
# verify prints what the run printed.
verified() {
    "$torc" verify "$1" >verify.out 2>err && grep -Eqx "torc verify: records=$(field segment) root=$(field root) ok" verify.out
}

intact() { "$torc" verify "$1" >verify.out 2>err; }

# --- independent readers -------------------------------------------------------------------------------------------

# Every record of a segment as "kind:hex", in order.
decode_segment() {
    od -An -v -tu1 -w1 "$1" | awk '
        NR <= 16 { next }
        have < 8 { prefix[have++] = $1
                   if (have < 8) next
                   left = prefix[0] + 256 * (prefix[1] + 256 * (prefix[2] + 256 * prefix[3]))
                   printf "%d:", prefix[4] + 256 * (prefix[5] + 256 * (prefix[6] + 256 * prefix[7]))
                   if (left == 0) { have = 0; printf "\n" }
                   next }
        { printf "%02x", $1; if (--left == 0) { have = 0; printf "\n" } }'
}
# Every line of a file in the same form.
decode_lines() {
    od -An -v -tu1 -w1 "$@" | awk '
        !open { printf "1:"; open = 1 }
        $1 == 10 { printf "\n"; open = 0; next }
        { printf "%02x", $1 }
        END { if (open) printf "\n" }'
}
u32_at() { od -An -tu4 --endian=little -j "$2" -N 4 "$1" | tr -d ' '; }
# SHA-256 of every record of a segment, in order.
hash_segment() {
    local size at=16 length
    size=$(stat -c %s "$1")
    while [ "$at" -lt "$size" ]; do
        length=$(u32_at "$1" "$at")
        tail -c +$((at + 9)) "$1" | head -c "$length" | sha256sum | cut -d ' ' -f 1
        at=$((at + 8 + length))
    done
}
sha_of_hex() { printf "$(sed 's/../\\x&/g' <<<"$1")" | sha256sum | cut -d ' ' -f 1; }
# The root over leaves given as hex payloads, by the recursive definition: split at the largest power of two below n.
tree_hash() {
    local n=$# k=1
    if [ "$n" -eq 0 ]; then sha_of_hex ""; return; fi
    if [ "$n" -eq 1 ]; then sha_of_hex "00$1"; return; fi
    while [ $((2 * k)) -lt "$n" ]; do k=$((2 * k)); done
    sha_of_hex "01$(tree_hash "${@:1:k}")$(tree_hash "${@:k+1}")"
}
same() { cmp -s "$1" "$2"; }
same_set() { cmp -s <(sort "$1") <(sort "$2"); }

# --- input ---------------------------------------------------------------------------------------------------------

sizes="0 1 48 49 64 65 256 257 1024 4096 16384 16385 1048576"
mkdir files files/sub
for size in $sizes; do
    head -c "$size" /dev/zero | tr '\0' 'a' >"files/text-$size"
    [ "$size" -eq 0 ] || head -c "$size" /dev/urandom >"files/sub/random-$size"
done
# Lines of every interesting length, one longer than any buffer, many short ones, and a last one without a newline.
awk '
function repeat(letter, count,    s) { s = letter; while (length(s) < count) s = s s; return substr(s, 1, count) }
BEGIN {
    n = split("0 1 47 48 49 63 64 65 255 256 257 1023 1024 1025 4095 4096 4097 16383 16384 16385 65535 65536 150000", size, " ")
    for (i = 1; i <= n; i++) print repeat(substr("abcdefghijklmnopqrstuvwxyz", i, 1), size[i])
    for (i = 0; i < 3000; i++) printf "line %d %s\n", i, substr("................................................", 1, i % 49)
    printf "the end"
}' >lines.txt
decode_lines lines.txt >lines.hex
lines=$(wc -l <lines.hex)

# --- help, version, usage ------------------------------------------------------------------------------------------

run --help; check "--help" grep -q "torc verify" out
run --version; check "--version" grep -Eqx "torc [0-9]+\.[0-9]+\.[0-9]+" out
for name in run verify pools demo; do
    run "$name" --help
    check "$name --help" test "$code" -eq 0 -a -s out
done
usage() { run "$@"; expect "usage error: torc $*" 2 .; }
for arguments in "" nonsense --nonsense "run --nonsense" "run --producers" "run --wait never" "run --preset huge" \
    "run --records words" "run - -" verify "verify a b" "pools more" "demo more"; do
    usage $arguments # split on purpose
done
for number in 0 65 -1 1x '' 99999999999999999999; do usage run --producers "$number" lines.txt; done
usage run --out '' lines.txt
for time in 0 199ms 1x '' -1s 1m; do usage run --stats-every "$time" lines.txt; done
run run --records lines --stats-every 200ms lines.txt
check "figures at the end: exit code" test "$code" -eq 0
check "figures at the end: every record was read" awk '/^readers/ { getline; getline; consumed = $7 } END { exit consumed != n }' n="$lines" err

# --- records -------------------------------------------------------------------------------------------------------

for wait in spin yield backoff block; do
    for producers in 1 2 4; do
        name="lines, $producers producers, $wait"
        run run --records lines --producers "$producers" --wait "$wait" --out log --force lines.txt
        check "$name: all handled" all_handled "$lines"
        check "$name: exit code, quiet stderr" test "$code" -eq 0 -a ! -s err
        check "$name: verify" verified log
        decode_segment log/segment.torc >log.hex
        check "$name: the same records" same_set log.hex lines.hex
        [ "$producers" -gt 1 ] || check "$name: the same order" same log.hex lines.hex
    done
done
run run --out log --force --producers 3 - <lines.txt
decode_segment log/segment.torc >log.hex
check "standard input as lines, 3 producers" all_handled "$lines"
check "standard input: the same records" same_set log.hex lines.hex
cat lines.txt | "$torc" run --out log --force >out 2>err
decode_segment log/segment.torc >log.hex
check "a pipe, no PATH at all: the same order" same log.hex lines.hex

mkdir many
for file in a b c d e; do sed "s/^/$file/" lines.txt >"many/$file"; printf '\n' >>"many/$file"; done
run run --records lines --producers 4 --preset mobile --out log --force many
decode_segment log/segment.torc >log.hex
check "5 files of lines, 4 producers, mobile: all handled" all_handled $((5 * lines))
for file in a b c d e; do
    mark=$(printf '%s' "$file" | od -An -tx1 | tr -d ' ')
    grep "^1:$mark" log.hex >one.hex
    decode_lines "many/$file" >want.hex
    check "the lines of file $file keep their order" same one.hex want.hex
done

find files -type f | sort | while read -r path; do sha256sum <"$path"; done | cut -d ' ' -f 1 >files.sums
for preset in mobile default server; do
    for producers in 1 4; do
        name="whole files, preset $preset, $producers producers"
        run run --preset "$preset" --producers "$producers" --out log --force files
        check "$name: all handled" all_handled 25
        check "$name: verify" verified log
        hash_segment log/segment.torc >log.sums
        check "$name: the same records" same_set log.sums files.sums
    done
done
run run --out log --force files/text-48 files/text-1048576 files/sub/random-1048576 files/text-0
for path in files/text-48 files/text-1048576 files/sub/random-1048576 files/text-0; do
    sha256sum <"$path" | cut -d ' ' -f 1
done >want.sums
check "one producer keeps the order of the arguments" same <(hash_segment log/segment.torc) want.sums
"$torc" verify --dump log >dump 2>err
check "verify --dump names kinds" same <(sed '$d' dump | cut -d ' ' -f 4 | tr '\n' ' ') <(printf 'text text binary text ')
run run --out log --force --producers 64 --wait block files files files files
check "64 producers" all_handled 100
cat files/sub/random-1048576 | "$torc" run --records files --out log --force - >out 2>err
check "standard input as one record" same <(hash_segment log/segment.torc) <(sha256sum <files/sub/random-1048576 | cut -d ' ' -f 1)
run run --out log --force - </dev/null
check "no input, no records" all_handled 0
check "no input: verify" verified log
mkdir quiet && (cd quiet && "$torc" run ../files >../out 2>../err)
check "without --out nothing is written" test -z "$(ls -A quiet)" -a "$(field index)" = 25
root=$(field root)
run run --out log --force files
check "the root is the same with and without a log" test "$(field root)" = "$root"
run run --out new files/text-64
check "DIR is created" verified new

# --- the root ------------------------------------------------------------------------------------------------------

for count in 0 1 2 3 4 7 8 13; do
    leaves=()
    for ((i = 0; i < count; i++)); do leaves+=("$(printf '%0*d' "$i" 0 | od -An -v -tx1 | tr -d ' \n')"); done
    for leaf in ${leaves[@]+"${leaves[@]}"}; do printf '%s\n' "$(printf "$(sed 's/../\\x&/g' <<<"$leaf")")"; done >leaves.txt
    run run --records lines --out log --force leaves.txt
    check "root of $count records by its definition" test "$(field root)" = "$(tree_hash ${leaves[@]+"${leaves[@]}"})"
done

# --- what cannot be read or written --------------------------------------------------------------------------------

run run --out log --force lines.txt no-such-file files/text-64
expect "a missing file is named" 1 'no-such-file: No such file'
check "the others are in the log" test "$(field index)" = 2
check "and the log is whole" verified log
run run --out untouched no-such-file
expect "nothing to read" 1 'no-such-file: No such file'
check "and no DIR is made" test ! -e untouched
if [ "$(id -u)" -ne 0 ]; then
    cp files/text-64 locked && chmod 000 locked
    run run --out log --force locked files/text-64
    expect "an unreadable file is named" 1 'locked: Permission denied'
else
    skip "a file without permission" "root may read it"
fi
# A file that opens and cannot be read.
for how in "--records lines" "--records lines --producers 2" "--records files"; do
    run run $how --out log --force /proc/self/mem
    expect "a read error is named, $how" 1 '/proc/self/mem: Input/output error'
    check "and the log is whole" verified log
done
run run --out log --force - <&-
expect "standard input is closed" 1 'standard input: Bad file descriptor'
run run --out log --force - <files
expect "standard input is a directory" 1 'standard input: Is a directory'
truncate -s 1G huge && run run --out log --force huge files/text-64
expect "a file larger than an event" 1 'huge: larger than an event'
check "the rest is in the log" verified log
rm -f huge
mkdir links && ln -s ../files/text-64 links/link && ln -s . links/loop && mkfifo links/pipe && cp files/text-65 links/file
run run --out log --force links
check "links and pipes in directories are skipped and counted" grep -q '3 links' out
check "and files are not" all_handled 1
mkdir tree && cp files/text-65 tree && run run --out tree/log tree && run run --out tree/log --force tree
check "DIR inside the input is left out" all_handled 1
run run --out tree/log --force tree/log
expect "DIR as the input" 1 'is the output directory'

cp -r new kept && run run --out kept lines.txt
expect "a log is not overwritten" 1 'holds a log already.*--force'
check "and is untouched" intact kept
run run --out files/text-64 lines.txt
expect "DIR is a file" 1 'files/text-64: Not a directory'
run run --out no/such/parent lines.txt
expect "DIR's parent is missing" 1 'no/such/parent: cannot be created: No such file'
for file in segment.torc index.torc root.torc; do
    rm -rf odd && mkdir -p "odd/$file"
    run run --out odd --force lines.txt
    expect "a directory in place of $file" 1 "odd/$file: Is a directory"
    check "and no other files" test "$(ls odd)" = "$file"
done
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed && chmod 555 closed
    run run --out closed lines.txt
    expect "DIR is not writable" 1 'closed/segment.torc: Permission denied'
elif [ -d /proc/self ]; then
    run run --out /proc/self lines.txt
    expect "DIR is not writable" 1 '/proc/self/segment.torc: '
else
    skip "DIR is not writable" "root may write anywhere"
fi

# A full disk: what is left is a whole log of the first records.
cut_back() { # NAME, DIR, the records in order
    check "$1: a shorter log is left" test "$(field segment)" -lt "$(wc -l <"$3")" -a "$(field segment)" -gt 0
    check "$1: counted as lost" test "$(field lost)" -gt 0 -a "$(field leaked)" -eq 0
    check "$1: verify" verified "$2"
    decode_segment "$2/segment.torc" >log.hex
    check "$1: the first records of the input" same log.hex <(head -n "$(wc -l <log.hex)" "$3")
}
(ulimit -f 64 && "$torc" run --records lines --out limit lines.txt >out 2>err)
code=$?
expect "segment at the file size limit" 1 'limit/segment.torc: File too large'
cut_back "segment at the limit" limit lines.hex
yes '' | head -n 20000 >empty.txt
decode_lines empty.txt >empty.hex
(ulimit -f 512 && "$torc" run --records lines --out limit2 empty.txt >out 2>err)
code=$?
expect "index at the file size limit" 1 'limit2/index.torc: File too large'
cut_back "index at the limit" limit2 empty.hex
mkdir disk
if mount -t tmpfs -o size=128k tmpfs disk 2>/dev/null; then
    mounted=$work/disk
    run run --records lines --out disk/log lines.txt
    expect "a full disk" 1 'disk/log/(segment|index).torc: No space left'
    cut_back "a full disk" disk/log lines.hex
    dd if=/dev/zero of=disk/filler bs=4096 2>/dev/null
    run run --out disk/none lines.txt
    expect "no space to begin with" 1 'No space left'
    check "and nothing is left behind" test ! -e disk/none/segment.torc
    umount disk && mounted=
else
    skip "a full disk" "tmpfs cannot be mounted here"
fi

# --- signals and pipes ---------------------------------------------------------------------------------------------

mkfifo feed
# In a script, background jobs start with SIGINT ignored, and torc respects that.
heedful() {
    case $signal in
    INT) exec env --default-signal=INT "$torc" "$@" ;;
    *) exec "$torc" "$@" ;;
    esac
}
# Interrupts torc when it certainly has read something and waits for more: the pipe holds less than what is written.
interrupt() { # SIGNAL, expected code, producers
    local signal=$1 pid
    rm -rf cut
    heedful run --records lines --producers "$3" --out cut feed >out 2>err &
    pid=$!
    exec 7>feed
    head -c 400000 lines.txt >&7
    yes 'one more line' | head -n 20000 >&7
    kill -s "$1" $pid
    wait $pid
    code=$?
    exec 7>&-
    expect "$1, $3 producers" "$2" 'ended by signal'
    check "$1, $3 producers: nothing lost or leaked" all_handled "$(field events)"
    check "$1, $3 producers: records were read" test "$(field events)" -gt 0
    check "$1, $3 producers: verify" verified cut
}
if env --default-signal=INT true 2>/dev/null; then
    signal=INT wanted=130
    interrupt INT 130 1
    interrupt INT 130 4
else
    signal=TERM wanted=143
    skip "INT" "env cannot reset an ignored signal here"
fi
interrupt TERM 143 1
interrupt HUP 129 2
# In full flight: the handlers stand once the log's files are there.
for producers in 1 4; do
    rm -rf cut
    heedful run --producers $producers --preset mobile --out cut < <(yes 'an endless line') >out 2>err &
    pid=$!
    until [ -e cut/root.torc ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
    kill -s $signal $pid
    wait $pid
    code=$?
    expect "$signal in full flight, $producers producers" $wanted 'ended by signal'
    check "$signal in full flight, $producers producers: nothing lost or leaked" all_handled "$(field events)"
    check "$signal in full flight, $producers producers: verify" verified cut
done

rm -f feed && mkfifo feed sink
"$torc" run --out pipe feed >sink 2>err &
pid=$!
exec 8<sink 8<&-
cat lines.txt >feed
wait $pid
code=$?
expect "nobody reads the output" 1 'standard output: Broken pipe'
check "the log is complete all the same" intact pipe
"$torc" run --out full lines.txt >/dev/full 2>err
code=$?
expect "the output's disk is full" 1 'standard output: No space left'
check "the log is complete all the same" intact full

# --- damaged logs --------------------------------------------------------------------------------------------------

printf '\nshort\n%060d\n' 7 | "$torc" run --out small - >out 2>err
check "a small log" verified small
# broken NAME FILE: verify must end with 1 and name FILE.
broken() {
    run verify damaged
    if [ "$code" -ne 1 ] || ! grep -q "damaged/.*$2" err || grep -q ' ok$' out; then
        fail "$1" "exit code $code, stderr: $(cat err)"
        return 1
    fi
}
renew() { rm -rf damaged && cp -r small damaged; }
for file in segment.torc index.torc root.torc; do
    bytes=($(od -An -v -tu1 "small/$file"))
    bad=0
    renew
    for ((i = 0; i < ${#bytes[@]}; i++)); do
        for mask in 1 128 255; do
            printf "\\x$(printf %02x $((bytes[i] ^ mask)))" | dd of="damaged/$file" bs=1 seek=$i conv=notrunc status=none
            broken "flip byte $i of $file by $mask" "$file" || bad=$((bad + 1))
        done
        printf "\\x$(printf %02x "${bytes[i]}")" | dd of="damaged/$file" bs=1 seek=$i conv=notrunc status=none
    done
    [ $bad -eq 0 ] && pass "each of the ${#bytes[@]} bytes of $file flipped is found"
    bad=0
    for ((i = ${#bytes[@]} - 1; i >= 0; i--)); do
        truncate -s $i "damaged/$file"
        broken "$file truncated to $i" "$file" || bad=$((bad + 1))
    done
    [ $bad -eq 0 ] && pass "$file truncated at each of its ${#bytes[@]} lengths is found"
    renew && rm "damaged/$file"
    broken "$file missing" "$file: missing" && pass "$file missing"
    for tail in x "$(printf '%048d' 0)" "$(printf '%0500d' 0)"; do
        renew && printf '%s' "$tail" >>"damaged/$file"
        broken "$file with ${#tail} trailing bytes" "$file" && pass "$file with ${#tail} trailing bytes"
    done
    renew && cp "new/$file" "damaged/$file"
    broken "$file of another log" "\.torc" && pass "$file of another log"
    for other in mkdir mkfifo; do
        renew && rm "damaged/$file" && $other "damaged/$file"
        broken "$other in place of $file" "$file: not a regular" && pass "$other in place of $file"
    done
done
run verify no-such-directory
expect "verify: DIR missing" 1 'no-such-directory: No such file'
run verify lines.txt
expect "verify: DIR is a file" 1 'lines.txt: Not a directory'

# --- pools and demo ------------------------------------------------------------------------------------------------

run pools
check "pools" test "$code" -eq 0 -a "$(grep -c 'XL' out)" -ge 2
run pools --markdown
check "pools --markdown" grep -Eq '^\| XS \| 64 \| [0-9]+ \|' out
run demo
check "demo" test "$code" -eq 0 -a "$(wc -l <out)" -ge 15 -a "$(wc -l <out)" -le 25
check "demo ends with nothing held" grep -q '; 0 slots were still held' out

echo "command: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
