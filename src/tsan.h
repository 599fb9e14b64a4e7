/* src/tsan.h - tells ThreadSanitizer about orderings made by library code it cannot see into: CK's inline assembly.
 * Nothing in other builds. Each use says which guarantee of that library it stands for. */
#ifndef TORC_SRC_TSAN_H
#define TORC_SRC_TSAN_H

#include <torc/atomic.h>

#ifdef TORC_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define TORC_TSAN_ACQUIRE(address) __tsan_acquire(address)
#define TORC_TSAN_RELEASE(address) __tsan_release(address)
#else
#define TORC_TSAN_ACQUIRE(address) ((void)(address))
#define TORC_TSAN_RELEASE(address) ((void)(address))
#endif

#endif
