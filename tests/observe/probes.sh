#!/bin/sh
# probes.sh TORC - the library's USDT probes stand in its notes, if it was built where <sys/sdt.h> is.
set -u
build=$(dirname "$1")
command -v readelf >/dev/null || { echo "probes: there is no readelf"; exit 77; }
echo '#include <sys/sdt.h>' | ${CC:-cc} -E -x c - >/dev/null 2>&1 || { echo "probes: there is no <sys/sdt.h> (systemtap-sdt-dev)"; exit 77; }
found=$(readelf -n "$build/libtorc.so" | awk '$1 == "Provider:" { provider = $2 } $1 == "Name:" { print provider ":" $2 }' | sort -u | tr '\n' ' ')
for probe in torc:dry torc:lap torc:publish torc:sleep torc:wake; do
    case " $found" in
    *" $probe "*) ;;
    *)
        echo "probes: $probe is missing; found: $found"
        exit 1
        ;;
    esac
done
echo "probes: $found"
