/* src/probe.h - static probes (USDT) for tracers: one nop each, and a note in the ELF file that says where its
 * arguments are.
 *
 * Present where <sys/sdt.h> was at build time, unless TORC_NO_PROBES is defined. All are off the inline path: there, an
 * event would pay a nop and, worse, registers for the arguments.
 *
 *   torc:publish  lane, sequence     an event was published by a call that is not inline
 *   torc:lap      reader, lost       a copying reader lost that many sequences
 *   torc:dry      pool, capacity     an allocation found no free slot (or no bytes for an XXL block)
 *   torc:sleep    waitpoint          a thread goes to sleep
 *   torc:wake     waitpoint          somebody who sleeps there is woken */
#ifndef TORC_SRC_PROBE_H
#define TORC_SRC_PROBE_H

#if !defined(TORC_NO_PROBES) && defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define TORC_HAS_PROBES 1
#endif
#endif

#ifdef TORC_HAS_PROBES
#define TORC_PROBE1(name, a)    DTRACE_PROBE1(torc, name, a)
#define TORC_PROBE2(name, a, b) DTRACE_PROBE2(torc, name, a, b)
#else
#define TORC_PROBE1(name, a)    ((void)(a))
#define TORC_PROBE2(name, a, b) ((void)(a), (void)(b))
#endif

#endif
