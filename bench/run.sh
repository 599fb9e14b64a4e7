#!/bin/sh
# run.sh - builds the benchmark programs and runs one of them.
#
#   bench/run.sh allocators [--quick] [--rounds N] [--only CASE]  arena, region and heap against malloc
#   bench/run.sh attach     [the same options]                    what the membership protocols cost
# The suite has targets of its own: `make bench`, `make bench-peers`.
#
# The table goes to standard output, the figures to build/bench/PROGRAM.csv. MAKE is taken from the environment.
set -eu
cd "$(dirname "$0")/.."

program=allocators
case ${1:-} in
allocators | attach)
    program=$1
    shift
    ;;
esac

# The program alone: another one that does not build here is no reason to stop.
${MAKE:-make} -s "build/bench/$program"
exec "build/bench/$program" "$@"
