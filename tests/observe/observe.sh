#!/bin/sh
# observe.sh [--broken] TORC - the snapshot's JSON and Prometheus texts are read by parsers that do not know torc, and agree. --broken: with
# a backslash lost on the way; succeeds if that is noticed.
set -u
broken=
[ "$1" != --broken ] || { broken=--broken; shift; }
build=$(dirname "$1")
command -v python3 >/dev/null || { echo "observe: there is no python3"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$build/tests/observe/dump" $broken "$work" || exit 1
if [ -z "$broken" ]; then
    python3 tests/observe/observe.py "$work"
    exit $?
fi
if python3 tests/observe/observe.py "$work" >"$work/said" 2>&1; then
    echo "observe: broken on purpose: NOT DETECTED"
    exit 1
fi
echo "observe: broken on purpose (a backslash is lost): detected"
