#!/bin/sh
# tests/install_test.sh - what users do: install, compile against it in C and C++, embed by copying, uninstall.
#
# Everything happens in a temporary directory; programs are compiled outside of the source tree, with what was
# installed there and nothing else.

build=${TORC_BUILD:-build}
make=${MAKE:-make}
cc=${CC:-cc}
cxx=${CXX:-g++}
source=$(pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# The makes started here are not part of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL

# try WHAT COMMAND...: one check.
try() {
    what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "install: $what: failed"
        cat "$work/output"
    fi
}

# One program for all ways: an event goes through a bus, and library and headers are of one version.
cat >"$work/app.c" <<'PROGRAM'
#include <stdio.h>
#include <string.h>
#include <torc.h>

int main(void) {
    struct torc_bus *bus = NULL;
    struct torc_topic *topic = NULL;
    struct torc_publisher *publisher = NULL;
    struct torc_reader *reader = NULL;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    struct torc_event event;
    int all = torc_bus_create(NULL, &bus) == TORC_OK && torc_topic_open(bus, "t", 0, &topic) == TORC_OK &&
              torc_publisher_open(topic, NULL, &publisher) == TORC_OK &&
              torc_reader_open(topic, NULL, &reader) == TORC_OK && torc_publish(publisher, 7, "hello", 5) == TORC_OK &&
              torc_next(reader, &event) == TORC_OK && event.type == 7 && event.length == 5 &&
              memcmp(event.data, "hello", 5) == 0 && torc_ringptr_claim(publisher, 7, 100, &ptr, NULL) == TORC_OK &&
              torc_ringptr_release(ptr) == TORC_OK && torc_reader_close(reader) == TORC_OK &&
              torc_publisher_close(publisher) == TORC_OK && torc_bus_destroy(&bus, NULL) == TORC_OK &&
              strcmp(torc_version(), TORC_VERSION) == 0;
    printf("torc %s: %s\n", torc_version(), all ? "one event passed" : "broken");
    return all ? 0 : 1;
}
PROGRAM
cp "$work/app.c" "$work/app.cpp"

# --- install ---
root=$work/root
# at_root GOAL: make GOAL into the temporary root.
at_root() {
    "$make" -s "$1" DESTDIR="$root" PREFIX=/opt/torc LIBDIR=/opt/torc/lib64
}
try "make install" at_root install
for file in include/torc.h include/torc/bus.h lib64/libtorc.a lib64/libtorc.so lib64/libtorc-malloc.so lib64/pkgconfig/torc.pc bin/torc; do
    try "installed $file" test -s "$root/opt/torc/$file"
done
try "every public header is installed" sh -c "cd include && find . -name '*.h' | while read -r header; do
    cmp \"\$header\" \"$root/opt/torc/include/\$header\" || exit 1; done"
try "torc --version" "$root/opt/torc/bin/torc" --version
try "a program runs on libtorc-malloc.so" sh -c "LD_PRELOAD='$root/opt/torc/lib64/libtorc-malloc.so' cat /proc/self/maps |
    grep -q libtorc-malloc.so"

# --- compile against it through pkg-config ---
if command -v pkg-config >/dev/null; then
    PKG_CONFIG_PATH=$root/opt/torc/lib64/pkgconfig
    PKG_CONFIG_SYSROOT_DIR=$root
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    version=$(sed -n 's/^.define TORC_VERSION  *"\(.*\)"/\1/p' include/torc/version.h)
    cd "$work" || exit 1
    flags=$(pkg-config --cflags --libs torc)
    flags_static=$(pkg-config --static --cflags --libs torc)
    # shellcheck disable=SC2086 # flags are words
    {
        try "pkg-config knows version $version" pkg-config --exact-version="$version" torc
        try "compile C" "$cc" -std=c11 -Wall -Wextra -Werror -o c-shared app.c $flags
        try "compile C++" "$cxx" -std=c++17 -Wall -Wextra -Werror -o cxx-shared app.cpp $flags
        try "run C" env LD_LIBRARY_PATH="$root/opt/torc/lib64" ./c-shared
        try "run C++" env LD_LIBRARY_PATH="$root/opt/torc/lib64" ./cxx-shared
        try "the program names libtorc by its SONAME" sh -c 'readelf -d c-shared | grep "NEEDED.*libtorc.so.[0-9]*\]"'
        try "compile C, all static" "$cc" -std=c11 -static -o c-static app.c $flags_static
        try "run C, all static" ./c-static
    }
    cd "$source" || exit 1
    unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
else
    skipped=$((skipped + 8))
    echo "install: no pkg-config here"
fi

# --- embed by plain copy ---
mkdir "$work/embed" && cp -r include "$work/embed/torc-include" && mkdir "$work/embed/torc" &&
    cp -r src pools "$work/embed/torc" && rm -r "$work/embed/torc/src/cmd"
cd "$work/embed" || exit 1
libraries="-lck -pthread"
# shellcheck disable=SC2086 # libraries are words
{
    try "embed in C" "$cc" -std=c11 -D_GNU_SOURCE -O1 -fexceptions -Itorc-include -o app ../app.c torc/src/*.c torc/pools/*.c $libraries
    try "run it" ./app
    try "embed in C++: compile the library" "$cc" -std=c11 -D_GNU_SOURCE -O1 -fexceptions -Itorc-include -c torc/src/*.c torc/pools/*.c
    try "embed in C++: link" "$cxx" -std=c++17 -Itorc-include -o app-cxx ../app.cpp ./*.o $libraries
    try "run it" ./app-cxx
}
cd "$source" || exit 1

# --- the checks of a debug build follow its users through torc.pc ---
try "torc.pc of DEBUG=1" "$make" -s DEBUG=1 "${build%/}/debug1/torc.pc"
try "torc.pc of DEBUG=1 passes it on" grep -q 'Cflags:.* -DTORC_DEBUG=1$' "$build/debug1/torc.pc"

# --- uninstall ---
: >"$root/opt/torc/include/torc/not-ours.h"
try "make uninstall" at_root uninstall
left=$(cd "$root" && find . -type f -o -type l)
try "nothing is left but what is not ours: $left" test "$left" = ./opt/torc/include/torc/not-ours.h

echo "install: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
