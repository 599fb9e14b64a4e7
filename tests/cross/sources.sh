#!/bin/sh
# tests/cross/sources.sh DIRECTORY - unpacks the distribution's own sources of ck and check below DIRECTORY.
#
# Nothing on the machine is changed: no foreign architecture is added, no package source either. A configuration of apt's
# with a directory of its own lists the machine's package sources once more, as sources of source packages.
set -eu
mkdir -p "$1"
cd "$1"
here=$PWD
[ ! -e unpacked ] || exit 0

mkdir -p list lists/partial cache/archives/partial
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -f "$file" ] || sed -n 's/^deb /deb-src /p' "$file" | sed 's/arch=[^] ]*//' >"list/$(basename "$file" .list).list"
done
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] ||
        sed -e 's/^Types:.*/Types: deb-src/' -e '/^Architectures:/d' "$file" >"list/$(basename "$file")"
done

apt() {
    apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$here/list" \
        -o "Dir::State::lists=$here/lists" -o "Dir::Cache=$here/cache" -o APT::Sandbox::User=root "$@"
}
# A package source that has no source packages does not matter if the others have these three.
apt update || echo "cross: apt-get update failed; trying with what it got" >&2
apt source --only-source ck check
for name in ck check; do
    mv "$name"-[0-9]*/ "$name"
done
rm -rf list lists cache
touch unpacked
