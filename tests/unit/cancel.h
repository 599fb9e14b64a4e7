/* cancel.h - NO_CANCELLATION: what a thread that is cancelled in its sleep leaves undone here is nothing a test could
 * do about.
 *
 * AddressSanitizer keeps marks of stack frames that a cancelled thread never leaves, and trips over them in the
 * library's own clean-up. There such cases are left out; every other build has them. */
#ifndef TORC_TESTS_UNIT_CANCEL_H
#define TORC_TESTS_UNIT_CANCEL_H

#if defined(__riscv) || defined(__arm__)
/* Under the emulator no thread that sleeps in the kernel is unwound: clean-ups of a bare program do not run there
 * either. */
#define NO_CANCELLATION 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_CANCELLATION 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NO_CANCELLATION 1
#endif

#endif
