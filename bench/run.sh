#!/bin/sh
# run.sh - builds the benchmark programs and runs one of them.
#
#   bench/run.sh [first] [--quick] [--rounds N] [--only CASE]     the first speed marks
#   bench/run.sh attach  [the same options]                       what the membership protocols cost
#   bench/run.sh allocators [the same options]                    arena, region and heap against malloc
#
# The table goes to standard output, the figures to build/bench/PROGRAM.csv. MAKE is taken from the environment.
set -eu
cd "$(dirname "$0")/.."

program=first
case ${1:-} in
first | allocators | attach)
    program=$1
    shift
    ;;
esac

# The program alone: another one that does not build here is no reason to stop.
${MAKE:-make} -s "build/bench/$program"
exec "build/bench/$program" "$@"
