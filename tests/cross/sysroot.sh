#!/bin/sh
# tests/cross/sysroot.sh SOURCES DIRECTORY TRIPLET CK_PLATFORM - builds ck and check, as static
# libraries, for another architecture; headers and libraries go to DIRECTORY/include and DIRECTORY/lib.
#
# They are built from the distribution's sources because not every architecture has binary packages in every release.
set -eu
sources=$(cd "$1" && pwd)
mkdir -p "$2"
root=$(cd "$2" && pwd)
triplet=$3 platform=$4
shift 4
[ ! -e "$root/built" ] || exit 0

flags='-O2 -g -fPIC'
# The distribution's patches are newer than the generated files; what is there is good enough.
tools='AUTOMAKE=: AUTOCONF=: ACLOCAL=: AUTOHEADER=: MAKEINFO=:'
jobs=-j$(nproc 2>/dev/null || echo 1)
unset MAKEFLAGS MFLAGS MAKELEVEL

# autotools NAME MAKE_DIRECTORIES CONFIGURE_OPTION...: configures, builds and installs a part of a package.
autotools() {
    name=$1 directories=$2
    shift 2
    rm -rf "$root/build/$name"
    mkdir -p "$root/build/$name"
    cd "$root/build/$name"
    # shellcheck disable=SC2086 # a list of words
    "$sources/$name/configure" --host="$triplet" --prefix="$root" --disable-shared CFLAGS="$flags" $tools "$@"
    for directory in $directories; do
        # shellcheck disable=SC2086 # a list of words
        make "$jobs" -C "$directory" $tools install
    done
}

# CK's script runs what it compiles unless it is told a profile; its build directory is its source.
ck() {
    mkdir -p "$root/build"
    rm -rf "$root/build/ck"
    cp -r "$sources/ck" "$root/build/ck"
    cd "$root/build/ck"
    CC="$triplet-gcc" AR="$triplet-ar" LD="$triplet-gcc" CFLAGS="$flags -std=gnu99 -D_GNU_SOURCE" \
        ./configure --prefix="$root" --platform="$1" --profile="$2" --disable-sse
    make -C src libck.a CC="$triplet-gcc" AR="$triplet-ar"
    make install-headers install-lib
}

build() {
    autotools check 'lib src' --disable-subunit --disable-build-docs
    case $platform in
    i686) ck i686 x86 ;;
    *) ck "$platform" "$platform" ;;
    esac
}

echo "cross: building check and ck for $triplet"
set +e
(set -e; build "$@") >"$root/log" 2>&1
status=$?
set -e
if [ "$status" -ne 0 ]; then
    tail -n 40 "$root/log"
    echo "cross: building the libraries for $triplet failed; all that was said: $root/log"
    exit 1
fi
rm -rf "$root/build"
touch "$root/built"
