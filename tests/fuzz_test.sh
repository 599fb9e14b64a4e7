#!/bin/sh
# fuzz_test.sh - the quick set of the fuzz targets, without libFuzzer; the last line counts.
exec "${MAKE:-make}" --no-print-directory fuzz-quick
